import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.domains.shapes import Box, WholeSpace
from regions.hash_tables.hash_table import (
    equal_maps,
    hash_table,
    occupancy_entropy,
    occupancy_gini,
)
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork
from tests.helpers import random_network
from tests.zoo import ZOO


def _points(box: Box, count: int = 60) -> np.ndarray:
    return np.random.default_rng(0).uniform(box.lower, box.upper, (count, box.dim))


@pytest.mark.parametrize("name", ZOO)
def test_every_point_is_under_its_code_and_its_affine_map(name):
    network, box = ZOO[name]
    points = _points(box)
    table = hash_table(network, points)
    assert (table.bits[table.codes] == network.patterns(points)).all()
    jacobian, offset = table.affine_maps()
    values = (jacobian[table.codes] @ points[:, :, None])[:, :, 0]
    values = values + offset[table.codes]
    scale = 1.0 + np.abs(jacobian[table.codes]).sum((1, 2))[:, None]
    assert (np.abs(values - network(points)) <= 1e-12 * scale).all()
    outputs = network(points)
    for code in range(len(table)):
        ids = table.ids(code)
        assert len(ids) == table.counts[code] > 0
        assert (table.lower[code] == outputs[ids].min(0)).all()
        assert (table.upper[code] == outputs[ids].max(0)).all()
    assert sorted(np.concatenate([table.ids(c) for c in range(len(table))])) == list(
        range(len(points))
    )


def test_codes_are_sorted_by_their_bits():
    network = random_network(np.random.default_rng(1), 2, [9, 5])
    table = hash_table(network, _points(Box.cube(2)))
    rows = [tuple(row) for row in table.bits.tolist()]
    assert rows == sorted(set(rows))


@pytest.mark.parametrize("name", ZOO)
def test_codes_share_a_function_just_when_exact_maps_are_equal(name):
    network, box = ZOO[name]
    table = hash_table(network, _points(box))
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    maps = [exact.affine_map(u) for u in network.unit_patterns(table.bits)]
    for i, first in enumerate(maps):
        for j, second in enumerate(maps):
            assert (first == second) == (table.functions[i] == table.functions[j])


def test_dead_output_path_gives_codes_one_function():
    # The second unit is not read: its bit changes the code and not the function.
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 0.0]]], None)
    corners = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    table = hash_table(network, corners)
    assert table.bits.tolist() == [
        [False, False],
        [False, True],
        [True, False],
        [True, True],
    ]
    assert table.functions.tolist() == [0, 0, 1, 1]


def test_maps_that_agree_at_the_probe_alone_are_told_apart():
    # On x = probe both codes give 0; the probe is the seeded first integer.
    probe = float(np.random.default_rng(0).integers(-(2**31), 2**31, 1)[0])
    network = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], [[-probe], [0.0]])
    numbers = equal_maps(network, np.array([[False], [True]]))
    assert numbers.tolist() == [0, 1]


def test_code_of_points_on_a_crease_alone_is_not_occupied():
    network = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    table = hash_table(network, np.array([[0.0], [1.0]]))
    assert table.bits.tolist() == [[False, False], [True, False]]
    assert table.occupied.tolist() == [False, True]


def test_entropy_and_gini_by_hand():
    assert occupancy_entropy([7]) == 0.0
    assert occupancy_entropy([1, 1]) == 1.0
    assert occupancy_entropy([2, 1, 1]) == pytest.approx(1.5)
    assert occupancy_gini([5, 5, 5]) == 0.0
    # Half of the mean absolute difference over the mean: (4 / 4) / 2 / 2.
    assert occupancy_gini([1, 3]) == 0.25
    assert occupancy_gini([4], regions=4) == 0.75
    with pytest.raises(ValueError, match="`regions` is 1"):
        occupancy_gini([1, 1], regions=1)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(0, 5))
def test_gini_is_half_the_relative_mean_difference(counts, empty):
    values = counts + [0] * empty
    differences = sum(abs(a - b) for a in values for b in values)
    wanted = differences / (2 * len(values) * sum(values))
    assert occupancy_gini(counts, len(values)) == pytest.approx(wanted)
    assert 0.0 <= occupancy_entropy(counts) <= math.log2(len(counts)) + 1e-12


@pytest.mark.parametrize(
    ("points", "match"),
    [
        (np.zeros((0, 2)), "empty"),
        (np.zeros((3, 5)), "5 coordinates"),
        (np.array([[0.0, np.nan]]), r"points\[0\]"),
    ],
)
def test_unreadable_points_are_refused(points, match):
    network = random_network(np.random.default_rng(0), 2, [3])
    with pytest.raises(ValueError, match=match):
        hash_table(network, points)
