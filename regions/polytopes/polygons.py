"""Facets, corners and the largest circle of polygons, without linear programs.

Around a point inside, row i stands for the point `normal / slack`: rows that define
facets are the corners of the hull of these points, in order (polar duality). That only
proposes; every row is proved, and where float64 proves too little the answer is None
and the general search decides.
"""

import dataclasses
import functools
import itertools
from collections import Counter

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.errors.short_text import short_repr
from regions.lp.batch_proofs import prove_empty_batch
from regions.lp.solve import unit_rows
from regions.polytopes.facet_evidence import Evidence, FacetSearch, RowSystem

MAX_FACETS = 16
"""Circles are sought among all triples of the facets; of more facets, by a program."""
_FLAT = 1e-9
_EPS = float(np.finfo(float).eps)


@np.errstate(all="ignore")
def search_polygon(
    system: RowSystem, inside: Float64[np.ndarray, " 2"]
) -> FacetSearch | None:
    """What `search_facets` finds in a bounded polygon in general position."""
    A, b, error = system.A, system.b, system.error
    if not (np.abs(A).sum(axis=1) > error).all():
        return None
    normals, rhs, lengths = unit_rows(A, b)
    slack = rhs - normals @ inside
    if not (slack > 0.0).all() or len(b) < 3:
        return None
    poles = normals / slack[:, None]
    hull = _hull(poles)
    if len(hull) < 3 or not _surrounds_origin(poles[hull]):
        return None
    corners = meetings(normals[hull], slack[hull])
    middles = 0.5 * (corners + corners[np.arange(len(hull)) - 1])
    ends = _beyond(normals, slack, hull, middles)
    beyond = inside + ends[:, None] * middles
    wanted = np.ones((len(hull), len(b)))
    wanted[np.arange(len(hull)), hull] = -1.0
    if not (proved_signs(system, beyond) == wanted).all():
        return None
    inner = np.ones(len(b), bool)
    inner[hull] = False
    rest = np.flatnonzero(inner)
    left = rest[~_miss_the_corners(system, hull, inside + corners, rest)]
    if len(left) and not _are_redundant(system, normals, lengths, hull, left):
        return None
    facets = {
        int(row): Evidence(point, (), float(1.0 / end))
        for row, point, end in zip(hull, beyond, ends, strict=True)
    }
    return FacetSearch(
        inside,
        float(slack.min()),
        dict(sorted(facets.items())),
        rest.tolist(),
        [],
        Counter({"polygon": len(b)}),
    )


def _hull(points: Float64[np.ndarray, "points 2"]) -> Int[np.ndarray, " corners"]:
    """Corners of a convex hull, counterclockwise (Andrew's chains)."""
    order = np.lexsort([points[:, 1], points[:, 0]]).tolist()
    where = points.tolist()
    chains: list[list[int]] = []
    for line in (order, order[::-1]):
        chain: list[int] = []
        for k in line:
            x, y = where[k]
            while len(chain) > 1:
                (a, b), (c, d) = where[chain[-2]], where[chain[-1]]
                # The path over the last two points turns left at the second.
                if (c - a) * (y - b) > (d - b) * (x - a):
                    break
                chain.pop()
            chain.append(k)
        chains.append(chain[:-1])
    return np.array(chains[0] + chains[1], np.int64)


def _next(values: np.ndarray) -> np.ndarray:
    """The value after each one, around a polygon."""
    return values[np.arange(1, len(values) + 1) % len(values)]


def _surrounds_origin(corners: Float64[np.ndarray, "corners 2"]) -> bool:
    """Whether the origin lies inside a hull: then the polygon is bounded."""
    after = _next(corners)
    return bool((corners[:, 0] * after[:, 1] > corners[:, 1] * after[:, 0]).all())


def meetings(
    normals: Float64[np.ndarray, "facets 2"], slack: Float64[np.ndarray, " facets"]
) -> Float64[np.ndarray, "facets 2"]:
    """Where each line `normal . x = slack` of a polygon meets the next one."""
    after, far = _next(normals), _next(slack)
    det = normals[:, 0] * after[:, 1] - normals[:, 1] * after[:, 0]
    x = slack * after[:, 1] - far * normals[:, 1]
    y = far * normals[:, 0] - slack * after[:, 0]
    return np.stack([x, y], axis=1) / det[:, None]


