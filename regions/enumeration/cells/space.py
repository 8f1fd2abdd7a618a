"""Counting and listing by cells in three to six dimensions."""

from typing import Any

import numpy as np

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import Budget
from regions.enumeration.cells import space_kernel
from regions.enumeration.cells.space_exact import ExactCorners
from regions.enumeration.cells.space_kernel import (
    DONE,
    NEED_CELLS,
    NEED_CORNERS,
    NEED_ROOM,
    NEED_TODO,
    NEED_WORDS,
    OPEN,
    RUNNING,
)
from regions.enumeration.cells.space_network import begin, flatten
from regions.enumeration.cells.space_state import (
    ASKED,
    BOTTOM,
    COUNT,
    FACTS,
    LAYER,
    TOP,
    State,
)
from regions.network import ReluNetwork

STEPS = 1 << 14
MOST_FACTS = 1 << 20

GROWN = {
    NEED_CELLS: {"cell": 0, "share": 0, "bits": 0, "row": 0},
    NEED_CORNERS: {"x": 1, "reach": 0, "zeros": 1, "name": 0},
    NEED_TODO: {"todo": 0},
    NEED_ROOM: {
        "new_x": 1,
        "new_reach": 0,
        "new_zeros": 1,
        "value": 0,
        "side": 0,
        "sides": 1,
    },
    NEED_WORDS: {"zeros": 0, "new_zeros": 0, "row": 1},
}
"""Which arrays grow, along which axis, when the loop says what it needs."""


def grow(st: State, status: int) -> State:
    """The same state with more room: twice as much, or words of zero sets."""
    new = {}
    for name, axis in GROWN[status].items():
        old = getattr(st, name)
        shape = list(old.shape)
        shape[axis] *= 2
        new[name] = np.zeros(shape, old.dtype)
        new[name][tuple(slice(0, n) for n in old.shape)] = old
    return st._replace(**new)


class Run:
    """A stack of cells and what answers its questions."""

    def __init__(
        self,
        network: ReluNetwork,
        domain: BoundedDomain,
        code: Any = space_kernel,
        *,
        listing: bool = False,
    ):
        self.net = flatten(network, domain)
        self.state = begin(self.net, domain, listing=listing)
        self.exact = ExactCorners(network, domain, self.net)
        self.code, self.listing = code, listing
        self.questions = 0

    def advance(self, steps: int = STEPS) -> int:
        """Go on for some steps."""
        status = int(self.code.advance(self.net, self.state, steps, self.listing))
        if status == OPEN:
            self._answer()
            return RUNNING
        if status in GROWN:
            self.state = grow(self.state, status)
            return RUNNING
        return status

    def _answer(self) -> None:
        st = self.state
        asked = np.array(st.asked[: st.reg[ASKED]])
        self.questions += len(asked)
        signs = self.exact.answer(st, asked)
        s = int(st.reg[TOP]) - 1
        stamp = st.stamp[st.cell[s, LAYER]]
        if 2 * (int(st.reg[FACTS]) + len(asked)) > len(st.fact) < MOST_FACTS:
            self._more_facts()
            st = self.state
        for (unit, q), sign in zip(asked.tolist(), signs, strict=True):
            name = st.name[st.cell[s, 1] + q]
            space_kernel.remember(st, stamp, unit, name, sign)

    def _more_facts(self) -> None:
        old = self.state
        size = 4 * len(old.fact)
        st = old._replace(
            fact_key=np.full((size, 3), -1, np.int64), fact=np.zeros(size, np.int8)
        )
        st.reg[FACTS] = 0
        for place in np.flatnonzero(old.fact_key[:, 0] >= 0):
            space_kernel.remember(st, *old.fact_key[place], old.fact[place])
        self.state = st


def count_space(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget, code: Any = space_kernel
) -> tuple[int, bool, dict[str, Any]]:
    """Number of regions, whether complete, and what it took."""
    run = Run(network, domain, code)
    while True:
        status = run.advance()
        reg = run.state.reg
        if status == DONE:
            return int(reg[COUNT]), True, {"questions": run.questions}
        if budget.spent() or budget.full(int(reg[COUNT])):
            some = int(reg[COUNT] + reg[TOP] - reg[BOTTOM])
            return some, False, {"questions": run.questions}
