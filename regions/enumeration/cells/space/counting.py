"""Counting by cells in three to six dimensions."""

from collections.abc import Callable

from regions.domains.shapes import Domain
from regions.enumeration.cells.space.walk import (
    SpaceTask,
    facts,
    walk_all,
)
from regions.enumeration.cells.statistics import CellsStats
from regions.enumeration.engine import Progress
from regions.network import ReluNetwork


def count_space(
    network: ReluNetwork,
    domain: Domain,
    stop: Callable[[], bool],
    max_regions: int | None = None,
    progress: Progress | None = None,
) -> tuple[int, bool, CellsStats]:
    """Number of regions by cells, whether complete, and what it took.

    On a domain without end the network must have no biases (`cones.py`).

    A count that was stopped is what was found and one for each cell that was left and
    is known to hold a region.
    """
    if not network.hidden:
        return 1, True, CellsStats()
    task = SpaceTask(network, domain, most=max_regions)
    walks = walk_all(task, stop, progress)
    left = sum(walk.regions_left for walk in walks)
    count = sum(walk.regions for walk in walks) + left
    return count, not any(walk.parts_left for walk in walks), facts(walks)
