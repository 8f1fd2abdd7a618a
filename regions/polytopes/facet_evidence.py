"""What a search for facets is asked, and what it answers with."""

import dataclasses
from collections import Counter
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from regions.lp.exact_lp import Point
from regions.lp.exact_rows import IntegerRow
from regions.signs.exact import nearest_float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RowSystem:
    """Rows `A x <= b` that stand for exact ones.

    Attributes:
        A: Outward normals.
        b: Right-hand sides.
        error: Bound of the rounding of each row: of its gradient in the 1-norm, and of
            its right-hand side.
        exact: The rows as integers, `(*gradient, right-hand side)`, each up to a
            positive factor; asked only where float64 leaves something open.
        reach: Bound of every coordinate on the polyhedron, or None.
    """

    A: Float64[np.ndarray, "rows dim"]
    b: Float64[np.ndarray, " rows"]
    error: Float64[np.ndarray, " rows"]
    exact: Callable[[], list[IntegerRow]]
    reach: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Proof that a row defines a facet.

    Attributes:
        beyond: A point that violates the row, and satisfies all others strictly that
            are not the same halfspace.
        same: Other rows that are exactly the same halfspace.
        crossing: Roughly, where the segment from the center to `beyond` crosses the
            row, between 0 and 1.
    """

    beyond: Point | Float64[np.ndarray, " dim"]
    same: tuple[int, ...]
    crossing: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FacetSearch:
    """Which rows define facets.

    Attributes:
        center: A point strictly inside, near the Chebyshev center.
        radius: Its distance from the nearest row, at most the cap of the search.
        facets: Evidence by row; of equal halfspaces the first row is named.
        redundant: The other rows, each proved to follow from the rest.
        vanishing: Rows without gradient that may be `0 <= 0`.
        counts: Decisions by the test that made them.
    """

    center: Point | Float64[np.ndarray, " dim"]
    radius: float
    facets: dict[int, Evidence]
    redundant: list[int]
    vanishing: list[int]
    counts: Counter[str]

    def facet_point(self, row: int) -> Float64[np.ndarray, " dim"]:
        """A point in the relative interior of a facet, rounded."""
        evidence = self.facets[row]
        start, end = rounded_point(self.center), rounded_point(evidence.beyond)
        return start + evidence.crossing * (end - start)


def rounded_point(
    point: Point | Float64[np.ndarray, " dim"],
) -> Float64[np.ndarray, " dim"]:
    """The nearest finite float64 numbers."""
    if isinstance(point, np.ndarray) and np.isfinite(point).all():
        return point
    return np.array([nearest_float(v) for v in point])
