"""Counting the regions of one layer by restriction, on any domain."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq_mat

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.restriction.betti import betti_numbers
from regions.enumeration.restriction.forms import (
    Compiled,
    compiled_forms,
    count_plainly,
)
from regions.enumeration.restriction.hyperplanes import Row, distinct_hyperplanes
from regions.enumeration.restriction.layer import layer_rows
from regions.enumeration.restriction.polytopes import (
    PolytopeChains,
    domain_corners,
    facet_rows,
)
from regions.errors import NotGenericError
from regions.network import ReluNetwork

Progress = Callable[[int, int], None]
PROGRESS_STEPS = 1_000_000
SECONDS_A_CORNER = 3e-5
"""What a corner of a flat takes in the plain form, about."""
MANY_SECONDS = 30.0
"""Seconds from which on the plain form is not begun."""


def count_layer(
    network: ReluNetwork,
    domain: Domain,
    budget: Budget,
    progress: Progress | None = None,
) -> tuple[int, bool, dict[str, Any]]:
    """Number of regions of one layer, whether complete, and what it took.

    Raises:
        NotGenericError: If a bounded domain has many flats, and too many of their signs
            and dependences are open in float64 and modulo a prime.
    """
    hyperplanes = distinct_hyperplanes(layer_rows(network, domain))

    def stop(found: int) -> bool:
        return budget.spent() or budget.full(found)

    most = 0

    def tell(share: float) -> None:
        nonlocal most
        # What was begun in one form may begin anew in another.
        most = max(most, min(int(share * PROGRESS_STEPS), PROGRESS_STEPS - 1))
        if progress is not None:
            progress(most, PROGRESS_STEPS)

    if isinstance(domain, WholeSpace) or _meet_inside(hyperplanes, domain):
        betti = betti_numbers(hyperplanes, stop, tell)
        count, complete = sum(betti.numbers), betti.complete
        facts: dict[str, Any] = dict(betti.facts)
    else:
        count, complete, facts = _count_inside(hyperplanes, domain, stop, tell)
    if complete and progress is not None:
        progress(PROGRESS_STEPS, PROGRESS_STEPS)
    facts = {"hyperplanes": len(hyperplanes), **facts}
    if not complete:
        facts["stopped"] = budget.reason()
    return count, complete, facts


def _count_inside(
    hyperplanes: Sequence[Row],
    domain: BoundedDomain,
    stop: Callable[[int], bool],
    tell: Callable[[float], None],
) -> tuple[int, bool, dict[str, Any]]:
    """What `count_layer` does, on a bounded domain."""
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
