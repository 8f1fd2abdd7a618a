"""How much work a sweep is, by an estimate, and into how many parts to cut it."""

import math
from typing import NamedTuple

from regions.domains.shapes import BoundedDomain
from regions.domains.simple_polytope import SimplePolytope
from regions.enumeration.sweep.chambers import expected_regions
from regions.enumeration.workers import worker_count
from regions.network import ReluNetwork

REGION_SECONDS, ENTRY_SECONDS = 1.5e-6, 5e-10
"""Processor seconds per region, about, and per region and entry of a matrix."""
PLAIN_SECONDS = 15e-6
"""The same of plain code per region of one layer; half of it more per layer more."""
PARALLEL_SECONDS = 0.05
"""Work of less than this is not cut."""
PART_SECONDS = 0.1
"""Parts of less than this are made only to have one for each thread."""
PART_REGIONS = 60_000
"""Regions of a chamber, about: larger ones outgrow the cache."""
ROOM = 1.6
"""Vertices to make room for per region by the estimate."""


class Plan(NamedTuple):
    """How to count on a domain.

    Attributes:
        parts: Into how many chambers to cut it; 1 if it is little work.
        room: Vertices to make room for in all; 0 if they will not be many.
        plain_seconds: How long plain code takes; 0 if it will not be long.
    """

    parts: int
    room: int
    plain_seconds: float


def plan_work(chart: ReluNetwork, polytope: SimplePolytope) -> Plan:
    """How to count the regions of a network on a polytope."""
    threads = worker_count()
    per_region = REGION_SECONDS + ENTRY_SECONDS * sum(
        matrix.size
        for index, layer in enumerate(chart.hidden)
        for _, matrix in layer.blocks(index)
    )
    # No more regions than of hyperplanes in general position.
    units, dim = sum(chart.widths), polytope.vertices.shape[1]
    if per_region * units**dim < math.factorial(dim) * PARALLEL_SECONDS:
        return Plan(1, 0, 0.0)
    regions = expected_regions(chart, polytope)
    seconds, parts = per_region * regions, regions / PART_REGIONS
    if threads > 1 and seconds > PARALLEL_SECONDS:
        # Two parts a thread, at least, where the work is worth it.
        parts = max(parts, threads, min(2.0 * threads, seconds / PART_SECONDS))
    plain = PLAIN_SECONDS * (1.0 + 0.5 * (len(chart.hidden) - 1)) * regions
    return Plan(math.ceil(parts), int(ROOM * regions), plain)


def plain_seconds(
    network: ReluNetwork, domain: BoundedDomain, max_regions: int | None
) -> float:
    """How long the plain code of the sweep takes, about; 0 if not long."""
    plain = plan_work(domain.restrict(network), domain.polytope()).plain_seconds
    if max_regions is None:
        return plain
    layers = max(1, len(network.hidden))
    return min(plain, PLAIN_SECONDS * layers * max_regions)
