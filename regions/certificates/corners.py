"""Corners of many small polytopes at once, in float64 with proved bounds.

A corner of a polytope is a point where independent rows vanish, as many as it has
dimensions, and no row is negative. All choices of so many rows are tried: one that is
proved to give a corner with the others positive is kept, one that is proved to give no
point of the polytope is dropped. If each is one or the other, the corners kept are all,
each on exactly the rows that were chosen. The polytope is bounded if each of its edges,
where one row less vanishes, has two of them.

Rows have entries of at most 1. Points are (t w, w) with w > 0, and the largest entry 1:
cofactors of the chosen rows.
"""

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.certificates.bounded_forms import BOUND_ROUNDING, ROUNDING
from regions.certificates.members import true_entries

MOST_CHOICES = 4096
"""Choices of rows that are tried for one polytope."""


class Corners(NamedTuple):
    """Corners of some polytopes.

    Attributes:
        found: Whether a polytope is proved to be bounded, with these corners.
        owners: The polytope of each corner, in order; of those found alone.
        rows: What multiplies the coordinates in its rows.
        points: Its homogeneous coordinates,
        errors: and more than any of them is off by.
    """

    found: Bool[np.ndarray, " polytopes"]
    owners: Int[np.ndarray, " corners"]
    rows: Float64[np.ndarray, "dim dim corners"]
    points: Float64[np.ndarray, "dim_plus_1 corners"]
    errors: Float64[np.ndarray, " corners"]


def doubt(
    rows: Float64[np.ndarray, "*some"] | float,
    sizes: Float64[np.ndarray, "*some"] | float,
    points: Float64[np.ndarray, "*other"] | float,
    dim: int,
) -> Float64[np.ndarray, "*all"]:
    """More than the value of a row at a point is off by.

    Args:
        rows: Errors of a row's entries,
        sizes: and their largest absolute value.
        points: Errors of the entries of a point, which are at most 1.
        dim: Dimension of the polytope.
    """
    entries = dim + 1
    spread = sizes * (points + (entries + 1) * ROUNDING)
    return np.asarray(entries * BOUND_ROUNDING * (rows * (1.0 + points) + spread))


@np.errstate(all="ignore")  # What overflows, or divides by zero, proves nothing.
def find_corners(
    rows: Float64[np.ndarray, "dim_plus_1 rows polytopes"],
    errors: Float64[np.ndarray, " polytopes"],
) -> Corners:
    """All corners of the polytopes on which no row is negative.

    Args:
        rows: Rows of each polytope, with entries of at most 1.
        errors: More than any entry of them is off by.
    """
    entries, count, polytopes = rows.shape
    dim = entries - 1
    if math.comb(count, dim) > MOST_CHOICES or count < dim:
        none = np.zeros(0, np.int64)
        return Corners(
            np.zeros(polytopes, bool),
            none,
            np.zeros((dim, dim, 0)),
            np.zeros((entries, 0)),
            np.zeros(0),
        )
    choices = _choices(dim, count)
    points = _cofactors([rows.take(column, 1) for column in choices.T])
    sizes = np.abs(points).max(0)
    points /= np.where(points[-1] < 0.0, -sizes, sizes)
    # Products of `dim` entries, `dim!` of them: each is off by as many errors and
    # roundings, and the sums by as many more.
    relative = dim * (1.0 + errors) ** dim * errors + 8 * dim * ROUNDING
    off = BOUND_ROUNDING * math.factorial(dim) * relative / sizes + 2 * ROUNDING
    is_point = points[-1] > off
    doubts = doubt(errors, 1.0, off, dim)
    low, high = np.full(is_point.shape, np.inf), np.full(is_point.shape, -np.inf)
    positive = np.zeros(is_point.shape, np.int8)
    for row in rows.swapaxes(0, 1):
        values = row[0] * points[0]
        for a, x in zip(row[1:], points[1:], strict=True):
            values += a * x
        positive += values > doubts
        np.minimum(low, values, out=low)
        np.maximum(high, values, out=high)
    # The chosen rows vanish there: none of them is proved to be positive.
    is_corner = is_point & (positive == count - dim)
    # Rows that may be parallel have their point on either side, or none.
    is_outside = (low < -doubts) & (is_point | (high > doubts))
    found = (is_corner | is_outside).all(axis=0)
    found &= _are_bounded(is_corner, dim, count)
    owners, chosen = true_entries((is_corner & found).T)
    own = rows[:-1, choices.T[:, chosen], owners].swapaxes(0, 1)
    points, off = points[:, chosen, owners], off[chosen, owners]
    return Corners(found, owners, own, points, off)


