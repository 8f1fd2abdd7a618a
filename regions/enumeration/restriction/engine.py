"""Counting the regions of one layer by restriction, on any domain."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq_mat

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.restriction.betti import betti_numbers, compiled_forms
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
LITTLE_WORK = 10_000
"""Corners of flats that the plain form goes through while the compiler is loaded."""
MUCH_WORK = 1_000_000
"""Corners of flats that take the plain form minutes."""


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

    def tell(share: float) -> None:
        if progress is not None:
            done = min(int(share * PROGRESS_STEPS), PROGRESS_STEPS - 1)
            progress(done, PROGRESS_STEPS)

    if isinstance(domain, WholeSpace) or _meet_inside(hyperplanes, domain):
        betti = betti_numbers(hyperplanes, stop, tell)
        count, complete = sum(betti.numbers), betti.complete
        facts: dict[str, Any] = dict(betti.facts)
    else:
        count, complete, facts = _count_inside(hyperplanes, domain, stop, tell)
    if complete and progress is not None:
        progress(PROGRESS_STEPS, PROGRESS_STEPS)
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
    corners, facets = domain_corners(domain), facet_rows(domain)
    facts: dict[str, Any] = {"hyperplanes": len(hyperplanes)}
    flats = sum(math.comb(len(hyperplanes), k) for k in range(domain.dim))
    work = flats * len(corners)
    fast = compiled_forms() if work > LITTLE_WORK else None
    if fast is not None:
        chains = fast.polytopes.FastPolytopes(hyperplanes, corners, facets)
        try:
            chains.count(lambda: stop(sum(chains.betti)), tell)
            facts["checked"] = chains.claims
            return sum(chains.betti), chains.complete, facts
        except fast.chains.UnprovedError:
            if work > MUCH_WORK:
                raise NotGenericError(
                    f"{len(hyperplanes)} hyperplanes in dimension {domain.dim} have "
                    "more coincidences than are proved one by one: use method='tree'."
                ) from None
            facts["unproved"] = chains.claims
    plain = PolytopeChains(hyperplanes, corners)
    plain.count(lambda: stop(sum(plain.betti)), tell)
    return sum(plain.betti), plain.complete, facts


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
