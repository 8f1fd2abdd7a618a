"""Counting by restriction: one layer on any domain, and the last one of several."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

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
from regions.results.statistics import Statistics

PROGRESS_STEPS = 1_000_000
FROM_DIM = 3
"""Bounded domains of fewer dimensions are cut faster into cells."""
FROM_DIM_DEEP = 4
"""The same of networks with kinks in several layers."""
MOST_DIM_DEEP = 8
"""Above it cells have too many corners."""
FEW = 100_000.0
"""Regions of the last layer in a cell of those before, by the bound of the whole space,
that others cut faster: a cell takes 1 to 3 ms, and a region 0.5 to 3 us."""
FEW_DEGENERATE = 1000.0
"""The same where cells answer in the whole space, or others have failed."""
FEW_WITHOUT_END = 16.0
"""The same on other domains without end, where the tree takes 60 us and more."""
CELLS_DIM = 6
"""The whole space has cells up to here."""


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


class Restriction:
    """The engine `restriction`: a last layer is counted, degenerate or not."""

    name = "restriction"
    lists = False

    def refuses(self, task: Task) -> str | None:
        """Domains without corners in float64 or with too many; journals."""
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        return refusal(task.network, task.domain)

    def suits(self, task: Task) -> str | None:
        """Where other engines are slower, or refuse."""
        network, domain = task.network, task.domain
        is_low = domain.dim < min(FROM_DIM, FROM_DIM_DEEP)
        if not network.hidden or (domain.is_bounded and is_low and not task.failed):
            return None
        is_deep = num_kinked_layers(network) > 1
        if is_deep:
            few = FEW if domain.is_bounded else FEW_WITHOUT_END
            is_space = isinstance(domain, WholeSpace) and domain.dim <= CELLS_DIM
            if is_space or (domain.is_bounded and task.failed):
                few = FEW_DEGENERATE
            wide = regions_a_cell(network, domain.dim) >= few
            if not wide or domain.dim > MOST_DIM_DEEP:
                return None
        if domain.is_bounded or (is_deep and isinstance(domain, WholeSpace)):
            from_dim = FROM_DIM_DEEP if is_deep else FROM_DIM
            if domain.dim < from_dim and not task.failed:
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
