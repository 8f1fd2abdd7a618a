"""Corners of all regions, in the plane or in space."""

from collections.abc import Callable

from regions.domains.shapes import BoundedDomain
from regions.network import ReluNetwork
from regions.topology.corners import CornerTable
from regions.topology.plane_corners import plane_corners
from regions.topology.space_corners import space_corners


def corner_table(
    network: ReluNetwork,
    domain: BoundedDomain,
    stop: Callable[[], bool],
    progress: Callable[[int, int], None] | None = None,
) -> CornerTable | int:
    """Corners and facets of all regions; how many were found, if it was stopped.

    Args:
        network: A network with at least one hidden unit.
        domain: A bounded domain of two to six dimensions.
        stop: Asked often whether to stop.
        progress: Called with (found, known) as regions are found.
    """
    find = plane_corners if domain.dim == 2 else space_corners
    return find(network, domain, stop, progress)
