"""Betti numbers of a hyperplane arrangement, by the form that is fastest for it."""

import dataclasses
import importlib
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from regions.compiled import mode
from regions.enumeration.restriction.hyperplanes import Row, essential
from regions.enumeration.restriction.plain import Chains

FEW_CHAINS = 50_000
"""Chains of restrictions that the plain form counts while the compiler is loaded."""
MANY_CHAINS = 500_000
"""Chains from which on it is worth while to look for symmetries."""


@dataclasses.dataclass(frozen=True, slots=True)
class Betti:
    """Betti numbers, as far as they were counted.

    Attributes:
        numbers: Absolute values of the coefficients of the characteristic polynomial,
            from that of the highest power on; their sum is the number of regions.
        complete: Whether all are counted; if not, each is a lower bound.
        facts: What was done.
    """

    numbers: list[int]
    complete: bool
    facts: dict[str, Any]


class Counter(Protocol):
    """A form of the count: `Chains`, `FastChains` or `SymmetricFlats`."""

    complete: bool

    @property
    def betti(self) -> list[int]:
        """Betti numbers as far as they are counted."""
        ...

    def count(self, stop: Callable[[], bool], tell: Callable[[float], None]) -> None:
        """Count until all is counted or `stop` says so."""
        ...


def betti_numbers(
    hyperplanes: Sequence[Row],
    stop: Callable[[int], bool],
    tell: Callable[[float], None],
) -> Betti:
    """Betti numbers of distinct hyperplanes in the whole space.

    Args:
        hyperplanes: Rows `(normal | offset)`, as `distinct_hyperplanes` gives them.
        stop: Asked often whether so many regions are enough, or time is up.
        tell: Told the share that is done.
    """
    if not hyperplanes:
        return Betti([1], True, {})
    arrangement = essential(hyperplanes)
    rows, rank = arrangement.rows, arrangement.rank
    facts: dict[str, Any] = {"hyperplanes": len(hyperplanes), "rank": rank}
    most = sum(math.comb(len(rows), k) for k in range(rank))
    fast = compiled_forms() if most > FEW_CHAINS else None
    if fast is not None and most > MANY_CHAINS:
        symmetries = fast.symmetry.Symmetries(arrangement.central)
        facts["symmetries"] = symmetries.order
        if symmetries.order > 2 * rank and fast.symmetry.serves(arrangement.central):
            flats = fast.symmetry.SymmetricFlats(arrangement.central, symmetries)
            # The regions of the arrangement come twice if infinity was added.
            share = 1 if arrangement.is_central else 2
            flats.count(lambda: stop(sum(flats.betti) // share), tell)
            if flats.complete:
                numbers = arrangement.from_central(flats.betti)
            else:
                numbers = [max(1, sum(flats.betti) // share)]
            return Betti(numbers, flats.complete, {**facts, "classes": flats.classes})
    if fast is not None:
        chains = fast.chains.FastChains(rows, rank)
        try:
            numbers = _counted(chains, arrangement.from_rows, stop, tell)
            return Betti(numbers, chains.complete, {**facts, "checked": chains.claims})
        except fast.chains.UnprovedError:
            facts["unproved"] = chains.claims
    plain = Chains(rows, rank)
    numbers = _counted(plain, arrangement.from_rows, stop, tell)
    return Betti(numbers, plain.complete, facts)


def _counted(
    counter: Counter,
    given: Callable[[Sequence[int]], list[int]],
    stop: Callable[[int], bool],
    tell: Callable[[float], None],
) -> list[int]:
    """What a form of the count gives for the arrangement that was given."""
    counter.count(lambda: stop(sum(given(counter.betti))), tell)
    return given(counter.betti)


@dataclasses.dataclass(frozen=True, slots=True)
class _Compiled:
    """The modules that need the compiler."""

    chains: Any
    polytopes: Any
    symmetry: Any


def compiled_forms() -> _Compiled | None:
    """The compiled forms; None where they are switched off or there is no compiler."""
    if mode() == "off":
        return None
    here = "regions.enumeration.restriction"
    try:
        return _Compiled(
            importlib.import_module(f"{here}.fast"),
            importlib.import_module(f"{here}.fast_polytopes"),
            importlib.import_module(f"{here}.symmetry"),
        )
    except ImportError:
        return None
