"""How near a decision boundary runs to the creases of the network that draws it."""

import numpy as np
from jaxtyping import Float64, Int

from regions.partition.class_polygons import ClassPolygons, area

POINTS = 4000
"""Random points that are compared with, and points on the boundary."""

_ON_SIDE = 1e-12
"""Distance at which a corner lies on a side of the unit square."""


def boundary_distances(
    polygons: list[Float64[np.ndarray, "_ 2"]], pieces: ClassPolygons, *, seed: int
) -> tuple[float, float]:
    """Mean distance to the nearest crease of boundary points and of random points.

    Both are drawn uniformly: along the decision boundary, and over the unit square. A
    region is convex, so the nearest crease of a point in it is one of its own sides.

    Args:
        polygons: All regions, which tile the unit square.
        pieces: The same regions cut along the decision boundary.
        seed: Seed of the points.

    Returns:
        On the boundary, and anywhere; NaN without a boundary.
    """
    rng = np.random.default_rng(seed)
    areas = np.array([area(polygon) for polygon in polygons])
    owners = rng.choice(len(polygons), POINTS, p=areas / areas.sum())
    points = np.array([_random_point(polygons[i], rng) for i in owners])
    anywhere = float(side_distances(polygons, owners, points).mean())
    if not len(pieces.segments):
        return float("nan"), anywhere
    starts, ends = pieces.segments[:, 0], pieces.segments[:, 1]
    lengths = np.linalg.norm(ends - starts, axis=1)
    chosen = rng.choice(len(lengths), POINTS, p=lengths / lengths.sum())
    places = starts[chosen] + rng.uniform(size=(POINTS, 1)) * (ends - starts)[chosen]
    owners = segment_owners(pieces)[chosen]
    return float(side_distances(polygons, owners, places).mean()), anywhere


def segment_owners(pieces: ClassPolygons) -> Int[np.ndarray, " segments"]:
    """Region that each piece of the decision boundary lies in."""
    corners = {}
    for polygon, region in zip(pieces.polygons, pieces.regions, strict=True):
        ends = np.roll(polygon, -1, axis=0)
        for start, end in zip(polygon, ends, strict=True):
            corners[start.tobytes() + end.tobytes()] = int(region)
    owners = [
        corners[start.tobytes() + end.tobytes()] for start, end in pieces.segments
    ]
    return np.array(owners, np.int64)


def side_distances(
    polygons: list[Float64[np.ndarray, "_ 2"]],
    owners: Int[np.ndarray, " points"],
    points: Float64[np.ndarray, "points 2"],
) -> Float64[np.ndarray, " points"]:
    """Distance of each point to the nearest crease around its region.

    Sides of the unit square are no creases; a region with none has distance infinity.
    """
    result = np.full(len(points), np.inf)
    for region in np.unique(owners):
        mine = owners == region
        starts = polygons[region]
        ends = np.roll(starts, -1, axis=0)
        lower, upper = np.minimum(starts, ends), np.maximum(starts, ends)
        border = (upper <= _ON_SIDE) | (lower >= 1.0 - _ON_SIDE)
        on_side = border[:, 0] | border[:, 1]
        starts, steps = starts[~on_side], (ends - starts)[~on_side]
        if not len(starts):
            continue
        away = points[mine][:, None] - starts
        squares = np.maximum((steps**2).sum(axis=1), np.finfo(float).tiny)
        along = np.clip((away * steps).sum(axis=2) / squares, 0.0, 1.0)
        nearest = np.linalg.norm(away - along[:, :, None] * steps, axis=2)
        result[mine] = nearest.min(axis=1)
    return result


def _random_point(
    polygon: Float64[np.ndarray, "corners 2"], rng: np.random.Generator
) -> Float64[np.ndarray, " 2"]:
    """A uniform random point of a convex polygon, by its fan of triangles."""
    a, b, c = polygon[0], polygon[1:-1], polygon[2:]
    cross = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    k = rng.choice(len(b), p=np.abs(cross) / np.abs(cross).sum())
    u, v = np.sort(rng.uniform(size=2))
    return u * a + (v - u) * b[k] + (1.0 - v) * c[k]
