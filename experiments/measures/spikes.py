"""Spikes of a loss: epochs far above the running median of those before.

The threshold, three times the median of 50 epochs, is ours; the origami posts speak of
a loss that "skyrockets".
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.lib.stride_tricks import sliding_window_view

WINDOW = 50
"""Epochs of the running median."""

FACTOR = 3.0
"""Times the running median from which an epoch belongs to a spike."""


class Spike(NamedTuple):
    """One run of epochs above the threshold; epochs count from 0.

    Attributes:
        start: First epoch.
        end: Epoch after the last.
        peak: Epoch of the largest loss.
        ratio: Loss at the peak over the median before it.
    """

    start: int
    end: int
    peak: int
    ratio: float


def loss_ratios(
    losses: Float[np.ndarray, " epochs"], window: int = WINDOW
) -> Float[np.ndarray, " epochs"]:
    """Each loss over the median of the `window` losses before it.

    1 for the first `window` epochs, which have no such median, and infinite where a
    loss is not finite.
    """
    ratios = np.ones(len(losses))
    if len(losses) > window:
        finite = np.where(np.isfinite(losses), losses, np.inf).astype(np.float64)
        medians = np.median(sliding_window_view(finite[:-1], window), axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = finite[window:] / medians
        ratios[window:] = np.where(np.isfinite(finite[window:]), found, np.inf)
    return ratios


def find_spikes(
    losses: Float[np.ndarray, " epochs"],
    window: int = WINDOW,
    factor: float = FACTOR,
    gap: int = 1,
) -> list[Spike]:
    """The spikes of one run, in order.

    Args:
        losses: Training loss of each epoch.
        window: Length of the window of the running median, in epochs.
        factor: Times the median that makes an epoch part of a spike.
        gap: Spikes with fewer epochs than this between them are one.
    """
    ratios = loss_ratios(losses, window)
    spikes: list[Spike] = []
    for start, end in _runs(ratios > factor):
        if spikes and start - spikes[-1].end < gap:
            start = spikes.pop().start
        peak = start + int(np.argmax(ratios[start:end]))
        spikes.append(Spike(start, end, peak, float(ratios[peak])))
    return spikes


def spike_rate(losses: Float[np.ndarray, " epochs"]) -> float:
    """Epochs that belong to spikes, per 1000 of those that have a running median.

    Raises:
        ValueError: If the run is no longer than the window of the median.
    """
    if len(losses) <= WINDOW:
        raise ValueError(
            f"the run has {len(losses)} epochs: more than {WINDOW} are required to "
            "speak of spikes."
        )
    return float(1000.0 * (loss_ratios(losses)[WINDOW:] > FACTOR).mean())


def _runs(mask: Bool[np.ndarray, " epochs"]) -> list[tuple[int, int]]:
    """First index and end of each run of true entries."""
    edges = np.flatnonzero(np.diff(np.pad(mask.astype(np.int8), 1)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
