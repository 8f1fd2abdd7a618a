"""Cells while their compiled code is missing: many at a time, in NumPy.

Code that the disk holds is loaded where the work takes longer. Code that it does not
hold is compiled by another process; work that takes longer than compiling waits for it,
and other work is given up when it comes, and done again by the walk.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np

from regions.compiled.switch import Kernels
from regions.domains.shapes import WholeSpace
from regions.enumeration.cells.front import Front, UndecidedError
from regions.enumeration.cells.loading import KERNELS as PLANE
from regions.enumeration.cells.space.loading import KERNELS as SPACE
from regions.enumeration.engine import Progress, Task
from regions.enumeration.expected import expected_regions
from regions.enumeration.found import regions_at
from regions.patterns.packing import pack_bits, sign_words
from regions.signs.inside import inside_domain
from regions.signs.predicate import Predicate

REGION_SECONDS = 5e-5
"""Seconds a region, about."""
SHORT_SECONDS = 0.3
"""Work of less than this is not estimated further."""
WORTH_WAITING = 15.0
"""Seconds of work that are more than compiling takes."""
LOOK_SECONDS = 0.05
"""How often to look whether the code has come."""


class Found(NamedTuple):
    """What was found without compiled code.

    Attributes:
        number: Number of regions; at least so many, if not complete.
        complete: Whether these are all.
        patterns: Their packed patterns, if they were to be listed.
        points: Points inside.
    """

    number: int
    complete: bool
    patterns: np.ndarray
    points: np.ndarray


def found_meanwhile(task: Task, *, listing: bool) -> Found | None:
    """Regions of a task, if the code is missing; None if the walk is to find them."""
    if isinstance(task.domain, WholeSpace) or not task.network.hidden:
        return None
    if listing and task.budget.max_regions is not None:
        return None
    kernels = _kernels(task)
    if is_at_hand(task) or _wait(task, kernels, seconds_without(task)):
        return None
    with kernels.plain_work(None):
        # As much is ahead as was done, for all that is known.
        return _found(task, listing, lambda: _has_come(kernels, task.budget.seconds))


def is_at_hand(task: Task) -> bool:
    """Whether the compiled code is there; may begin to make it ready."""
    kernels = _kernels(task)
    # To estimate the work takes as long as some of it.
    return _has_come(kernels, 0.0) or _has_come(kernels, seconds_without(task))


def instead(task: Task) -> AbstractContextManager[None]:
    """Note the time of what another engine does until the code is there."""
    return _kernels(task).plain_work(None)


def _kernels(task: Task) -> Kernels:
    """The loops that a task needs."""
    return PLANE if task.domain.dim == 2 else SPACE


def found_anyway(task: Task, *, listing: bool) -> Found | None:
    """Regions that the walk can not find, as a cell has too many corners for it."""
    return _found(task, listing, lambda: False)


def _found(task: Task, listing: bool, give_up: Callable[[], bool]) -> Found | None:
    """Regions found by cells in NumPy; None if a sign is open, or it is given up."""
    with np.errstate(all="ignore"):
        try:
            return _Run(task, listing).found(give_up)
        except UndecidedError:
            return None


def seconds_without(task: Task) -> float:
    """Seconds that work takes without compiled code, about."""
    assert not isinstance(task.domain, WholeSpace)
    units, dim = sum(task.network.widths), task.domain.dim
    # No more regions than of hyperplanes in general position.
    most = REGION_SECONDS * units**dim / math.factorial(dim)
    if most > SHORT_SECONDS:
        most = REGION_SECONDS * expected_regions(task.network, task.domain)
    if task.budget.max_regions is None:
        return most
    return min(most, REGION_SECONDS * task.budget.max_regions)


def _has_come(kernels: Kernels, ahead: float) -> bool:
    """Whether the code is there; may begin to make it ready."""
    return kernels.load("compiled", ahead=ahead) is not None


def _wait(task: Task, kernels: Kernels, ahead: float) -> bool:
    """Wait for code that is being compiled, if that is shorter than going without.

    Returns:
        Whether it has come.
    """
    budget, most = task.budget, task.budget.max_seconds
    # What is stopped while it waits has found nothing.
    if most is not None and most - budget.seconds < 2.0 * WORTH_WAITING:
        return False
    while ahead > WORTH_WAITING and kernels.is_compiling() and not budget.spent():
        if _has_come(kernels, 0.0):
            return True
        time.sleep(LOOK_SECONDS)
    return False


class _Run:
    """A task, until it is done or given up."""

    def __init__(self, task: Task, listing: bool):
        assert not isinstance(task.domain, WholeSpace)
        self._task, self._listing = task, listing
        self._network, self._domain = task.network, task.domain
        self._front = Front(task.network, task.domain)
        self._bits = [np.zeros((0, sum(task.network.widths)), bool)]
        self._points = [np.zeros((0, task.domain.dim))]

    def found(self, give_up: Callable[[], bool]) -> Found | None:
        """All regions, or those that there are at least; None if it is given up.

        Raises:
            UndecidedError: If a sign is open.
        """
        front, budget = self._front, self._task.budget
        while front.left:
            if budget.spent() or budget.full(front.found + front.left - 1):
                break
            if give_up():
                return None
            cells = front.advance()
            self._task.progress(front.found, front.found + front.left)
            if cells is not None and self._listing:
                self._bits.append(cells.patterns())
                self._points.append(front.points(cells))
        bits, points = map(np.concatenate, (self._bits, self._points))
        if front.left and self._listing:
            points = np.concatenate([points, *front.waiting_points()])
            bits, points = regions_at(self._network, self._domain, points, budget)
            most = budget.max_regions
            bits, points = bits[:most], points[:most]
        elif self._listing and not self._are_inside(bits, points):
            return None
        order = self._order(bits)
        patterns = pack_bits(bits[order][:, self._network.kinks])
        count = front.found + front.left
        return Found(count, not front.left, patterns, points[order])

    def _are_inside(self, bits: np.ndarray, points: np.ndarray) -> bool:
        """Whether all points are proved to lie strictly inside their regions."""
        ends = np.cumsum(self._network.widths)[:-1]
        words = [sign_words(v) for v in np.split(bits.astype(float), ends, axis=1)]
        agree = Predicate(self._network, self._domain).agree
        proved = agree(points, np.concatenate(words, axis=1), most_exact=0)
        return bool((proved & inside_domain(points, self._domain)).all())

    def _order(self, bits: np.ndarray) -> np.ndarray:
        """That of the walk: by last units first, upper parts first on planes only."""
        ends = np.cumsum(self._network.widths)[:-1]
        layers = np.split(np.arange(bits.shape[1]), ends)
        units = np.concatenate([layer[::-1] for layer in layers])
        keys = np.packbits(bits[:, units], axis=1)
        if self._domain.dim == 2:
            keys = ~keys
        return np.lexsort(keys.T[::-1])


def rising(progress: Progress) -> Callable[[int, int], None]:
    """Progress of a run that may begin anew: it is told once it is beyond the first."""
    furthest = 0

    def tell(done: int, total: int) -> None:
        nonlocal furthest
        if done >= furthest:
            furthest = done
            progress(done, total)

    return tell