def _beyond(
    normals: np.ndarray, slack: np.ndarray, hull: np.ndarray, middles: np.ndarray
) -> np.ndarray:
    """How far to go through the middle of each side, before the next row."""
    speed = middles @ normals.T
    reach = np.where(speed > 0.0, slack / speed, np.inf)
    reach[np.arange(len(hull)), hull] = np.inf
    return 0.5 * (1.0 + np.minimum(reach.min(axis=1), 3.0))


@np.errstate(all="ignore")
def proved_signs(
    system: RowSystem, points: Float64[np.ndarray, "*points 2"]
) -> Float64[np.ndarray, "*points rows"]:
    """Signs of the slack of each row at some points; 0 where none is proved."""
    slack, bound = _slacks(system, points)
    return np.where(np.abs(slack) > bound, np.sign(slack), 0.0)


def _slacks(
    system: RowSystem, points: Float64[np.ndarray, "*points 2"]
) -> tuple[np.ndarray, np.ndarray]:
    """The slack of each row at some points, and bounds of its error."""
    slack = system.b - points @ system.A.T
    size = np.abs(points) @ np.abs(system.A).T + np.abs(system.b)
    reach = np.abs(points).max(axis=-1, initial=1.0)[..., None] + 1.0
    return slack, 16 * _EPS * size + 1e-300 + 1.01 * system.error * reach


def _miss_the_corners(
    system: RowSystem,
    hull: Int[np.ndarray, " facets"],
    corners: Float64[np.ndarray, "facets 2"],
    rest: Int[np.ndarray, " others"],
) -> Bool[np.ndarray, " others"]:
    """Which other rows are proved to leave all corners of a polygon inside.

    With M the rows of two neighboring facets, r their slack at a computed corner and E
    the errors of M, the corner lies within `|M^-1| (|r| + e_r) / (1 - t)` of the
    computed one, where `t = ||M^-1 E|| < 1`. Then M is regular whatever its errors are,
    so that neighbors stay neighbors, and the corners are those of the polygon.
    """
    A, error, after = system.A, system.error, _next(hull)
    slack, bound = _slacks(system, corners)
    sides = np.arange(len(hull))
    first = np.abs(slack[sides, hull]) + bound[sides, hull]
    second = np.abs(slack[sides, after]) + bound[sides, after]
    (a, b), (c, d) = A[hull].T, A[after].T
    det = a * d - b * c
    # So far from parallel that the determinant is good to eight digits.
    if not (det > 1e-8 * (np.abs(a * d) + np.abs(b * c))).all():
        return np.zeros(len(rest), bool)
    a, b, c, d = np.abs(a), np.abs(b), np.abs(c), np.abs(d)
    moved = np.maximum(d * first + b * second, c * first + a * second) / det
    share = np.maximum(b + d, a + c) / det * np.maximum(error[hull], error[after])
    if not (share < 0.25).all():
        return np.zeros(len(rest), bool)
    steep = np.abs(A[rest]).sum(axis=1) + error[rest]
    away = 1.5 * moved[:, None] * steep + bound[:, rest]
    return (slack[:, rest] > away).all(axis=0)


