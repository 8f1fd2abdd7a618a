"""Whether a verification goes on: limit, wish to stop, progress."""

import time
from collections.abc import Callable

from regions.certificates.checks import Progress
from regions.errors import limits


class StoppedError(Exception):
    """A verification was asked to stop; never leaves this package."""


class Watch:
    """Tells of progress, and asks whether to stop.

    Args:
        progress: Called with (done, in all, what is being checked).
        max_seconds: Seconds to check at most, from now; None for no limit.
        stop: Whether the caller wants an end.

    Attributes:
        why: Why it stopped; None while it goes on.

    Raises:
        ValueError: If the limit is no positive number.
    """

    def __init__(
        self,
        progress: Progress | None = None,
        max_seconds: float | None = None,
        stop: Callable[[], bool] | None = None,
    ):
        if max_seconds is not None and not max_seconds > 0:
            raise ValueError(
                f"`max_seconds` is {max_seconds}: a positive number is required."
            )
        self.why: str | None = None
        self._around = limits.current()
        self._progress, self._stop = progress, stop
        self._max_seconds, self._start = max_seconds, time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    def ask(self) -> None:
        """Raise if it is time to stop.

        Raises:
            StoppedError: If so.
        """
        if self._stop is not None and self._stop():
            self.why = "interrupted"
        elif self._max_seconds is not None and self.seconds > self._max_seconds:
            self.why = f"max_seconds={self._max_seconds} reached"
        elif self._around is not None:
            self.why = self._around.why()
        if self.why is not None:
            raise StoppedError

    def tell(self, done: int, total: int, what: str) -> None:
        """Tell how far it is, and ask.

        Raises:
            StoppedError: If it is time to stop.
        """
        if self._progress is not None:
            self._progress(done, total, what)
        self.ask()
