"""Integrals against closed formulas and samples."""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.domains.corners import box_cell, split
from regions.domains.simplices import first_moments, power_integrals
from regions.errors.limits import never
from regions.network import Layer, ReluNetwork
from regions.questions import sums
from regions.questions.answer import ends
from regions.questions.ramp_sums import ramp_sums
from regions.questions.visited_sums import power_sums
from tests.helpers import random_network


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_a_sum_of_ramps(dim):
    """The mean of sum_i max(x_i, 0) on a cube is dim / 4."""
    network = ReluNetwork.from_arrays([np.eye(dim), np.ones((1, dim))], None)
    value = regions.integral(network, regions.Box.cube(dim)).value
    assert value == Fraction(dim, 4) * 2**dim
    mean, square = regions.moments(network, regions.Box.cube(dim)).value
    assert mean == Fraction(dim, 4)
    # Independent: variance of one ramp is 1/6 - 1/16.
    assert square - mean**2 == dim * (Fraction(1, 6) - Fraction(1, 16))


@pytest.mark.parametrize(
    ("dim", "widths"), [(2, [9, 8]), (3, [6, 4]), (4, [6]), (5, [3])]
)
def test_corners_and_pieces_give_one_integral(dim, widths):
    network = random_network(np.random.default_rng(dim), dim, widths, outputs=2)
    box = regions.Box(np.full(dim, -1.5), np.linspace(0.5, 2.0, dim))
    value = regions.integral(network, box, [1, -0.3], method="list").value
    found = regions.integral(network, box, [1, -0.3], method="corners")
    assert found.value.lower <= value <= found.value.upper
    assert found.value.width < 1e-6
    exact = regions.moments(network, box, 2, [1, -0.3], method="list").value
    between = regions.moments(network, box, 2, [1, -0.3], method="corners").value
    for value, part in zip(exact, between, strict=True):
        assert part.lower <= value <= part.upper
        assert part.width < 1e-6


@pytest.mark.parametrize(
    ("dim", "widths"),
    [(2, [12, 60]), (2, [7, 6, 9]), (3, [9, 12]), (4, [4, 9]), (6, [3, 4])],
)
@pytest.mark.parametrize("kind", ["plain", "leaky", "quantised", "without biases"])
def test_sums_over_cells_are_those_over_regions(dim, widths, kind):
    """Cells of all layers but the last, with pairs of ramps, and all regions."""
    slopes = 0.125 if kind == "leaky" else 0.0
    bias = 0.0 if kind == "without biases" else 0.5
    rng = np.random.default_rng(dim)
    network = random_network(rng, dim, widths, bias, slopes=slopes)
    if kind == "quantised":
        layers = [
            Layer(np.round(2 * one.weight) / 2, np.round(one.bias), one.slopes)
            for one in (*network.hidden, network.output)
        ]
        network = ReluNetwork(tuple(layers[:-1]), layers[-1])
    box, weights = regions.Box.cube(dim), [Fraction(1)]
    cells = ramp_sums(network, box, weights, 2, never)
    every = power_sums(network, box, weights, 2, never)
    assert cells is not None
    assert every is not None
    assert cells.cells < every.cells
    for one, other in zip(cells.powers, every.powers, strict=True):
        (low, high), (least, most) = ends(one), ends(other)
        assert max(low, least) <= min(high, most)
        assert max(high - low, most - least) < 1e-6 * 2**dim


def test_few_units_with_many_regions_take_corners():
    """Exact sums over 2,032 pieces took 13 s."""
    network = random_network(np.random.default_rng(0), 4, [12, 12])
    found = regions.moments(network, regions.Box.cube(4))
    assert found.method == "corners"
    few = random_network(np.random.default_rng(0), 3, [5])
    assert isinstance(regions.integral(few, regions.Box.cube(3)).value, Fraction)


