"""Polygons of regions of which only the patterns are known, cut out of the domain.

Float64, for drawing: which regions there are was decided before. Corners closer than
`MERGE` of the domain's size are one corner.
"""

import numpy as np
from jaxtyping import Float64, Int64

import regions
from regions.domains.shapes import BoundedDomain
from regions.patterns.halfspaces import halfspaces_batch

MERGE = 1e-12
"""In units of the domain's size: the rounding of a corner, not a feature size."""

ARCS = 180
"""A circle is drawn with so many sides, that touch it from outside."""

_CHUNK = 256


def clip(
    corners: Float64[np.ndarray, "corners columns"],
    sides: Int64[np.ndarray, " corners"],
    slack: Float64[np.ndarray, " corners"],
    label: int,
) -> tuple[Float64[np.ndarray, "kept columns"], Int64[np.ndarray, " kept"]]:
    """The part of a convex polygon where an affine function is not negative.

    Args:
        corners: In order around it: positions, and whatever else is affine on it.
        sides: Label of the side from each corner to the next.
        slack: The function at the corners.
        label: The label that the new side gets.
    """
    kept, labels = [], []
    for i in range(len(corners)):
        j = (i + 1) % len(corners)
        inside, next_inside = slack[i] >= 0.0, slack[j] >= 0.0
        if inside:
            kept.append(corners[i])
            labels.append(int(sides[i]))
        if inside != next_inside:
            share = slack[i] / (slack[i] - slack[j])
            kept.append(corners[i] + share * (corners[j] - corners[i]))
            labels.append(label if inside else int(sides[i]))
    return np.array(kept).reshape(-1, corners.shape[1]), np.array(labels, np.int64)


def clipped_polygons(
    found: regions.RegionSet,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, corner counts, members and sides of all regions, as a partition has."""
    domain = found.domain
    assert not isinstance(domain, regions.WholeSpace)
    start, rim = _domain_polygon(domain)
    size = float(np.ptp(start, axis=0).max())
    network = domain.restrict(found.network)
    corners, sides = [], []
    for first in range(0, len(found), _CHUNK):
        bits = found.pattern_bits(slice(first, first + _CHUNK))
        for A, b in zip(*halfspaces_batch(network, bits), strict=True):
            polygon, labels = _cut(start, rim, A, b, size * MERGE)
            corners.append(polygon)
            sides.append(labels)
    stacked = np.concatenate(corners)
    grid = np.round(stacked / (size * MERGE * 8.0)).astype(np.int64)
    _, first_at, members = np.unique(
        grid, axis=0, return_index=True, return_inverse=True
    )
    counts = np.array([len(polygon) for polygon in corners], np.int64)
    members = members.reshape(-1).astype(np.int64)
    return stacked[first_at], counts, members, np.concatenate(sides)


def _domain_polygon(domain: BoundedDomain) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the domain, counterclockwise, and the facet along each side."""
    if domain.squared_radius is not None:
        angles = np.linspace(0.0, 2.0 * np.pi, ARCS, endpoint=False)
        reach = domain.chart_box().upper[0] / np.cos(np.pi / ARCS)
        circle = reach * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return circle, np.full(ARCS, -1, np.int64)
    A, b = domain.rows()
    corners = domain.corners()
    away = corners - corners.mean(axis=0)
    corners = corners[np.argsort(np.arctan2(away[:, 1], away[:, 0]))]
    middles = (corners + np.roll(corners, -1, axis=0)) / 2.0
    slack = (b - middles @ A.T) / np.linalg.norm(A, axis=1)
    return corners, -1 - np.abs(slack).argmin(axis=1).astype(np.int64)


def _cut(
    corners: np.ndarray, sides: np.ndarray, A: np.ndarray, b: np.ndarray, near: float
) -> tuple[np.ndarray, np.ndarray]:
    """The polygon within the rows `A x <= b`, without sides shorter than `near`."""
    lengths = np.linalg.norm(A, axis=1)
    steep = np.flatnonzero(lengths > 0.0)
    A, b = A[steep] / lengths[steep, None], b[steep] / lengths[steep]
    for row, label in enumerate(steep):
        slack = b[row] - corners @ A[row]
        if slack.min() < -near:
            corners, sides = clip(corners, sides, slack, int(label))
    long = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1) > near
    # A side that is dropped leaves its corner to the side before it.
    return (corners[long], sides[long]) if long.sum() >= 3 else (corners, sides)
