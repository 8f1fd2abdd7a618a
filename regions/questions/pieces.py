"""The pieces of a network on a domain, one by one, in exact arithmetic throughout.

Depth first over cells with their corners: the units of a layer that have both signs at
the corners split the cell, the others are settled for all its parts. Every piece is met
once, and none is missed, whatever the position of the units. For few pieces (some
thousand a second at best) in few dimensions; nothing of the engines takes part.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flint import fmpz_mat

from regions.domains.corners import Cell, split
from regions.domains.shapes import BoundedDomain, Domain, WholeSpace, check_not_round
from regions.enumeration.budget import Budget
from regions.errors.limits import check, telling
from regions.network import ReluNetwork
from regions.questions.gated_forms import (
    Forms,
    activations,
    input_forms,
    pre_activations,
)
from regions.signs.exact import ExactNetwork

MAX_DIM = 6
"""Beyond it cells have too many corners."""


class Piece(NamedTuple):
    """An activation region, and the network on it.

    Attributes:
        cell: The region in the domain's chart.
        outputs: The affine forms of the outputs there.
        on: The units that are on, of all hidden units in order.
    """

    cell: Cell
    outputs: Forms
    on: tuple[bool, ...]


class _State(NamedTuple):
    """A cell on which the layers before `layer` are affine.

    Attributes:
        cell: The cell.
        sources: Forms of the input and of the activations of these layers.
        on: Units that are on in these layers.
        pre: Forms of this layer.
        gates: Which of its units are on; None where it is open.
    """

    cell: Cell
    sources: tuple[Forms, ...]
    on: tuple[bool, ...]
    pre: Forms
    gates: tuple[bool | None, ...]


def can_be_listed(domain: Domain) -> bool:
    """Whether a domain has corners, from which pieces can be listed."""
    if isinstance(domain, WholeSpace) or domain.squared_radius is not None:
        return False
    return domain.is_bounded and domain.dim <= MAX_DIM


class Pieces:
    """The pieces of a network on a domain; a second iteration goes on with the rest.

    Args:
        network: The network.
        domain: A bounded domain.
        budget: When to end with some of the pieces; without one all are met, or
            `LimitError` says how many were when a limit of `regions.limited` fell.
        within: The part of the domain to look at; by default all of it. Its own rows
            have numbers behind those of the domain and of all units.

    Attributes:
        budget: The same, which may be another one for the rest.
        complete: Whether all pieces were met; once the iteration is over.
        count: How many were met.
        exact: The network in rational arithmetic.
    """

    def __init__(
        self,
        network: ReluNetwork,
        domain: BoundedDomain,
        budget: Budget | None = None,
        within: Cell | None = None,
    ):
        check_not_round(domain)
        domain.restrict(network)
        if domain.dim > MAX_DIM:
            raise ValueError(
                f"the domain has {domain.dim} dimensions: pieces are listed in at most "
                f"{MAX_DIM}."
            )
        self.exact = ExactNetwork(network, domain)
        self._kinks = [layer.kinks.tolist() for layer in network.hidden]
        self._domain, self.budget = domain, budget
        self.complete, self.count = False, 0
        sources = (input_forms(self.exact.dim),)
        self._stack = [self._entered(within or domain.cell(), sources, ())]

    def __iter__(self) -> Iterator[Piece]:
        while self._stack:
            if self._is_over():
                return
            state = self._stack.pop()
            if len(state.sources) > len(self._kinks):
                self.count += 1
                yield Piece(state.cell, state.pre, state.on)
            else:
                self._stack += self._advanced(state)
        self.complete = True

    def _is_over(self) -> bool:
        """Whether to end with some of the pieces."""
        if self.budget is not None:
            return self.budget.spent() or self.budget.full(self.count)
        with telling(lambda: f"{self.count} pieces are met", lambda: self.count):
            check()
        return False

    def _entered(
        self, cell: Cell, sources: tuple[Forms, ...], on: tuple[bool, ...]
    ) -> _State:
        """A cell at the beginning of a layer."""
        index = len(sources) - 1
        pre = pre_activations(self.exact.layer(index), sources)
        # A unit without a kink is off by convention; its slope is 1.
        kinks = self._kinks[index] if index < len(self._kinks) else []
        return _State(
            cell, sources, on, pre, tuple(None if k else False for k in kinks)
        )

    def _advanced(self, state: _State) -> list[_State]:
        """The cell split by one unit of its layer, or taken to the next layer."""
        layer = len(state.sources) - 1
        gates, crossing = self._settled(state)
        if crossing is None:
            on = tuple(bool(gate) for gate in gates)
            held = activations(self.exact.layer(layer), state.pre, on)
            return [self._entered(state.cell, (*state.sources, held), state.on + on)]
        unit, values = crossing
        row = len(self._domain.rows()[1]) + len(state.on) + unit
        halves = split(state.cell, values, row)
        return [
            state._replace(cell=half, gates=(*gates[:unit], side, *gates[unit + 1 :]))
            for half, side in zip(halves, (True, False), strict=True)
        ]

    def _settled(
        self, state: _State
    ) -> tuple[Sequence[bool | None], tuple[int, list[int]] | None]:
        """Gates, with those that have one sign at all corners; a unit that has two."""
        gates, crossing = list(state.gates), None
        units = [k for k, gate in enumerate(gates) if gate is None]
        found = values_at_corners(state.cell, state.pre, units)
        for unit, values in zip(units, found, strict=True):
            if all(v <= 0 for v in values):
                gates[unit] = False
            elif all(v >= 0 for v in values):
                gates[unit] = True
            elif crossing is None:
                crossing = unit, values
        return tuple(gates), crossing


def values_at_corners(cell: Cell, pre: Forms, units: list[int]) -> list[list[int]]:
    """Pre-activations of units at the corners of a cell, times positive numbers."""
    if not units:
        return []
    table = pre.matrix.tolist()
    rows = fmpz_mat([table[unit] for unit in units])
    corners = fmpz_mat([list(corner) for corner in cell.corners])
    product = rows * corners.transpose()
    return [[int(v) for v in row] for row in product.tolist()]
