"""Read-outs: what is said of a point from its neighbors, or from a linear fit.

All of them take values of several outputs, so that classes are read out as one-hot
vectors, of which the largest entry counts.
"""

from collections.abc import Callable

import numpy as np
import scipy.spatial
import sklearn.linear_model
import sklearn.neighbors
from jaxtyping import Bool, Float64, Int

from experiments.measures.target_curvature import PrincipalPlane, interpolate_plane

ReadOut = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Called with known points, their values, and other points: gives the values there."""

CHUNK_BYTES = 1 << 27
"""Bytes of a block of Shepard's distances."""


def nearest(
    points: Float64[np.ndarray, "train dim"],
    values: Float64[np.ndarray, "train outputs"],
    others: Float64[np.ndarray, "test dim"],
    neighbors: int = 1,
) -> Float64[np.ndarray, "test outputs"]:
    """Mean value of the nearest neighbors."""
    model = sklearn.neighbors.KNeighborsRegressor(min(neighbors, len(points)))
    return np.asarray(model.fit(points, values).predict(others), np.float64)


def three_nearest(
    points: Float64[np.ndarray, "train dim"],
    values: Float64[np.ndarray, "train outputs"],
    others: Float64[np.ndarray, "test dim"],
) -> Float64[np.ndarray, "test outputs"]:
    """Mean value of the three nearest neighbors."""
    return nearest(points, values, others, 3)


def shepard(
    points: Float64[np.ndarray, "train dim"],
    values: Float64[np.ndarray, "train outputs"],
    others: Float64[np.ndarray, "test dim"],
) -> Float64[np.ndarray, "test outputs"]:
    """Mean of all values, weighted by the inverse squared distance (Shepard, 1968).

    At a known point, the value there; their mean if several points lie at one place.
    """
    rows = max(1, CHUNK_BYTES // (8 * len(points)))
    parts = []
    for start in range(0, len(others), rows):
        squared = scipy.spatial.distance.cdist(
            others[start : start + rows], points, "sqeuclidean"
        )
        # Relative to the nearest, so that no weight overflows.
        closest = squared.min(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            weights = np.divide(closest, squared, out=squared)
        at_known = closest[:, 0] == 0.0
        weights[at_known] = np.isnan(weights[at_known])
        parts.append(weights @ values / weights.sum(axis=1, keepdims=True))
    return np.concatenate(parts)


def delaunay(
    points: Float64[np.ndarray, "train dim"],
    values: Float64[np.ndarray, "train outputs"],
    others: Float64[np.ndarray, "test dim"],
) -> Float64[np.ndarray, "test outputs"]:
    """Linear interpolation on Delaunay triangles of the first two principal components.

    Of planes it needs no projection; outside of all triangles, the nearest value.
    """
    if points.shape[1] > 2:
        plane = PrincipalPlane(points)
        points, others = plane(points), plane(others)
    return interpolate_plane(points, values, others)


def linear(
    points: Float64[np.ndarray, "train dim"],
    values: Float64[np.ndarray, "train outputs"],
    others: Float64[np.ndarray, "test dim"],
) -> Float64[np.ndarray, "test outputs"]:
    """Least squares."""
    model = sklearn.linear_model.LinearRegression().fit(points, values)
    return np.asarray(model.predict(others), np.float64)


READ_OUTS: dict[str, ReadOut] = {
    "nearest neighbor": nearest,
    "3 nearest": three_nearest,
    "Shepard": shepard,
    "Delaunay": delaunay,
    "linear": linear,
}
"""By the name in figures and claims."""


def nearest_index(
    points: Float64[np.ndarray, "train dim"], others: Float64[np.ndarray, "test dim"]
) -> Int[np.ndarray, " test"]:
    """Which known point is nearest: the Voronoi cell that each of the others is in."""
    return np.asarray(scipy.spatial.KDTree(points).query(others)[1])


def errors(
    found: Float64[np.ndarray, "test outputs"],
    wanted: Float64[np.ndarray, "test outputs"],
) -> tuple[float, float]:
    """Root mean squared error and largest error, over points and outputs."""
    missed = np.abs(found - wanted)
    return float(np.sqrt(np.mean(missed**2))), float(missed.max())


def misclassified(
    found: Float64[np.ndarray, "test classes"], classes: Int[np.ndarray, " test"]
) -> Bool[np.ndarray, " test"]:
    """Points whose largest value is not that of their class; ties go to the lower."""
    return np.asarray(found.argmax(axis=1) != classes)