def _are_bounded(
    is_corner: Bool[np.ndarray, "choices polytopes"], dim: int, count: int
) -> Bool[np.ndarray, " polytopes"]:
    """Whether polytopes have corners, and each edge at one has another at its end.

    Those without end that have corners have an edge without end, as well.
    """
    ends = is_corner[_ends(dim, count)].sum(1)
    return ((ends == 0) | (ends == 2)).all(0) & is_corner.any(0)


@functools.cache
def _choices(dim: int, count: int) -> Int[np.ndarray, "choices dim"]:
    """All choices of `dim` of so many rows."""
    return np.array(list(itertools.combinations(range(count), dim)))


@functools.cache
def _ends(dim: int, count: int) -> Int[np.ndarray, "edges ends"]:
    """For each choice of a row less, an edge, the choices with one more."""
    edges: dict[tuple[int, ...], list[int]] = {}
    for place, chosen in enumerate(_choices(dim, count).tolist()):
        for edge in itertools.combinations(chosen, dim - 1):
            edges.setdefault(edge, []).append(place)
    return np.array(list(edges.values()))


def _cofactors(
    rows: list[Float64[np.ndarray, "dim_plus_1 choices polytopes"]],
) -> Float64[np.ndarray, "dim_plus_1 choices polytopes"]:
    """Homogeneous points on which one, two or three rows vanish."""
    points = np.empty_like(rows[0])
    if len(rows) == 1:
        points[0], points[1] = -rows[0][1], rows[0][0]
        return points
    a, b, *c = rows
    if not c:
        for i, (j, k) in enumerate(((1, 2), (2, 0), (0, 1))):
            np.multiply(a[j], b[k], out=points[i])
            points[i] -= a[k] * b[j]
        return points
    minors = {
        (j, k): a[j] * b[k] - a[k] * b[j]
        for j, k in itertools.combinations(range(4), 2)
    }
    for left in range(4):
        i, j, k = (n for n in range(4) if n != left)
        np.multiply(c[0][i], minors[j, k], out=points[left])
        points[left] -= c[0][j] * minors[i, k]
        points[left] += c[0][k] * minors[i, j]
        if not left % 2:
            np.negative(points[left], out=points[left])
    return points


def volumes(
    corners: Corners, inside: Float64[np.ndarray, "polytopes dim"]
) -> Float64[np.ndarray, " polytopes"]:
    """Volumes of polytopes from all their corners, each on as many rows as dimensions.

    A polytope is cut into right-angled simplices, with signs: from the point inside to
    its foot on a facet, from there to the foot on a facet of this one, and so on to a
    corner. The steps of each are orthogonal.
    """
    polytopes, dim = inside.shape
    away = corners.points[:-1] / corners.points[-1] - inside[corners.owners].T
    outward = -corners.rows
    # The step to a facet is the same whatever the order of those before it. For each
    # set of facets: an orthonormal basis, and the products of steps, over all orders.
    bases: dict[frozenset[int], list[np.ndarray]] = {frozenset(): []}
    products = {frozenset(): np.ones(len(corners.owners))}
    for size in range(dim):
        for before in map(frozenset, itertools.combinations(range(dim), size)):
            for k in set(range(dim)) - before:
                step = outward[k]
                for one in bases[before]:
                    step = step - (one * step).sum(0) * one
                step = step / np.sqrt((step * step).sum(0))
                part = products[before] * (step * away).sum(0)
                after = before | {k}
                products[after] = products.get(after, 0.0) + part
                bases.setdefault(after, [*bases[before], step])
    total = np.bincount(corners.owners, products[frozenset(range(dim))], polytopes)
    return total / math.factorial(dim)
