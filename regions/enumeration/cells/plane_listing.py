"""Lists of regions by cells in the plane."""

import dataclasses
import functools
from fractions import Fraction

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.drawing import draw_cells
from regions.enumeration.cells.flat import flatten
from regions.enumeration.cells.plane import LIST, SPLITS, TESTED_EXACTLY
from regions.enumeration.cells.plane_walk import UNLIMITED, PlaneWalk, Task
from regions.enumeration.cells.statistics import CellsStats
from regions.enumeration.engine import Listing
from regions.network import ReluNetwork
from regions.patterns.packing import num_bytes


def plane_listing_task(
    network: ReluNetwork, domain: BoundedDomain, most: int = UNLIMITED
) -> Task:
    """What all walks that list regions share."""
    return Task(network, domain, flatten(network, domain), most, LIST)


def plane_listing(task: Task, walks: list[PlaneWalk]) -> Listing:
    """The regions that some walks have found."""
    network, domain = task.network, task.domain
    for walk in walks:
        walk.take()
    chunks = [chunk for walk in walks for chunk in walk.chunks]
    exact: dict[int, tuple[Fraction, ...]] = {}
    first = 0
    for chunk in chunks:
        exact.update({first + k: point for k, point in chunk.exact.items()})
        first += len(chunk.patterns)
    # Nothing may have been found when it was stopped.
    no_pattern = np.zeros((0, num_bytes(network.num_bits)), np.uint8)
    patterns = np.concatenate([no_pattern, *(chunk.patterns for chunk in chunks)])
    complete = not any(walk.parts_left for walk in walks)
    make = functools.partial(draw_cells, network, domain, task.net, patterns)
    return Listing(
        patterns,
        np.concatenate([np.zeros((0, 2)), *(chunk.inside for chunk in chunks)]),
        exact,
        complete,
        dataclasses.replace(plane_facts(walks), exact_witnesses=len(exact)),
        make if complete else None,
    )


def plane_facts(walks: list[PlaneWalk]) -> CellsStats:
    """What some walks took."""
    heads = [walk.state.head for walk in walks]
    return CellsStats(
        cells_split=sum(int(head[SPLITS]) for head in heads),
        signs_tested_exactly=sum(int(head[TESTED_EXACTLY]) for head in heads),
        signs_decided_in_rationals=sum(walk.asked for walk in walks),
    )
