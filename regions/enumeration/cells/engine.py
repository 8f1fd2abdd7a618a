"""Counting and listing with cells: two to six dimensions, bounded or all."""

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.cells.flat import flatten
from regions.enumeration.cells.meanwhile import (
    Found,
    found_anyway,
    found_meanwhile,
    rising,
)
from regions.enumeration.cells.plane import COUNT
from regions.enumeration.cells.plane_listing import (
    plane_facts,
    plane_listing,
    plane_listing_task,
)
from regions.enumeration.cells.plane_walk import (
    UNLIMITED,
    Progress,
    Task,
    walk_all,
)
from regions.enumeration.cells.space.cones import cone_of, why_no_cone
from regions.enumeration.cells.space.counting import count_space
from regions.enumeration.cells.space.listing import list_space
from regions.enumeration.cells.statistics import CellsStats
from regions.enumeration.engine import Listing, Tally, Task as EngineTask
from regions.enumeration.found import regions_at
from regions.enumeration.stages import Stages
from regions.enumeration.tree.homogeneous import are_cones
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits, places_of
from regions.results.cells import Cells
from regions.results.statistics import Statistics

T = TypeVar("T")

MAX_DIM = 6
"""Above this, cells have too many corners."""
MAX_FACETS = 64
"""In space, so that they fit a word."""
LARGEST_CHART = 1e300


class CellsEngine:
    """The engine `cells`: any network in a few dimensions."""

    name = "cells"
    lists = True

    def refuses(self, task: EngineTask) -> str | None:
        """Domains of other dimensions, huge ones, most unbounded ones; journals."""
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        if not isinstance(task.domain, WholeSpace):
            return refusal(task.network, task.domain)
        reason = why_no_cone(task.network, MAX_DIM)
        if reason is None:
            return None
        return f"can not serve the whole space: {reason.rstrip('.')}."

    def suits(self, task: EngineTask) -> str | None:
        """All that it serves."""
        if self.refuses(task) is not None:
            return None
        if isinstance(task.domain, WholeSpace):
            return "the domain is the whole space, of low dimension"
        if task.failed:
            return f"others gave up: {next(iter(task.failed.values()))}"
        return "the domain is bounded and of low dimension"

    def is_fastest(self, task: EngineTask) -> bool:
        """Whether no engine answers sooner, once the code is compiled."""
        is_plane = task.domain.dim == 2 and task.domain.is_bounded
        return is_plane and self.refuses(task) is None

    def count(self, task: EngineTask) -> Tally:
        """Number of regions.

        A count that was stopped is what was found and one for each cell that was left:
        all cells have an interior.
        """
        stages = Stages()
        if task.budget.spent():
            return Tally(1, False, CellsStats(stopped=task.budget.reason()))
        with stages("cells"):
            tally = _found(task, False, _walk_counts, _tally_of)
        if tally.complete:
            task.progress(tally.count, tally.count)
        stats = _with_times(task, tally.complete, tally.stats, stages)
        return dataclasses.replace(tally, stats=stats)

    def list(self, task: EngineTask) -> Listing:
        """All regions, depth first; those found and proved, if it was stopped."""
        stages = Stages()
        with stages("cells"):
            found = _found(task, True, list_cells, _listing_of)
        if found.complete:
            task.progress(len(found.patterns), len(found.patterns))
        stats = _with_times(task, found.complete, found.stats, stages)
        return dataclasses.replace(found, stats=stats)


def _with_times(
    task: EngineTask, complete: bool, stats: Statistics, stages: Stages
) -> CellsStats:
    """Statistics with what they lack."""
    assert isinstance(stats, CellsStats)
    stopped = None if complete else task.budget.reason()
    return dataclasses.replace(stats, stopped=stopped, **stages.seconds())


def _found(
    task: EngineTask,
    listing: bool,
    walk: Callable[[EngineTask], T],
    result: Callable[[EngineTask, Found], T],
) -> T:
    """What the walk finds, or `front` where it lacks its code or room for a cell.

    Raises:
        NotGenericError: If a cell is too large for the walk, and degenerate.
    """
    task = dataclasses.replace(task, progress=rising(task.progress))
    found = found_meanwhile(task, listing=listing)
    if found is None:
        try:
            return walk(task)
        except NotGenericError:
            found = found_anyway(task, listing=listing)
            if found is None:
                raise
    return result(task, found)


def _walk_counts(task: EngineTask) -> Tally:
    """The number of regions by the walk."""
    stop, most = task.budget.spent, task.budget.max_regions
    return Tally(*count_cells(task.network, task.domain, stop, most, task.progress))


