"""Bounds in float64 hold to the last bit: of boxes at whose ends they are attained.

On an interval the line above a convex activation is exact at both ends, and so are
bounds of sums; in a box that is a point all are. What is left is rounding.
"""

import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.box_bounds import BoxBounds
from regions.network import ReluNetwork
from regions.questions.problem import Linear, Problem
from regions.questions.unit_bounds import FloatBounds
from regions.signs.exact import Columns, ExactNetwork

COUNT = 64


def exact_values(network, domain, points) -> list[list[list[Fraction]]]:
    """Pre-activations of all layers, outputs last, by layer, unit and point."""
    rows = [[Fraction(v) for v in row] for row in points.tolist()]
    columns = Columns.of_points(rows)
    numerators, scales = ExactNetwork(network, domain).forward(columns)
    return [
        [
            [
                Fraction(v, s * d)
                for v, s, d in zip(row, scale, columns.denominators, strict=True)
            ]
            for row in layer
        ]
        for layer, scale in zip(numerators, scales, strict=True)
    ]


def by_search(network, domain, low, high, weights):
    """Ends of all units, and upper bounds of the output, as a search has them."""
    problem = Problem(network, domain, [(Linear((Fraction(1),)),)])
    bounds = FloatBounds(problem, low, high)
    ends = bounds.all_layers()
    return ends, bounds.carried(len(ends), weights, np.arange(len(low))).upper


def by_checker(network, domain, low, high, weights):
    """The same as the checker has them."""
    unknown = [
        (np.full((len(low), width), -np.inf), np.full((len(low), width), np.inf))
        for width in network.widths
    ]
    ball = domain if isinstance(domain, regions.Ball) else None
    assert ball is not None or domain.is_chart_identity
    upper, ends = BoxBounds(network, ball).upper(low, high, weights, unknown)
    return ends, upper


def some_network(rng, dim, slope, skips) -> ReluNetwork:
    """Weights of many sizes; rows of one sign after the first layer."""
    sizes = [dim, 12, 8, 1]
    weights = [
        rng.standard_normal((b, a)) * 2.0 ** rng.integers(-12, 12, (b, a))
        for a, b in itertools.pairwise(sizes)
    ]
    weights[1] = np.abs(weights[1]) * rng.choice([-1.0, 1.0], (8, 1))
    biases = [rng.standard_normal(b) for b in sizes[1:]]
    skip = {1: {0: rng.standard_normal((8, dim))}, 2: {1: rng.standard_normal((1, 12))}}
    return ReluNetwork.from_arrays(
        weights, biases, slope, skips=skip if skips else None
    )


@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.1, -0.7, 1.3])
@pytest.mark.parametrize("bounds", [by_search, by_checker])
def test_no_bound_is_inside_of_a_value(bounds, slope, skips):
    rng = np.random.default_rng(0)
    for domain in (regions.Box.cube(1, 4.0), regions.Box.cube(3, 4.0)):
        check_bounds(bounds, some_network(rng, domain.dim, slope, skips), domain, rng)


@pytest.mark.parametrize("slope", [0.0, 1.3])
def test_no_bound_is_inside_of_a_value_of_a_chart(slope):
    """Whose first layer is rounded."""
    rng = np.random.default_rng(1)
    line = regions.Segment(rng.standard_normal(3), rng.standard_normal(3))
    check_bounds(by_search, some_network(rng, 3, slope, False), line, rng)


@pytest.mark.parametrize("constant", [0.0, 1e16])
@pytest.mark.parametrize("bounds", [by_search, by_checker])
def test_no_bound_of_a_sum_is_inside_of_it(bounds, constant):
    """Of positive weights and a constant or none, in boxes that begin at 0."""
    rng = np.random.default_rng(0)
    network = ReluNetwork.from_arrays([rng.uniform(size=(1, 7))], [[constant]])
    high = rng.uniform(size=(COUNT, 7))
    domain, ones = regions.Box(np.zeros(7), np.ones(7)), np.ones((COUNT, 1))
    _, upper = bounds(network, domain, np.zeros((COUNT, 7)), high, ones)
    ((values,),) = exact_values(network, domain, high)
    for bound, value in zip(upper.tolist(), values, strict=True):
        assert value <= Fraction(bound) <= value * (1 + Fraction(1, 10**9))


@pytest.mark.parametrize("dim", [2, 5])
def test_no_unit_exceeds_its_bounds_in_a_round_ball(dim):
    """The first layer attains its row's length times the radius, from its center on."""
    rng = np.random.default_rng(dim)
    network = some_network(rng, dim, 0.0, False)
    ball = regions.Ball(rng.standard_normal(dim), 0.7)
    around = ball.chart_box()
    (ends, *_), _ = by_search(
        network, ball, around.lower[None], around.upper[None], np.ones((1, 1))
    )
    middles = exact_values(network, ball, np.zeros((1, dim)))[0]
    for unit, (row, (middle,)) in enumerate(
        zip(network.hidden[0].weight.tolist(), middles, strict=True)
    ):
        square = sum(Fraction(v) ** 2 for v in row) * Fraction(ball.radius) ** 2
        for gap in (
            Fraction(ends[1][0, unit]) - middle,
            middle - Fraction(ends[0][0, unit]),
        ):
            assert gap > 0
            assert square <= gap * gap <= square * (1 + Fraction(1, 10**9))