def _are_redundant(
    system: RowSystem,
    normals: np.ndarray,
    lengths: np.ndarray,
    hull: np.ndarray,
    rest: np.ndarray,
) -> bool:
    """Whether all other rows are proved to follow from two neighboring facets each."""
    angles = np.arctan2(normals[:, 1], normals[:, 0])
    turned = hull[np.argsort(angles[hull])]
    after = np.searchsorted(angles[turned], angles[rest]) % len(turned)
    i, j = turned[after - 1], turned[after]
    first, second, own = normals[i], normals[j], normals[rest]
    det = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    p = (own[:, 0] * second[:, 1] - own[:, 1] * second[:, 0]) / det
    q = (first[:, 0] * own[:, 1] - first[:, 1] * own[:, 0]) / det
    weights = np.stack(
        [
            np.maximum(p, 0.0) / lengths[i],
            np.maximum(q, 0.0) / lengths[j],
            1.0 / lengths[rest],
        ],
        axis=1,
    )
    A, b, error = system.A, system.b, system.error
    proved = prove_empty_batch(
        np.stack([A[i], A[j], -A[rest]], axis=1),
        np.stack([b[i], b[j], -b[rest]], axis=1),
        weights,
        np.stack([error[i], error[j], error[rest]], axis=1),
        radius=system.reach,
    )
    return bool(proved.all())


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """The sides of a bounded polygon, counterclockwise.

    Attributes:
        x: A point inside.
        normals: Outward normals of unit length.
        slack: Distances of `x` from the sides.
        corners: Where each side meets the next one.
    """

    x: Float64[np.ndarray, " 2"]
    normals: Float64[np.ndarray, "sides 2"]
    slack: Float64[np.ndarray, " sides"]
    corners: Float64[np.ndarray, "sides 2"]

    __repr__ = short_repr

    def bounds(self) -> tuple[Float64[np.ndarray, " 2"], Float64[np.ndarray, " 2"]]:
        """Lower and upper corner of the smallest box around it."""
        return self.corners.min(axis=0), self.corners.max(axis=0)

    def largest_circle(self) -> tuple[Float64[np.ndarray, " 2"], float] | None:
        """Center and radius; None of polygons with very many sides."""
        found = _largest_circle(self.normals, self.slack)
        return None if found is None else (self.x + found[0], found[1])


@np.errstate(all="ignore")
def polygon_around(
    A: Float64[np.ndarray, "sides 2"],
    b: Float64[np.ndarray, " sides"],
    x: Float64[np.ndarray, " 2"],
) -> Polygon | None:
    """The polygon of some facets around a point; None where float64 is too coarse.

    That is where the point lies much nearer to a side than the polygon is wide.
    """
    normals, rhs, _ = unit_rows(A, b)
    order = np.argsort(np.arctan2(normals[:, 1], normals[:, 0]))
    normals, slack = normals[order], (rhs - normals @ x)[order]
    around = meetings(normals, slack)
    size = np.abs(around).max()
    if not (np.isfinite(around).all() and slack.min() > 1e-6 * size):
        return None
    corners = x + around
    # A side along an axis gives the coordinate of its corners as it is.
    for side, k in zip(*np.nonzero(A[order] == 0.0), strict=True):
        axis = 1 - k
        value = b[order][side] / A[order][side, axis] + 0.0
        corners[[side - 1, side], axis] = value
    return Polygon(x, normals, slack, corners)


@np.errstate(all="ignore")
def _largest_circle(
    normals: Float64[np.ndarray, "facets 2"], slack: Float64[np.ndarray, " facets"]
) -> tuple[Float64[np.ndarray, " 2"], float] | None:
    """The largest circle in a polygon given by its facets, around the origin.

    It touches three facets: of the circles that touch three and cross none, the
    largest one.
    """
    if len(slack) > MAX_FACETS:
        return None
    # The facets of each triple; Cramer's rule for `n . x + r = slack` in all three.
    i, j, k = _triples(len(slack))
    (x, y), s = normals.T, slack
    xi, yi, si = x[i], y[i], s[i]
    xj, yj, sj = x[j] - xi, y[j] - yi, s[j] - si
    xk, yk, sk = x[k] - xi, y[k] - yi, s[k] - si
    det = xj * yk - xk * yj
    center = np.stack([sj * yk - sk * yj, xj * sk - xk * sj], axis=1) / det[:, None]
    radius = si - xi * center[:, 0] - yi * center[:, 1]
    gaps = slack - center @ normals.T
    fits = (gaps >= radius[:, None] * (1.0 - _FLAT)).all(axis=1) & (radius > 0.0)
    fits &= np.abs(det) > _FLAT
    if not fits.any():
        return None
    best = int(np.argmax(np.where(fits, radius, -np.inf)))
    return center[best], float(gaps[best].min())


@functools.lru_cache(MAX_FACETS)
def _triples(count: int) -> Int[np.ndarray, "3 triples"]:
    """All triples of so many facets."""
    return np.array(list(itertools.combinations(range(count), 3)), np.int64).T
