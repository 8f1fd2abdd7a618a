"""Histories of partitions against closed formulas and brute force."""

import math

import numpy as np
import pytest

import regions
from experiments.measures.partition_history import (
    bit_distances,
    crease_motion,
    freeze_epoch,
    partition_history,
    split_change,
    square_grid,
    weight_distance,
)
from regions.patterns.kernel import patterns_at
from tests.helpers import random_network


def _scaled_output(network: regions.ReluNetwork, factor: float) -> regions.ReluNetwork:
    """The network with its last layer multiplied."""
    return regions.ReluNetwork.from_arrays(
        [layer.weight for layer in network.hidden] + [factor * network.output.weight],
        [layer.bias for layer in network.hidden] + [factor * network.output.bias],
    )


def _moved(network: regions.ReluNetwork, seed: int) -> regions.ReluNetwork:
    """The network after a small random step."""
    rng = np.random.default_rng(seed)
    return regions.ReluNetwork.from_arrays(
        [
            layer.weight + 0.1 * rng.standard_normal(layer.weight.shape)
            for layer in network.layers
        ],
        [
            layer.bias + 0.1 * rng.standard_normal(layer.bias.shape)
            for layer in network.layers
        ],
    )


def _snapshots() -> list[regions.ReluNetwork]:
    first = random_network(np.random.default_rng(0), 2, [6, 5])
    return [first, _moved(first, 1), _moved(first, 2)]


def test_change_of_the_last_layer_is_all_maps():
    network = _snapshots()[0]
    grid = square_grid(20)
    split = split_change(network, _scaled_output(network, 1.5), grid)
    expected = float(np.sqrt((0.25 * network(grid) ** 2).mean()))
    assert split.maps == pytest.approx(expected)
    assert split.total == pytest.approx(expected)
    assert split.partition == pytest.approx(0.0, abs=1e-12)
    assert split.share == pytest.approx(0.0, abs=1e-12)


def test_split_of_one_moved_unit_is_that_by_hand():
    # Max(x, 0) becomes max(x - 1/2, 0): at x = 1/4 the unit goes off.
    nets = [
        regions.ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], [[b], [0.0]])
        for b in (0.0, -0.5)
    ]
    split = split_change(nets[0], nets[1], np.array([[0.25, 0.0]]))
    # Maps first: 1/4 -> -1/4 (held on) -> 0. Partition first: 1/4 -> 0 -> 0.
    assert split.maps == pytest.approx((0.5 + 0.0) / 2)
    assert split.partition == pytest.approx((0.25 - 0.25) / 2, abs=1e-12)
    assert split.total == pytest.approx(0.25)


def test_weights_and_creases_move_as_they_should():
    angle = 0.3
    nets = [
        regions.ReluNetwork.from_arrays([[w], [[1.0]]], [[b], [0.0]])
        for w, b in (
            ([2.0, 0.0], -1.0),
            ([math.cos(angle), math.sin(angle)], -0.1),
        )
    ]
    turned, shifted = crease_motion(*nets)
    assert turned == pytest.approx([math.degrees(angle)])
    assert shifted == pytest.approx([0.5 - 0.1])
    expected = (math.cos(angle) - 2.0) ** 2 + math.sin(angle) ** 2 + 0.9**2
    assert weight_distance(*nets) == pytest.approx(math.sqrt(expected))


def test_freezing_is_the_fall_to_a_tenth_of_the_peak():
    epochs = np.arange(1.0, 31.0)
    rates = np.exp(-0.2 * epochs)
    # The median of three decreasing rates is the middle one, but at the very start.
    first = int(np.flatnonzero(rates <= 0.1 * rates[0])[0])
    assert freeze_epoch(rates, epochs) == epochs[first]
    assert freeze_epoch(np.ones(30), epochs) is None
    lone = np.ones(30)
    lone[10] = 0.0
    assert freeze_epoch(lone, epochs) is None


def test_distances_are_those_of_pairs():
    networks, grid = _snapshots(), square_grid(9)
    bits = [network.patterns(grid) for network in networks]
    packed = [patterns_at(network, grid) for network in networks]
    found = bit_distances(packed, networks[0].num_bits)
    for i in range(3):
        for j in range(3):
            assert found[i, j] == pytest.approx((bits[i] != bits[j]).mean(), abs=1e-7)


def test_history_has_the_counts_and_changes_of_its_snapshots():
    networks, grid = _snapshots(), square_grid(9)
    data = np.random.default_rng(5).uniform(size=(30, 2))
    history = partition_history(networks, grid, data)
    square = regions.Box([0.0, 0.0], [1.0, 1.0])
    sets = [
        {p.tobytes() for p in regions.enumerate_regions(n, square).patterns}
        for n in networks
    ]
    assert history["regions"].tolist() == [len(s) for s in sets]
    assert history["born"].tolist() == [len(sets[k + 1] - sets[k]) for k in (0, 1)]
    assert history["died"].tolist() == [len(sets[k] - sets[k + 1]) for k in (0, 1)]
    assert (history["born"] - history["died"] == np.diff(history["regions"])).all()
    old, new = networks[0].patterns(data), networks[1].patterns(data)
    assert history["data_bits"][0] == pytest.approx((old != new).mean())
    assert history["data_points"][0] == pytest.approx((old != new).any(1).mean())
    assert history["turned"][0] == pytest.approx(0.0, abs=1e-5)
    assert history["distances"].shape == (3, 3)
    assert history["grid_bits"][1] == pytest.approx(history["distances"][1, 2])
