"""Counting with cells: plane domains."""

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.cells.flat import flatten
from regions.enumeration.cells.plane import SPLITS, TESTED_EXACTLY
from regions.enumeration.cells.plane_walk import UNLIMITED, PlaneWalk, Task
from regions.enumeration.cells.team import Team
from regions.enumeration.engine import Listing, Tally, Task as EngineTask
from regions.enumeration.stages import Stages
from regions.network import ReluNetwork
from regions.results.statistics import Statistics

LARGEST_CHART = 1e300
Progress = Callable[[int, int], None]


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
    if domain.dim != 2:
        return "the domain is no plane"
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
    net = flatten(network, domain)
    most = UNLIMITED if max_regions is None else max_regions
    task = Task(network, domain, net, most)
    first = PlaneWalk(task)

    def is_over() -> bool:
        if progress is not None and threading.get_ident() == caller:
            found = sum(walk.regions for walk in team.walks)
            progress(found, found + sum(walk.parts_left for walk in team.walks))
        return stop()

    caller = threading.get_ident()
    team = Team(first, is_over)
    # Small networks are done before a thread could be woken; plain code holds the lock.
    more = first.advance()
    while more and not first.compiled and not is_over():
        more = first.advance()
    if more and not is_over():
        team.run(alone=max_regions is not None)
    walks = team.walks
    left = sum(walk.parts_left for walk in walks)
    heads = np.sum([walk.state.head for walk in walks], axis=0)
    stats = {
        "cells_split": int(heads[SPLITS]),
        "signs_tested_exactly": int(heads[TESTED_EXACTLY]),
        "signs_decided_in_rationals": sum(walk.asked for walk in walks),
    }
    return sum(walk.regions for walk in walks) + left, left == 0, stats
