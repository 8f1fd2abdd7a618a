"""Regions that lines cut a rectangle into, by Euler's formula: no enumeration."""

import numpy as np
from jaxtyping import Float64


def regions_of_lines(
    normals: Float64[np.ndarray, "lines 2"],
    offsets: Float64[np.ndarray, " lines"],
    lower: Float64[np.ndarray, " 2"],
    upper: Float64[np.ndarray, " 2"],
) -> int:
    """Regions of a rectangle: 1 + lines that meet it + crossings inside it.

    Each line adds one region, and one more for every earlier line that it crosses in
    the interior. For lines in general position: no three through one point inside, none
    through a corner, no two the same. Float64, so it is a check and no proof.

    Args:
        normals: Normals of the lines `normal . t + offset = 0`; none 0.
        offsets: Offsets of the lines.
        lower: Corner of the rectangle.
        upper: Opposite corner.
    """
    corners = np.array(
        [[x, y] for x in (lower[0], upper[0]) for y in (lower[1], upper[1])]
    )
    values = corners @ normals.T + offsets
    met = np.flatnonzero((values.min(axis=0) < 0.0) & (values.max(axis=0) > 0.0))
    crossings = 0
    for k, i in enumerate(met):
        for j in met[:k]:
            pair = normals[[i, j]]
            if np.linalg.det(pair) == 0.0:
                continue
            point = np.linalg.solve(pair, -offsets[[i, j]])
            crossings += bool(((lower < point) & (point < upper)).all())
    return 1 + len(met) + crossings
