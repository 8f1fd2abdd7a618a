"""A plane domain in coordinates of its own size.

Chart coordinates are `t = middle + scale * s` with `scale` powers of two, so that the
domain lies in |s| <= 1 and what is exact in t is exact in s.
"""

import functools
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.domains.corners import Cell
from regions.domains.shapes import BoundedDomain
from regions.signs.rounding import SMALLEST

KEPT = 32
"""Domains whose frames are kept: networks are many, and domains few."""


class Frame(NamedTuple):
    """A plane domain in s.

    Attributes:
        middle: Middle of the domain.
        scale: Powers of two, at least half the domain's sides.
        inputs: `a, b, c, error, size` of the coordinates t, `(5, dim)`.
        facets: Inward rows of the domain, `(facets, 6)`: `a, b, c, error, exact`, and
            whether all chart coordinates may be zero there.
        ring: Facet from each corner of the domain to the next, counterclockwise or not.
    """

    middle: Float64[np.ndarray, " dim"]
    scale: Float64[np.ndarray, " dim"]
    inputs: Float64[np.ndarray, "5 dim"]
    facets: Float64[np.ndarray, "facets 6"]
    ring: Int[np.ndarray, " corners"]


@functools.lru_cache(KEPT)
@np.errstate(all="ignore")
def frame_of(domain: BoundedDomain) -> Frame:
    """The frame of a domain; nobody writes to it."""
    box, (A, b) = domain.chart_box(), domain.rows()
    middle, scale = _middle_and_scale(box.lower, box.upper)
    return Frame(
        middle,
        scale,
        _inputs(middle, scale),
        _facet_rows(A, b, middle, scale),
        _ring(domain.cell()),
    )


def _middle_and_scale(
    lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Middle of a box, and powers of two that are at least half its sides."""
    middle = lower / 2.0 + upper / 2.0
    scale = []
    for low, mid, high in zip(lower, middle, upper, strict=True):
        half = max(Fraction(high) - Fraction(mid), Fraction(mid) - Fraction(low))
        top, bottom = half.as_integer_ratio()
        exponent = top.bit_length() - bottom.bit_length()
        while Fraction(2) ** exponent < half:
            exponent += 1
        scale.append(2.0**exponent)
    return middle, np.array(scale)


def _inputs(middle: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The chart coordinates as forms, which are exact."""
    forms = np.zeros((5, 2))
    forms[[0, 1], [0, 1]] = scale
    forms[2] = middle
    forms[4] = scale + np.abs(middle)
    return forms


def _facet_rows(
    A: np.ndarray, b: np.ndarray, middle: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Rows `b - A t >= 0` of the domain in s, and what is known of them."""
    rows = np.zeros((len(b), 6))
    for row, normal, right in zip(rows, A, b, strict=True):
        row[:2] = -normal * scale
        exact = Fraction(right) - sum(
            Fraction(float(a)) * Fraction(float(m))
            for a, m in zip(normal, middle, strict=True)
        )
        row[2] = float(exact)
        row[3] = 2.0 * abs(float(exact - Fraction(row[2])))
        tame = np.abs(row[:3][row[:3] != 0.0])
        row[4] = (
            exact == Fraction(row[2])
            and bool(((tame > 2.0**-250) & (tame < 2.0**250)).all())
            # No entry is lost to underflow.
            and bool(((row[:2] != 0.0) == (normal != 0.0)).all())
        )
        if not row[4]:
            row[3] += 4.0 * SMALLEST
        row[5] = right == 0.0
    return rows


def _ring(cell: Cell) -> np.ndarray:
    """The facets of a polygon in cyclic order, each from one corner to the next.

    Of rows that say the same the first; a row that only touches a corner is no facet.
    """
    sides: dict[tuple[int, ...], int] = {}
    for row in range(max(cell.zeros).bit_length()):
        ends = tuple(k for k, zeros in enumerate(cell.zeros) if zeros >> row & 1)
        if len(ends) == 2:
            sides.setdefault(ends, row)
    ring, at = [], 0
    while sides:
        ends = next(pair for pair in sides if at in pair)
        ring.append(sides.pop(ends))
        at = sum(ends) - at
    return np.array(ring, np.int64)
