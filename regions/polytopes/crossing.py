"""The region on the other side of a facet.

Let y violate one row of region P and satisfy all others strictly. The segment from a
point of P to y leaves P through the relative interior of one facet. If no other row is
the same halfspace, only that row's unit vanishes there, and the neighbor's pattern is
P's with one bit flipped: a small step beyond the facet lies strictly inside it. Where
units share the hyperplane, the network is evaluated just beyond the exact crossing, by
its value there and its derivative along the segment.
"""

import dataclasses
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.lp.batch_proofs import prove_witness_batch
from regions.lp.exact_lp import Point, check_witness
from regions.lp.exact_rows import IntegerRow, as_fractions, crossing_point, slack_at
from regions.polytopes.network_rows import NetworkRows
from regions.signs.exact import Columns, ExactNetwork, nearest_float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A region by its pattern, over all hidden units, and a point strictly inside.

    Attributes:
        bits: The pattern.
        point: float64 coordinates; rounded if `exact` is given.
        exact: Rational coordinates, where no float64 point was proved inside.
    """

    bits: Bool[np.ndarray, " units"]
    point: Float64[np.ndarray, " dim"]
    exact: Point | None = None

    @property
    def inside(self) -> Point | Float64[np.ndarray, " dim"]:
        """The point that is proved inside."""
        return self.point if self.exact is None else self.exact


def points_across(
    rows: NetworkRows,
    bits: Bool[np.ndarray, "neighbors units"],
    flipped: Int[np.ndarray, " neighbors"],
    start: Float64[np.ndarray, " dim"],
    beyond: Float64[np.ndarray, "neighbors dim"],
) -> tuple[Float64[np.ndarray, "neighbors dim"], Bool[np.ndarray, " neighbors"]]:
    """Points just beyond facets, and which of them are proved inside the neighbors.

    Args:
        rows: The network's rows.
        bits: Patterns of the neighbors.
        flipped: The row across which each neighbor lies.
        start: A point strictly inside the region.
        beyond: For each facet a point that violates its row alone.
    """
    A, b, error = rows.batch(bits)
    each = np.arange(len(bits))
    direction = beyond - start
    there = b - np.einsum("nrd,d->nr", A, start)
    speed = np.einsum("nrd,nd->nr", A, direction)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        limit = np.where(speed > 0.0, there / speed, np.inf)
        first = there[each, flipped] / speed[each, flipped]
        limit[each, flipped] = np.inf
        last = np.minimum(limit.min(axis=1), 2.0 * first + 1.0)
        points = start + (0.5 * (first + last))[:, None] * direction
    points = np.where(np.isfinite(points), points, start)
    return points, prove_witness_batch(A, b, points, row_error=error)


class Crossing(NamedTuple):
    """What lies across a facet, exactly.

    Attributes:
        bits: Pattern of the neighbor.
        origin: A point of the facet, on the boundary of the neighbor.
        direction: Into the neighbor.
    """

    bits: Bool[np.ndarray, " units"]
    origin: Point
    direction: Point


def exact_crossing(
    rows: NetworkRows,
    bits: Bool[np.ndarray, " units"],
    row: int,
    start: Point | Float64[np.ndarray, " dim"],
    beyond: Point | Float64[np.ndarray, " dim"],
) -> Crossing:
    """The neighbor across a facet, in rational arithmetic; `place_near` finds a point.

    Args:
        rows: The network's rows.
        bits: Pattern of the region.
        row: The facet's row.
        start: A point strictly inside the region.
        beyond: A point that violates the row, and satisfies all others strictly that
            are not the same halfspace.
    """
    first, last = as_fractions(start), as_fractions(beyond)
    origin = crossing_point(rows.integers(bits)[row], first, last)
    direction = tuple(b - a for a, b in zip(first, last, strict=True))
    across = bits_just_beyond(rows.exact, origin, direction)
    across[np.setdiff1d(np.arange(len(across)), rows.units)] = False
    return Crossing(across, origin, direction)


def place_near(
    rows: NetworkRows,
    bits: Bool[np.ndarray, " units"],
    origin: Point,
    direction: Point,
) -> Place:
    """A point strictly inside a region that begins at `origin` along `direction`."""
    table = [row for row in rows.integers(bits) if any(row[:-1])]
    exact = point_along(table, origin, direction)
    rounded = np.array([nearest_float(v) for v in exact])
    A, b = [row[:-1] for row in table], [row[-1] for row in table]
    if check_witness(A, b, rounded.tolist()):
        return Place(bits, rounded)
    return Place(bits, rounded, exact)


def point_along(table: list[IntegerRow], origin: Point, direction: Point) -> Point:
    """A point strictly inside all rows, halfway to where a ray leaves them.

    The ray must start in the closed polyhedron and lead into its interior.
    """
    step = Fraction(2)
    for row in table:
        here = slack_at(row, origin)
        speed = slack_at([*row[:-1], 0], direction)
        if speed < 0:
            step = min(step, here / -speed)
    exact = tuple(o + step / 2 * u for o, u in zip(origin, direction, strict=True))
    assert check_witness([row[:-1] for row in table], [row[-1] for row in table], exact)
    return exact


def bits_just_beyond(
    exact: ExactNetwork, origin: Point, *directions: Point
) -> Bool[np.ndarray, " units"]:
    """Pattern at `origin + t u` for every small t > 0, exactly.

    With a second direction v, at `origin + t (u + s v)` for every s that is small, too.
    A unit is on if the first of its value at the origin and its derivatives along the
    directions that is not zero is positive.
    """
    columns = _point_and_directions(origin, directions)
    bits = np.zeros(sum(exact.widths), bool)
    first = 0
    for index, width in enumerate(exact.widths):
        wide = np.repeat(bits[:, None], 1 + len(directions), axis=1)
        numerators, _ = exact.forward(columns, wide, layers=index + 1)
        leading = [next((v for v in row if v != 0), 0) for row in numerators[index]]
        bits[first : first + width] = [v > 0 for v in leading]
        first += width
    return bits


def _point_and_directions(origin: Point, directions: tuple[Point, ...]) -> Columns:
    """A point and positive multiples of directions as columns."""
    both = Columns.of_points([origin, *directions])
    # Denominator 0 makes a direction, whose positive scale does not matter.
    return Columns(both.numerators, [both.denominators[0], *(0 for _ in directions)])
