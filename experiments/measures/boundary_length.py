"""Length of region boundaries, and how much of it lies in a ring around a point.

From the corners of exact regions, by closed formulas: no pixels.
"""

import numpy as np
from jaxtyping import Float64

_ON_SIDE = 1e-12
"""Distance at which a corner lies on the square, in sides of the unit square."""


def boundary_segments(
    polygons: list[Float64[np.ndarray, "_ 2"]],
) -> Float64[np.ndarray, "segments 2 2"]:
    """Edges of regions that tile the unit square, without its own sides.

    Each boundary inside the square is there twice, once from either side.

    Args:
        polygons: Corners of each region, in order around it.
    """
    starts = np.concatenate(polygons)
    sizes = np.array([len(polygon) for polygon in polygons])
    ends = np.roll(starts, -1, axis=0)
    last = np.cumsum(sizes) - 1
    ends[last] = starts[last - sizes + 1]
    segments = np.stack([starts, ends], axis=1)
    lower, upper = segments.min(axis=1), segments.max(axis=1)
    on_side = (upper <= _ON_SIDE) | (lower >= 1.0 - _ON_SIDE)
    return segments[~on_side.any(axis=1)]


def lengths(
    segments: Float64[np.ndarray, "segments 2 2"],
) -> Float64[np.ndarray, " segments"]:
    """Length of each segment."""
    return np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1)


def lengths_in_disc(
    segments: Float64[np.ndarray, "segments 2 2"],
    center: tuple[float, float],
    radius: float,
) -> Float64[np.ndarray, " segments"]:
    """Length of the part of each segment within `radius` of `center`."""
    away = segments[:, 0] - np.array(center)
    step = segments[:, 1] - segments[:, 0]
    # |away + t step|^2 = radius^2 has the roots -half -+ root, in units of the step.
    a = np.einsum("ij,ij->i", step, step)
    whole = np.where(a > 0.0, a, 1.0)
    half = np.einsum("ij,ij->i", away, step) / whole
    square = half**2 - (np.einsum("ij,ij->i", away, away) - radius**2) / whole
    root = np.sqrt(np.maximum(square, 0.0))
    inside = np.clip(root - half, 0.0, 1.0) - np.clip(-root - half, 0.0, 1.0)
    return np.where(square > 0.0, inside, 0.0) * np.sqrt(a)


def share_in_ring(
    polygons: list[Float64[np.ndarray, "_ 2"]],
    center: tuple[float, float],
    radii: tuple[float, float],
) -> float:
    """Share of all boundary length that lies between two distances from a point.

    0 if there is no boundary: a network of one region.
    """
    segments = boundary_segments(polygons)
    total = lengths(segments).sum()
    if total == 0.0:
        return 0.0
    inner, outer = (lengths_in_disc(segments, center, r).sum() for r in radii)
    return float((outer - inner) / total)
