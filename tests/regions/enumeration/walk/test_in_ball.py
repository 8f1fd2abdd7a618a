"""Walks in round balls: regions and neighbors are those that a fine grid meets."""

import numpy as np
import pytest

import regions
from tests.helpers import random_network


def test_regions_and_neighbors_are_those_of_a_grid():
    network = random_network(np.random.default_rng(1), 2, [7, 5])
    ball = regions.Ball([0.1, 0.2], 0.75, 2)
    ticks = np.linspace(-0.75, 0.75, 1000)
    points = np.stack(np.meshgrid(ticks, ticks), axis=2).reshape(-1, 2)
    bits = np.hstack(network.pre_activations(ball.center + points)[:-1]) > 0
    codes = (bits @ (1 << np.arange(12))).reshape(1000, 1000)
    inside = ((points**2).sum(1) < 0.75**2).reshape(1000, 1000)
    pairs = set()
    for a, b in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        met = inside[a] & inside[b]
        one, two = codes[a][met], codes[b][met]
        flip = one ^ two
        single = (flip != 0) & (flip & (flip - 1) == 0)
        both = np.sort(np.stack([one[single], two[single]]), axis=0).T
        pairs |= set(map(tuple, both.tolist()))
    found = regions.explore_regions(network, [0.013, 0.02], ball)
    assert found.complete
    own = (found.pattern_bits() @ (1 << np.arange(12))).tolist()
    assert set(own) == set(codes[inside].tolist())
    assert pairs == {
        tuple(sorted((own[i], own[j]))) for i, j in found.adjacency().edges
    }
    assert len(pairs) > len(own) > 20


def test_a_walk_begins_inside():
    network = random_network(np.random.default_rng(1), 2, [3])
    with pytest.raises(ValueError, match=r"`start` is 0\.5 away from the center"):
        regions.explore_regions(network, [0.3, 0.4], regions.Ball([0, 0], 0.5, 2))
