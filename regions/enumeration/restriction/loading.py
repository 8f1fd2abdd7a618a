"""Which form of a count runs: compiled, or plain while compiling does not pay."""

import dataclasses
import importlib
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from regions.enumeration.restriction.kernels import KERNELS


@runtime_checkable
class Counter(Protocol):
    """A form of the count: chains or flats, plain or compiled."""

    complete: bool

    @property
    def betti(self) -> list[int]:
        """Betti numbers as far as they are counted."""
        ...

    def count(self, stop: Callable[[], bool], tell: Callable[[float], None]) -> None:
        """Count until all is counted or `stop` says so."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Compiled:
    """The modules that need the compiler."""

    chains: Any
    polytopes: Any
    symmetry: Any


def compiled_forms(ahead: float) -> Compiled | None:
    """The compiled forms; None while the plain ones should be used.

    Args:
        ahead: Seconds of plain work to do, by an estimate.
    """
    if KERNELS.load("chains", ahead=ahead) is None:
        return None
    here = "regions.enumeration.restriction"
    return Compiled(
        importlib.import_module(f"{here}.fast"),
        importlib.import_module(f"{here}.fast_polytopes"),
        importlib.import_module(f"{here}.symmetry"),
    )


def count_plainly(
    counter: Counter,
    ahead: float,
    stop: Callable[[], bool],
    tell: Callable[[float], None],
) -> Compiled | None:
    """Count in the plain form, unless compiled ones become ready before it is done.

    What was counted is counted anew then: the compiled forms take a hundredth.
    """
    ready: list[Compiled] = []

    def is_over() -> bool:
        forms = compiled_forms(ahead)
        if forms is not None:
            ready.append(forms)
        return bool(ready) or stop()

    with KERNELS.plain_work(None):
        counter.count(is_over, tell)
    return ready[0] if ready and not counter.complete else None
