"""Lines around a unit, and ends, in float64: exactly on the right side of it.

What a bound charges for its sums would hide it if they were not.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from regions.certificates import box_bounds
from regions.questions import unit_bounds
from regions.signs.exact import to_fmpq

SLOPES = [0.0, 0.1, -0.7, 0.999, 1.0, 1.3]


def some_ends(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ends of many sizes, and of signs of all kinds."""
    ends = rng.standard_normal((2, 400)) * 2.0 ** rng.integers(-30, 30, (2, 400))
    low, high = ends.min(0), ends.max(0)
    low[:100], high[:100] = -np.abs(low[:100]), np.abs(high[:100])
    low[100:120], high[120:140] = 0.0, 0.0
    low[140:150], high[140:150] = -5e-324, 5e-324
    return np.minimum(low, high), np.maximum(low, high)


def activation(z: Fraction, slope: float) -> Fraction:
    return z if z > 0 else Fraction(slope) * z


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("module", [box_bounds, unit_bounds])
def test_lines_are_above_and_below_their_unit(module, slope):
    """At both ends and at the kink; and near, where they may be."""
    low, high = some_ends(np.random.default_rng(0))
    slopes = np.full(len(low), slope)
    lines = [part.tolist() for part in module._lines(low, high, slopes)[:4]]
    ends = zip(low.tolist(), high.tolist(), *lines, strict=True)
    for a, b, *held in ends:
        upper, above, lower, below = map(Fraction, held)
        points = [Fraction(a), Fraction(b), *([Fraction(0)] if a < 0 < b else [])]
        gaps = []
        for z in points:
            value = activation(z, slope)
            assert lower * z + below <= value <= upper * z + above
            gaps.append((upper * z + above - value, value - lower * z - below))
        size = 1e-12 * max(map(abs, points)) + Fraction(1, 10**300)
        # The line through both ends touches there, the other one at the kink.
        assert sum(gap <= size for pair in gaps for gap in pair) >= len(points)


@pytest.mark.parametrize("slope", SLOPES)
def test_sizes_and_activations_are_no_less_than_those_of_the_ends(slope):
    low, high = some_ends(np.random.default_rng(1))
    slopes = np.full(len(low), slope)
    lines = box_bounds._lines(low, high, slopes)
    below, above = box_bounds._activations(low, high, slopes)
    for k, pair in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        points = [
            *map(Fraction, pair),
            *([Fraction(0)] if pair[0] < 0 < pair[1] else []),
        ]
        values = [activation(z, slope) for z in points]
        assert Fraction(below[k]) <= min(values)
        assert max(values) <= Fraction(above[k])
        assert max(map(abs, values)) <= Fraction(lines.active[k])
        assert max(map(abs, points)) == Fraction(lines.before[k])


def test_ends_are_rounded_outwards_and_no_farther():
    rng = np.random.default_rng(2)
    numbers = [fmpq(int(a), int(b)) for a, b in rng.integers(-99, 99, (90, 2)) if b]
    numbers += [to_fmpq(v) for v in (0.1, -0.1, 5e-324, -1e308)] + [fmpq(1, 10**400)]
    numbers += [-fmpq(1, 10**400), fmpq(0)]
    for value in numbers:
        down = box_bounds.float_below(value)
        up = unit_bounds.float_above(Fraction(int(value.p), int(value.q)))
        assert to_fmpq(down) <= value <= to_fmpq(up)
        for near, onward in ((down, math.inf), (up, -math.inf)):
            if to_fmpq(near) != value:
                beyond = to_fmpq(math.nextafter(near, onward))
                assert (beyond > value) == (near == down)
                assert beyond != value
    pairs = [sorted(pair) for pair in zip(numbers[::2], numbers[1::2], strict=False)]
    lows, highs = zip(*pairs, strict=True)
    low, high = box_bounds.outward([lows], [highs])
    for ends, exact, side in ((low, lows, 1), (high, highs, -1)):
        for near, value in zip(ends[0].tolist(), exact, strict=True):
            assert side * (value - to_fmpq(near)) >= 0
    found = unit_bounds.outward(unit_bounds.Box(lows, highs))
    assert [found[0].tolist(), found[1].tolist()] == [low[0].tolist(), high[0].tolist()]
    huge = fmpq(10**400)
    assert (
        box_bounds.float_below(huge) == unit_bounds.float_above(-Fraction(10**400)) * -1
    )
    assert box_bounds.float_below(-huge) == -math.inf


def test_boxes_are_outside_of_a_ball_if_they_surely_are():
    """Around points of the rim, whose distance is 5 exactly, to both sides."""
    from regions.domains.shapes import Ball

    for scale in (2.0**-60, 1.0, 2.0**300):
        center = scale * np.array([0.125, -2.0])
        rim = scale * np.array([[3, 4], [-4, 3], [4, -3], [0, 5], [-5, 0]])
        ball = Ball(center, 5.0 * scale)
        for far, outside in ((1.0, False), (1.0 + 2.0**-30, True)):
            at = far * rim
            low, high = np.minimum(at, 2.0 * at), np.maximum(at, 2.0 * at)
            found = box_bounds._lie_outside(ball, low + center, high + center)
            assert (found == outside).all()
        assert not box_bounds._lie_outside(ball, -rim + center, rim + center).any()
