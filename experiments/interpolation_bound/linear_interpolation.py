"""Linear interpolation on simplices, and how far off it can be.

Let the gradient of `f` be Lipschitz with constant gamma on a convex set that holds the
vertices `x_0, ..., x_d` of a simplex, let `p` be the affine function equal to `f` at
the vertices, and let `x` be in the set.

**Edge bound.** With `r = ||x - x_0||`, `k` the longest of the edges `x_i - x_0`, and
`sigma` the least singular value of the matrix of these edges,

    |f(x) - p(x)| <= gamma r^2 / 2 + sqrt(d) gamma k^2 r / (2 sigma).

Proof. Let `g` be the gradient of `f` at `x_0` and `h` that of `p`. The entries of
`E (h - g)`, with the edges as rows of `E`, are `f(x_i) - f(x_0) - g (x_i - x_0)`; each
is at most `gamma k^2 / 2` in size, since the gradient moves by at most gamma times the
distance on the way. So `||h - g|| <= sqrt(d) gamma k^2 / (2 sigma)`. Now
`f(x) - p(x) = [f(x) - f(x_0) - g (x - x_0)] - (h - g) (x - x_0)`, of which the first
part is at most `gamma r^2 / 2` and the second at most `||h - g|| r`.

**Mean bound.** For `x` in the simplex, with barycentric coordinates `t_i >= 0`,

    |f(x) - p(x)| <= gamma / 2 * sum of t_i ||x_i - x||^2,

with equality for `f(x) = gamma ||x||^2 / 2`. Proof. Expand `f(x_i)` at `x`: the linear
parts cancel in `p(x) = sum of t_i f(x_i)`, and each remainder is at most
`gamma ||x_i - x||^2 / 2`. For the quadratic the remainders are just that.

The sum is the linear interpolant of `||.||^2` minus `||x||^2`, and of all simplices
with vertices among given points that hold `x`, the Delaunay simplex has the least
(lifted to the paraboloid it is on the lower hull): it is the best one for the mean
bound, and a linear program finds it in any dimension.

Sources: the first bound is the theorem of T. C. H. Lux et al., Interpolation of sparse
high-dimensional data, Numerical Algorithms, 2020, section 5 (read in the manuscript
that its first author keeps in public), which holds with each vertex as `x_0`, and
outside of the simplex, too; the second is S. Waldron's, The error in linear
interpolation at the vertices of a simplex, 1998.
"""

from typing import NamedTuple

import numpy as np
import scipy.optimize
import scipy.spatial
from jaxtyping import Float64, Int64

from experiments.measures.target_curvature import one_thread

INSIDE = 0.9
"""Share of the way from the mean to the hull's border at which points stay inside."""


class Located(NamedTuple):
    """Points in simplices.

    Attributes:
        points: The points.
        simplices: Indices of the vertices of the simplex of each.
        weights: Barycentric coordinates, none of them negative, sum 1.
        which: Indices of the given points that they are.
    """

    points: Float64[np.ndarray, "points dim"]
    simplices: Int64[np.ndarray, "points vertices"]
    weights: Float64[np.ndarray, "points vertices"]
    which: Int64[np.ndarray, " points"]

    def interpolate(
        self, values: Float64[np.ndarray, " known"]
    ) -> Float64[np.ndarray, " points"]:
        """The affine function through the values at each simplex's vertices."""
        return (self.weights * values[self.simplices]).sum(axis=1)


class Geometry(NamedTuple):
    """What the bounds need of points in simplices; gamma is all that is missing.

    Attributes:
        nearest: Distance to the nearest vertex.
        longest: Longest edge at that vertex.
        least: Least singular value of the matrix of the edges at that vertex.
        mean_square: Mean squared distance to the vertices, by barycentric coordinates.
    """

    nearest: Float64[np.ndarray, " points"]
    longest: Float64[np.ndarray, " points"]
    least: Float64[np.ndarray, " points"]
    mean_square: Float64[np.ndarray, " points"]

    def edge_bound(self, gamma: float, dim: int) -> Float64[np.ndarray, " points"]:
        """The edge bound with the nearest vertex as `x_0`; infinite if flat."""
        with np.errstate(divide="ignore"):
            tilt = np.sqrt(dim) * self.longest**2 / (2.0 * self.least)
        return gamma * (self.nearest**2 / 2.0 + tilt * self.nearest)

    def mean_bound(self, gamma: float) -> Float64[np.ndarray, " points"]:
        """The mean bound."""
        return gamma * self.mean_square / 2.0


