"""Integrals over discs: closed formulas, sums over a fine grid, limits."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from flint import ctx, fmpq

import regions
from regions.certificates.answers import verify_answer
from regions.certificates.discs import Part
from regions.domains.corners import Cell, box_cell, corner_of, split
from regions.domains.discs import DiscCell, interval
from regions.network import ReluNetwork
from regions.questions.answer import ends
from tests.helpers import random_network
from tests.regions.certificates.test_answers import write

CORNER = ReluNetwork.from_arrays([np.eye(2), [[1.0, 0.0], [0.0, 1.0]]], None)
"""relu(x) and relu(y)."""


def holds(value, number: float, *, width: float = 1e-30) -> bool:
    """Whether a thin interval is where a float64 number says."""
    low, high = ends(value)
    near = abs(float(low) - number) <= 1e-14 * max(1.0, abs(number))
    return near and 0 <= high - low <= width


def test_closed_formulas_of_a_disc():
    """The integral of x^k over x > 0 in a disc around 0, and shares of a quarter."""
    disc = regions.Ball([0.0, 0.0], 1.5)
    for order, formula in enumerate((1.5**3 * 2 / 3, math.pi * 1.5**4 / 8), start=1):
        mean = regions.moments(CORNER, disc, order, 0).value[-1]
        assert holds(mean, formula / (math.pi * 1.5**2))
    assert holds(regions.integral(CORNER, disc, [0, 1]).value, 1.5**3 * 2 / 3)
    # y > x > 0, or x < 0 < y: three eighths of the disc are of the second class.
    first, second = regions.mean_by_class(CORNER, disc).value
    assert holds(first.share, 5 / 8)
    assert holds(second.share, 3 / 8)
    # The centroid of a sector of the angle a has the distance 4 r sin(a/2) / (3 a).
    angle = 3 * math.pi / 4
    far = 4 * 1.5 * math.sin(angle / 2) / (3 * angle)
    middle = math.pi / 4 + angle / 2
    assert second.mean is not None
    for value, wanted in zip(
        second.mean, (math.cos(middle), math.sin(middle)), strict=True
    ):
        assert holds(value, far * wanted)


def test_a_disc_in_one_region_and_one_that_misses_a_class():
    disc = regions.Ball([3.0, 1.0], 0.5)
    low, high = ends(regions.integral(CORNER, disc, 0).value)
    assert holds(regions.Interval(low, high), 3 * math.pi / 4)
    first, second = regions.mean_by_class(CORNER, disc).value
    assert first.share == 1
    assert holds(first.mean[0], 3.0)
    assert (second.share, second.mean) == (0, None)


def test_parts_of_a_square_add_up_to_those_of_the_disc():
    """Cut by lines through the center, along its border, and beyond it."""
    square = box_cell([-2, -2], [2, 2], 0)
    for form in ([1, 2, 0], [0, 1, -1], [3, 4, -5], [1, 0, 1], [1, 1, -3]):
        values = [sum(map(int.__mul__, form, c)) for c in square.corners]
        parts = [DiscCell(part, Fraction(1)) for part in split(square, values, 9)]
        areas = [interval(part.powers((fmpq(0), fmpq(0)), 0)[0]) for part in parts]
        lows, highs = (sum(column) for column in zip(*areas, strict=True))
        assert lows <= Fraction(math.pi) + Fraction(1, 1 << 50)
        assert abs(float(highs) - math.pi) < 1e-15
        assert any(part.is_empty for part in parts) == (
            form[2] ** 2 >= form[0] ** 2 + form[1] ** 2
        )


def test_a_fine_grid_agrees_on_a_random_network():
    network = random_network(np.random.default_rng(3), 2, [5, 4], outputs=3)
    disc = regions.Ball([0.3, -0.2], 0.75)
    side = (np.arange(400) + 0.5) / 200 - 1
    t = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    points = disc.embed(0.75 * t[(t**2).sum(1) < 1])
    outputs, square = network(points), math.pi * 0.75**2
    value = regions.integral(network, disc, 0).value
    assert float(value.lower) == pytest.approx(outputs[:, 0].mean() * square, rel=1e-3)
    cubes = regions.moments(network, disc, 3, 0).value[2]
    assert float(cubes.lower) == pytest.approx((outputs[:, 0] ** 3).mean(), rel=1e-3)
    labels = outputs.argmax(1)
    for part in regions.mean_by_class(network, disc).value:
        own = points[labels == part.label]
        share = float(ends(part.share)[0])
        assert share == pytest.approx(len(own) / len(points), abs=1e-3)
        if part.mean is not None:
            middle = [float(ends(v)[0]) for v in part.mean]
            np.testing.assert_allclose(middle, own.mean(0), atol=1e-3)
    # Stopped, what was not met lies between bounds of the output.
    early = regions.integral(network, disc, 0, stop=lambda: True)
    assert not early.proved
    assert early.value.lower < value.lower <= value.upper < early.value.upper
    powers = regions.moments(network, disc, 3, 0, stop=lambda: True).value
    assert powers[2].lower < cubes.lower <= cubes.upper < powers[2].upper
    left = iter(range(40))
    some = regions.mean_by_class(network, disc, stop=lambda: next(left, None) is None)
    assert not some.proved
    for part, one in zip(
        some.value, regions.mean_by_class(network, disc).value, strict=True
    ):
        pairs = [(part.share, one.share)]
        pairs += zip(part.mean or (), one.mean or (), strict=False)
        for between, held in pairs:
            assert between.lower <= ends(held)[0] <= ends(held)[1] <= between.upper


def test_what_does_not_serve_says_what_does():
    with pytest.raises(ValueError, match="a disc, which has none: take 'list'"):
        regions.integral(CORNER, regions.Ball([0.0, 0.0], 1.0), 0, method="corners")
    three = random_network(np.random.default_rng(0), 3, [2])
    with pytest.raises(ValueError, match="served in the plane: take the norm 1"):
        regions.moments(three, regions.Ball([0.0, 0.0, 0.0], 1.0))


def test_the_checker_integrates_alike_by_other_formulas():
    """Over triangles with corners and edges on the circle, beyond it and around it."""
    rng, seen = np.random.default_rng(0), set()
    for _ in range(150):
        points = [tuple(map(Fraction, p)) for p in rng.integers(-3, 4, (3, 2)).tolist()]
        (a, b), (c, d), (e, f) = points
        if (c - a) * (f - b) == (d - b) * (e - a):
            continue
        square = Fraction(int(rng.integers(1, 12)))
        cell = Cell(tuple(map(corner_of, points)), (0b011, 0b110, 0b101))
        exact = [[fmpq(v.numerator) for v in point] for point in points]
        one, two = DiscCell(cell, square), Part(exact, fmpq(square.numerator))
        gradient = fmpq(int(rng.integers(-3, 4)), 3), fmpq(int(rng.integers(-3, 4)), 2)
        assert one.is_empty == two.is_empty
        seen.add(one.is_empty)
        pairs = zip(one.powers(gradient, 4), two.powers(gradient, 4), strict=True)
        with ctx.workprec(400):
            for mine, other in pairs:
                assert mine.overlaps(other)
                assert float(other.rad()) < 1e-80
    assert seen == {True, False}


def test_answers_over_discs_are_verified_and_changes_are_named(tmp_path):
    network = random_network(np.random.default_rng(3), 2, [5, 4], outputs=2)
    disc = regions.Ball([0.3, -0.2], 0.75)
    third = regions.moments(network, disc, 3, 1)
    shares = regions.mean_by_class(network, disc)
    for answer in (
        third,
        shares,
        regions.mean_by_class(CORNER, regions.Ball([3, 1], 1)),
    ):
        report = verify_answer(answer.save(tmp_path / "answer.json"))
        assert report.ok, str(report)

    def said(answer, change) -> str:
        body = json.loads(answer.save(tmp_path / "answer.json").read_text())
        change(body)
        report = verify_answer(write(body, tmp_path))
        assert not report.ok
        return "; ".join(report.failures)

    def larger(end: str) -> str:
        return str(Fraction(end) + Fraction(1, 10**40))

    def moment(body):
        ends = body["value"][2]
        body["value"][2] = {name: larger(end) for name, end in ends.items()}

    def share(body):
        ends = body["value"][0][1]
        body["value"][0][1] = {name: larger(end) for name, end in ends.items()}

    def corner(body):
        body["partition"]["corners"][-1][0] += "1"

    def leaf(body):
        del body["partition"]["leaves"][0]

    def radius(body):
        body["domain"]["radius"] = 0.5

    assert "moment 3 is" in said(third, moment)
    assert "the share of class 0 is" in said(shares, share)
    assert "partition" in said(third, corner)
    assert "of the volume of the domain" in said(third, leaf)
    assert "outside of the domain" in said(third, radius)
