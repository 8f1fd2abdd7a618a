"""Where the largest of many numbers between proved ends can be."""

import math
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float64

MOST_HELD = 4096
"""Of so many places none is kept: the value is nearly the same all over."""

Place = TypeVar("Place")


class Record(Generic[Place]):
    """The largest of numbers between ends, so far: where it can be.

    Attributes:
        least: What it is at least.
        is_crowded: Whether it can be at too many places.
    """

    def __init__(self):
        self.least = -math.inf
        self.is_crowded = False
        self._held: list[tuple[float, Place]] = []
        self._lock = threading.Lock()

    def take(
        self,
        low: Float64[np.ndarray, "*places"],
        high: Float64[np.ndarray, "*places"],
        place: Callable[[int], Place],
    ) -> None:
        """Look at some more places.

        Args:
            low: The numbers, at least; -inf where nothing is known. Of one with NaN
                for an end, or infinity, nothing is known that helps.
            high: At most; -inf where there is none.
            place: What is kept of a place, by its index in the flat array.
        """
        if not (low.max(initial=-math.inf) < math.inf > high.max(initial=-math.inf)):
            self.is_crowded = True
        if self.is_crowded:
            return
        best = float(low.max(initial=-math.inf))
        places = np.flatnonzero(high >= max(self.least, best, -sys.float_info.max))
        if not len(places) and best <= self.least:
            return
        with self._lock:
            self.least = max(self.least, best)
            tops = high.ravel()[places[:MOST_HELD]].tolist()
            more = zip(tops, places.tolist(), strict=False)
            self._held = [held for held in self._held if held[0] >= self.least]
            self._held += [(top, place(k)) for top, k in more if top >= self.least]
            if len(self._held) >= MOST_HELD:
                self._held, self.is_crowded = [], True

    def places(self) -> list[tuple[float, Place]]:
        """Where the largest can be, and what it is there at most, the largest first.

        None is named where it can be at too many, or anywhere.
        """
        if self.is_crowded:
            return []
        return sorted(self._held, key=lambda held: -held[0])
