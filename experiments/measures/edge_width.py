"""Width of an edge that a network draws around a circle, along its radii."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

Values = Callable[[Float64[np.ndarray, "points 2"]], Float64[np.ndarray, " points"]]
"""Gives one number at each point."""


def edge_widths(
    values: Values,
    *,
    center: tuple[float, float],
    radius: float,
    reach: float,
    radii: int = 64,
    samples: int = 1600,
) -> Float64[np.ndarray, " radii"]:
    """Distance between the levels 0.1 and 0.9 along each radius; the 10-90 width.

    Along a radius from `radius - reach` to `radius + reach`, values rise through 0.5;
    of those places the one nearest to `radius` is the edge. From there the first sample
    at 0.9 or more outward and at 0.1 or less inward bound it, interpolated linearly.

    Args:
        values: About 0 inside the circle and 1 outside.
        center: Center of the circle.
        radius: Radius of the circle.
        reach: Distance of the farthest samples to either side.
        radii: Number of directions, the first one along the first axis.
        samples: Along each of them.

    Returns:
        Widths; infinite where there is no such rise, or it is not bounded on both
        sides within reach.
    """
    angles = 2.0 * np.pi * np.arange(radii) / radii
    distances = np.linspace(radius - reach, radius + reach, samples)
    widths = []
    # One radius at a time: its activations stay in the cache.
    for direction in np.stack([np.cos(angles), np.sin(angles)], axis=1):
        points = np.array(center) + distances[:, None] * direction
        widths.append(_width(distances, values(points), radius))
    return np.array(widths)


def _width(
    distances: Float64[np.ndarray, " samples"],
    values: Float64[np.ndarray, " samples"],
    radius: float,
) -> float:
    """Width along one radius."""
    rises = np.flatnonzero((values[:-1] < 0.5) & (values[1:] >= 0.5))
    if not len(rises):
        return float("inf")
    edge = rises[np.argmin(np.abs(distances[rises] - radius))]
    high = np.flatnonzero(values[edge + 1 :] >= 0.9)
    low = np.flatnonzero(values[: edge + 1] <= 0.1)
    if not len(high) or not len(low):
        return float("inf")
    outer, inner = int(edge + 1 + high[0]), int(low[-1])
    end = _between(distances, values, outer - 1, 0.9)
    start = _between(distances, values, inner, 0.1)
    return end - start


def _between(
    distances: Float64[np.ndarray, " samples"],
    values: Float64[np.ndarray, " samples"],
    index: int,
    level: float,
) -> float:
    """Where the segment between two samples takes a level that lies between them."""
    low, high = values[index], values[index + 1]
    share = (level - low) / (high - low)
    return float(distances[index] + share * (distances[index + 1] - distances[index]))
