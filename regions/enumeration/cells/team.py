"""Threads that walk over the parts of one domain and hand out what they have left.

A walk that has parts on its stack gives the lowest one, which is the largest, to a
thread that waits for work. What is counted and listed does not depend on it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, runtime_checkable

from regions.enumeration.engine import Progress
from regions.enumeration.workers import is_inside_pool, worker_count

AnyWalk = TypeVar("AnyWalk", bound="Walk")


@runtime_checkable
class Walk(Protocol):
    """What a team works on."""

    compiled: bool
    """Whether compiled code does it."""

    @property
    def regions(self) -> int:
        """Regions found so far."""
        ...

    @property
    def parts_left(self) -> int:
        """Parts of the domain that are still to be walked over."""
        ...

    def advance(self) -> bool:
        """Do some work; whether there is more."""
        ...

    def give(self: AnyWalk) -> AnyWalk | None:
        """A part of what is left, taken out of it; None if it is not worth it."""
        ...


class Team(Generic[AnyWalk]):
    """Walks until all is done or it is time to stop.

    Args:
        first: A walk over the whole domain.
        stop: Asked often, by every thread.
        progress: Told what was found, and that with what is left, by the thread that
            made the team.

    Attributes:
        walks: All walks, in the order of what they find.
    """

    def __init__(
        self, first: AnyWalk, stop: Callable[[], bool], progress: Progress | None
    ):
        self.walks = [first]
        self._stop, self._progress = stop, progress
        self._caller = threading.get_ident()
        self._waiting: deque[AnyWalk] = deque([first])
        self._changed = threading.Condition()
        self._busy = self._idle = 0
        self._failure: BaseException | None = None

    def is_over(self) -> bool:
        """Whether it is time to stop; tells how far the work is."""
        if self._progress is not None and threading.get_ident() == self._caller:
            found = sum(walk.regions for walk in self.walks)
            left = sum(walk.parts_left for walk in self.walks)
            self._progress(found, found + left)
        return self._stop()

    def run(self, alone: bool = False) -> None:
        """Walk until it is over, alone or with all threads."""
        # Small networks are done before a thread could be woken; plain code holds the
        # interpreter's lock.
        (first,) = self.walks
        more = first.advance()
        while more and not first.compiled and not self.is_over():
            more = first.advance()
        if more and not self.is_over():
            self._run(alone)

    def _run(self, alone: bool) -> None:
        """Walk with as many threads as there are, or with this one."""
        number = 1 if alone or is_inside_pool() else worker_count()
        helpers = [
            threading.Thread(target=self._guarded, daemon=True)
            for _ in range(number - 1)
        ]
        for helper in helpers:
            helper.start()
        try:
            self._guarded()
        finally:
            for helper in helpers:
                helper.join()
        if self._failure is not None:
            raise self._failure

    def _guarded(self) -> None:
        """Work, and tell the others of a failure."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001
            with self._changed:
                self._failure = self._failure or error
                self._changed.notify_all()

    def _work(self) -> None:
        """Take one walk after another until none is left."""
        while True:
            with self._changed:
                while not self._waiting and self._busy and not self._over():
                    self._idle += 1
                    self._changed.wait(0.1)
                    self._idle -= 1
                if not self._waiting or self._over():
                    self._changed.notify_all()
                    return
                walk = self._waiting.popleft()
                self._busy += 1
            more = True
            try:
                while more and not self._over():
                    more = walk.advance()
                    if more and self._idle > len(self._waiting):
                        self._hand_out(walk)
            finally:
                with self._changed:
                    self._busy -= 1
                    if more:
                        self._waiting.append(walk)
                    self._changed.notify_all()

    def _over(self) -> bool:
        """Whether it is time to stop."""
        return self._failure is not None or self.is_over()

    def _hand_out(self, walk: AnyWalk) -> None:
        """Give a part of a walk to a thread that waits."""
        part = walk.give()
        if part is None:
            return
        with self._changed:
            # The lowest part would have been walked last.
            self.walks.insert(self.walks.index(walk) + 1, part)
            self._waiting.append(part)
            self._changed.notify()


class Pace:
    """How much work to do at a time for a call to take so many seconds."""

    def __init__(self, seconds: float, work: int):
        self._seconds = seconds
        self._work = float(work)
        self._begin = 0.0

    def start(self) -> int:
        """How much work to do now."""
        self._begin = time.perf_counter()
        return int(self._work)

    def stop(self) -> None:
        """Note that it was done."""
        spent = max(time.perf_counter() - self._begin, 1e-6)
        self._work *= min(2.0, max(0.5, self._seconds / spent))
        self._work = max(self._work, 1000.0)
