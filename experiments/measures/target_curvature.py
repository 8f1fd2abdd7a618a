"""How curved a target is over an embedding, from samples.

Embeddings differ in scale, so each is moved to mean 0 and divided by one number, after
which the mean squared distance from the mean is 1; shapes stay as they are.
"""

import functools
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import scipy.interpolate
import scipy.spatial
import sklearn.decomposition
import sklearn.linear_model
from jaxtyping import Float64
from threadpoolctl import ThreadpoolController

NEIGHBORS = 12
"""Number of neighbors of each point to which a gradient is fitted."""


@functools.cache
def _threads() -> ThreadpoolController:
    """The thread pools of this process; to find them takes a while."""
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Linear algebra in one thread: small problems are faster so, on a busy machine."""
    return _threads().limit(limits=1, user_api="blas")


class PrincipalPlane:
    """The first principal components of an embedding, of total spread 1.

    Attributes:
        shares: Shares of the embedding's variance, one a component.
    """

    def __init__(self, embedding: Float64[np.ndarray, "points dim"], count: int = 2):
        """Find the components of an embedding.

        Args:
            embedding: One point a row.
            count: Components; fewer if there are not so many dimensions.

        Raises:
            ValueError: If all points are at one place.
        """
        if (embedding == embedding[0]).all():
            raise ValueError("all points are at one place: it has no components.")
        count = min(count, *embedding.shape)
        self._pca = sklearn.decomposition.PCA(count, svd_solver="full").fit(embedding)
        self._scale = float(np.sqrt(self._pca.explained_variance_.sum()))
        self.shares = np.asarray(self._pca.explained_variance_ratio_)

    def __call__(
        self, embedding: Float64[np.ndarray, "points dim"]
    ) -> Float64[np.ndarray, "points components"]:
        """Coordinates of points in the plane."""
        return np.asarray(self._pca.transform(embedding)) / self._scale


def linear_r2(
    embedding: Float64[np.ndarray, "points dim"],
    target: Float64[np.ndarray, " points"],
) -> float:
    """Share of the target's variance that an affine function of the embedding has."""
    model = sklearn.linear_model.LinearRegression().fit(embedding, target)
    return float(model.score(embedding, target))


def slope_changes(
    points: Float64[np.ndarray, "points dim"],
    target: Float64[np.ndarray, " points"],
    neighbors: int = NEIGHBORS,
    floor: float = 0.0,
) -> Float64[np.ndarray, " points"]:
    """Largest change of slope around each point: its own estimate of gamma.

    A function whose gradient `g` has the Lipschitz constant gamma obeys
    `|f(y) - f(x) - g(x) (y - x)| <= gamma ||y - x||^2 / 2`. Here `g(x)` is the vector
    for which the left side over `||y - x||^2` is least in the mean square over the
    nearest neighbors `y` of `x`, and twice the largest of these ratios is given.
    Neighbors at the very place of `x` are left out.

    In many dimensions a few neighbors are fitted exactly, by slopes along directions in
    which they hardly differ; and where two of them nearly coincide, any difference of
    values is a curvature without bound. With a floor all coordinates are known up to
    noise of that deviation: squared distances are larger by its square, and `g` is
    least in the mean over such noise, which adds a ridge of the same size.

    Args:
        points: Where the target is known, more than `neighbors` of them.
        target: Its values.
        neighbors: How many.
        floor: Deviation of the noise in each coordinate.
    """
    tree = scipy.spatial.KDTree(points)
    _, found = tree.query(points, k=neighbors + 1)
    found = np.asarray(found)[:, 1:]
    steps = points[found] - points[:, None]
    rises = target[found] - target[:, None]
    squared = (steps**2).sum(axis=2) + floor**2
    weights = np.divide(1.0, squared, out=np.zeros_like(squared), where=squared > 0.0)
    slopes, ratios = steps * weights[:, :, None], rises * weights
    if floor:
        noise = floor**2 * (weights**2).sum(axis=1)
        gram = slopes.transpose(0, 2, 1) @ slopes
        gram += noise[:, None, None] * np.eye(points.shape[1])
        gradients = np.linalg.solve(
            gram, np.einsum("nji,nj->ni", slopes, ratios)[..., None]
        )
        gradients = gradients[..., 0]
    else:
        gradients = np.einsum("nij,nj->ni", np.linalg.pinv(slopes), ratios)
    missed = np.abs(ratios - np.einsum("nji,ni->nj", slopes, gradients))
    return 2.0 * missed.max(axis=1)


def triangulation_error(
    points: Float64[np.ndarray, "train 2"],
    target: Float64[np.ndarray, " train"],
    others: Float64[np.ndarray, "test 2"],
    wanted: Float64[np.ndarray, " test"],
) -> float:
    """Root mean squared error of linear interpolation on the Delaunay triangles.

    Points outside all triangles get the value of the nearest one.
    """
    found = interpolate_plane(points, target[:, None], others)[:, 0]
    return float(np.sqrt(np.mean((found - wanted) ** 2)))


def interpolate_plane(
    points: Float64[np.ndarray, "train 2"],
    target: Float64[np.ndarray, "train outputs"],
    others: Float64[np.ndarray, "test 2"],
) -> Float64[np.ndarray, "test outputs"]:
    """Linear interpolation on Delaunay triangles, and the nearest value outside."""
    nearest = scipy.interpolate.NearestNDInterpolator(points, target)
    found = np.asarray(nearest(others), np.float64)
    try:
        triangles = scipy.spatial.Delaunay(points)
    except scipy.spatial.QhullError:
        # All points on one line: it has no triangle, everything is outside.
        return found
    # Its many tiny factorizations would each wake all threads.
    with one_thread():
        linear = scipy.interpolate.LinearNDInterpolator(triangles, target)(others)
    linear = np.asarray(linear)
    is_inside = np.isfinite(linear)
    return np.where(is_inside, linear, found)
