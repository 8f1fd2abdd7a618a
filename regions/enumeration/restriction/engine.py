"""Counting by restriction: one layer on any domain, and the last one of several."""

import dataclasses
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

import numpy as np
from flint import fmpq_mat

from regions.domains.shapes import BoundedDomain, WholeSpace
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.restriction.betti import arrangement_betti
from regions.enumeration.restriction.corners import facet_rows
from regions.enumeration.restriction.hyperplanes import Row, distinct_hyperplanes
from regions.enumeration.restriction.inside import Stop, Tell
from regions.enumeration.restriction.last_layer import LastLayer
from regions.enumeration.restriction.layer import (
    layer_rows,
    num_kinked_layers,
    refusal,
    regions_a_cell,
)
from regions.enumeration.stages import Stages
from regions.network import ReluNetwork
from regions.results.statistics import Statistics

PROGRESS_STEPS = 1_000_000
MOST_DIM_DEEP = 8
"""Above it cells have too many corners."""
FEW = 100_000.0
"""Regions of the last layer in a cell of those before, by the bound of the whole space,
that others cut faster: a cell takes 1 to 3 ms, and a region 0.5 to 3 us."""
FEW_DEGENERATE = 1000.0
"""The same where others have failed."""
FEW_WITHOUT_END = 16.0
"""The same on other domains without end, where the tree takes 60 us and more."""
CELLS_DIM = 6
"""There are cells up to here."""
GENERIC = 0.9
"""Share of a layer's numbers that differ where hyperplanes meet by chance alone."""
PLAIN_SECONDS = 15.0
"""Seconds of plain work that are more than cells wait for their code."""
SHORT_SECONDS = 0.1
PLAIN_SHARE = 0.25
"""Of the time that cells take without their code, about."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RestrictionStats(Statistics):
    """What restriction did.

    Attributes:
        hyperplanes: How many distinct hyperplanes the units of one layer have.
        cells: Cells of the layers before the last, in each of which it was counted.
        symmetries: Exchanges and changes of sign of coordinates that keep them all, if
            flats were counted up to these.
        classes: Classes of flats up to symmetry.
        checked: Dependences found modulo a prime that were proved in integers.
        unproved: Dependences after which integers had to do all of it.
        counting_seconds: Time to count.
    """

    hyperplanes: int | None = None
    cells: int | None = None
    symmetries: int | None = None
    classes: int | None = None
    checked: int | None = None
    unproved: int | None = None
    counting_seconds: float | None = None


@runtime_checkable
class CodeOfCells(Protocol):
    """What is asked of cells: `regions.enumeration.cells.meanwhile` answers."""

    def is_at_hand(self, task: Task) -> bool:
        """Whether their compiled code is there."""
        ...

    def seconds_without(self, task: Task) -> float:
        """Seconds that work takes without it, about."""
        ...

    def instead(self, task: Task) -> AbstractContextManager[None]:
        """Note the time of what another engine does until it is there."""
        ...


class Restriction:
    """The engine `restriction`: a last layer is counted, degenerate or not.

    Args:
        cells: The code of cells, which count one layer faster; by default it is there.
    """

    name = "restriction"
    lists = False

    def __init__(self, cells: CodeOfCells | None = None):
        self._cells = cells

    def refuses(self, task: Task) -> str | None:
        """Domains without corners in float64 or with too many; journals."""
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        return refusal(task.network, task.domain)

    def suits(self, task: Task) -> str | None:
        """Where other engines are slower, or refuse."""
        if not task.network.hidden or _are_others_faster(task, self._cells):
            return None
        if self.refuses(task) is not None:
            return None
        if task.failed:
            return f"not in general position: {[*task.failed.values()][-1]}"
        return "the last layer is counted without a list"

    def count(self, task: Task) -> Tally:
        """Number of regions.

        Raises:
            NotGenericError: If a bounded domain has many flats, and too many of their
                signs and dependences are open in float64 and modulo a prime.
        """
        budget, stages, most = task.budget, Stages(), 0

        def stop(found: int) -> bool:
            return budget.spent() or budget.full(found)

        def tell(share: float) -> None:
            nonlocal most
            # What was begun in one form may begin anew in another.
            most = max(most, min(int(share * PROGRESS_STEPS), PROGRESS_STEPS - 1))
            task.progress(most, PROGRESS_STEPS)

        with stages("counting"):
            if num_kinked_layers(task.network) > 1:
                count, complete, facts = _count_cells(task, stop, tell)
            else:
                with self._cells.instead(task) if self._cells else nullcontext():
                    rows = layer_rows(task.network, task.domain)
                    hyperplanes = distinct_hyperplanes(rows)
                    count, complete, facts = _count(task, hyperplanes, stop, tell)
                facts["hyperplanes"] = len(hyperplanes)
        if complete:
            task.progress(PROGRESS_STEPS, PROGRESS_STEPS)
        stats = RestrictionStats(
            stopped=None if complete else budget.reason(),
            **facts,
            **stages.seconds(),
        )
        return Tally(count, complete, stats)

    def list(self, task: Task) -> Listing:
        """Never called: `lists` is false."""
        raise NotImplementedError


def _are_others_faster(task: Task, cells: CodeOfCells | None) -> bool:
    """Whether another engine answers sooner."""
    network, domain = task.network, task.domain
    if num_kinked_layers(network) > 1:
        if domain.dim > MOST_DIM_DEEP:
            return True
        few = FEW if domain.is_bounded else FEW_WITHOUT_END
        has_end = domain.is_bounded or isinstance(domain, WholeSpace)
        if 2 <= domain.dim <= CELLS_DIM and has_end and network.hidden[0].kinks.any():
            if not task.failed:
                return True
            few = FEW_DEGENERATE
        return regions_a_cell(network, domain.dim) < few
    if task.failed or isinstance(domain, WholeSpace) or not domain.is_bounded:
        return False
    if domain.dim > CELLS_DIM:
        return False
    # Cells are twice to four times as fast on planes, and where hyperplanes meet by
    # chance alone, once their code is there.
    if domain.dim > 2 and not _looks_generic(network):
        return False
    if domain.dim < 2 or cells is None or cells.is_at_hand(task):
        return True
    # Plain code counts a layer sooner than cells without theirs; small planes take both
    # the same time.
    seconds = PLAIN_SHARE * cells.seconds_without(task)
    is_small = domain.dim == 2 and seconds < SHORT_SECONDS
    return is_small or seconds > PLAIN_SECONDS


def _looks_generic(network: ReluNetwork) -> bool:
    """Whether the numbers of the layer with kinks, if any, differ, or nearly all."""
    layer = next((layer for layer in network.hidden if layer.kinks.any()), None)
    if layer is None:
        return False
    entries = np.abs(np.concatenate([layer.weight.ravel(), layer.bias]))
    return len(np.unique(entries)) >= GENERIC * len(entries)


def _count(
    task: Task, hyperplanes: Sequence[Row], stop: Stop, tell: Tell
) -> tuple[int, bool, dict[str, Any]]:
    """The number of regions of one layer, whether complete, and facts."""
    domain = task.domain
    if isinstance(domain, WholeSpace) or _meet_inside(hyperplanes, domain):
        betti = arrangement_betti(hyperplanes, stop, tell)
        return sum(betti.numbers), betti.complete, betti.facts
    return _count_cells(task, stop, tell)


def _count_cells(
    task: Task, stop: Stop, tell: Tell
) -> tuple[int, bool, dict[str, Any]]:
    """The same, cell by cell of the layers before the last."""
    counter = LastLayer(task.network, task.domain)
    counter.count(stop, tell)
    return counter.regions, counter.complete, dict(counter.facts)


def _meet_inside(hyperplanes: Sequence[Row], domain: BoundedDomain) -> bool:
    """Whether a point on all hyperplanes is found strictly inside the domain.

    All flats hold it then, so the regions are as many as in the whole space.
    """
    if not hyperplanes:
        return True
    width = len(hyperplanes[0])
    entries = [v for row in hyperplanes for v in row]
    reduced, rank = fmpq_mat(len(hyperplanes), width, entries).rref()
    point = [Fraction(0)] * (width - 1)
    for k in range(rank):
        pivot = next(c for c in range(width) if reduced[k, c] != 0)
        if pivot == width - 1:
            return False
        value = -reduced[k, width - 1]
        point[pivot] = Fraction(int(value.p), int(value.q))
    return all(
        sum(a * x for a, x in zip(row[:-1], point, strict=True)) + row[-1] < 0
        for row in facet_rows(domain)
    )
