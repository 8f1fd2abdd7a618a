"""Whether a partition is the same after a spike of the loss as it was before.

The distance of the partitions before and after a spike is held against those of quiet
windows of the same length in the same run.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from experiments.measures.spikes import Spike


class Resettling(NamedTuple):
    """One spike and what it left.

    Attributes:
        start: First epoch of the spike, counted from 0.
        ratio: Its loss over the running median.
        before: Snapshot before it.
        after: Snapshot after it.
        distance: Share of the bits on the grid that differ between those two.
        quiet: Median of that share over quiet windows as long; None without one.
        recovered: Whether the loss came back under twice the median before the spike.
    """

    start: int
    ratio: float
    before: int
    after: int
    distance: float
    quiet: float | None
    recovered: bool


def resettlings(
    spikes: Sequence[Spike],
    losses: Float[np.ndarray, " epochs"],
    epochs: Int[np.ndarray, " snapshots"],
    distances: Float[np.ndarray, "snapshots snapshots"],
    settle: int,
) -> list[Resettling]:
    """Compare the partitions before and after each spike.

    Args:
        spikes: Spikes of the training loss of one run.
        losses: Training loss of each epoch.
        epochs: Epochs done at each snapshot.
        distances: Share of bits that differ between any two snapshots.
        settle: Epochs from the end of a spike to the snapshot after it, at least.

    Returns:
        One entry for each spike that has a snapshot on either side.
    """
    disturbed = [
        any(s.start < b and a < s.end + settle for s in spikes)
        for a, b in itertools.pairwise(epochs)
    ]
    found = []
    for spike in spikes:
        before = int(np.searchsorted(epochs, spike.start, side="right")) - 1
        after = int(np.searchsorted(epochs, spike.end + settle))
        if before < 0 or after >= len(epochs):
            continue
        later = losses[spike.end : int(epochs[after])]
        level = losses[spike.peak] / spike.ratio
        found.append(
            Resettling(
                start=spike.start,
                ratio=spike.ratio,
                before=before,
                after=after,
                distance=float(distances[before, after]),
                quiet=_quiet(distances, disturbed, after - before),
                recovered=bool(len(later) and later.min() < 2.0 * level),
            )
        )
    return found


def _quiet(
    distances: Float[np.ndarray, "snapshots snapshots"],
    disturbed: list[bool],
    lag: int,
) -> float | None:
    """Median distance over windows of `lag` without a spike.

    The first tenth of the run is left out: there all moves fast.
    """
    starts = range(len(disturbed) // 10, len(disturbed) - lag + 1)
    quiet = [
        distances[start, start + lag]
        for start in starts
        if not any(disturbed[start : start + lag])
    ]
    return float(np.median(quiet)) if quiet else None


def spike_contrasts(table: list[dict[str, Any]]) -> list[float]:
    """For each seed with spikes, the median distance across one over a quiet one."""
    found = []
    for row in table:
        ratios = [s["distance"] / s["quiet"] for s in row["spikes"] if s["quiet"]]
        if ratios:
            found.append(float(np.median(ratios)))
    return found
