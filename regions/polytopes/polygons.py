"""Facets, corners and the largest circle of polygons, without linear programs.

Around a point inside, row i stands for the point `normal / slack`: rows that define
facets are the corners of the hull of these points, in order (polar duality). That only
proposes; every row is proved, and where float64 proves too little the answer is None
and the general search decides.
"""

import dataclasses
import itertools
from collections import Counter

import numpy as np
from jaxtyping import Float64, Int

from regions.lp.batch_proofs import prove_empty_batch
from regions.lp.solve import unit_rows
from regions.polytopes.facet_evidence import Evidence, FacetSearch, RowSystem

MAX_FACETS = 16
"""Circles are sought among all triples of the facets; of more facets, by a program."""
_FLAT = 1e-9


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
    middles = 0.5 * (corners + np.roll(corners, 1, axis=0))
    ends = _beyond(normals, slack, hull, middles)
    beyond = inside + ends[:, None] * middles
    wanted = np.ones((len(hull), len(b)))
    wanted[np.arange(len(hull)), hull] = -1.0
    if not (proved_signs(system, beyond) == wanted).all():
        return None
    rest = np.setdiff1d(np.arange(len(b)), hull)
    if len(rest) and not _are_redundant(system, normals, lengths, hull, rest):
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
            while len(chain) > 1 and _turn(where, chain[-2], chain[-1], k) <= 0.0:
                chain.pop()
            chain.append(k)
        chains.append(chain[:-1])
    return np.array(chains[0] + chains[1], np.int64)


def _turn(where: list[list[float]], i: int, j: int, k: int) -> float:
    """Positive where the path over three points turns left."""
    (a, b), (c, d), (e, f) = where[i], where[j], where[k]
    return (c - a) * (f - b) - (d - b) * (e - a)


def _surrounds_origin(corners: Float64[np.ndarray, "corners 2"]) -> bool:
    """Whether the origin lies inside a hull: then the polygon is bounded."""
    after = np.roll(corners, -1, axis=0)
    return bool((corners[:, 0] * after[:, 1] > corners[:, 1] * after[:, 0]).all())


def meetings(
    normals: Float64[np.ndarray, "facets 2"], slack: Float64[np.ndarray, " facets"]
) -> Float64[np.ndarray, "facets 2"]:
    """Where each line `normal . x = slack` of a polygon meets the next one."""
    after, far = np.roll(normals, -1, axis=0), np.roll(slack, -1)
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
    slack = system.b - points @ system.A.T
    size = np.abs(points) @ np.abs(system.A).T + np.abs(system.b)
    bound = 16 * np.finfo(float).eps * size + 1e-300
    reach = np.abs(points).max(axis=-1, initial=1.0)[..., None] + 1.0
    bound += 1.01 * system.error * reach
    return np.where(np.abs(slack) > bound, np.sign(slack), 0.0)


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
    triples = np.array(list(itertools.combinations(range(len(slack)), 3)))
    rows = np.concatenate([normals, np.ones((len(slack), 1))], axis=1)[triples]
    first = np.cross(rows[:, 1], rows[:, 2])
    second = np.cross(rows[:, 2], rows[:, 0])
    third = np.cross(rows[:, 0], rows[:, 1])
    det = (rows[:, 0] * first).sum(axis=1)
    s = slack[triples]
    found = first * s[:, :1] + second * s[:, 1:2] + third * s[:, 2:]
    found = found / det[:, None]
    gaps = slack - found[:, :2] @ normals.T
    fits = (gaps >= found[:, 2:] * (1.0 - _FLAT)).all(axis=1) & (found[:, 2] > 0.0)
    fits &= np.abs(det) > _FLAT
    if not fits.any():
        return None
    best = int(np.argmax(np.where(fits, found[:, 2], -np.inf)))
    return found[best, :2], float(gaps[best].min())
