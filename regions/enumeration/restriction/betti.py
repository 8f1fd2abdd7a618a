"""Betti numbers of a hyperplane arrangement, by the form that is fastest for it."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

from regions.enumeration.restriction.hyperplanes import Arrangement, Row, essential
from regions.enumeration.restriction.loading import (
    Compiled,
    compiled_forms,
    count_plainly,
)
from regions.enumeration.restriction.plain import Chains

SECONDS_A_CHAIN = 1e-5
"""What a chain of restrictions and its points take in the plain form, about."""
MANY_CHAINS = 500_000
"""Chains from which on it is worth while to look for symmetries."""

Stop = Callable[[int], bool]
Tell = Callable[[float], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Betti:
    """Betti numbers, as far as they were counted.

    Attributes:
        numbers: Absolute values of the coefficients of the characteristic polynomial,
            from that of the highest power on; their sum is the number of regions.
        complete: Whether all are counted; if not, their sum is a lower bound.
        facts: What was done.
    """

    numbers: list[int]
    complete: bool
    facts: dict[str, Any]


def arrangement_betti(hyperplanes: Sequence[Row], stop: Stop, tell: Tell) -> Betti:
    """Betti numbers of distinct hyperplanes in the whole space.

    Args:
        hyperplanes: Rows `(normal | offset)`, as `distinct_hyperplanes` gives them.
        stop: Asked often whether so many regions are enough, or time is up.
        tell: Told the share that is done.
    """
    if not hyperplanes:
        return Betti([1], True, {})
    arrangement = essential(hyperplanes)
    most = sum(math.comb(len(arrangement.rows), k) for k in range(arrangement.rank))
    ahead = SECONDS_A_CHAIN * most
    fast = compiled_forms(ahead)
    if fast is None:
        plain = Chains(arrangement.rows, arrangement.rank)
        fast = count_plainly(
            plain, ahead, lambda: stop(_sum(arrangement, plain.betti)), tell
        )
        if fast is None:
            numbers = arrangement.from_rows(plain.betti)
            return Betti(numbers, plain.complete, {})
    return _by_compiled(fast, arrangement, most, stop, tell)


def _by_compiled(
    fast: Compiled, arrangement: Arrangement, most: int, stop: Stop, tell: Tell
) -> Betti:
    """The same by flats up to symmetry, if there are enough, or by compiled chains."""
    facts: dict[str, Any] = {}
    if most > MANY_CHAINS:
        symmetries = fast.symmetry.Symmetries(arrangement.central)
        facts["symmetries"] = symmetries.order
        many = symmetries.order > 2 * arrangement.rank
        if many and fast.symmetry.serves(arrangement.central):
            return _by_flats(fast, arrangement, symmetries, stop, tell)
    chains = fast.chains.FastChains(arrangement.rows, arrangement.rank)
    try:
        chains.count(lambda: stop(_sum(arrangement, chains.betti)), tell)
        facts["checked"] = chains.claims
        return Betti(arrangement.from_rows(chains.betti), chains.complete, facts)
    except fast.chains.UnprovedError:
        facts["unproved"] = chains.claims
    plain = Chains(arrangement.rows, arrangement.rank)
    plain.count(lambda: stop(_sum(arrangement, plain.betti)), tell)
    return Betti(arrangement.from_rows(plain.betti), plain.complete, facts)


def _by_flats(
    fast: Compiled, arrangement: Arrangement, symmetries: Any, stop: Stop, tell: Tell
) -> Betti:
    """The same by flats up to symmetry."""
    flats = fast.symmetry.SymmetricFlats(arrangement.central, symmetries)
    # The regions of the arrangement come twice if infinity was added.
    share = 1 if arrangement.is_central else 2
    flats.count(lambda: stop(sum(flats.betti) // share), tell)
    facts = {"symmetries": symmetries.order, "classes": flats.classes}
    if flats.complete:
        return Betti(arrangement.from_central(flats.betti), True, facts)
    return Betti([max(1, sum(flats.betti) // share)], False, facts)


def _sum(arrangement: Arrangement, betti: Sequence[int]) -> int:
    """Regions of the arrangement that was given, from the numbers of its rows."""
    return sum(arrangement.from_rows(betti))
