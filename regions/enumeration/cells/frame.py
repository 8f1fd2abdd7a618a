"""A plane domain in coordinates of its own size.

Chart coordinates are `t = middle + scale * s` with `scale` powers of two, so that the
domain lies in |s| <= 1 and what is exact in t is exact in s.
"""

import functools
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.domains.shapes import BoundedDomain
from regions.domains.simple_polytope import SimplePolytope
from regions.signs.rounding import SMALLEST

KEPT = 32
"""Domains whose frames are kept: networks are many, and domains few."""


class Frame(NamedTuple):
    """A plane domain in s.

    Attributes:
        middle: Middle of the domain.
        scale: Powers of two, at least half the domain's sides.
        inputs: `a, b, c, error, size` of the coordinates t, `(5, dim)`.
        facets: Inward rows of the domain, `(facets, 5)`: `a, b, c, error, exact`.
        ring: Facet from each corner of the domain to the next, counterclockwise or not.
    """

    middle: Float64[np.ndarray, " dim"]
    scale: Float64[np.ndarray, " dim"]
    inputs: Float64[np.ndarray, "5 dim"]
    facets: Float64[np.ndarray, "facets 5"]
    ring: Int[np.ndarray, " corners"]


@functools.lru_cache(KEPT)
@np.errstate(all="ignore")
def frame_of(domain: BoundedDomain) -> Frame:
    """The frame of a domain; nobody writes to it."""
    box, polytope = domain.chart_box(), domain.polytope()
    middle, scale = _middle_and_scale(box.lower, box.upper)
    return Frame(
        middle,
        scale,
        _inputs(middle, scale),
        _facet_rows(polytope, middle, scale),
        _ring(polytope),
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
    polytope: SimplePolytope, middle: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Rows `b - A t >= 0` of the domain in s, and whether they are exact."""
    rows = np.zeros((len(polytope.b), 5))
    for row, normal, right in zip(rows, polytope.A, polytope.b, strict=True):
        row[:2] = -normal * scale
        exact = Fraction(right) - sum(
            Fraction(float(a)) * Fraction(float(m))
            for a, m in zip(normal, middle, strict=True)
        )
        row[2] = float(exact)
        row[3] = 2.0 * abs(float(exact - Fraction(row[2])))
        tame = np.abs(row[:3][row[:3] != 0.0])
        row[4] = exact == Fraction(row[2]) and bool(
            ((tame > 2.0**-250) & (tame < 2.0**250)).all()
        )
        if not row[4]:
            row[3] += SMALLEST
    return rows


def _ring(polytope: SimplePolytope) -> np.ndarray:
    """The facets of a polygon in cyclic order, each from one corner to the next."""
    edges, facets = polytope.edges, polytope.edge_facets[:, 0]
    at, used, ring = edges[0, 0], set(), []
    while len(ring) < len(edges):
        (edge,) = (
            (e for e in np.flatnonzero((edges == at).any(1))[:2] if e not in used)
            if ring
            else (0,)
        )
        used.add(edge)
        ring.append(facets[edge])
        at = edges[edge].sum() - at
    return np.array(ring, np.int64)
