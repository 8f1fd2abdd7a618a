"""Where the largest of many numbers between proved ends can be."""

import math
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float64

MOST_HELD = 4096
"""So many places are thinned out: the value is nearly the same at all of them."""

Place = TypeVar("Place")


class Record(Generic[Place]):
    """The largest of numbers between ends, so far: where it can be.

    Args:
        thinned: Is given places, each after what its number is at most; tells what the
            largest of these numbers is at least, and few places that are enough to keep
            of them: of all it is the largest at one of those.

    Attributes:
        least: What it is at least.
        is_open: Whether nothing is known of the numbers at many places.
    """

    def __init__(
        self,
        thinned: Callable[
            [list[tuple[float, Place]]], tuple[float, list[tuple[float, Place]]]
        ],
    ):
        self.least = -math.inf
        self.is_open = False
        self._thinned = thinned
        self._held: list[tuple[float, Place]] = []
        self._most = MOST_HELD
        self._lock = threading.Lock()

    def take(
        self,
        low: Float64[np.ndarray, "*places"],
        high: Float64[np.ndarray, "*places"],
        place: Callable[[int], Place],
    ) -> None:
        """Look at some more places.

        Args:
            low: The numbers, at least.
            high: At most. Where one of both is not finite nothing is known.
            place: What is kept of a place, by its index in the flat array.
        """
        if self.is_open:
            return
        sound = np.isfinite(low) & np.isfinite(high)
        low, high = np.where(sound, low, -math.inf), np.where(sound, high, math.inf)
        best = float(low.max(initial=-math.inf))
        places = np.flatnonzero(high >= max(self.least, best, -sys.float_info.max))
        if not len(places) and best <= self.least:
            return
        tops = high.ravel()[places].tolist()
        with self._lock:
            self.least = max(self.least, best)
            self._held = [held for held in self._held if held[0] >= self.least]
            for top, k in zip(tops, places.tolist(), strict=True):
                if self.is_open:
                    return
                if top >= self.least:
                    self._held.append((top, place(k)))
                if len(self._held) >= self._most:
                    self._thin_out()

    def _thin_out(self) -> None:
        """Keep few places, or none if bounds do not tell where to look."""
        unknown = sum(top == math.inf for top, _ in self._held)
        if 2 * unknown > MOST_HELD:
            self.is_open, self._held = True, []
            return
        least, self._held = self._thinned(self._held)
        self.least = max(self.least, least)
        # All are handed back by one that is stopped: it is not asked for each place.
        self._most = max(MOST_HELD, 2 * len(self._held))

    def places(self) -> list[tuple[float, Place]]:
        """Where the largest can be, and what it is there at most, the largest first.

        None is named where the record is open.
        """
        return sorted(self._held, key=lambda held: -held[0])
