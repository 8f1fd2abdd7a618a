"""Functions that embeddings are tried on, each with its largest curvature.

The gradient of a function is Lipschitz with constant gamma where no eigenvalue of its
second derivative exceeds gamma in size.
"""

import math

import numpy as np
from jaxtyping import Float64

SQUARE = 4.0 * math.pi
"""Half the side of the square on which the cosine of the norm is learned."""

COSINE_NORM_GAMMA = 1.0
"""Bound of `cosine_norm`'s curvature: its eigenvalues are -cos r and -sin(r) / r."""

WAVE_GAMMA = 32.0
"""Bound of `wave`'s curvature: derivatives are -32 cos(8x) and -25 sin(5y)."""


def cosine_norm(
    points: Float64[np.ndarray, "points dim"],
) -> Float64[np.ndarray, " points"]:
    """cos(||x||), in any dimension."""
    return np.asarray(np.cos(np.linalg.norm(points, axis=1)))


def wave(points: Float64[np.ndarray, "points 2"]) -> Float64[np.ndarray, " points"]:
    """3x + cos(8x) / 2 + sin(5y), meant for the unit square."""
    x, y = points.T
    return np.asarray(3.0 * x + np.cos(8.0 * x) / 2.0 + np.sin(5.0 * y))


def grid_points(low: float, high: float, side: int) -> Float64[np.ndarray, "points 2"]:
    """A grid of `side` x `side` points of a square, its borders included.

    The first coordinate varies slowest: reshape values to `(side, side)` and the first
    axis is x.
    """
    ticks = np.linspace(low, high, side)
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
