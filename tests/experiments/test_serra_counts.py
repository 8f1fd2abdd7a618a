"""Counts of all splits: by sets of active units, by the tree, under the bound."""

import numpy as np
import pytest

import regions
from experiments import serra_counts
from experiments.measures.two_layer_counts import (
    count_by_supports,
    count_two_layers,
    pre_activation_network,
)
from regions import bounds
from regions.network import ReluNetwork
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network

SMOKE = serra_counts.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(serra_counts.NAME, tmp_path_factory)


@pytest.mark.parametrize(("a", "b"), [(1, 4), (2, 4), (3, 3), (4, 2), (5, 1)])
def test_sets_of_active_units_count_what_the_engines_find(a, b):
    network = random_network(np.random.default_rng(10 * a + b), 6, [a, b])
    reduced = pre_activation_network(network)
    count = int(regions.count_regions(reduced, regions.WholeSpace(a)))
    assert count_by_supports(reduced) == count
    assert count_two_layers(network) == count


def test_reduction_keeps_the_count_of_the_input_space():
    network = random_network(np.random.default_rng(3), 3, [3, 3])
    count = int(regions.count_regions(network, regions.WholeSpace(3)))
    assert count_two_layers(network) == count


def test_millions_of_regions_match_a_formula():
    # One second unit w.z + b splits an orthant if its terms there have both signs.
    network = random_network(np.random.default_rng(0), 64, [16, 1])
    weight, bias = network.hidden[1].weight[0], network.hidden[1].bias[0]
    against = int((np.sign(weight) != np.sign(bias)).sum())
    whole = 2**16 + 2**16 - 2 ** (16 - against)
    assert count_two_layers(network) == whole


def test_rank_and_biases_that_are_not_served_are_refused():
    network = ReluNetwork.from_arrays([[[1.0], [2.0]], np.eye(2), [[1.0, 1.0]]], None)
    with pytest.raises(ValueError, match="have rank 1: 2"):
        count_two_layers(network)
    network = ReluNetwork.from_arrays([np.eye(2), np.eye(2), [[1.0, 1.0]]], None)
    with pytest.raises(ValueError, match="bias of the second layer is 0"):
        count_by_supports(network)


def test_counts_stay_under_the_bound_of_every_split(finished):
    folder, summary = finished
    result = serra_counts.load(SMOKE, folder)
    assert summary["claims"][0]["verdict"] == "supported"
    assert result.counts[1, 3].shape == (2, 2)
    assert (result.counts[1, 3] <= bounds.serra_2018_upper_bound(64, [1, 3])).all()
    assert summary["bound"]["2-2"] == bounds.serra_2018_upper_bound(64, [2, 2])
    assert 200 < result.counts[8, 2].min() <= summary["bound"]["8-2"]
