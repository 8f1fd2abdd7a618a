"""Units that split nothing and nearly vanish: rounding hides what they are."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box, Simplex
from regions.enumeration import count_regions, enumerate_regions
from regions.network import ReluNetwork
from tests.regions.enumeration.oracles import exact_patterns

LARGE, WHOLE = 3 * 2.0**54, 2.0**53
SQUARE = Box.cube(2)


def network(weights, biases):
    return ReluNetwork.from_arrays(weights, biases)


NETWORKS = {
    # Ten times 0.1 less one is 2^-54, and 0 in float64.
    "hidden_constant": network(
        [[[1, 0], [0, 0]], [[1, 10]], [[1]]], [[0, 0.1], [-1], [0]]
    ),
    "hidden_constant_enlarged": network(
        [
            [[1, 0], [0, 0], [-1, 0]],
            [[1, 10, 0], [1, 0, 0], [0, 0, 1]],
            [[LARGE, -LARGE, 2]],
            [[1]],
        ],
        [[0, 0.1, 1], [-1, 0, 0], [-6], [0]],
    ),
    # 2^53 + 3 - 2^53 is 4 in float64, and less 3 it is 1.
    "constant_of_rounding": network(
        [
            [[1, 0], [0, 0], [0, 0]],
            [[0, 1, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]],
            [[1, -1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
            [[1, -1, 1]],
            [[1]],
        ],
        [[0, WHOLE, 3], [0] * 4, [0] * 3, [0], [0]],
    ),
    "both_signs_within_rounding": network(
        [[[-0.4, 0.7]], [[0], [0.5]], [[-0.6, 0], [-10, 0.3]], [[-5, -10]]],
        [[2], [0.1, -0.6], [0.2, 1], [2]],
    ),
    "both_signs_in_two_layers": network(
        [
            [[10, -0.4], [-0.3, -10]],
            [[10, 0.5], [5, -0.8]],
            [[0.6, 0.9], [5, -0.1], [0, 2]],
            [[10, -0.4, 0.5]],
        ],
        [[5, 0], [0.6, -0.7], [2, -3, 0.7], [-1]],
    ),
}


def patterns_of(found):
    return {tuple(row) for row in found.pattern_bits().tolist()}


@pytest.fixture(params=["off", "on"])
def compiled(request, monkeypatch):
    """With plain and with compiled code."""
    monkeypatch.setenv(COMPILED, request.param)


@pytest.mark.parametrize("name", NETWORKS)
def test_all_regions_are_found_and_listed(name, compiled):
    expected = exact_patterns(NETWORKS[name], SQUARE)
    assert patterns_of(enumerate_regions(NETWORKS[name], SQUARE)) == expected
    assert int(count_regions(NETWORKS[name], SQUARE)) == len(expected)


def test_unit_that_touches_a_corner_or_a_side_splits_nothing(compiled):
    # Above 0 in the square, and exactly 0 at a corner and on a side of it.
    weights = [[[1, 1], [1, 0], [1, -0.5]], [[1, -1, 1], [1, 1, -1]], [[1, 1]]]
    touching = network(weights, [[2, 1, 0.25], [-0.5, 0.125], [0]])
    found = enumerate_regions(touching, SQUARE)
    assert patterns_of(found) == exact_patterns(touching, SQUARE)


DECIMALS = np.concatenate([np.arange(-9, 10) / 10, [-10, -5, 2, 3, 5, 10]])


def decimal_problem(seed):
    """A small network whose weights are short decimals, and a domain."""
    rng = np.random.default_rng(seed)
    dim = int(rng.choice([1, 2, 2, 2, 3]))
    widths = rng.integers(1, 4, rng.integers(1, 4)).tolist()
    sizes = [(b, a) for a, b in itertools.pairwise([dim, *widths, 1])]
    weights = [rng.choice(DECIMALS, size) for size in sizes]
    biases = [rng.choice(DECIMALS, size[0]) for size in sizes]
    corners = np.concatenate([np.zeros((1, dim)), np.eye(dim)]) - 0.3
    domain = Box.cube(dim) if rng.random() < 0.7 else Simplex(corners)
    return network(weights, biases), domain


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(0, 10**6))
def test_decimal_weights_are_counted_exactly(seed):
    given_network, domain = decimal_problem(seed)
    found = enumerate_regions(given_network, domain)
    assert patterns_of(found) == exact_patterns(given_network, domain)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_units_through_one_point_count_nothing_twice(seed, concurrent):
    given_network, domain = decimal_problem(seed)
    first = given_network.hidden[0]
    bias = first.bias.copy()
    through = np.full(domain.dim, 0.1)
    bias[:concurrent] = -(first.weight[:concurrent] @ through)
    layers = given_network.layers
    changed = network([v.weight for v in layers], [bias, *(v.bias for v in layers[1:])])
    assert int(count_regions(changed, domain)) == len(exact_patterns(changed, domain))
