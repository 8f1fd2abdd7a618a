"""Smaller networks: equal where they must be, and of the size they should be."""

import itertools

import numpy as np
import pytest

import regions
from experiments.compression.unit_removal import (
    merge_units,
    remove_by_data,
    remove_lightest,
    to_draft,
)


def _random(seed, widths):
    rng = np.random.default_rng(seed)
    sizes = [2, *widths, 2]
    weights = [rng.normal(size=(b, a)) for a, b in itertools.pairwise(sizes)]
    return regions.ReluNetwork.from_arrays(
        weights, [rng.normal(size=len(w)) for w in weights]
    )


@pytest.mark.parametrize("widths", [(12,), (8, 8)])
def test_removal_by_data_changes_nothing_on_the_data(widths):
    network = _random(3, widths)
    points = np.random.default_rng(0).normal(size=(9, 2)) * 0.5
    small = remove_by_data(network, points)
    bits = network.patterns(points)
    varying = ~(bits.all(axis=0) | ~bits.any(axis=0))
    assert 0 < small.num_bits == varying.sum() < network.num_bits
    np.testing.assert_allclose(small(points), network(points), atol=1e-12)
    assert (small.patterns(points) == bits[:, varying]).all()
    far = np.array([[50.0, 80.0], [-60.0, 20.0]])
    assert abs(small(far) - network(far)).max() > 1.0


def test_a_dead_layer_leaves_a_constant():
    dead = regions.ReluNetwork.from_arrays(
        [-np.ones((2, 2)), np.ones((2, 2)), np.ones((1, 2))],
        [[-9.0, -9.0], [1.0, 2.0], [0.5]],
    )
    small = remove_by_data(dead, np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert small.num_bits == 0
    assert small(np.array([[3.0, 1.0]])).tolist() == [[3.5]]


def test_exact_multiples_merge_without_error():
    row = np.array([[1.0, 2.0]])
    network = regions.ReluNetwork.from_arrays(
        [np.concatenate([row, 2.0 * row, -row, [[0.0, 1.0]]]), np.ones((1, 4))],
        [[0.5, 1.0, -0.5, 0.0], [0.0]],
    )
    small = merge_units(network, 1e-6)
    # The third unit is on at the other side: it stays.
    assert small.widths == (3,)
    points = np.random.default_rng(1).normal(size=(50, 2))
    np.testing.assert_allclose(small(points), network(points), atol=1e-12)
    assert merge_units(network, 0.0).widths == (4,)


def test_wider_tolerance_merges_more_and_errs_more():
    network = _random(5, (40,))
    points = np.random.default_rng(1).normal(size=(200, 2))
    sizes, errors = [], []
    for tolerance in (0.0, 0.1, 0.3, 1.0):
        small = merge_units(network, tolerance)
        sizes.append(small.widths[0])
        errors.append(abs(small(points) - network(points)).max())
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 40 > sizes[-1]
    assert errors[0] == 0.0 < errors[1] < errors[-1]


def test_lightest_units_go_first():
    network = regions.ReluNetwork.from_arrays(
        [[[3.0, 4.0], [1.0, 0.0], [0.0, 2.0]], [[1.0, 6.0, 1.0]]], None
    )
    # They weigh 5, 6 and 2.
    assert remove_lightest(network, 0.3).widths == (3,)
    small = remove_lightest(network, 0.7)
    assert small.hidden[0].weight.tolist() == [[1.0, 0.0]]
    assert small.output.weight.tolist() == [[6.0]]


def test_other_networks_are_refused():
    leaky = regions.ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None, 0.1)
    with pytest.raises(ValueError, match="plain ReLU"):
        to_draft(leaky)
