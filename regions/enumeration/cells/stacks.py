"""Counting networks of one shape on a plane domain, all in one compiled loop."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells import stack_loop
from regions.enumeration.cells.flat import member, stack_networks
from regions.enumeration.cells.loading import KERNELS
from regions.enumeration.cells.plane import BASE, DONE, PAUSED, REGIONS, ROOM, TOP
from regions.enumeration.cells.plane_walk import UNLIMITED
from regions.enumeration.cells.stack_loop import (
    AT,
    BEGUN,
    CUTS,
    FOUND,
    PARTS,
    TESTS,
    WHY,
)
from regions.enumeration.cells.state import initial_state
from regions.enumeration.cells.statistics import PLANE, CellsStats
from regions.enumeration.cells.team import Pace
from regions.enumeration.engine import Tally
from regions.network import ReluNetwork

SLICE_SECONDS = 0.02
SLICE_WORK = 10_000_000
"""Work that compiled code does in about that time."""


def load_loop(ahead: float = 0.0) -> Callable[..., int] | None:
    """The compiled loop; None where it is not at hand, or not worth it.

    Args:
        ahead: Seconds that the work takes without it, about.
    """
    module: Any = KERNELS.load("compiled", ahead=ahead)
    return None if module is None else module.count_stack


class Stack:
    """Networks of one shape whose regions are being counted.

    Without the compiled code, other ways are faster.

    Args:
        networks: The networks, at least one, with a hidden layer.
        domain: A bounded plane domain.
        most: Stop when so many regions of a network are known.
    """

    def __init__(
        self,
        networks: Sequence[ReluNetwork],
        domain: BoundedDomain,
        most: int | None = None,
    ):
        self._stack = stack_networks(networks, domain)
        self._most = UNLIMITED if most is None else most
        self._results = np.zeros((len(networks), 5), np.int64)
        self._place = np.zeros(2, np.int64)
        with np.errstate(all="ignore"):
            self._state = initial_state(member(self._stack, 0))
        self._pace = Pace(SLICE_SECONDS, SLICE_WORK)

    def advance(self) -> bool:
        """Count for a moment; whether there is more to do."""
        run, work = load_loop() or stack_loop.count_stack, self._pace.start()
        with np.errstate(all="ignore"):
            why = run(
                self._stack, self._state, self._place, self._results, work, self._most
            )
        if why == ROOM:
            self._state = self._state.with_room()
        elif why == PAUSED:
            self._pace.stop()
        return why != DONE

    def tallies(self, seconds: float) -> list[Tally | None]:
        """The count of each network in turn; None where floats do not settle it.

        A network that was not begun has a region; one that was stopped, what was found
        and one for each cell that is left.

        Args:
            seconds: What each took.
        """
        at, results = int(self._place[AT]), self._results.tolist()
        found: list[Tally | None] = []
        for k, row in enumerate(results):
            stats = CellsStats(
                cells_split=row[CUTS],
                signs_tested_exactly=row[TESTS],
                signs_decided_in_rationals=0,
                cells_seconds=seconds,
                why=PLANE,
            )
            if k >= at:
                found.append(Tally(self._known() if k == at else 1, False, stats))
            elif row[WHY] in (DONE, PAUSED):
                complete = row[PARTS] == 0
                found.append(Tally(row[FOUND] + row[PARTS], complete, stats))
            else:
                found.append(None)
        return found

    def _known(self) -> int:
        """Regions of the network that is being walked over."""
        if not self._place[BEGUN]:
            return 1
        head = self._state.head
        return int(head[REGIONS] + head[TOP] - head[BASE])
