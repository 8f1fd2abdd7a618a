"""Counting and listing with cells: bounded domains of two to six dimensions."""

import dataclasses
import functools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.cells.drawing import draw_cells
from regions.enumeration.cells.flat import flatten
from regions.enumeration.cells.plane import COUNT, LIST, SPLITS, TESTED_EXACTLY
from regions.enumeration.cells.plane_walk import (
    UNLIMITED,
    PlaneWalk,
    Progress,
    Task,
    walk_all,
)
from regions.enumeration.cells.space import count_space
from regions.enumeration.cells.space_listing import list_space
from regions.enumeration.engine import Listing, Tally, Task as EngineTask
from regions.enumeration.stages import Stages
from regions.network import ReluNetwork
from regions.results.statistics import Statistics

MAX_DIM = 6
"""Above this, cells have too many corners."""
LARGEST_CHART = 1e300


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellsStats(Statistics):
    """What splitting cells took.

    Attributes:
        cells_split: Cells that were split.
        signs_tested_exactly: Signs that the float64 bounds left open.
        signs_decided_in_rationals: Signs that needed rational arithmetic.
        cells_seconds: Time on the cells.
    """

    cells_split: int = 0
    signs_tested_exactly: int = 0
    signs_decided_in_rationals: int = 0
    cells_seconds: float | None = None


class CellsEngine:
    """The engine `cells`: any network on a bounded plane domain."""

    name = "cells"
    lists = False

    def refuses(self, task: EngineTask) -> str | None:
        """Domains that are not planes, unbounded or huge; journals."""
        reason = cells_serve(task.network, task.domain)
        if reason is not None:
            return f"needs a bounded plane domain: {reason}."
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        return None

    def suits(self, task: EngineTask) -> str | None:
        """Nothing yet: it must be asked for."""
        del task
        return None

    def count(self, task: EngineTask) -> Tally:
        """Number of regions.

        A count that was stopped is what was found and one for each cell that was left:
        all cells have an interior.
        """
        assert not isinstance(task.domain, WholeSpace)
        stages = Stages()
        with stages("cells"):
            budget = task.budget
            count, complete, facts = count_cells(
                task.network,
                task.domain,
                budget.spent,
                budget.max_regions,
                task.progress,
            )
        if complete:
            task.progress(count, count)
        stopped = None if complete else budget.reason()
        stats = CellsStats(**facts, stopped=stopped, **stages.seconds())
        return Tally(count, complete, stats)

    def list(self, task: EngineTask) -> Listing:
        """Never called: `lists` is false."""
        raise NotImplementedError


def cells_serve(network: ReluNetwork, domain: Domain) -> str | None:
    """Why cells do not serve a network on a domain; None if they do."""
    if isinstance(domain, WholeSpace):
        return "the domain is unbounded"
    if not 2 <= domain.dim <= MAX_DIM:
        return f"the domain has dimension {domain.dim}"
    box = domain.chart_box()
    if max(abs(box.lower).max(), abs(box.upper).max()) > LARGEST_CHART:
        return "the domain is too large"
    return None


def count_cells(
    network: ReluNetwork,
    domain: BoundedDomain,
    stop: Callable[[], bool],
    max_regions: int | None = None,
    progress: Progress | None = None,
) -> tuple[int, bool, dict[str, Any]]:
    """Number of regions by cells, whether complete, and what it took.

    A count that was stopped is what was found and one for each cell that was left: all
    cells have an interior.
    """
    if not network.hidden:
        return 1, True, {}
    if domain.dim > 2:
        return count_space(network, domain, stop, max_regions, progress)
    task = Task(network, domain, flatten(network, domain), _most(max_regions), COUNT)
    walks = walk_all(task, stop, progress)
    left = sum(walk.parts_left for walk in walks)
    return sum(walk.regions for walk in walks) + left, left == 0, _stats(walks)


def list_cells(
    network: ReluNetwork,
    domain: BoundedDomain,
    stop: Callable[[], bool],
    max_regions: int | None = None,
    progress: Progress | None = None,
) -> Listing:
    """All regions by cells, depth first; those found, if it was stopped."""
    if not network.hidden:
        middle = (domain.polytope().vertices.mean(0))[None]
        return Listing(np.zeros((1, 0), np.uint8), middle, {}, True, {})
    if domain.dim > 2:
        return list_space(network, domain, stop, max_regions, progress)
    net = flatten(network, domain)
    walks = walk_all(
        Task(network, domain, net, _most(max_regions), LIST), stop, progress
    )
    chunks = [chunk for walk in walks for chunk in walk.chunks]
    exact: dict[int, tuple[Fraction, ...]] = {}
    first = 0
    for chunk in chunks:
        exact.update({first + k: point for k, point in chunk.exact.items()})
        first += len(chunk.patterns)
    patterns = np.concatenate([chunk.patterns for chunk in chunks])
    complete = not any(walk.parts_left for walk in walks)
    make = functools.partial(draw_cells, network, domain, net, patterns)
    return Listing(
        patterns,
        np.concatenate([chunk.inside for chunk in chunks]),
        exact,
        complete,
        {**_stats(walks), "exact_witnesses": len(exact)},
        make if complete else None,
    )


def _most(max_regions: int | None) -> int:
    """How many regions are enough."""
    return UNLIMITED if max_regions is None else max_regions


def _stats(walks: list[PlaneWalk]) -> dict[str, Any]:
    """What the walks took."""
    heads = np.sum([walk.state.head for walk in walks], axis=0)
    return {
        "cells_split": int(heads[SPLITS]),
        "signs_tested_exactly": int(heads[TESTED_EXACTLY]),
        "signs_decided_in_rationals": sum(walk.asked for walk in walks),
    }
