"""Partitions compared: against sets, loops and the maps of enumerated regions."""

import numpy as np
import pytest

import regions
from regions.partition.partition_change import (
    PatternChange,
    compare_patterns,
    compare_points,
    outputs_under_patterns,
)
from regions.patterns.kernel import pack_bits, patterns_at
from tests.helpers import random_network


def _networks(widths: tuple[int, ...] = (6, 5)) -> list[regions.ReluNetwork]:
    """A network and the same one after a small step."""
    rng = np.random.default_rng(0)
    network = random_network(rng, 2, list(widths))
    moved = regions.ReluNetwork.from_arrays(
        [
            layer.weight + 0.1 * rng.standard_normal(layer.weight.shape)
            for layer in network.layers
        ],
        [layer.bias for layer in network.layers],
    )
    return [network, moved]


def test_born_died_and_shared_are_those_of_sets_of_patterns():
    first, second = (
        regions.enumerate_regions(network, regions.Box.cube(2)).patterns
        for network in _networks()
    )
    change = compare_patterns(first, second)
    one, two = ({row.tobytes() for row in rows} for rows in (first, second))
    assert change == (len(one & two), len(two - one), len(one - two))
    assert min(change) > 0
    assert change.jaccard == len(one & two) / len(one | two)
    back = compare_patterns(second, first)
    assert back == (change.shared, change.died, change.born)


def test_equal_disjoint_empty_and_repeated_sets():
    rows = np.arange(5, dtype=np.uint8)[:, None]
    assert compare_patterns(rows, rows[::-1]) == PatternChange(5, 0, 0)
    assert compare_patterns(rows[:2], rows[2:]) == PatternChange(0, 3, 2)
    assert compare_patterns(rows[[0, 0, 1]], rows[[1, 1, 1, 3]]) == (1, 1, 1)
    assert compare_patterns(rows[:0], rows[:0]).jaccard == 1.0
    assert compare_patterns(rows[:0], rows).jaccard == 0.0


def test_points_and_bits_that_differ_are_counted_one_by_one():
    rng = np.random.default_rng(0)
    bits = rng.random((2, 40, 11)) < 0.5
    bits[1, :7] = bits[0, :7]
    packed = [pack_bits(rows) for rows in bits]
    change = compare_points(packed[0], packed[1], 11)
    assert change.points == pytest.approx(
        np.mean([(a != b).any() for a, b in zip(*bits, strict=True)])
    )
    assert change.points <= 33 / 40
    assert change.bits == pytest.approx(float((bits[0] != bits[1]).sum()) / (40 * 11))


@pytest.mark.parametrize("widths", [(6, 5), (4,), (3, 3, 3)])
def test_own_patterns_give_the_network(widths):
    network = _networks(widths=widths)[0]
    points = np.random.default_rng(1).uniform(-1.0, 1.0, (200, 2))
    bits = network.patterns(points)
    np.testing.assert_allclose(
        outputs_under_patterns(network, points, bits), network(points), rtol=1e-12
    )


def test_other_patterns_give_their_affine_maps():
    network = _networks()[0]
    found = regions.enumerate_regions(network, regions.Box.cube(2))
    jacobian, offset = found.affine_maps()
    points = np.random.default_rng(1).uniform(-1.0, 1.0, (len(found), 2))
    expected = (jacobian @ points[:, :, None])[:, :, 0] + offset
    np.testing.assert_allclose(
        outputs_under_patterns(network, points, found.pattern_bits()),
        expected,
        rtol=1e-9,
        atol=1e-12,
    )


def test_shapes_that_do_not_fit_are_refused():
    network, points = _networks()[0], np.zeros((3, 2))
    packed = patterns_at(network, points)
    with pytest.raises(ValueError, match="rows of one length"):
        compare_patterns(packed, packed[:, :1])
    with pytest.raises(ValueError, match="equal shapes"):
        compare_points(packed, packed[:2], 11)
    with pytest.raises(ValueError, match="at least one"):
        compare_points(packed[:0], packed[:0], 11)
    with pytest.raises(ValueError, match="`patterns` has 3 bits"):
        outputs_under_patterns(network, points, np.zeros((3, 3), bool))
