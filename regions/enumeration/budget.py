"""Limits of a run: time, number of regions, and Ctrl-C."""

import signal
import threading
import time
from types import FrameType, TracebackType


class StoppedError(Exception):
    """Work was asked to stop; never leaves this package."""


class Budget:
    """Says when to stop; as a context it turns Ctrl-C into a request to stop.

    A second Ctrl-C interrupts at once.

    Attributes:
        max_regions: Regions to find at most; None for no limit.
        max_seconds: Seconds to run at most; None for no limit.
        interrupted: Whether Ctrl-C was pressed.
    """

    def __init__(
        self, max_regions: int | None = None, max_seconds: float | None = None
    ):
        for name, value in (("max_regions", max_regions), ("max_seconds", max_seconds)):
            if value is not None and not value > 0:
                raise ValueError(f"`{name}` is {value}: a positive number is required.")
        self.max_regions = max_regions
        self.max_seconds = max_seconds
        self.interrupted = False
        self._start = time.perf_counter()
        self._previous: object = None

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    def spent(self) -> bool:
        """Whether time ran out or Ctrl-C was pressed."""
        late = self.max_seconds is not None and self.seconds > self.max_seconds
        return late or self.interrupted

    def check(self) -> None:
        """Raise if it is time to stop.

        Raises:
            StoppedError: If so.
        """
        if self.spent():
            raise StoppedError

    def full(self, regions: int) -> bool:
        """Whether so many regions are enough."""
        return self.max_regions is not None and regions >= self.max_regions

    def reason(self) -> str:
        """Why a run stopped early."""
        if self.interrupted:
            return "interrupted"
        if self.spent():
            return f"max_seconds={self.max_seconds} reached"
        return f"max_regions={self.max_regions} reached"

    def __enter__(self) -> "Budget":
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)  # pyright: ignore[reportArgumentType]
            self._previous = None

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
