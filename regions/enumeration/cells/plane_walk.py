"""One walk over cells of the plane, slice by slice."""

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.answers import ExactSigns
from regions.enumeration.cells.flat import FlatNetwork
from regions.enumeration.cells.loading import KERNELS, choose_run
from regions.enumeration.cells.plane import (
    ASKED,
    BASE,
    BROKEN,
    CROWDED,
    DONE,
    OPEN,
    REGIONS,
    ROOM,
    SPLITS,
    TESTED_EXACTLY,
    TOP,
)
from regions.enumeration.cells.state import State, initial_state
from regions.enumeration.cells.team import Pace
from regions.errors import NotGenericError
from regions.network import ReluNetwork

SLICE_SECONDS = 0.004
SLICE_WORK = 3_000_000
"""Of compiled code, about as long."""
PLAIN_WORK = 30_000
UNLIMITED = np.iinfo(np.int64).max


class Task:
    """What all walks over one domain share."""

    def __init__(
        self, network: ReluNetwork, domain: BoundedDomain, net: FlatNetwork, most: int
    ):
        self.network = network
        self.domain = domain
        self.net = net
        self.most = most


class PlaneWalk:
    """A walk that can be continued and shared.

    Attributes:
        state: Its arrays.
        asked: How many signs were decided in rational arithmetic.
        compiled: Whether the last slice was compiled.
    """

    def __init__(self, task: Task, state: State | None = None):
        self._task = task
        self.state = initial_state(task.net) if state is None else state
        self.asked = 0
        self.compiled = False
        self._exact: ExactSigns | None = None
        self._paces = (
            Pace(SLICE_SECONDS, PLAIN_WORK),
            Pace(SLICE_SECONDS, SLICE_WORK),
        )

    def advance(self) -> bool:
        """Do a slice of the work; whether there is more.

        Raises:
            NotGenericError: If a cell has more corners than the walk can hold.
        """
        task = self._task
        run, self.compiled = choose_run()
        pace = self._paces[self.compiled]
        work = pace.start()
        with KERNELS.plain_work(run if self.compiled else None):
            why = run(task.net, self.state, work, task.most, True)
            if why == OPEN:
                self._answer()
        if why == ROOM:
            self.state = self.state.with_room()
        elif why == CROWDED:
            raise NotGenericError("a cell has more than 60 corners.")
        elif why == BROKEN:
            raise AssertionError("signs at the corners of a cell contradict each other")
        elif why not in (DONE, OPEN):
            pace.stop()
        return why != DONE and self.regions < task.most

    def _answer(self) -> None:
        """Decide the signs that are asked for."""
        task = self._task
        if self._exact is None:
            self._exact = ExactSigns(task.network, task.domain, task.net)
        self.asked += int(self.state.head[ASKED])
        self._exact.answer(self.state)

    def give(self) -> "PlaneWalk | None":
        """A walk over the lowest part on the stack, which this one leaves out."""
        head = self.state.head
        if head[TOP] - head[BASE] < 2:
            return None
        part = PlaneWalk(self._task, self.state.copy())
        part.state.head[[TOP, REGIONS, SPLITS, TESTED_EXACTLY]] = (
            head[BASE] + 1,
            0,
            0,
            0,
        )
        # Its questions are those of another step.
        part.state.head[ASKED : ASKED + 2] = 0
        head[BASE] += 1
        return part

    @property
    def regions(self) -> int:
        """Regions found."""
        return int(self.state.head[REGIONS])

    @property
    def parts_left(self) -> int:
        """Cells on the stack; each holds a region, as it has an interior."""
        return int(self.state.head[TOP] - self.state.head[BASE])
