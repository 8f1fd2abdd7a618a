"""Volumes of convex hulls."""

import numpy as np
from jaxtyping import Float64


def hull_volume(corners: Float64[np.ndarray, "corners dim"]) -> float:
    """Volume of the convex hull of points in two dimensions or more, in float64.

    It is 0 where the points are as flat as that along an axis.
    """
    from scipy.spatial import ConvexHull, QhullError

    # Thin polytopes keep their precision when scaled to a unit box first.
    low, size = corners.min(0), np.ptp(corners, axis=0)
    if not size.all():
        return 0.0
    scaled = (corners - low) / size
    try:
        hull = ConvexHull(scaled)
    except QhullError:
        # Flat in another direction: moved a little, it has a volume of rounding.
        hull = ConvexHull(scaled, qhull_options="QJ Pp")
    return float(hull.volume * size.prod())
