"""One walk over cells of the plane, slice by slice."""

import dataclasses
import hashlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.answers import ExactSigns
from regions.enumeration.cells.flat import FlatNetwork
from regions.enumeration.cells.loading import KERNELS, choose_run
from regions.enumeration.cells.plane import (
    ANSWERED,
    ASKED,
    BASE,
    BROKEN,
    CORNERS,
    CROWDED,
    DONE,
    DOUBTFUL,
    EDGES,
    FRESH,
    LAYER,
    OPEN,
    PAUSED,
    REGIONS,
    RING,
    ROOM,
    TOP,
    UNITS,
    WRITTEN,
    WRITTEN_FULL,
)
from regions.enumeration.cells.state import State, initial_state
from regions.enumeration.cells.team import Pace, Team
from regions.enumeration.engine import Progress
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.signs.exact import nearest_float

SLICE_SECONDS = 0.004
SLICE_WORK = 3_000_000
"""Work that compiled code does in about that time."""
PLAIN_WORK = 30_000
UNLIMITED = np.iinfo(np.int64).max


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What all walks over one domain share.

    Attributes:
        network: The network.
        domain: The domain.
        net: Both, flat.
        most: How many regions are enough.
        wanted: What is wanted of them.
        take: What is done with the regions found; None to keep them.
    """

    network: ReluNetwork
    domain: BoundedDomain
    net: FlatNetwork
    most: int
    wanted: int
    take: "Callable[[Chunk], Any] | None" = None


class Chunk(NamedTuple):
    """Regions in the order in which they were found.

    Attributes:
        patterns: Packed patterns.
        inside: Points inside.
        exact: Rational points, where no float is proved to lie inside; by region.
        ring_sizes: Numbers of corners.
        corners: Corners in s, and bounds of their errors.
        rows: Rows of the edges.
        values: Forms of the last layer, where they are wanted.
    """

    patterns: np.ndarray
    inside: np.ndarray
    exact: dict[int, tuple[Fraction, Fraction]]
    ring_sizes: np.ndarray
    corners: np.ndarray
    rows: np.ndarray
    values: np.ndarray


class PlaneWalk:
    """A walk that can be continued and shared.

    Attributes:
        state: Its arrays.
        asked: How many signs were decided in rational arithmetic.
        compiled: Whether the last slice was compiled.
        chunks: Regions found, if they are wanted, or what became of them.
    """

    def __init__(self, task: Task, state: State | None = None):
        self._task = task
        if state is None:
            with np.errstate(all="ignore"):
                state = initial_state(task.net, task.wanted)
        self.state = state
        self.asked = 0
        self.compiled = False
        self.chunks: list[Any] = []
        self._points: dict[int, tuple[Fraction, Fraction]] = {}
        self._exact: ExactSigns | None = None
        self._paces = (
            Pace(SLICE_SECONDS, PLAIN_WORK),
            Pace(SLICE_SECONDS, SLICE_WORK),
        )

    def advance(self, work: int | None = None) -> bool:
        """Do a slice of the work; whether there is more.

        Args:
            work: How much to do; by default what takes a few milliseconds.

        Raises:
            NotGenericError: If a cell has more corners than the walk can hold.
        """
        task = self._task
        run, self.compiled = choose_run()
        pace = self._paces[self.compiled]
        planned = pace.start()
        # What overflows proves nothing, and is decided in rational arithmetic.
        with (
            np.errstate(all="ignore"),
            KERNELS.plain_work(run if self.compiled else None),
        ):
            why = run(task.net, self.state, work or planned, task.most, task.wanted)
            if why == OPEN:
                self.asked += int(self.state.head[ASKED])
                self._answers().answer(self.state)
            elif why == DOUBTFUL:
                self._find_inside()
        if why == ROOM:
            self.state = self.state.with_room()
        elif why == CROWDED:
            raise NotGenericError("a cell has more than 60 corners.")
        elif why == BROKEN:
            raise AssertionError("signs at the corners of a cell contradict each other")
        elif why == PAUSED and work is None:
            pace.stop()
        more = why != DONE and self.regions < task.most
        if why == WRITTEN_FULL or not more:
            self.take()
        if why == DONE:
            # A large count hands out a hundred walks, each with arrays of its own.
            self.state, self._exact = self.state.emptied(), None
        return more

    def take(self) -> None:
        """Move what was written to the chunks."""
        state, number = self.state, int(self.state.head[WRITTEN])
        if not number:
            return
        edges = int(state.head[EDGES])
        chunk = Chunk(
            state.found[:number].copy(),
            state.inside[:number].copy(),
            self._points,
            state.ring_sizes[:number].copy(),
            state.edge_corners[:edges].copy(),
            state.edge_rows[:edges].copy(),
            state.values[:number].copy(),
        )
        self._points = {}
        state.head[[WRITTEN, EDGES]] = 0
        take = self._task.take
        self.chunks.append(chunk if take is None else take(chunk))

    def _find_inside(self) -> None:
        """Write a point inside the cell on top, float if there is one."""
        number = int(self.state.head[WRITTEN])
        point, is_float = self._answers().point_inside(self.state)
        self.state.inside[number] = [nearest_float(v) for v in point]
        if not is_float:
            self._points[number] = point
        self.state.head[ANSWERED] = 1

    def _answers(self) -> ExactSigns:
        """Rational arithmetic, begun when it is first needed."""
        if self._exact is None:
            task = self._task
            self._exact = ExactSigns(task.network, task.domain, task.net)
        return self._exact

    def give(self) -> "PlaneWalk | None":
        """A walk over the lowest part on the stack, which this one leaves out."""
        head = self.state.head
        if head[TOP] - head[BASE] < 2:
            return None
        part = PlaneWalk(self._task, self.state.copy())
        base = int(head[BASE])
        # Nothing was found there, and its questions are those of another step.
        part.state.head[:] = 0
        part.state.head[[BASE, TOP]] = base, base + 1
        head[BASE] += 1
        return part

    def work_left(self) -> float:
        """A guess of the regions in the cell on top, relative to those in others.

        Its bounding box, and the units that may cross it in each dimension.
        """
        state, widths = self.state, self._task.network.widths
        part = state.parts[state.head[TOP] - 1]
        layer, ring, corners = part[LAYER], part[RING], part[CORNERS]
        spots = state.points[state.ring_corner[ring : ring + corners], :2]
        units = widths[layer] if part[UNITS] == FRESH else part[UNITS]
        return float(
            np.prod(np.ptp(spots, axis=0) * (units + sum(widths[layer + 1 :])))
        )

    def digest(self) -> str:
        """A digest of the regions counted and of the cells that are left."""
        state, base, top = self.state, self.state.head[BASE], self.state.head[TOP]
        digest = hashlib.sha256(str(self.regions).encode())
        for layer, corners, ring in state.parts[base:top, [LAYER, CORNERS, RING]]:
            digest.update(state.path[:layer].tobytes())
            digest.update(state.ring_row[ring : ring + corners].tobytes())
        return digest.hexdigest()

    @property
    def regions(self) -> int:
        """Regions found."""
        return int(self.state.head[REGIONS])

    @property
    def parts_left(self) -> int:
        """Cells on the stack; each holds a region, as it has an interior."""
        return int(self.state.head[TOP] - self.state.head[BASE])


def walk_all(
    task: Task, stop: Callable[[], bool], progress: Progress | None = None
) -> list[PlaneWalk]:
    """Walk over the whole domain with all threads, or until it is time to stop.

    Returns:
        Walks in the order of what they found; a region that was found is in one.
    """
    first = PlaneWalk(task)
    if stop():
        # One region, at least.
        while first.advance(work=1) and not first.regions:
            pass
        first.take()
        return [first]
    team = Team(first, stop, progress)
    team.run(alone=task.most < UNLIMITED)
    for walk in team.walks:
        walk.take()
    team.is_over()
    return team.walks
