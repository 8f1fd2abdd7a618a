"""Limits of a run: number of regions, time, memory, and the caller's wish to stop.

Nothing here touches signals. A caller that wants Ctrl-C to end a run early, with what
was found, gives a `stop` that says so; else Ctrl-C is Python's KeyboardInterrupt and
goes through.
"""

import copy
import math
import time
from collections.abc import Callable
from typing import NamedTuple

from regions.enumeration.memory import available_bytes, resident_bytes
from regions.errors import limits
from regions.errors.limits import never
from regions.results.statistics import Stop

MEMORY_SHARE = 0.5
"""The share of the memory that is free which a run may take if nothing is said."""
MEMORY_SECONDS = 0.02
"""How often memory is looked at, at most."""
GRACE_SECONDS, GRACE_SHARE = 0.4, 0.05
"""How long proving what was found may take after a limit: so many seconds, and so
large a share of the limit on time. Half of what is promised: a step that has begun is
not cut off."""
BUSY = 2.0
"""A grace is processor time, which a machine that others keep busy gives out slowly:
by the clock it is at most so many times as long, which is what is promised."""


class StoppedError(Exception):
    """Work was asked to stop; never leaves this package."""


class _End(NamedTuple):
    """Why a run is to stop, and since when: in processor time, and by the clock."""

    why: Stop
    worked: float
    at: float

    @classmethod
    def now(cls, why: Stop) -> "_End":
        """From now on."""
        return cls(why, time.process_time(), time.perf_counter())


class _Memory:
    """What a run may take, and has taken.

    Without a limit that was given it is measured when it is first asked for: a run that
    is over before takes little, and to ask the system takes a tenth of its time.
    """

    def __init__(self, most: int | None):
        self._most = most
        self._first = None if most is None else resident_bytes()

    @property
    def most(self) -> int | None:
        """The limit; None where the system does not tell what is left."""
        self._measure()
        return self._most

    def taken(self) -> int:
        """Bytes that were taken since the first measurement."""
        return resident_bytes() - self._measure()

    def _measure(self) -> int:
        """What the process had at first."""
        if self._first is None:
            available = available_bytes()
            if available is not None:
                self._most = int(MEMORY_SHARE * available)
            self._first = resident_bytes()
        return self._first


class Budget:
    """Says when to stop, why, and when even proving what was found takes too long.

    Once spent it stays so. It may be asked from any thread. Limits of the blocks around
    (`regions.limited`) are its own, too.

    Args:
        max_regions: Regions to find at most; None for no limit.
        max_seconds: Seconds to run at most, from now; None for no limit.
        max_bytes: Memory that the run may take in addition to what the process has
            now; None for a share of what the machine has left.
        stop: Whether the caller wants an end. Asked often, from any thread.

    Raises:
        ValueError: If a limit is no positive number.
    """

    def __init__(
        self,
        max_regions: int | None = None,
        max_seconds: float | None = None,
        max_bytes: int | None = None,
        stop: Callable[[], bool] = never,
    ):
        given = {
            "max_regions": max_regions,
            "max_seconds": max_seconds,
            "max_bytes": max_bytes,
        }
        for name, value in given.items():
            if value is not None and not value > 0:
                raise ValueError(f"`{name}` is {value}: a positive number is required.")
        around = limits.current()
        if around is not None:
            left = max(around.seconds_left(), 1e-9)
            if left < (math.inf if max_seconds is None else max_seconds):
                max_seconds = left
            stop = _either(stop, around.wants_end)
        self.max_regions = max_regions
        self.max_seconds = max_seconds
        self._stop = stop
        self._start = time.perf_counter()
        self._memory = _Memory(max_bytes)
        self._looked = self._start
        self._ended: _End | None = None

    def asking(self, stop: Callable[[], bool]) -> "Budget":
        """The same limits from the same start, with a question more."""
        budget = copy.copy(self)
        budget._stop = _either(self._stop, stop)
        return budget

    def with_regions(self, max_regions: int | None) -> "Budget":
        """The same limits from the same start, with another number of regions."""
        budget = copy.copy(self)
        budget.max_regions = max_regions
        return budget

    @property
    def max_bytes(self) -> int | None:
        """Memory that the run may take; None where the system tells of none."""
        return self._memory.most

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    def spent(self) -> bool:
        """Whether to stop: the caller says so, or time or memory ran out."""
        if self._ended is None:
            why = self._why()
            if why is not None:
                self._ended = _End.now(why)
        return self._ended is not None

    def _why(self) -> Stop | None:
        """Why to stop now; None if there is no reason to."""
        if self._stop():
            return Stop.INTERRUPTED
        now = time.perf_counter()
        if self.max_seconds is not None and now - self._start > self.max_seconds:
            return Stop.SECONDS
        if now - self._looked > MEMORY_SECONDS:
            self._looked = now
            if not self.fits(0):
                return Stop.BYTES
        return None

    def fits(self, extra: int) -> bool:
        """Whether so many bytes more may be taken."""
        most = self._memory.most
        return most is None or self._memory.taken() + extra <= most

    def reserve(self, extra: int) -> None:
        """Make sure of memory before it is taken.

        Raises:
            StoppedError: If so many bytes more may not be taken; the budget is spent.
        """
        if not self.fits(extra):
            self._ended = self._ended or _End.now(Stop.BYTES)
        self.check()

    def check(self) -> None:
        """Raise if it is time to stop.

        Raises:
            StoppedError: If so.
        """
        if self.spent():
            raise StoppedError

    def cancel(self) -> None:
        """Make all threads stop: an exception is on its way to the caller."""
        self._ended = self._ended or _End(Stop.INTERRUPTED, -math.inf, -math.inf)

    def late(self) -> bool:
        """Whether proving what was found must end too, some time after the limit."""
        if not self.spent():
            return False
        assert self._ended is not None
        grace = GRACE_SECONDS
        if self._ended.why is Stop.SECONDS and self.max_seconds is not None:
            grace += GRACE_SHARE * self.max_seconds
        worked = time.process_time() - self._ended.worked
        return worked > grace or time.perf_counter() - self._ended.at > BUSY * grace

    def full(self, regions: int) -> bool:
        """Whether so many regions are enough."""
        return self.max_regions is not None and regions >= self.max_regions

    def stopped(self) -> Stop:
        """Why a run that did not find all regions ended."""
        return Stop.REGIONS if self._ended is None else self._ended.why

    def reason(self) -> str:
        """The same in words, with the limit."""
        stopped = self.stopped()
        if stopped is Stop.INTERRUPTED:
            return stopped.value
        return f"{stopped.value}={getattr(self, stopped.value)} reached"


def _either(
    first: Callable[[], bool], second: Callable[[], bool]
) -> Callable[[], bool]:
    """Whether one of two callers wants an end."""
    return lambda: first() or second()
