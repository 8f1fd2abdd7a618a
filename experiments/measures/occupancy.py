"""How data shares the regions of a network: points a region, and points alone."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

import regions
from regions.hash_tables.hash_table import hash_table


class Occupancy(NamedTuple):
    """Points of a data set by the regions that hold them.

    Attributes:
        occupied: Regions that hold a point.
        per_region: Points per occupied region.
        singletons: Share of the occupied regions that hold exactly one point.
        alone: Whether each point is the only one of its region.
    """

    occupied: int
    per_region: float
    singletons: float
    alone: Bool[np.ndarray, " points"]


def measure_occupancy(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> Occupancy:
    """Which points share a region; patterns are exact.

    A point on a boundary counts for the pattern in which ties are off.

    Args:
        network: The network.
        points: The data, at least one point.
    """
    table = hash_table(network, points)
    single = table.counts == 1
    return Occupancy(
        occupied=len(table),
        per_region=len(points) / len(table),
        singletons=float(single.mean()),
        alone=single[table.codes],
    )
