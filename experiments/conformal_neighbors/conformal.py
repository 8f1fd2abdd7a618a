"""Intervals from neighbors, and what split-conformal correction makes of them.

A conformal interval covers the value of a new point with at least the wanted
probability whenever that point and the calibration points are exchangeable, whatever
the neighbors are worth: a bad embedding shows in the width alone.

Sources: V. Vovk et al., Algorithmic learning in a random world, 2005 (split form);
Y. Romano, E. Patterson, E. Candes, Conformalized quantile regression, 2019.
"""

import math
from typing import NamedTuple

import numpy as np
import sklearn.neighbors
from jaxtyping import Float64


class Intervals(NamedTuple):
    """One interval a point.

    Attributes:
        low: Lower ends.
        high: Upper ends.
    """

    low: Float64[np.ndarray, " points"]
    high: Float64[np.ndarray, " points"]

    def coverage(self, values: Float64[np.ndarray, " points"]) -> float:
        """Share of the values that lie in their interval."""
        return float(((self.low <= values) & (values <= self.high)).mean())

    def width(self) -> float:
        """Mean width."""
        return float((self.high - self.low).mean())


def neighbor_quantiles(
    points: Float64[np.ndarray, "train dim"],
    values: Float64[np.ndarray, " train"],
    others: Float64[np.ndarray, "test dim"],
    neighbors: int,
    level: float,
) -> Intervals:
    """Quantiles of the values of the nearest neighbors, as much cut off on each side.

    Args:
        points: Where values are known.
        values: The values.
        others: Where intervals are wanted.
        neighbors: How many; all of the points if there are fewer.
        level: Share of the neighbors' values that an interval is to hold.
    """
    count = min(neighbors, len(points))
    model = sklearn.neighbors.NearestNeighbors(n_neighbors=count).fit(points)
    found = values[model.kneighbors(others, return_distance=False)]
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(found, [tail, 1.0 - tail], axis=1)
    return Intervals(low, high)


def conformal_margin(
    scores: Float64[np.ndarray, " calibration"], level: float
) -> float:
    """The score that a new point exceeds with a probability of at most `1 - level`.

    It is the `ceil((n + 1) level)`-th smallest of `n` scores, infinite if there are
    too few of them.
    """
    rank = math.ceil((len(scores) + 1) * level - 1e-12)
    if rank > len(scores):
        return math.inf
    return float(np.sort(scores)[rank - 1])


def conformal(
    calibration: Intervals,
    values: Float64[np.ndarray, " calibration"],
    others: Intervals,
    level: float,
) -> Intervals:
    """Intervals widened, or narrowed, on both sides by one margin.

    Args:
        calibration: Intervals of points that played no part in making them.
        values: Values at these points.
        others: Intervals to be corrected.
        level: Wanted coverage.
    """
    scores = np.maximum(calibration.low - values, values - calibration.high)
    margin = conformal_margin(scores, level)
    middle = (others.low + others.high) / 2.0
    # A negative margin larger than half of an interval leaves its middle.
    return Intervals(
        np.minimum(others.low - margin, middle),
        np.maximum(others.high + margin, middle),
    )
