"""Numbers of domains are taken as they are, or refused: none is rounded."""

from fractions import Fraction

import numpy as np
import pytest

from regions import Ball, Box, HPolytope, Segment, Simplex, Slice

THIRD, ODD = Fraction(1, 3), 2**53 + 1
EYE = [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("number", [THIRD, ODD])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda v: Box([0.5, -1.0], [v, v + 1]), "upper"),
        (lambda v: Box([0.5, -v], [1e300, 1.0]), "lower"),
        (lambda v: Segment([0.0, 0.0], [v, 0.5]), "end"),
        (lambda v: Simplex([[0.0, 0.0], [v, 0.0], [0.0, 1.0]]), "vertices"),
        (lambda v: Slice([v, 0.5], EYE, Box.cube(2)), "origin"),
        (lambda v: Slice([0.0], [[v]], Box.cube(1)), "directions"),
        (lambda v: HPolytope([[v, 0.5]], [1.0]), "A"),
        (lambda v: HPolytope([[1.0, 0.0]], [v]), "b"),
        (lambda v: Ball([v, 0.5], 1.0), "center"),
        (lambda v: Ball([0.0, 0.0], v), "radius"),
    ],
)
def test_what_float64_can_not_hold_is_refused(make, name, number):
    expected = f"^`{name}` holds -?{number}, which float64 can not represent: give"
    with pytest.raises(ValueError, match=expected):
        make(number)


def test_arrays_of_whole_numbers_too():
    with pytest.raises(ValueError, match=f"`upper` holds {ODD}, "):
        Box(np.array([0, 0]), np.array([1, ODD]))


def test_what_float64_holds_is_taken():
    box = Box([Fraction(1, 4), -(2**60)], [0.1, 2**70][::-1])
    assert box.lower.tolist() == [0.25, -(2.0**60)]
    assert box.upper.tolist() == [2.0**70, 0.1]
    assert Ball([0, 0], Fraction(1, 2)).radius == 0.5
