"""Walks over cells in space, slice by slice, by one thread or many."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from regions.domains.shapes import Domain
from regions.enumeration.cells.space.corner_signs import remember
from regions.enumeration.cells.space.cutting import (
    DONE,
    FULL,
    NEED_CANDIDATES,
    NEED_CELLS,
    NEED_CORNERS,
    NEED_ROOM,
    NEED_WORDS,
    OPEN,
    RUNNING,
)
from regions.enumeration.cells.space.exact import ExactCorners
from regions.enumeration.cells.space.kernel import (
    COUNTING,
    HALVING,
    HOPING,
    LISTING,
)
from regions.enumeration.cells.space.loading import KERNELS, choose_advance
from regions.enumeration.cells.space.network import Hopes, begin, flatten
from regions.enumeration.cells.space.positions import LARGE
from regions.enumeration.cells.space.residues import with_residues, with_room
from regions.enumeration.cells.space.state import (
    ASKED,
    AT,
    BOTTOM,
    CANDIDATES,
    CANDIDATES_AT,
    CORNERS,
    COUNT,
    DIM,
    FACTS,
    FILLED,
    FOUND,
    LAYER,
    RANK,
    SETTLED,
    TESTS,
    TOP,
    Leaves,
    State,
)
from regions.enumeration.cells.statistics import CellsStats
from regions.enumeration.cells.team import Pace, Team
from regions.enumeration.engine import Progress
from regions.network import ReluNetwork

SLICE_SECONDS = 0.004
FIRST_STEPS = (200, 4000)
"""Steps of plain and of compiled code that take so many seconds or a little more."""
STEP_WORK = 10
"""What a step counts for."""
MOST_FACTS = 1 << 20
GROWN = {
    NEED_CELLS: {"cell": 0, "share": 0, "bits": 0, "row": 0, "rival": 0},
    NEED_CORNERS: {"x": 1, "reach": 0, "zeros": 1, "name": 0},
    NEED_CANDIDATES: {"candidates": 0},
    NEED_ROOM: {
        "new_x": 1,
        "new_reach": 0,
        "new_zeros": 1,
        "value": 0,
        "side": 0,
        "sides": 1,
        "below": 1,
        "shared": 0,
        "sums": 1,
        "outputs": 1,
    },
    NEED_WORDS: {
        "zeros": 0,
        "new_zeros": 0,
        "below": 0,
        "row": 1,
        "out_zeros": 0,
        "out_row": 1,
    },
    FULL: {"out_x": 1, "out_reach": 0, "out_zeros": 1},
}
"""Which arrays grow, along which axis, when the loop says what it needs."""


class SpaceTask:
    """What all walks over one domain share.

    Attributes:
        network: The network.
        domain: The domain, or a cone; the network has no biases then.
        net: Both in flat arrays.
        take: What is done with the regions found; None to count only.
        most: Regions to find.
        forms_kept: How many units of the last layer have their forms handed over.
        worst: Corners with larger bounds are found anew at once.
        hopes: What regions are looked for; those that can not have it are left out.
    """

    def __init__(
        self,
        network: ReluNetwork,
        domain: Domain,
        take: Callable[["SpaceTask", Leaves], Any] | None = None,
        most: int | None = None,
        forms_kept: int = 0,
        worst: float = LARGE,
        hopes: Hopes | None = None,
    ):
        self.network = network
        self.domain = domain
        self.net = flatten(network, domain)
        if take is not None and hopes is None:
            # Positions are made sharper where signs are open: not now and then.
            self.net = with_residues(self.net)
        self.take = take
        self.most = most
        self.forms_kept = forms_kept
        self.worst = worst
        self.hopes = hopes


class SpaceWalk:
    """A walk that can be continued and shared.

    Attributes:
        state: Its arrays.
        taken: What became of the regions found, chunk by chunk.
        asked: How many signs were decided in rational arithmetic.
        compiled: Whether the last slice was compiled.
    """

    def __init__(self, task: SpaceTask, state: State | None = None):
        self._task = task
        listing = task.take is not None
        self._net = task.net
        if state is None:
            state = begin(
                task.net,
                task.network,
                task.domain,
                listing=listing,
                forms_kept=task.forms_kept,
                worst=task.worst,
                hopes=task.hopes,
            )
            state = with_room(state, task.net)
        self.state = state
        self.taken: list[Any] = []
        self.asked = 0
        self.compiled = False
        self._exact: ExactCorners | None = None
        self._paces = tuple(Pace(SLICE_SECONDS, STEP_WORK * n) for n in FIRST_STEPS)

    def advance(self, work: int | None = None) -> bool:
        """Do a slice of the work; whether there is more.

        Args:
            work: How many steps to do, each cutting a cell in two, as a list does; by
                default what takes a few milliseconds.
        """
        task = self._task
        mode = HALVING if work else COUNTING
        if task.take is not None:
            mode = LISTING if task.hopes is None else HOPING
        run, self.compiled = choose_advance()
        pace = self._paces[self.compiled]
        steps = work or max(1, pace.start() // STEP_WORK)
        quiet = np.errstate(all="ignore")
        with quiet, KERNELS.plain_work(run if self.compiled else None):
            why = int(run(self._net, self.state, steps, mode))
        if why == RUNNING and work is None:
            pace.stop()
        elif why == OPEN:
            self._answer()
        elif why == FULL and self.state.reg[FOUND]:
            self.drain()
        elif why in GROWN:
            self._grow(why)
        if why == DONE:
            if task.take is not None:
                self.drain()
            # A large count hands out many walks, each with arrays of its own.
            self.state, self._exact = self.state.emptied(), None
        return why != DONE and (task.most is None or self.regions < task.most)

    def give(self) -> "SpaceWalk | None":
        """A walk over the lowest cell on the stack, which this one leaves out."""
        reg = self.state.reg
        if reg[TOP] - reg[BOTTOM] < 2:
            return None
        copy = State(*(array.copy() for array in self.state))
        # What one finds helps the others.
        copy = copy._replace(best=self.state.best)
        part = SpaceWalk(self._task, copy)
        part._net, part.asked = self._net, 0
        copy.reg[TOP] = reg[BOTTOM] + 1
        copy.reg[[COUNT, FOUND, FILLED, TESTS]] = 0
        copy.done[0] = 0.0
        reg[BOTTOM] += 1
        return part

    def work_left(self) -> float:
        """A guess of the regions in the cell on top, relative to those in others.

        Its bounding box, and the units that may cross it in each dimension.
        """
        st, widths = self.state, self._task.network.widths
        cell = st.cell[st.reg[TOP] - 1]
        layer, at, units = cell[LAYER], cell[AT], cell[CANDIDATES]
        spots = st.x[:, at : at + cell[CORNERS]]
        units = widths[layer] if units < 0 else units
        return float(
            np.prod(np.ptp(spots, axis=1) * (units + sum(widths[layer + 1 :])))
        )

    def digest(self) -> str:
        """A digest of the regions counted and of the cells that are left."""
        st, net = self.state, self._net
        digest = hashlib.sha256(str(self.regions).encode())
        for s in range(st.reg[BOTTOM], st.reg[TOP]):
            layer, at, corners = st.cell[s, [LAYER, AT, CORNERS]]
            digest.update(st.path[: net.word[layer]].tobytes())
            begin, units = st.cell[s, [CANDIDATES_AT, CANDIDATES]]
            digest.update(st.candidates[begin : begin + max(units, 0)].tobytes())
            digest.update(st.row[s].tobytes())
            digest.update(st.zeros[:, at : at + corners].tobytes())
        return digest.hexdigest()

    @property
    def regions(self) -> int:
        """Regions found."""
        return int(self.state.reg[COUNT])

    @property
    def parts_left(self) -> int:
        """Cells on the stack."""
        return int(self.state.reg[TOP] - self.state.reg[BOTTOM])

    @property
    def regions_left(self) -> int:
        """Cells on the stack that add a region for sure.

        All that have an interior do, and sections that nothing is known to cover.
        """
        reg = self.state.reg
        cells = self.state.cell[reg[BOTTOM] : reg[TOP]]
        sure = (cells[:, DIM] == reg[RANK]) | (cells[:, SETTLED] > 0)
        return int(sure.sum())

    def drain(self) -> None:
        """Hand over the regions that were found."""
        st, take = self.state, self._task.take
        assert take is not None
        count, end = int(st.reg[FOUND]), int(st.reg[FILLED])
        st.reg[[FOUND, FILLED]] = 0
        if count:
            leaves = Leaves(
                st.out_bits[:count],
                st.out_row[:count],
                st.out_end[:count],
                st.out_x[:, :end],
                st.out_reach[:end],
                st.out_zeros[:, :end],
                st.out_form[:, :, :count],
            )
            copied = Leaves(*(part.copy() for part in leaves))
            self.taken.append(take(self._task, copied))

    def _grow(self, why: int) -> None:
        """Make twice as much room of what the loop lacks."""
        new = {}
        for name, axis in GROWN[why].items():
            old = getattr(self.state, name)
            shape = list(old.shape)
            shape[axis] *= 2
            new[name] = np.zeros(shape, old.dtype)
            new[name][tuple(slice(0, n) for n in old.shape)] = old
        self.state = self.state._replace(**new)

    def _answer(self) -> None:
        """Decide the signs that are asked for."""
        task = self._task
        if not len(self._net.primes) and not self.asked:
            self._net = task.net = with_residues(task.net)
            self.state = with_room(self.state, self._net)
            if len(self._net.primes):
                # Most can be told now in the loop.
                return
        if self._exact is None:
            self._exact = ExactCorners(task.network, task.domain, task.net)
        st = self.state
        asked = st.asked[: st.reg[ASKED]].copy()
        self.asked += len(asked)
        signs = self._exact.answer(st, asked)
        if 2 * (int(st.reg[FACTS]) + len(asked)) > len(st.fact) < MOST_FACTS:
            st = self.state = _with_more_facts(st)
        s = int(st.reg[TOP]) - 1
        stamp = st.stamp[st.cell[s, LAYER]]
        names = st.name[st.cell[s, AT] + asked[:, 1]]
        for unit, name, sign in zip(asked[:, 0], names, signs, strict=True):
            remember(st, stamp, unit, name, sign)


def _with_more_facts(old: State) -> State:
    """The same with room for four times as many answers."""
    size = 4 * len(old.fact)
    keys, facts = np.full((size, 3), -1, np.int64), np.zeros(size, np.int8)
    st = old._replace(fact_key=keys, fact=facts)
    st.reg[FACTS] = 0
    for place in np.flatnonzero(old.fact_key[:, 0] >= 0):
        stamp, unit, name = old.fact_key[place].tolist()
        remember(st, stamp, unit, name, old.fact[place])
    return st


def walk_all(
    task: SpaceTask, stop: Callable[[], bool], progress: Progress | None
) -> list[SpaceWalk]:
    """All walks over a domain, in the order of what they find, done or stopped."""
    team = Team(SpaceWalk(task), stop, progress)
    team.run(alone=task.most is not None)
    return team.walks


def facts(walks: list[SpaceWalk]) -> CellsStats:
    """What some walks took."""
    return CellsStats(
        units_tested=sum(int(walk.state.reg[TESTS]) for walk in walks),
        signs_decided_in_rationals=sum(walk.asked for walk in walks),
    )