def test_what_is_known_of_a_box_is_kept_on_its_parts():
    """No end of a unit is farther than that of the whole, nor inside of a value."""
    rng, domain = np.random.default_rng(3), regions.Box.cube(3, 4.0)
    network, box = some_network(rng, 3, 0.1, True), domain.chart_box()
    whole = box.lower[None], box.upper[None]
    ends = rng.uniform(-4.0, 4.0, (2, COUNT, 3))
    low, high = ends.min(0), ends.max(0)
    problem = Problem(network, domain, [(Linear((Fraction(1),)),)])
    checker = BoxBounds(network)
    around = checker.around(low, high, checker.around(*whole))
    ways = {
        "search": FloatBounds(problem, *whole).all_layers(),
        "checker": checker.around(*whole),
    }
    for way, known in ways.items():
        if way == "search":
            bounds = FloatBounds(problem, low, high)
            every = [(np.repeat(a, COUNT, 0), np.repeat(b, COUNT, 0)) for a, b in known]
            found = bounds.all_layers(every)
            upper = bounds.carried(2, np.ones((COUNT, 1)), np.arange(COUNT)).upper
        else:
            upper, found = checker.upper(low, high, np.ones((COUNT, 1)), known)
        for (below, above), (least, most) in zip(found, known, strict=True):
            assert (below >= least).all()
            assert (above <= most).all()
            assert ((above - below) < (most - least)).mean() > 0.9
        for points in (low, high, 0.5 * low + 0.5 * high):
            *hidden, (outputs,) = exact_values(network, domain, points)
            assert_outside(found, upper, hidden, outputs)
            # What holds around all of them holds on each.
            for (below, above), layer in zip(around, hidden, strict=True):
                for unit, values in enumerate(layer):
                    assert Fraction(below[0, unit]) <= min(values)
                    assert max(values) <= Fraction(above[0, unit])


RIM = {
    2: ([[3, 4], [-4, 3], [4, -3], [0, 5], [5, 0]], 5),
    3: ([[2, 3, 6], [-6, 2, 3], [3, -6, 2], [0, 7, 0]], 7),
}
"""Points at a distance from 0."""


@pytest.mark.parametrize("slope", [0.0, 1.3])
@pytest.mark.parametrize("dim", RIM)
@pytest.mark.parametrize("bounds", [by_search, by_checker])
def test_no_bound_is_inside_of_a_value_on_the_rim_of_a_ball(bounds, dim, slope):
    """In boxes that are a point of the rim: what holds in the ball is attained there.

    Rows along the point are bounded by the ball alone, others by a part of them.
    """
    rng, (rim, distance) = np.random.default_rng(dim), RIM[dim]
    for scale in (2.0**-40, 1.0, 2.0**40):
        points = np.repeat(np.array(rim) * scale, 12, axis=0)
        center = scale * rng.integers(-9, 10, dim) / 8
        network = some_network(rng, dim, slope, False)
        row = network.hidden[0].weight * (1.0 / scale)
        row[: len(rim)] = np.array(rim) * rng.uniform(0.5, 2.0, (len(rim), 1))
        first = dataclasses.replace(network.hidden[0], weight=row)
        network = ReluNetwork((first, *network.hidden[1:]), network.output)
        ball = regions.Ball(center, distance * scale)
        at = points if bounds is by_search else points + center
        found, upper = bounds(network, ball, at, at, np.ones((len(at), 1)))
        *hidden, (outputs,) = exact_values(network, ball, points)
        assert_outside(found, upper, hidden, outputs)


@pytest.mark.parametrize("size", [2.0**-530, 2.0**-360])
@pytest.mark.parametrize("is_round", [False, True])
@pytest.mark.parametrize("bounds", [by_search, by_checker])
def test_no_bound_is_inside_of_a_value_that_underflows(bounds, is_round, size):
    """Products that are smaller than all numbers of float64, in one layer or in two."""
    rng = np.random.default_rng(0)
    rim = np.array(RIM[2][0]) * size
    for dim in (1, 2):
        points = np.repeat(rim[:, :dim], 12, axis=0) * 2.0 ** -rng.integers(0, 14)
        if is_round:
            points = rim[:, :dim]
        weights = [
            size * rng.uniform(0.1, 1.0, shape) * rng.choice([-1.0, 1.0], shape)
            for shape in ((6, dim), (5, 6), (1, 5))
        ]
        for depth in (1, 2, 3):
            last = weights[depth - 1] if depth == 3 else weights[depth - 1][:1]
            network = ReluNetwork.from_arrays([*weights[: depth - 1], last], None)
            domain = regions.Box.cube(dim, 8.0 * size)
            if is_round:
                domain = regions.Ball(np.zeros(dim), 5.0 * size)
            found, upper = bounds(
                network, domain, points, points, np.ones((len(points), 1))
            )
            *hidden, (outputs,) = exact_values(network, domain, points)
            assert_outside(found, upper, hidden, outputs)


def assert_outside(found, upper, hidden, outputs) -> None:
    """No value is beyond the ends of its unit, nor an output above its bound."""
    for (below, above), layer in zip(found, hidden, strict=True):
        for unit, values in enumerate(layer):
            for k, value in enumerate(values):
                assert Fraction(below[k, unit]) <= value <= Fraction(above[k, unit])
    for bound, value in zip(upper.tolist(), outputs, strict=True):
        assert value <= Fraction(bound)


def check_bounds(bounds, network, domain, rng) -> None:
    """Compare bounds with the exact values at both ends of each box."""
    box = domain.chart_box()
    ends = box.lower + rng.uniform(size=(2, COUNT, domain.dim)) * (
        box.upper - box.lower
    )
    low, high = ends.min(0), ends.max(0)
    high[::2] = low[::2]  # half of them are points,
    low[1::4], high[1::4] = 0.0, np.abs(high[1::4])  # and others begin at 0
    weights = np.ones((COUNT, 1))
    found, upper = bounds(network, domain, low, high, weights)
    for points in (low, high):
        *hidden, (outputs,) = exact_values(network, domain, points)
        assert_outside(found, upper, hidden, outputs)
