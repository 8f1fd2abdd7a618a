"""Counting the regions of one layer by restriction, on any domain."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq_mat

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.restriction.betti import arrangement_betti
from regions.enumeration.restriction.hyperplanes import Row, distinct_hyperplanes
from regions.enumeration.restriction.layer import layer_rows, refusal
from regions.enumeration.restriction.loading import (
    Compiled,
    compiled_forms,
    count_plainly,
)
from regions.enumeration.restriction.polytopes import (
    PolytopeChains,
    domain_corners,
    facet_rows,
)
from regions.enumeration.stages import Stages
from regions.errors import NotGenericError
from regions.results.statistics import Statistics

PROGRESS_STEPS = 1_000_000
FROM_DIM = 4
"""Bounded domains of fewer dimensions are cut faster into cells."""
SECONDS_A_CORNER = 3e-5
"""What a corner of a flat takes in the plain form, about."""
MANY_SECONDS = 30.0
"""Seconds from which on the plain form is not begun."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RestrictionStats(Statistics):
    """What restriction did.

    Attributes:
        hyperplanes: How many distinct hyperplanes the units have.
        symmetries: Exchanges and changes of sign of coordinates that keep them all, if
            flats were counted up to these.
        classes: Classes of flats up to symmetry.
        checked: Dependences found modulo a prime that were proved in integers.
        unproved: Dependences after which integers had to do all of it.
        counting_seconds: Time to count.
    """

    hyperplanes: int | None = None
    symmetries: int | None = None
    classes: int | None = None
    checked: int | None = None
    unproved: int | None = None
    counting_seconds: float | None = None


class Restriction:
    """The engine `restriction`: counts of one layer, degenerate or not."""

    name = "restriction"
    lists = False

    def refuses(self, task: Task) -> str | None:
        """Kinks in several layers, boxes with too many corners, journals."""
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        return refusal(task.network, task.domain)

    def suits(self, task: Task) -> str | None:
        """The whole space, and domains where other engines are slower or refuse."""
        many = isinstance(task.domain, WholeSpace) or task.domain.dim >= FROM_DIM
        if not (many or task.failed) or not task.network.hidden:
            return None
        if self.refuses(task) is not None:
            return None
        if task.failed:
            return f"not in general position: {[*task.failed.values()][-1]}"
        return "one layer is counted without a list"

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

        hyperplanes = distinct_hyperplanes(layer_rows(task.network, task.domain))
        with stages("counting"):
            count, complete, facts = _count(hyperplanes, task.domain, stop, tell)
        if complete:
            task.progress(PROGRESS_STEPS, PROGRESS_STEPS)
        stats = RestrictionStats(
            hyperplanes=len(hyperplanes),
            stopped=None if complete else budget.reason(),
            **facts,
            **stages.seconds(),
        )
        return Tally(count, complete, stats)

    def list(self, task: Task) -> Listing:
        """Never called: `lists` is false."""
        raise NotImplementedError


def _count(
    hyperplanes: Sequence[Row],
    domain: Domain,
    stop: Callable[[int], bool],
    tell: Callable[[float], None],
) -> tuple[int, bool, dict[str, Any]]:
    """The number of regions, whether complete, and facts."""
    if isinstance(domain, WholeSpace) or _meet_inside(hyperplanes, domain):
        betti = arrangement_betti(hyperplanes, stop, tell)
        return sum(betti.numbers), betti.complete, betti.facts
    return _count_inside(hyperplanes, domain, stop, tell)


def _count_inside(
    hyperplanes: Sequence[Row],
    domain: BoundedDomain,
    stop: Callable[[int], bool],
    tell: Callable[[float], None],
) -> tuple[int, bool, dict[str, Any]]:
    """What `_count` does, on a bounded domain."""
    corners = domain_corners(domain)
    flats = sum(math.comb(len(hyperplanes), k) for k in range(domain.dim))
    ahead = SECONDS_A_CORNER * flats * len(corners)
    plain = PolytopeChains(hyperplanes, corners)

    def is_over() -> bool:
        return stop(sum(plain.betti))

    facts: dict[str, Any] = {}
    fast = compiled_forms(ahead) or count_plainly(plain, ahead, is_over, tell)
    if fast is not None:
        found = _count_compiled(fast, hyperplanes, domain, stop, tell)
        if found is not None:
            return found
        if ahead > MANY_SECONDS:
            raise NotGenericError(
                f"{len(hyperplanes)} hyperplanes in dimension {domain.dim} have more "
                "coincidences than are proved one by one: use method='tree'."
            )
        facts["unproved"] = 1
        plain = PolytopeChains(hyperplanes, corners)
        plain.count(is_over, tell)
    return sum(plain.betti), plain.complete, facts


def _count_compiled(
    fast: Compiled,
    hyperplanes: Sequence[Row],
    domain: BoundedDomain,
    stop: Callable[[int], bool],
    tell: Callable[[float], None],
) -> tuple[int, bool, dict[str, Any]] | None:
    """The same by the compiled form; None if something stays open."""
    chains = fast.polytopes.FastPolytopes(
        hyperplanes, domain_corners(domain), facet_rows(domain)
    )
    try:
        chains.count(lambda: stop(sum(chains.betti)), tell)
    except fast.chains.UnprovedError:
        return None
    return sum(chains.betti), chains.complete, {"checked": chains.claims}


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