def test_ramps_of_all_slopes_and_skips_are_integrated_without_a_cut():
    """The last layer bends, has no kink, or is turned over; the output skips layers."""
    rng = np.random.default_rng(5)
    sizes = (3, 4, 5, 2)
    weights = [rng.standard_normal(pair) for pair in ((4, 3), (5, 4), (2, 5))]
    weights[1][3] = 0.0
    network = ReluNetwork.from_arrays(
        weights,
        [rng.standard_normal(n) for n in sizes[1:]],
        slopes=[0.0, [0.0, 0.25, 1.0, 0.5, -1.0]],
        skips={1: {0: np.ones((5, 3))}, 2: {1: np.ones((2, 4)), 0: np.ones((2, 3))}},
    )
    one = ReluNetwork.from_arrays([np.eye(3), np.full((1, 3), 0.1)], [[0, 1, 9], None])
    for net, direction in ((network, [1, -0.3]), (one, 0)):
        box = regions.Box([-1.0, 0.0, -2.0], [1.0, 0.75, 3.0])
        value = regions.integral(net, box, direction, method="list").value
        found = regions.integral(net, box, direction, method="corners")
        assert found.value.lower <= value <= found.value.upper
        assert found.value.width < 1e-8
        exact = regions.moments(net, box, 2, direction, method="list").value
        between = regions.moments(net, box, 2, direction, method="corners").value
        for value, part in zip(exact, between, strict=True):
            assert part.lower <= value <= part.upper
            assert part.width < 1e-8 * max(1, value)
    assert found.stats == {"cells": 1}


def test_corners_serve_where_units_coincide():
    rows = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [-2.0, -2.0]]
    network = ReluNetwork.from_arrays([rows, np.ones((1, 5))], None)
    wedge = regions.Simplex([[-1, -1], [2, 0], [0, 3]])
    for domain in (wedge, regions.Box.cube(2), regions.Box.cube(2, 0.3)):
        exact = regions.moments(network, domain, 3, method="list").value
        for value, between in zip(
            exact,
            regions.moments(network, domain, 3, method="corners").value,
            strict=True,
        ):
            assert between.lower <= value <= between.upper
            assert between.width < 1e-9


def test_where_corners_do_not_serve():
    network = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None)
    with pytest.raises(ValueError, match="take 'list'"):
        regions.integral(network, regions.Box.cube(1), method="corners")
    with pytest.raises(ValueError, match="one of auto, list, corners"):
        regions.integral(network, regions.Box.cube(1), method="sum")
    huge = ReluNetwork.from_arrays([np.eye(2), np.full((1, 2), 1e308)], None)
    with pytest.raises(ValueError, match="floats overflow: take 'list'"):
        regions.moments(huge, regions.Box.cube(2, 4.0), method="corners")


@pytest.mark.parametrize("dim", [2, 3])
def test_classes_by_corners_enclose_the_exact_ones(dim):
    rng = np.random.default_rng(dim)
    network = random_network(rng, dim, [4, 3][: 4 - dim], outputs=3)
    output = network.output
    # The third output is the first once more: no class, whatever the order.
    weight, bias = output.weight[[0, 1, 0]], output.bias[[0, 1, 0]]
    twice = Layer(weight, bias, output.slopes, output.skips)
    box = regions.Box(np.full(dim, -1.5), np.linspace(0.5, 2.0, dim))
    for net in (network, ReluNetwork(network.hidden, twice)):
        exact = regions.mean_by_class(net, box, method="list").value
        found = regions.mean_by_class(net, box, method="corners").value
        for one, other in zip(exact, found, strict=True):
            low, high = ends(other.share)
            assert low <= one.share <= high
            assert high - low < 1e-9
            assert (one.mean is None) == (other.mean is None)
            for v, between in zip(one.mean or (), other.mean or (), strict=True):
                low, high = ends(between)
                assert low <= v <= high
                assert high - low < 1e-6


def test_a_triangle_has_its_own_area():
    constant = ReluNetwork.from_arrays([[[0.0, 0.0]], [[0.0]]], [None, [1.0]])
    triangle = regions.Simplex([[0, 0], [2, 0], [0, 3]])
    assert regions.integral(constant, triangle).value == 3