def geometry(known: Float64[np.ndarray, "known dim"], located: Located) -> Geometry:
    """Distances and edges of points in their simplices.

    Args:
        known: The points among which the vertices are.
        located: Points and their simplices.
    """
    corners = known[located.simplices]
    away = corners - located.points[:, None]
    squared = (away**2).sum(axis=2)
    closest = squared.argmin(axis=1)
    rows = np.arange(len(closest))
    edges = corners - corners[rows, closest][:, None]
    dim = known.shape[1]
    # Without the vertex itself, whose edge is 0.
    others = (closest[:, None] + np.arange(1, dim + 1)) % (dim + 1)
    matrices = edges[rows[:, None], others]
    with one_thread():
        least = np.linalg.svd(matrices, compute_uv=False)[:, -1]
    return Geometry(
        np.sqrt(squared[rows, closest]),
        np.linalg.norm(matrices, axis=2).max(axis=1),
        least,
        (located.weights * squared).sum(axis=1),
    )


def locate_in_plane(
    known: Float64[np.ndarray, "known 2"], points: Float64[np.ndarray, "points 2"]
) -> Located:
    """Those of the points that are in the convex hull, in their Delaunay triangles."""
    triangles = scipy.spatial.Delaunay(known)
    with one_thread():
        found = triangles.find_simplex(points)
        inside = found >= 0
        transforms = triangles.transform[found[inside]]
    points = points[inside]
    first = np.einsum("nij,nj->ni", transforms[:, :2], points - transforms[:, 2])
    weights = np.column_stack([first, 1.0 - first.sum(axis=1)])
    # On a border rounding may leave the triangle by a hair.
    weights = np.maximum(weights, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    simplices = triangles.simplices[found[inside]].astype(np.int64)
    return Located(points, simplices, weights, np.flatnonzero(inside))


def locate(
    known: Float64[np.ndarray, "known dim"], points: Float64[np.ndarray, "points dim"]
) -> Located:
    """Points of the convex hull in their Delaunay simplices, one program a point.

    Args:
        known: In general position: no `dim + 2` of them on a sphere.
        points: Strictly inside of their hull.

    Raises:
        RuntimeError: If the solver finds none, as for a point outside.
    """
    dim = known.shape[1]
    equations = np.vstack([known.T, np.ones(len(known))])
    simplices, weights = [], []
    for point in points:
        costs = ((known - point) ** 2).sum(axis=1)
        found = _solve(costs, equations, np.append(point, 1.0), bounds=(0.0, None))
        corners = np.sort(np.argsort(found)[-dim - 1 :])
        simplices.append(corners)
        weights.append(found[corners] / found[corners].sum())
    which = np.arange(len(points))
    return Located(points, np.array(simplices, np.int64), np.array(weights), which)


def pull_inside(
    known: Float64[np.ndarray, "known dim"], points: Float64[np.ndarray, "points dim"]
) -> Float64[np.ndarray, "points dim"]:
    """Points moved toward the mean of the known ones as far as needed.

    A point farther out than 0.9 of the way from the mean to the border of the convex
    hull, along its ray, is put there; the others stay.
    """
    mean = known.mean(axis=0)
    equations = np.vstack([known.T, np.ones(len(known))])
    costs = np.append(np.zeros(len(known)), -1.0)
    bounds = [(0.0, 2.0)] * (len(known) + 1)
    moved = []
    for point in points:
        column = np.append(mean - point, 0.0)[:, None]
        right = np.append(mean, 1.0)
        found = _solve(costs, np.hstack([equations, column]), right, bounds=bounds)
        share = min(1.0, INSIDE * found[-1])
        moved.append(mean + share * (point - mean))
    return np.array(moved)


def _solve(
    costs: Float64[np.ndarray, " columns"],
    equations: Float64[np.ndarray, "rows columns"],
    right: Float64[np.ndarray, " rows"],
    bounds: tuple[float, None] | list[tuple[float, float]],
) -> Float64[np.ndarray, " columns"]:
    """Minimize `costs @ y` subject to `equations @ y == right` and bounds."""
    found = scipy.optimize.linprog(
        costs, A_eq=equations, b_eq=right, bounds=bounds, method="highs-ds"
    )
    if found.status != 0:
        raise RuntimeError(
            f"the linear program of a simplex ended with: {found.message} A point "
            "strictly inside of the convex hull is required."
        )
    return np.asarray(found.x)
