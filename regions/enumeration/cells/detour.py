"""A way round while the compiled code of cells is missing: the sweep answers first.

The plain form of cells is a hundred times slower than the compiled one; the sweep's,
in NumPy, takes some five times as long as compiled cells. So on planes `auto` begins
with the sweep where the code is not at hand and the answer not a small one, and begins
anew with cells when the code has come. Work that takes longer than compiling waits.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator

from regions.domains.shapes import WholeSpace
from regions.enumeration.cells.loading import KERNELS
from regions.enumeration.engine import Progress, Task
from regions.enumeration.sweep.work import plain_seconds

FEW_UNITS = 40
"""Cells of so many units are quick in plain code, too."""
WORTH_WAITING = 15.0
"""Seconds of the sweep's plain code that are more than compiling takes."""
LOOK_SECONDS = 0.05
"""How often to look whether the code has come."""


class CodeHasComeError(Exception):
    """A run that began without the compiled code is given up; never leaves `auto`."""


def is_at_hand(task: Task) -> bool:
    """Whether to take cells for a task now; may begin to make their code ready."""
    if sum(task.network.widths) <= FEW_UNITS or KERNELS.load("compiled") is not None:
        return True
    return KERNELS.load("compiled", ahead=seconds_without(task)) is not None


def seconds_without(task: Task) -> float:
    """Seconds that the sweep's plain code takes, about."""
    assert not isinstance(task.domain, WholeSpace)
    return plain_seconds(task.network, task.domain, task.budget.max_regions)


@contextlib.contextmanager
def while_it_is_missing(task: Task) -> Iterator[Task]:
    """The task for an engine that fills in: it is given up when the code comes.

    Raises:
        CodeHasComeError: When it has.
    """
    _wait(task)

    def ask() -> bool:
        # As much is ahead as was done, for all that is known.
        if KERNELS.load("compiled", ahead=task.budget.seconds) is not None:
            raise CodeHasComeError
        return False

    with KERNELS.plain_work(None):
        yield dataclasses.replace(task, budget=task.budget.asking(ask))


def _wait(task: Task) -> None:
    """Wait for code that is being compiled, if that is shorter than going without.

    Raises:
        CodeHasComeError: When it has come.
    """
    budget, most = task.budget, task.budget.max_seconds
    # What is stopped while it waits has found nothing.
    if most is not None and most - budget.seconds < 2.0 * WORTH_WAITING:
        return
    if seconds_without(task) < WORTH_WAITING:
        return
    while KERNELS.is_compiling() and not budget.spent():
        if KERNELS.load("compiled") is not None:
            raise CodeHasComeError
        time.sleep(LOOK_SECONDS)


def rising(progress: Progress) -> Callable[[int, int], None]:
    """Progress of a run that began anew: it is told once it is beyond the first one."""
    furthest = 0

    def tell(done: int, total: int) -> None:
        nonlocal furthest
        if done >= furthest:
            furthest = done
            progress(done, total)

    return tell
