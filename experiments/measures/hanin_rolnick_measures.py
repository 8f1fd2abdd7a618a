"""What Hanin and Rolnick measure: regions on infinite lines and planes, distances.

Counts are exact and of all of the line or plane, however far away a region lies.
"""

import numpy as np
from jaxtyping import Float64

import regions
from regions.patterns.halfspaces import halfspaces_batch


def count_on_plane(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "2 dim"]
) -> int:
    """Activation regions on the whole plane through the origin and two points.

    The network is composed with the plane in float64; the composition is counted
    exactly.
    """
    chart = network.restrict(np.zeros(network.input_dim), points)
    return _whole(chart, 2)


def count_on_line(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "2 dim"]
) -> int:
    """Activation regions on the whole line through two points; as `count_on_plane`."""
    return _whole(network.restrict(points[0], points[1:] - points[:1]), 1)


def count_everywhere(network: regions.ReluNetwork) -> int:
    """Activation regions of all of the input space; as `count_on_plane`."""
    return _whole(network, network.input_dim)


def _whole(network: regions.ReluNetwork, dim: int) -> int:
    """The complete count of the whole space."""
    return int(
        regions.count_regions(network, regions.WholeSpace(dim)).require_complete()
    )


def boundary_distances(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> Float64[np.ndarray, " points"]:
    """Distance from each point to the boundary of its activation region, in float64.

    The nearest boundary is that of the point's own region, whose rows `A x <= b` hold
    at the point: it is the least `(b - A x) / |A|` over all rows with a gradient.
    """
    A, b = halfspaces_batch(network, network.patterns(points))
    sizes = np.linalg.norm(A, axis=2)
    slack = b - np.einsum("prd,pd->pr", A, points)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sizes > 0.0, slack / sizes, np.inf).min(axis=1)
