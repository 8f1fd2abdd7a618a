"""Integer arithmetic of networks, against `fractions.Fraction` step by step."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.domains.shapes import Box, Segment, Simplex, Slice
from regions.network import ReluNetwork
from regions.signs.exact import (
    Columns,
    ExactNetwork,
    dyadic,
    solve_rational,
    to_fmpq,
    to_fraction,
)
from tests.helpers import random_network
from tests.zoo import ZOO


def forward(network: ReluNetwork, point: list[Fraction]) -> list[list[Fraction]]:
    """Pre-activations of all layers at a point of the input space."""
    held, result = [point], []
    for index, layer in enumerate(network.layers):
        pre = [Fraction(float(b)) for b in layer.bias]
        for source, matrix in layer.blocks(index):
            for j, row in enumerate(matrix):
                pre[j] += sum(
                    Fraction(float(w)) * h
                    for w, h in zip(row, held[source], strict=True)
                )
        result.append(pre)
        slopes = [Fraction(float(s)) for s in layer.slopes]
        held.append([p if p > 0 else s * p for p, s in zip(pre, slopes, strict=True)])
    return result


def embedded(domain, t):
    """The exact point of the input space."""
    origin, directions = domain.rational_chart()
    return [
        o + sum(v * d[i] for v, d in zip(t, directions, strict=True))
        for i, o in enumerate(origin)
    ]


def rational_points(dim, count=4, seed=0):
    rng = np.random.default_rng(seed)
    tops, bottoms = rng.integers(-50, 50, (count, dim)), rng.integers(1, 60, count)
    return [
        [Fraction(int(p), int(q)) for p in row]
        for row, q in zip(tops, bottoms, strict=True)
    ]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5))
@settings(derandomize=True, deadline=None)
def test_dyadic_numbers_are_exact(values):
    numerators, shift = dyadic(values)
    assert [Fraction(n, 2**shift) for n in numerators] == [Fraction(v) for v in values]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5))
@settings(derandomize=True, deadline=None, max_examples=30)
def test_arrays_of_many_numbers_are_as_exact(values):
    many = np.array([*values, *np.linspace(-3.0, 5.0, 70)])
    assert dyadic(many) == dyadic(many.tolist())


@given(st.fractions())
@settings(derandomize=True, deadline=None)
def test_fractions_survive_flint(value):
    assert to_fraction(to_fmpq(value)) == value


@pytest.mark.parametrize("name", sorted(ZOO))
def test_pre_activations_are_those_of_fractions(name):
    network, box = ZOO[name]
    points = rational_points(box.dim)
    columns = Columns.of_points(points)
    numerators, scales = ExactNetwork(network, box).forward(columns)
    for k, point in enumerate(points):
        for layer, expected in enumerate(forward(network, point)):
            scale = scales[layer][k] * columns.denominators[k]
            assert [Fraction(row[k], scale) for row in numerators[layer]] == expected


@pytest.mark.parametrize(
    "domain",
    [
        Segment([0.1, 0.2, 0.3], [1.0, -0.7, 0.9]),
        Slice([0.1, 0.2, 0.3], [[0.1, 0.7, -0.3], [1.1, 0.0, 0.2]], Box.cube(2)),
        Simplex([[0.1, 0, 0], [0, 0.3, 1], [0.7, 0.2, 0], [1, 1, 0.9]]),
    ],
)
def test_charts_are_composed_exactly(domain):
    network = random_network(np.random.default_rng(0), 3, [4, 3], slopes=0.1)
    points = rational_points(domain.dim)
    signs = ExactNetwork(network, domain).signs(Columns.of_points(points))
    for k, t in enumerate(points):
        values = [
            v for layer in forward(network, embedded(domain, t))[:-1] for v in layer
        ]
        assert signs[:, k].tolist() == [(v > 0) - (v < 0) for v in values]


@pytest.mark.parametrize("name", ["skip_blocks", "prelu", "deep_narrow", "residual"])
def test_affine_map_reproduces_the_output_on_its_region(name):
    network, box = ZOO[name]
    exact = ExactNetwork(network, box)
    for point in rational_points(box.dim):
        layers = forward(network, point)
        on = np.array([v > 0 for layer in layers[:-1] for v in layer])
        for row, expected in zip(exact.affine_map(on), layers[-1], strict=True):
            *gradient, offset = row
            value = sum(g * x for g, x in zip(gradient, point, strict=True)) + offset
            assert value == expected
        for form, expected in zip(
            exact.affine_forms(on), [v for layer in layers for v in layer], strict=True
        ):
            value = sum(g * x for g, x in zip(form, point, strict=False)) + form[-1]
            assert (value > 0) == (expected > 0)
            assert (value < 0) == (expected < 0)


def test_floats_are_taken_as_they_are():
    points = np.array([[0.1, -1e-300], [3.0, 2.0**60]])
    columns = Columns.of_floats(points)
    table = columns.numerators.table()
    for k, point in enumerate(points):
        found = [Fraction(int(row[k]), columns.denominators[k]) for row in table]
        assert found == [Fraction(float(v)) for v in point]


def test_square_system_is_solved_exactly():
    solution = solve_rational([[2, 1], [1, 3]], [1, 2])
    assert solution is not None
    assert [to_fraction(v) for v in solution] == [Fraction(1, 5), Fraction(3, 5)]
    assert solve_rational([[1, 2], [2, 4]], [1, 2]) is None
