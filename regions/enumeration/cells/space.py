"""Counting and listing by cells in three to six dimensions."""

import threading
from collections.abc import Callable
from typing import Any

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.space_state import TESTS
from regions.enumeration.cells.space_walk import SpaceTask, SpaceWalk
from regions.enumeration.cells.team import Team
from regions.network import ReluNetwork

DIMENSIONS = range(3, 7)
Progress = Callable[[int, int], None]


def count_space(
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
    task = SpaceTask(network, domain, most=max_regions)
    walks = walk_all(task, stop, progress)
    left = sum(walk.parts_left for walk in walks)
    stats = statistics(walks)
    return sum(walk.regions for walk in walks) + left, left == 0, stats


def walk_all(
    task: SpaceTask, stop: Callable[[], bool], progress: Progress | None
) -> list[SpaceWalk]:
    """All walks over a domain, in the order of what they find, done or stopped."""
    first = SpaceWalk(task)

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
        team.run(alone=task.most is not None)
    return [walk for walk in team.walks if isinstance(walk, SpaceWalk)]


def statistics(walks: list[SpaceWalk]) -> dict[str, Any]:
    """What some walks took."""
    return {
        "units_tested": sum(int(walk.state.reg[TESTS]) for walk in walks),
        "signs_decided_in_rationals": sum(walk.asked for walk in walks),
    }
