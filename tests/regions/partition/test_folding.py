"""Folding of paths: zero for one layer, by hand for tents, against dense samples."""

import numpy as np
import pytest

import regions
from regions.partition.folding import Folding, path_folding, space_folding
from tests.helpers import random_network


@pytest.mark.parametrize("seed", range(5))
def test_one_hidden_layer_never_folds(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, 3, [40])
    a, b = 3.0 * rng.standard_normal((2, 3))
    found = space_folding(network, regions.Segment(a, b))
    ends = network.patterns(np.array([a, b]))
    assert found.flips == found.reach == np.count_nonzero(ends[0] != ends[1]) > 0
    assert found.value == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_exact_path_equals_a_dense_sample(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, 2, [5, 5, 5])
    a, b = rng.standard_normal((2, 2))
    t = np.linspace(0.0, 1.0, 200_001)[:, None]
    assert space_folding(network, regions.Segment(a, b)) == path_folding(
        network.patterns(a + t * (b - a))
    )


def test_tents_of_any_depth_by_hand():
    # relu(2x), relu(4x - 2) and their difference, the tent, k times: the second unit of
    # layer l flips 2^(l-1) times, and it is on or off, at most 1 away from the start.
    for depth in (1, 2, 3, 5):
        weights = [[[2.0], [4.0]]] + [[[2.0, -2.0], [4.0, -4.0]]] * (depth - 1)
        network = regions.ReluNetwork.from_arrays(
            [*weights, [[1.0, -1.0]]], [*[[0.0, -2.0]] * depth, [0.0]]
        )
        found = space_folding(network, regions.Segment([1e-3], [1.0 - 1e-3]))
        assert found.flips == 2**depth - 1
        assert 1 <= found.reach <= depth
        assert found.value == 1.0 - found.reach / found.flips


def test_a_path_that_does_not_move_is_not_folded():
    still = np.ones((3, 4), bool)
    assert path_folding(still) == Folding(0, 0)
    assert path_folding(still).value == 0.0
    there_and_back = np.array([[0, 0], [0, 1], [1, 1], [0, 1], [0, 0]], bool)
    assert path_folding(there_and_back) == Folding(4, 2)
    assert path_folding(there_and_back).value == 0.5
