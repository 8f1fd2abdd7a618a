"""Seconds that each stage of a run took."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stages:
    """A stop watch with one hand for each stage, for the statistics of an engine.

    Stages that run side by side, on several threads, add up.

    Example:
        >>> stages = Stages()
        >>> with stages("proof"):
        ...     pass
        >>> list(stages.seconds())
        ['proof_seconds']
    """

    def __init__(self):
        self._seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Note the time of what runs inside."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            with self._lock:
                self._seconds[stage] = self._seconds.get(stage, 0.0) + spent

    def seconds(self) -> dict[str, Any]:
        """The fields of a `Statistics` of such stages."""
        return {f"{stage}_seconds": s for stage, s in self._seconds.items()}
