"""What an image looks like from its sampled pixels alone, without a network."""

from typing import NamedTuple

import numpy as np
import scipy.spatial
from jaxtyping import Float, Float64

SIGMA = 3.0
"""Width of the smoothing kernel in pixels, as in the posts' program."""

NEIGHBORS = 32
"""Samples that a smoothed value is a mean of; the weight of farther ones is nothing."""


class Interpolations(NamedTuple):
    """Values at points from samples around them.

    Attributes:
        nearest: Value of the nearest sample.
        smoothed: Mean of the nearest samples, weighted by a Gaussian of their distance.
        distance: To the nearest sample, in units of the points.
    """

    nearest: Float64[np.ndarray, " points"]
    smoothed: Float64[np.ndarray, " points"]
    distance: Float64[np.ndarray, " points"]


def interpolate(
    samples: Float[np.ndarray, "samples 2"],
    values: Float[np.ndarray, " samples"],
    points: Float[np.ndarray, "points 2"],
    sigma: float,
) -> Interpolations:
    """Nearest neighbor and kernel smoothing (Nadaraya and Watson).

    Args:
        samples: Where values are known.
        values: The values.
        points: Where they are wanted.
        sigma: Width of the Gaussian, in units of the points. Far from all samples the
            smoothed value is that of the nearest one.
    """
    tree = scipy.spatial.KDTree(samples)
    count = min(NEIGHBORS, len(samples))
    found = tree.query(points, k=count)
    # SciPy leaves the axis out for a single neighbor.
    distances, indices = (np.reshape(part, (-1, count)) for part in found)
    # Relative to the nearest, so that no sum of weights vanishes.
    exponents = (distances**2 - distances[:, :1] ** 2) / (2.0 * sigma**2)
    weights = np.exp(-exponents)
    known = np.asarray(values, np.float64)[indices]
    smoothed = (weights * known).sum(axis=1) / weights.sum(axis=1)
    return Interpolations(known[:, 0], smoothed, distances[:, 0])
