"""Faces that do not reach into a round ball: against their nearest points, exactly."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpz

from regions.certificates.ball_gaps import lies_beyond

Line = tuple[int, ...]


def nearest_square(row: Line, others: list[Line]) -> Fraction | None:
    """The squared distance from 0 of the face of a row in the plane; None if empty."""
    a, b, c = map(Fraction, row)
    if a == b == 0:
        raise ValueError("the row has no face")
    length = a * a + b * b
    x, y = -c * a / length, -c * b / length  # nearest to 0 on the line
    low, high = None, None
    for p, q, r in others:
        along, at = q * a - p * b, p * x + q * y + r  # at + along t >= 0
        if along == 0:
            if at < 0:
                return None
            continue
        end = -at / along
        if along > 0:
            low = end if low is None else max(low, end)
        else:
            high = end if high is None else min(high, end)
    if low is not None and high is not None and low > high:
        return None
    t = Fraction(0)
    t = t if low is None else max(t, low)
    t = t if high is None else min(t, high)
    return x * x + y * y + t * t * length


def beyond(row: Line, others: list[Line], square: Fraction) -> bool:
    """What the checker says."""

    def exact(line: Line) -> tuple[fmpz, ...]:
        return tuple(fmpz(v) for v in line)

    return lies_beyond(exact(row), [exact(line) for line in others], square)


def some_region(rng: np.random.Generator, size: int) -> list[Line]:
    """Rows with small integers that are positive at one point."""
    x, y = (Fraction(int(v), 7) for v in rng.integers(-9, 10, 2))
    rows = []
    for a, b, c in rng.integers(-size, size + 1, (4, 3)).tolist():
        at = a * x + b * y + c
        if at and (a or b):
            rows.append((a, b, c) if at > 0 else (-a, -b, -c))
    return rows


@pytest.mark.parametrize("scale", [1, 10**40])
@pytest.mark.parametrize("size", [4, 99])
def test_a_face_is_beyond_a_ball_where_its_nearest_point_is(size, scale):
    """With radii at the distance, where the face touches, and a trifle around it."""
    rng, right, told, little = np.random.default_rng(0), 0, 0, Fraction(1, 10**30)
    for _ in range(300):
        rows = [(a, b, c * scale) for a, b, c in some_region(rng, size)]
        row, *others = rows
        found = nearest_square(row, others)
        if found is None:
            continue
        assert not beyond(row, others, found * (1 + little) + little)
        if found:
            right += 2
            told += beyond(row, others, found)
            told += beyond(row, others, found * (1 - little))
    # Where more rows meet in the nearest point, floats may name too many of them.
    assert right - told <= 2
    assert told > 200
