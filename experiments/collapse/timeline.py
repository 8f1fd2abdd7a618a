"""When a network finds the ring, loses it, and finds it again: from its losses alone.

The level of an epoch is the median loss of the 100 epochs that end with it: a spike
does not move it, a collapse does.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

SPAN = 100
"""Epochs of a level."""

FOUND = 0.25
"""Share of a constant's error under which the ring is found."""

COLLAPSE = 2.0
"""Times the lowest level so far from which a run has collapsed."""

BACK = 1.5
"""Times that level under which it has recovered, and up to which it is undisturbed."""


class Timeline(NamedTuple):
    """One run; epochs count from 1, as in the post's movie.

    Attributes:
        found: First epoch whose level is under `FOUND` of a constant's error; None if
            there is none, and then all below is None, too.
        rise: Largest ratio of a level to the lowest one before it, after `found`.
        start: Epoch after the last undisturbed one before that level; None if `rise`
            is no collapse.
        peak: Epoch of the highest level until it recovers, or until the end.
        recovered: First epoch after it whose level is back; None if there is none.
    """

    found: int | None
    rise: float | None
    start: int | None
    peak: int | None
    recovered: int | None


def levels(losses: Float[np.ndarray, " epochs"]) -> Float[np.ndarray, " epochs"]:
    """The level of each epoch; over fewer epochs at the start, where there are fewer.

    Example:
        >>> levels(np.array([3.0, 1.0, 2.0]))
        array([3., 2., 2.])
    """
    padded = np.concatenate([np.full(SPAN - 1, np.nan), losses.astype(np.float64)])
    return np.nanmedian(sliding_window_view(padded, SPAN), axis=1)


def timeline(losses: Float[np.ndarray, " epochs"], constant: float) -> Timeline:
    """The story of a run.

    Args:
        losses: Training loss of each epoch.
        constant: Error of the best constant.
    """
    level = levels(losses)
    below = np.flatnonzero(level <= FOUND * constant)
    if not len(below):
        return Timeline(None, None, None, None, None)
    found = int(below[0])
    lowest = np.minimum.accumulate(level[found:])
    ratios = level[found:] / lowest
    peak = found + int(ratios.argmax())
    rise, low = float(ratios.max()), float(lowest[peak - found])
    if rise < COLLAPSE:
        return Timeline(found + 1, rise, None, None, None)
    quiet = np.flatnonzero(losses[:peak] <= BACK * low)
    back = np.flatnonzero(level[peak:] <= BACK * low)
    return Timeline(
        found=found + 1,
        rise=rise,
        start=int(quiet[-1]) + 2 if len(quiet) else found + 1,
        peak=peak + 1,
        recovered=peak + int(back[0]) + 1 if len(back) else None,
    )
