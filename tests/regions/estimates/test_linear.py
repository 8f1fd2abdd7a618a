"""Linear regions, against the merged list of all activation regions."""

import copy

import numpy as np
import pytest

import regions
from regions.domains.shapes import Box, WholeSpace
from regions.estimates.estimate import estimate_regions
from regions.estimates.tasks import Runs
from tests.helpers import random_network

BOX = Box.cube(2, 2.0)


def narrow(seed):
    """A network with dead layers, whose activation regions merge."""
    return random_network(np.random.default_rng(seed), 2, [5, 2, 3])


def opposite_pairs():
    """Pairs of opposite units that add up to the identity, and units that vanish."""
    eye = np.eye(2)
    first = np.vstack([eye, -eye, [[1.0, 1.0]]])
    second = np.array([[1.0, 0, -1, 0, 0], [0, 0, 0, 0, 1.0], [0, 1, 0, -1, 0.5]])
    return regions.ReluNetwork.from_arrays([first, second, [[1.0, 1.0, 0.0]]], None)


@pytest.mark.parametrize(
    ("network", "domain"),
    [
        (narrow(3), BOX),
        (narrow(8), WholeSpace(2)),
        (opposite_pairs(), BOX),
        (random_network(np.random.default_rng(11), 3, [4, 2]), Box.cube(3)),
    ],
    ids=["narrow", "whole space", "opposite pairs", "three inputs"],
)
def test_enough_cells_give_the_number_of_the_merged_list(network, domain):
    merged = regions.count_linear_regions(network, domain)
    exact = estimate_regions(network, domain, cells=10_000, linear=True)
    assert exact.exact == merged.count < merged.activation_regions
    assert str(exact).startswith(f"{merged.count} linear regions (exact")
    few = estimate_regions(network, domain, cells=5, runs=12, linear=True)
    assert few.exact is None
    assert abs(few.mean - merged.count) < 4.0 * few.relative_error * few.mean
    assert few.proved <= merged.count
    assert few.at_least() <= merged.count * (1.0 + 1e-12)


def test_inputs_that_only_the_first_layer_sees_change_nothing():
    rng = np.random.default_rng(7)
    weights = [rng.standard_normal(s) for s in ((3, 40), (2, 3), (1, 2))]
    biases = [rng.standard_normal(s) for s in (3, 2, 1)]
    wide = regions.ReluNetwork.from_arrays(weights, biases)
    # In the space of the first layer's pre-activations.
    small = regions.ReluNetwork.from_arrays(
        [np.eye(3), *weights[1:]], [None, *biases[1:]]
    )
    found = estimate_regions(wide, WholeSpace(40), cells=1000, linear=True)
    assert found.exact == regions.count_linear_regions(small, WholeSpace(3)).count


def test_wide_layers_leave_activation_regions_as_they_are():
    # None of what these runs end with has a neighbor with its map.
    network = random_network(np.random.default_rng(2), 20, [13, 30])
    domain = WholeSpace(20)
    found = estimate_regions(network, domain, cells=4, runs=2, linear=True)
    plain = estimate_regions(network, domain, cells=4, runs=2)
    assert (found.log_runs == plain.log_runs).all()


def test_runs_go_to_other_processes_without_what_they_found():
    runs = Runs(narrow(3), BOX, 5, seed=0, linear=True)
    before = runs.do(0).value
    again = copy.copy(runs)
    assert "parts" not in vars(again)
    assert again.do(0).value == before


def test_what_has_no_linear_regions_to_walk_through_is_refused():
    net = narrow(3)
    with pytest.raises(ValueError, match="`linear` is set and the domain is a ball"):
        estimate_regions(net, regions.Ball([0, 0], 1.0), linear=True)
    with pytest.raises(ValueError, match="`linear` is set and `of_class` is 0"):
        estimate_regions(net, BOX, linear=True, of_class=0)