def test_means_are_those_of_samples():
    network = random_network(np.random.default_rng(4), 2, [6, 5], outputs=3)
    box = regions.Box([-1.0, 0.0], [1.0, 3.0])
    x = np.random.default_rng(0).uniform(box.lower, box.upper, (200000, 2))
    y = network(x)
    values = [float(v) for v in regions.moments(network, box, 3, 1).value]
    np.testing.assert_allclose(
        values, [(y[:, 1] ** k).mean() for k in (1, 2, 3)], rtol=0.05
    )
    labels = y.argmax(1)
    for part in regions.mean_by_class(network, box).value:
        inside = labels == part.label
        assert float(part.share) == pytest.approx(inside.mean(), abs=0.01)
        if inside.any():
            means = [float(v) for v in part.mean]
            np.testing.assert_allclose(means, x[inside].mean(0), atol=0.05)


def test_ties_on_a_part_with_volume_go_to_the_first_class():
    ramps = ReluNetwork.from_arrays([[[1.0], [-1.0]], np.eye(2)[::-1]], None)
    zeros = ReluNetwork.from_arrays([[[1.0]], np.zeros((2, 1))], None)
    shares = [
        part.share for part in regions.mean_by_class(ramps, regions.Box.cube(1)).value
    ]
    assert shares == [Fraction(1, 2), Fraction(1, 2)]
    first, second = regions.mean_by_class(zeros, regions.Box.cube(1)).value
    assert (first.share, second.share, second.mean) == (1, 0, None)


def test_long_sums_are_enclosed(monkeypatch):
    network = random_network(np.random.default_rng(4), 2, [5])
    exact = regions.integral(network, regions.Box.cube(2)).value
    monkeypatch.setattr(sums, "EXACT_BITS", 8)
    ends = regions.integral(network, regions.Box.cube(2)).value
    assert ends.lower <= exact <= ends.upper
    assert 0 < ends.width < Fraction(1, 1 << 200)


def test_an_order_of_zero_is_refused():
    network = random_network(np.random.default_rng(4), 2, [5])
    with pytest.raises(ValueError, match="`order` is 0: at least 1"):
        regions.moments(network, regions.Box.cube(2), 0)
    with pytest.raises(ValueError, match="1 output: classes need at least 2"):
        regions.mean_by_class(network, regions.Box.cube(2))


def test_a_stopped_integral_stands_between_proved_ends():
    net = random_network(np.random.default_rng(2), 2, [6, 4])
    domain = regions.Box([-1.0, 0.0], [1.0, 1.5])
    exact = regions.integral(net, domain).value
    widths = []
    for calls in (0, 20, 60):
        left = iter(range(calls))
        part = regions.integral(
            net,
            domain,
            method="list",
            stop=lambda left=left: next(left, None) is None,
        )
        assert not part.proved
        assert part.value.lower <= exact <= part.value.upper
        widths.append(part.value.width)
    assert widths[0] > widths[1] > widths[2]


@pytest.mark.parametrize("direction", [0, [1, 3]])
def test_stopped_moments_stand_between_proved_ends(direction):
    """Of an output of both signs, and of one far from 0: of even and odd orders."""
    drawn = random_network(np.random.default_rng(2), 2, [6, 4], outputs=2)
    output = drawn.output
    last = Layer(
        output.weight, output.bias + np.array([0.0, 9.0]), output.slopes, output.skips
    )
    net = ReluNetwork(drawn.hidden, last)
    domain = regions.Box([-1.0, 0.0], [1.0, 1.5])
    exact = regions.moments(net, domain, 4, direction).value
    widths = []
    for calls in (0, 6, 14):
        left = iter(range(calls))
        part = regions.moments(
            net,
            domain,
            4,
            direction,
            method="list",
            stop=lambda left=left: next(left, None) is None,
        )
        assert not part.proved
        for value, one in zip(exact, part.value, strict=True):
            assert one.lower < value < one.upper
        if direction == 0:
            assert part.value[1].lower >= 0
        widths.append([one.width for one in part.value])
    for order in range(4):
        first, second, third = (width[order] for width in widths)
        assert first > second > third


