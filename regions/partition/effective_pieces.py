"""Pieces of a function of one variable that matter: a broken line close to its graph.

After training a network has as many breakpoints as units, most of them with kinks too
small to see. Counted here are the pieces of a broken line that stays within a given
distance of the graph at every breakpoint, hence everywhere between.
"""

import numpy as np
from jaxtyping import Float64, Int64

from regions.domains.shapes import Segment
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork


def effective_pieces(
    points: Float64[np.ndarray, " points"],
    values: Float64[np.ndarray, " points"],
    tolerance: float,
) -> int:
    """Pieces of the broken line that `broken_line` finds, with its arguments."""
    return len(broken_line(points, values, tolerance)) - 1


def broken_line(
    points: Float64[np.ndarray, " points"],
    values: Float64[np.ndarray, " points"],
    tolerance: float,
) -> Int64[np.ndarray, " corners"]:
    """Corners of a broken line through points of a graph, within `tolerance` of it.

    Each piece starts and ends on the graph and, from the left, is taken as far as it
    goes.

    Args:
        points: Where the function may bend, ascending, the ends of the interval
            included.
        values: The function there; it is affine in between.
        tolerance: Largest vertical distance of line and graph, in units of the values;
            0 finds the pieces themselves, if the values are exact.

    Returns:
        Indices of the corners, both ends included.

    Raises:
        ValueError: If fewer than two points are given, they do not ascend, or the
            tolerance is negative.
    """
    if len(points) < 2 or len(points) != len(values):
        raise ValueError(
            f"`points` has {len(points)} entries and `values` {len(values)}: as many, "
            "and at least two, are required."
        )
    if not (np.diff(points) > 0.0).all():
        raise ValueError("`points` do not ascend: sort them and drop repeated ones.")
    if not tolerance >= 0.0:
        raise ValueError(f"`tolerance` is {tolerance}: at least 0 is required.")
    corners = [0]
    while corners[-1] < len(points) - 1:
        start = corners[-1]
        corners.append(start + _reach(points[start:], values[start:], tolerance))
    return np.array(corners, np.int64)


def _reach(points: np.ndarray, values: np.ndarray, tolerance: float) -> int:
    """Last point that a line from the first may end at, counted from the first."""
    steps = points[1:] - points[0]
    rises = values[1:] - values[0]
    slopes = rises / steps
    # A line to point k must pass every earlier point within the tolerance.
    low = np.maximum.accumulate((rises - tolerance) / steps)
    high = np.minimum.accumulate((rises + tolerance) / steps)
    fits = np.ones(len(slopes), bool)
    fits[1:] = (low[:-1] <= slopes[1:]) & (slopes[1:] <= high[:-1])
    return int(np.flatnonzero(fits)[-1]) + 1


def network_graph(
    network: ReluNetwork, start: float, end: float
) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, "points outputs"]]:
    """Breakpoints of a network of one input on an interval, and the outputs there.

    The ends are included; breakpoints are found exactly, then rounded to float64, and
    those that round to one point are one.
    """
    found = enumerate_regions(network, Segment([start], [end]))
    cells = found.require_complete().cells
    points = np.unique(start + (end - start) * cells.vertices[:, 0])
    return points, network(points[:, None])
