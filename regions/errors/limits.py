"""Limits for everything that a block calls: methods and properties, too.

Functions that give what they found when a limit falls have `max_seconds` and `stop` of
their own, and hear the block's as well. All others ask `check` in their loops.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from regions.errors import LimitError
from regions.errors.arguments import kinds_checked


def never() -> bool:
    """A `stop` that lets work go on."""
    return False


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """When the work of a block has to end.

    Attributes:
        max_seconds: The limit as it was given; None for none.
        deadline: When it falls, on the clock of `time.perf_counter`.
        stop: Whether the caller wants an end.
        outer: Those of the block around it, which hold, too.
    """

    max_seconds: float | None
    deadline: float
    stop: Callable[[], bool]
    outer: "Limits | None"

    def wants_end(self) -> bool:
        """Whether a caller wants an end."""
        return self.stop() or (self.outer is not None and self.outer.wants_end())

    def seconds_left(self) -> float:
        """Until the first limit; infinite without any."""
        left = self.deadline - time.perf_counter()
        return left if self.outer is None else min(left, self.outer.seconds_left())

    def why(self) -> str | None:
        """Why to stop now; None if there is no reason to."""
        if self.stop():
            return "interrupted"
        if time.perf_counter() > self.deadline:
            return f"max_seconds={self.max_seconds} reached"
        return None if self.outer is None else self.outer.why()


_CURRENT: ContextVar[Limits | None] = ContextVar("limits", default=None)


@kinds_checked
@contextmanager
def limited(
    *, max_seconds: float | None = None, stop: Callable[[], bool] = never
) -> Iterator[None]:
    """Limits for all that `regions` does in a block, properties and methods included.

    Args:
        max_seconds: Stop so many seconds after the block began.
        stop: Asked often, says whether to stop, as when a key was pressed.

    Raises:
        LimitError: In the block, from what was running when a limit fell. Counts,
            lists and searches, which have limits of their own, return what they found
            instead, marked as incomplete.
        ValueError: If `max_seconds` is no positive number.

    Example:
        >>> import numpy as np
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]])
        >>> with regions.limited(max_seconds=10.0):
        ...     len(regions.polytope_at(net, [0.5, 0.5]).facets)
        2
        >>> with regions.limited(stop=lambda: True):
        ...     try:
        ...         regions.polytope_at(net, [0.5, 0.5]).facets
        ...     except regions.LimitError as error:
        ...         print(error)
        interrupted: no answer yet; ask again with more time.
    """
    if max_seconds is not None and not max_seconds > 0:
        raise ValueError(
            f"`max_seconds` is {max_seconds}: a positive number is required."
        )
    end = math.inf if max_seconds is None else time.perf_counter() + max_seconds
    token = _CURRENT.set(Limits(max_seconds, end, stop, _CURRENT.get()))
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def hearing_by_itself() -> Iterator[None]:
    """A block that asks its limits itself, and is not cut off by `check`."""
    token = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Limits | None:
    """The limits of the blocks around; None if there are none."""
    return _CURRENT.get()


def asking() -> Callable[[], bool]:
    """A `stop` that hears the limits of the blocks around, from any thread."""
    limits = _CURRENT.get()
    return never if limits is None else lambda: limits.why() is not None


def seconds_left() -> float:
    """Until the first limit of the blocks around; infinite without any."""
    limits = _CURRENT.get()
    return math.inf if limits is None else limits.seconds_left()


def check() -> None:
    """Raise if a limit of the blocks around has fallen; called in every long loop.

    Raises:
        LimitError: If so.
    """
    limits = _CURRENT.get()
    if limits is not None:
        why = limits.why()
        if why is not None:
            raise LimitError(why)


@contextmanager
def telling(what: Callable[[], str], found: Callable[[], object]) -> Iterator[None]:
    """A block whose error, when a limit falls in it, says and keeps what was found.

    Args:
        what: How far it came, in words.
        found: What is known.
    """
    try:
        yield
    except LimitError as error:
        if error.found is None:
            raise LimitError(error.why, what(), found()) from None
        raise