def _tally_of(task: EngineTask, found: Found) -> Tally:
    """The number of regions found by `front`."""
    del task
    return Tally(found.number, found.complete, CellsStats())


def _listing_of(task: EngineTask, found: Found) -> Listing:
    """Regions found by `front`; the walk gives their corners if they are asked for."""

    def draw() -> Cells:
        walked = list_cells(EngineTask(task.network, task.domain))
        assert walked.make_cells is not None
        return walked.make_cells().reordered(places_of(walked.patterns, found.patterns))

    make = draw if found.complete else None
    return Listing(found.patterns, found.points, {}, found.complete, CellsStats(), make)


def refusal(network: ReluNetwork, domain: Domain) -> str | None:
    """What cells need that a domain is not; None if they serve."""
    reason = cells_serve(network, domain)
    if reason is None:
        return None
    return f"needs a bounded domain of 2 to {MAX_DIM} dimensions: {reason}."


def cells_serve(network: ReluNetwork, domain: Domain) -> str | None:
    """Why cells do not serve a network on a bounded domain; None if they do."""
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        return "the domain is unbounded"
    if not 2 <= domain.dim <= MAX_DIM:
        return f"the domain has dimension {domain.dim}"
    if domain.squared_radius is not None:
        return "the domain is round"
    if domain.dim > 2 and len(domain.rows()[1]) > MAX_FACETS:
        return f"the domain has more than {MAX_FACETS} rows"
    box = domain.chart_box()
    if max(abs(box.lower).max(), abs(box.upper).max()) > LARGEST_CHART:
        return "the domain is too large"
    return None


def is_fan(network: ReluNetwork, domain: Domain) -> bool:
    """Whether regions in space are cones, to be counted in one dimension less.

    In the origin all units vanish, which no bound of rounding tells.
    """
    is_cone = domain.dim > 2 and are_cones(network, domain)
    return is_cone and why_no_cone(network, MAX_DIM) is None


def count_cells(
    network: ReluNetwork,
    domain: Domain,
    stop: Callable[[], bool],
    max_regions: int | None = None,
    progress: Progress | None = None,
) -> tuple[int, bool, CellsStats]:
    """Number of regions by cells, whether complete, and what it took.

    A count that was stopped is what was found and one for each cell that was left: all
    cells have an interior.
    """
    if not network.hidden:
        return 1, True, CellsStats()
    if isinstance(domain, WholeSpace) or is_fan(network, domain):
        cone = cone_of(network)
        return count_space(cone.network, cone.domain, stop, max_regions, progress)
    if domain.dim > 2:
        return count_space(network, domain, stop, max_regions, progress)
    task = Task(network, domain, flatten(network, domain), _most(max_regions), COUNT)
    walks = walk_all(task, stop, progress)
    left = sum(walk.parts_left for walk in walks)
    return sum(walk.regions for walk in walks) + left, left == 0, plane_facts(walks)


def list_cells(task: EngineTask) -> Listing:
    """All regions by cells, depth first; those found, if it was stopped."""
    network, domain, most = task.network, task.domain, task.budget.max_regions
    stop = task.budget.spent
    if isinstance(domain, WholeSpace):
        found = list_space(network, domain, stop, most, task.progress, cone_of(network))
        return found if len(found.patterns) else _some_region(task, found)
    if not network.hidden:
        corners = domain.corners()
        whole = Cells(
            vertices=corners,
            offsets=np.array([0, len(corners)]),
            members=np.arange(len(corners)),
            neighbors=np.zeros((0, 2), np.int64),
            neighbor_bits=np.zeros(0, np.int64),
        )
        middle, pattern = corners.mean(0)[None], np.zeros((1, 0), np.uint8)
        return Listing(pattern, middle, {}, True, CellsStats(), lambda: whole)
    if domain.dim > 2:
        listing = list_space(network, domain, stop, most, task.progress)
    else:
        plane = plane_listing_task(network, domain, _most(most))
        listing = plane_listing(plane, walk_all(plane, stop, task.progress))
    return listing if len(listing.patterns) else _some_region(task, listing)


def _some_region(task: EngineTask, listing: Listing) -> Listing:
    """One proved region, where a run was stopped before it had found any."""
    none = np.zeros((0, task.domain.dim))
    bits, points = regions_at(task.network, task.domain, none, task.budget)
    return dataclasses.replace(
        listing,
        patterns=pack_bits(bits[:1, task.network.kinks]),
        coordinates=points[:1],
        make_cells=None,
    )


def _most(max_regions: int | None) -> int:
    """How many regions are enough."""
    return UNLIMITED if max_regions is None else max_regions
