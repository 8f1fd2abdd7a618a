"""Corners of all regions, in the plane or in space."""

from collections.abc import Callable

from regions.domains.shapes import BoundedDomain
from regions.errors import LimitError
from regions.errors.limits import asking, current
from regions.network import ReluNetwork
from regions.topology.corners import CornerTable
from regions.topology.plane_corners import plane_corners
from regions.topology.space_corners import space_corners


def corner_table(
    network: ReluNetwork,
    domain: BoundedDomain,
    progress: Callable[[int, int], None] | None = None,
) -> CornerTable:
    """Corners and facets of all regions.

    Args:
        network: A network with at least one hidden unit.
        domain: A bounded domain of two to six dimensions.
        progress: Called with (found, known) as regions are found.

    Raises:
        LimitError: If a limit of the blocks around fell.
    """
    find = plane_corners if domain.dim == 2 else space_corners
    table = find(network, domain, asking(), progress)
    if isinstance(table, CornerTable):
        return table
    limits = current()
    # A `stop` that said so once may say otherwise now.
    why = (limits and limits.why()) or "interrupted"
    raise LimitError(
        why, f"{table} regions are found, and all of them are needed", table
    )
