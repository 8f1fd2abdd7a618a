"""Functional dimensions against differences and known networks."""

import numpy as np
import pytest

from experiments import functional_dimension
from experiments.functional_dimension.ranks import (
    functional_dimension as dimension_of,
    largest_possible,
)
from experiments.functional_dimension.study import missing_dimensions, random_network
from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(functional_dimension.NAME, tmp_path_factory)


def test_shares_are_those_of_the_networks(finished):
    folder, _ = finished
    smoke = functional_dimension.PRESETS["smoke"]
    result = functional_dimension.load(smoke, folder)
    gap = missing_dimensions(random_network((2, 4, 2), 3))
    assert result.missing[2, 4, 2][3] == gap


def _rank_by_differences(network: ReluNetwork, points: np.ndarray) -> int:
    """The rank of the derivative of outputs at points, by central differences."""
    flat = [a for layer in network.layers for a in (layer.weight, layer.bias)]
    columns = []
    for number, array in enumerate(flat):
        for place in np.ndindex(array.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in flat]
                moved[number][place] += step
                other = ReluNetwork.from_arrays(moved[::2], moved[1::2])
                ends.append(other(points)[:, 0])
            columns.append((ends[0] - ends[1]) / 2e-6)
    return int(np.linalg.matrix_rank(np.stack(columns, 1), tol=1e-6))


@pytest.mark.parametrize("seed", [0, 1])
def test_rank_is_that_of_differences_at_many_points(seed: int):
    network = random_network((2, 3, 2), seed)
    found = enumerate_regions(network, Box.cube(2, 2.0))
    rng = np.random.default_rng(0)
    points = rng.uniform(-2.0, 2.0, (3000, 2))
    # Away from kinks, which a difference must not cross.
    nearest = np.abs(np.concatenate(network.pre_activations(points)[:-1], 1)).min(1)
    mine = dimension_of(network, found.pattern_bits())
    assert mine == _rank_by_differences(network, points[nearest > 1e-3])
    assert mine <= largest_possible(network)


def test_a_dead_unit_costs_its_parameters():
    rng = np.random.default_rng(1)
    W, b = rng.standard_normal((4, 2)), rng.standard_normal(4)
    alive = ReluNetwork.from_arrays([W, rng.standard_normal((1, 4))], [b, [0.5]])
    box = Box.cube(2, 100.0)
    full = dimension_of(alive, enumerate_regions(alive, box).pattern_bits())
    assert full == largest_possible(alive) == 4 * 2 + 4 + 4 + 1 - 4
    twin = W.copy()
    twin[1], b[1] = W[0], b[0]  # the same line twice: two units of one function
    double = ReluNetwork.from_arrays([twin, [[1.0, 2.0, 3.0, 4.0]]], [b, [0.5]])
    part = dimension_of(double, enumerate_regions(double, box).pattern_bits())
    assert part == largest_possible(double) - 3
