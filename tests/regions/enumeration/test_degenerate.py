"""Networks that are not in general position, by cells: against exact oracles."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from regions.domains.shapes import Box, Simplex
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from tests.regions.enumeration.oracles import (
    exact_patterns,
    has_solution,
    integer_network,
)


def found_patterns(network, domain, method):
    """Patterns that an engine lists, each once."""
    rs = enumerate_regions(network, domain, method=method)
    patterns = {tuple(row) for row in rs.pattern_bits().tolist()}
    assert rs.complete
    assert len(patterns) == len(rs)
    return patterns


def test_elimination_decides_strict_inequalities():
    def exact(*numbers):
        return [tuple(map(Fraction, row)) for row in numbers]

    assert has_solution(exact((1, 0, 0), (0, 1, 0), (-1, -1, 1)))
    assert not has_solution(exact((1, 0, 0), (0, 1, 0), (-1, -1, 0)))
    assert not has_solution(exact((1, 0), (-1, 0)))
    assert has_solution(
        exact(
            (0, 1),
        )
    )


@pytest.mark.parametrize("seed", range(120))
def test_integer_weights_are_listed_exactly(seed):
    rng = np.random.default_rng(seed)
    dim = 1 + seed % 3
    depth = rng.integers(1, 3 if dim == 3 else 4)
    network = integer_network(rng, dim, rng.integers(1, 5, depth).tolist())
    lower = rng.integers(-3, 0, dim).astype(float)
    domain = Box(lower, lower + rng.integers(1, 5, dim))
    expected = exact_patterns(network, domain)
    assert found_patterns(network, domain, "line" if dim == 1 else "cells") == expected


@pytest.mark.parametrize("seed", range(30))
def test_integer_weights_on_a_simplex_are_listed_exactly(seed):
    rng = np.random.default_rng(1000 + seed)
    dim = 1 + seed % 2
    network = integer_network(rng, dim, [3, 3])
    corners = np.concatenate([np.zeros((1, dim)), np.eye(dim)]) * 3.0 - 1.0
    domain = Simplex(corners)
    expected = exact_patterns(network, domain)
    assert found_patterns(network, domain, "line" if dim == 1 else "cells") == expected


def nearly_equal_units(slope_error: float) -> ReluNetwork:
    """Two equal lines but for a last bit, and a line across."""
    return ReluNetwork.from_arrays(
        [[[0.1, 0.7], [0.3, 2.1 + slope_error], [1.0, -0.3]], [[1.0] * 3]],
        [[0.1, 0.3, 0.01], [0.0]],
    )


@pytest.mark.parametrize("error", [0.0, 4e-16, -4e-16, 1e-14, 1e-12, 1e-9])
def test_nearly_equal_units_are_counted_right(error):
    box = Box([-1.5, -1.0], [1.0, 1.0])
    network = nearly_equal_units(error)
    found = found_patterns(network, box, "cells")
    assert found == exact_patterns(network, box)


@pytest.mark.parametrize("gap", [0.0, 1e-16, -1e-16, 1e-15, 1e-13, -1e-13, 1e-10])
@pytest.mark.parametrize("scales", [(1.0, 1.0), (1e8, 1e-8), (1e-8, 1e8)])
def test_nearly_concurrent_lines_are_counted_right(gap, scales):
    rows = np.array([[0.3, 1.0], [1.0, -0.7], [-0.6, -1.1]])
    point = np.array([0.21, -0.13])
    bias = -rows @ point
    bias[2] += gap
    scale = np.array([*scales, 1.0])
    network = ReluNetwork.from_arrays(
        [rows * scale[:, None], [[1.0, 2.0, -1.0]]], [bias * scale, [0.0]]
    )
    found = found_patterns(network, Box.cube(2), "cells")
    assert found == exact_patterns(network, Box.cube(2))


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("seed", range(3))
def test_badly_scaled_layers_keep_the_count(scale, seed):
    rng = np.random.default_rng(seed)
    sizes = [2, 5, 4, 1]
    weights = [rng.standard_normal((n, m)) for m, n in itertools.pairwise(sizes)]
    biases = [0.5 * rng.standard_normal(n) for n in sizes[1:]]
    weights[0], biases[0] = weights[0] * scale, biases[0] * scale
    weights[1] = weights[1] / scale
    network = ReluNetwork.from_arrays(weights, biases)
    found = found_patterns(network, Box.cube(2), "cells")
    assert found == exact_patterns(network, Box.cube(2))
