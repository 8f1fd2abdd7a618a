"""The largest difference of two networks on a box of the plane, found at vertices.

The difference is affine on each cell of the common refinement of both partitions, so
that its largest absolute value is taken at a vertex of it: a corner of a region of
either network, or a point where boundaries of both cross.
"""

import numpy as np
from jaxtyping import Float64

import regions
from experiments.measures.unit_square import enumerate_all

_PAIRS = 1 << 21
"""Pairs of edges that are crossed at once."""


def largest_difference(
    first: regions.ReluNetwork, second: regions.ReluNetwork, box: regions.Box
) -> float:
    """Largest absolute difference of any output of two networks on a box.

    Vertices are computed in float64, and so is the difference at them.

    Args:
        first: A network of two inputs.
        second: With as many outputs.
        box: A box in the plane.
    """
    edges = [_edges(network, box) for network in (first, second)]
    points = [*(ends.reshape(-1, 2) for ends in edges), crossings(*edges)]
    vertices = np.clip(np.concatenate(points), box.lower, box.upper)
    return float(abs(first(vertices) - second(vertices)).max())


def crossings(
    first: Float64[np.ndarray, "first 2 2"], second: Float64[np.ndarray, "second 2 2"]
) -> Float64[np.ndarray, "crossings 2"]:
    """Where segments of one kind cross segments of another; parallel ones do not.

    Args:
        first: Both ends of each segment.
        second: Likewise.
    """
    found = [np.zeros((0, 2))]
    step = max(1, _PAIRS // max(1, len(second)))
    start, along = second[:, 0], second[:, 1] - second[:, 0]
    for k in range(0, len(first), step):
        part = first[k : k + step]
        origin, direction = part[:, None, 0], (part[:, 1] - part[:, 0])[:, None]
        between = start - origin
        size = _cross(direction, along)
        with np.errstate(divide="ignore", invalid="ignore"):
            t, s = _cross(between, along) / size, _cross(between, direction) / size
        # A little beyond the ends does no harm: any point of the box is a candidate.
        meets = (
            (size != 0.0) & (abs(t - 0.5) <= 0.5 + 1e-9) & (abs(s - 0.5) <= 0.5 + 1e-9)
        )
        rows, _ = np.nonzero(meets)
        found.append(origin[rows, 0] + t[meets][:, None] * direction[rows, 0])
    return np.concatenate(found)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross product in the plane."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _edges(network: regions.ReluNetwork, box: regions.Box) -> np.ndarray:
    """Sides of all regions, each once: `(edges, 2, 2)`."""
    sides = [
        np.stack([polygon, np.roll(polygon, -1, axis=0)], axis=1)
        for polygon in enumerate_all(network, box).polygons()
    ]
    ends = np.concatenate(sides)
    # Neighbors run along a side in opposite directions: the lower end comes first.
    (a, b), (c, d) = np.moveaxis(ends, 0, 2)
    swapped = (a > c) | ((a == c) & (b > d))
    ends[swapped] = ends[swapped][:, ::-1]
    return np.unique(ends, axis=0)