SHIFTED = regions.Simplex([[-1, -1, 2], [2, 0, 1], [0, 3, 1]])
"""A triangle in space: its chart is not the identity."""


@pytest.mark.parametrize(
    "domain",
    [
        regions.Box([-1.0, 0.0, 1.0], [1.0, 1.5, 2.0]),
        SHIFTED,
        regions.Simplex([[0, 0, 0], [2, 0.5, 0], [0, 3, 1], [1, 0, 2]]),
    ],
)
def test_stopped_means_of_classes_stand_between_proved_ends(domain):
    net = random_network(np.random.default_rng(2), 3, [5, 4], outputs=3)
    exact = regions.mean_by_class(net, domain, method="list").value
    assert sum(part.share for part in exact) == 1
    widths = []
    for calls in (0, 6, 14):
        left = iter(range(calls))
        found = regions.mean_by_class(
            net,
            domain,
            method="list",
            stop=lambda left=left: next(left, None) is None,
        )
        assert not found.proved
        width = 0
        for one, part in zip(exact, found.value, strict=True):
            low, high = ends(part.share)
            assert 0 <= low <= one.share <= high <= 1
            width += high - low
            for value, between in zip(one.mean or (), part.mean or (), strict=False):
                low, high = ends(between)
                assert low <= value <= high
                width += high - low
        widths.append(width)
    assert widths[0] > widths[1] > widths[2] > 0


def test_classes_by_corners_where_the_chart_is_not_the_identity():
    net = random_network(np.random.default_rng(2), 3, [5, 4], outputs=3)
    exact = regions.mean_by_class(net, SHIFTED, method="list").value
    found = regions.mean_by_class(net, SHIFTED, method="corners")
    assert found.method == "corners"
    for one, part in zip(exact, found.value, strict=True):
        for value, between in zip(
            (one.share, *(one.mean or ())),
            (part.share, *(part.mean or ())),
            strict=True,
        ):
            low, high = ends(between)
            assert low <= value <= high
            assert high - low < 1e-6


def test_long_sums_of_classes_are_enclosed(monkeypatch):
    net = random_network(np.random.default_rng(4), 2, [5, 4], outputs=3)
    exact = regions.mean_by_class(net, regions.Box.cube(2)).value
    monkeypatch.setattr(sums, "EXACT_BITS", 8)
    found = regions.mean_by_class(net, regions.Box.cube(2)).value
    for one, part in zip(exact, found, strict=True):
        assert (one.mean is None) == (part.mean is None)
        pairs = zip(
            (one.share, *(one.mean or ())),
            (part.share, *(part.mean or ())),
            strict=True,
        )
        for value, between in pairs:
            low, high = ends(between)
            assert low <= value <= high
            assert high - low < Fraction(1, 1 << 200)


def test_first_moments_are_integrals_of_the_coordinates():
    """Of a box with a cut corner, whose volume has a closed form."""
    box = box_cell([0, 0, 0], [2, 3, 5], 0)
    values = [sum(corner[:3]) - corner[3] for corner in box.corners]
    cell = split(box, values, 9)[0]
    volume, firsts = first_moments(cell)
    assert volume == 30 - Fraction(1, 6)
    assert firsts == [30 * Fraction(n, 2) - Fraction(1, 24) for n in (2, 3, 5)]
    for axis, first in enumerate(firsts):
        along = [point[axis] for point in cell.points()]
        assert power_integrals(cell, along, 1) == [volume, first]


def test_few_pieces_in_many_dimensions_take_corners():
    """An exact list of 283 pieces took 13 s, and that of their classes over 90 s."""
    network = random_network(np.random.default_rng(0), 5, [4, 3], outputs=2)
    box = regions.Box.cube(5)
    assert regions.integral(network, box, 0).method == "corners"
    assert regions.mean_by_class(network, box).method == "corners"
