"""The tree where floats are at their limits: slivers, ulps, overflow, underflow."""

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.enumeration import count_regions, enumerate_regions
from regions.network import ReluNetwork
from tests.regions.enumeration.helpers import (
    ULP,
    assert_tree_is_exact,
    one_layer,
    patterns_of,
)
from tests.regions.enumeration.oracles import exact_patterns


@pytest.mark.parametrize("gap", [0, 5e-324, 1e-300, 1e-16, -1e-16, 1e-15, 1e-13])
def test_tree_on_slivers_is_exact(gap):
    assert_tree_is_exact(
        one_layer([[0.1, 0.7], [0.3, 2.1], [1, -0.3]], [0.1, 0.3, 0.01 + gap]),
        Box.cube(2),
    )
    assert_tree_is_exact(
        one_layer([[1, 0, 0], [1, 0, 0], [0, 1, 1 + gap]], [0, gap, gap]), Box.cube(3)
    )
    weights = [[[1, 0], [1, gap], [0, 1]], [[1, -1, gap], [1, -1, 0]], [[1, 1]]]
    for slope in (0.0, 0.1):
        network = ReluNetwork.from_arrays(weights, [[0, gap, 0], [0, gap], [0]], slope)
        assert_tree_is_exact(network, Box.cube(2))


def test_tree_tells_units_apart_that_differ_by_one_ulp():
    rows = [[1, 0.5], [1 + ULP, 0.5], [1, 0.5 + ULP / 2]]
    assert_tree_is_exact(one_layer(rows, [0.25] * 3), Box.cube(2))
    assert len(exact_patterns(one_layer(rows), Box.cube(2))) == 6
    assert int(count_regions(one_layer(rows), Box.cube(2))) == 6


@pytest.mark.parametrize("center", [1e6, -1e6, 1.0, 1e-6])
def test_tree_in_a_box_a_few_floats_wide_is_exact(center):
    lower = np.array([center, center / 3])
    upper = np.maximum(lower + 1e-12, np.nextafter(lower, np.inf))
    middle = (lower + upper) / 2
    rows = np.array([[1, 0.3], [-0.2, 1], [0.7, -0.7], [1, 0]])
    second = [[1, -1, 1, 0.5], [0.3, 0.3, -1, -1]]
    network = ReluNetwork.from_arrays(
        [rows, second, [[1, 1]]], [-(rows @ middle), [0, 1e-13], [0]]
    )
    assert_tree_is_exact(network, Box(lower, upper))


@pytest.mark.parametrize(
    "scale", [1e-320, 1e-310, 1e-300, 1e-200, 1e150, 1e200, 1e300, 1e307]
)
def test_tree_on_weights_that_overflow_or_underflow_is_exact(scale):
    rng = np.random.default_rng(1)
    rows, second = rng.standard_normal((4, 2)), rng.standard_normal((3, 4))
    bias = rng.standard_normal(4) / 2
    network = ReluNetwork.from_arrays(
        [rows * scale, second * scale, [[1, 1, 1]]], [bias * scale, None, None]
    )
    rs = enumerate_regions(network, Box.cube(2), method="tree")
    assert patterns_of(rs) == exact_patterns(network, Box.cube(2))


def test_tree_on_sums_that_underflow_to_the_wrong_sign_is_exact():
    least = 5e-324
    rows = least * np.array([[1, 1, 1], [1, -1, 1], [1, 1, -1]])
    assert_tree_is_exact(one_layer(rows, [-least, least, 0]), Box.cube(3))
