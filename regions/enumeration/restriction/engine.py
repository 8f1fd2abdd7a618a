"""Counting the regions of one layer by restriction, on any domain."""

from collections.abc import Callable
from typing import Any

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.restriction.betti import betti_numbers
from regions.enumeration.restriction.hyperplanes import distinct_hyperplanes
from regions.enumeration.restriction.layer import layer_rows
from regions.enumeration.restriction.polytopes import (
    PolytopeChains,
    domain_corners,
)
from regions.network import ReluNetwork

Progress = Callable[[int, int], None]
PROGRESS_STEPS = 1_000_000


def count_layer(
    network: ReluNetwork,
    domain: Domain,
    budget: Budget,
    progress: Progress | None = None,
) -> tuple[int, bool, dict[str, Any]]:
    """Number of regions of one layer, whether complete, and what it took."""
    hyperplanes = distinct_hyperplanes(layer_rows(network, domain))

    def stop(found: int) -> bool:
        return budget.spent() or budget.full(found)

    def tell(share: float) -> None:
        if progress is not None:
            progress(
                min(int(share * PROGRESS_STEPS), PROGRESS_STEPS - 1), PROGRESS_STEPS
            )

    if isinstance(domain, WholeSpace):
        betti = betti_numbers(hyperplanes, stop, tell)
        count, complete = sum(betti.numbers), betti.complete
        facts: dict[str, Any] = dict(betti.facts)
    else:
        chains = PolytopeChains(hyperplanes, domain_corners(domain))
        chains.count(lambda: stop(sum(chains.betti)), tell)
        count, complete = sum(chains.betti), chains.complete
        facts = {"hyperplanes": len(hyperplanes)}
    if complete and progress is not None:
        progress(PROGRESS_STEPS, PROGRESS_STEPS)
    if not complete:
        facts["stopped"] = budget.reason()
    return count, complete, facts
