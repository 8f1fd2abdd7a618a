"""How many dimensions a set of points really has."""

import numpy as np
import sklearn.neighbors
from jaxtyping import Float64


def two_neighbor_dimension(points: Float64[np.ndarray, "points dim"]) -> float:
    """Dimension from the ratio of the distances to the two nearest neighbors.

    The ratio of the second to the first has the density `d / r^(d+1)` if the density of
    points is constant at that scale, so `N / sum ln r` is the likeliest d. Points that
    coincide are counted once.

    Args:
        points: One a row.

    Raises:
        ValueError: If there are fewer than three distinct points.

    References:
        E. Facco, M. d'Errico, A. Rodriguez, A. Laio, Estimating the intrinsic dimension
        of datasets by a minimal neighborhood information, Scientific Reports 7, 2017.
    """
    distinct = np.unique(points, axis=0)
    if len(distinct) < 3:
        raise ValueError(
            f"{len(distinct)} distinct points are given: at least three are required."
        )
    near = sklearn.neighbors.NearestNeighbors(n_neighbors=3).fit(distinct)
    distances, _ = near.kneighbors(distinct)
    logs = np.log(distances[:, 2] / distances[:, 1])
    return float(len(logs) / logs.sum())


def participation_dimension(points: Float64[np.ndarray, "points dim"]) -> float:
    """`(sum l)^2 / sum l^2` of the variances l along principal axes.

    The number of axes if the variance is spread evenly, 1 if all of it is on one.
    """
    centered = points - points.mean(axis=0)
    variances = np.linalg.svd(centered, compute_uv=False) ** 2
    return float(variances.sum() ** 2 / (variances**2).sum())
