"""Period and strength of an oscillation in a loss: its pulse.

Logarithms of the losses, less a parabola in time, are what oscillates; the period is
that of the highest line of their periodogram.
"""

from typing import NamedTuple

import numpy as np
import scipy.signal
from jaxtyping import Float, Float64

MIN_PERIODS = 4
"""A line of fewer periods in the window is drift, not a pulse, and is left out."""

MIN_RISE = 1e-5
"""Relative; a rise from one step to the next that float32 sums do not make alone."""


class Oscillation(NamedTuple):
    """What a window of losses does around its trend.

    Attributes:
        period: Period of the highest line of the periodogram, in steps.
        share: Share of the power that lies in that line and the two on either side of
            it.
        swing: Standard deviation of the logarithm of the loss around its trend.
        rising: Share of the steps in which the loss rises.
    """

    period: float
    share: float
    swing: float
    rising: float


def measure_oscillation(losses: Float[np.ndarray, " steps"]) -> Oscillation:
    """Pulse of a window of losses.

    Args:
        losses: One a step, positive; at least 16.

    Raises:
        ValueError: If there are fewer, or one is not positive and finite.
    """
    losses = np.asarray(losses, np.float64)
    if len(losses) < 16 or not (np.isfinite(losses) & (losses > 0.0)).all():
        raise ValueError(
            f"{len(losses)} losses from {losses.min(initial=np.inf)}: at least 16 "
            "positive finite ones are required."
        )
    around = around_trend(losses)
    frequencies, power = scipy.signal.periodogram(
        around, window="hann", detrend="constant"
    )
    power[frequencies * len(losses) < MIN_PERIODS] = 0.0
    peak, total = int(np.argmax(power)), float(power.sum())
    line = float(power[max(peak - 2, 0) : peak + 3].sum())
    return Oscillation(
        period=float(1.0 / frequencies[peak]) if total > 0.0 else float(len(losses)),
        share=line / total if total > 0.0 else 0.0,
        swing=float(around.std()),
        rising=float((np.diff(np.log(losses)) > MIN_RISE).mean()),
    )


def around_trend(losses: Float[np.ndarray, " steps"]) -> Float64[np.ndarray, " steps"]:
    """Logarithms of the losses less the parabola that fits them best."""
    logs = np.log(np.asarray(losses, np.float64))
    time = np.linspace(-1.0, 1.0, len(logs))
    return logs - np.polynomial.Polynomial.fit(time, logs, 2)(time)


class Leads(NamedTuple):
    """Peaks of a loss and what a predictor did before them.

    Attributes:
        peaks: Number of peaks of the loss.
        announced: How many have the predictor above its threshold within a given
            number of steps before them.
        chance: Share of all steps that have that: what peaks at random times would be
            announced by.
        lead: Median of the steps from the predictor's last crossing to the peak, over
            the announced peaks; NaN without any.
    """

    peaks: int
    announced: int
    chance: float
    lead: float


def measure_leads(
    losses: Float[np.ndarray, " steps"],
    predictor: Float[np.ndarray, " steps"],
    *,
    prominence: float,
    reach: int,
) -> Leads:
    """How a predictor (above its threshold where it is over 1) announces peaks.

    Args:
        losses: One a step, positive.
        predictor: One a step, in units of the threshold.
        prominence: Least prominence of a peak of the logarithm of the loss.
        reach: Steps before a peak in which it is announced; of peaks that are less
            apart the highest counts, the others are its ringing. Peaks in the first
            `reach` steps are left out.
    """
    around = around_trend(losses)
    peaks, _ = scipy.signal.find_peaks(around, prominence=prominence, distance=reach)
    peaks = peaks[peaks >= reach]
    above = np.asarray(predictor) > 1.0
    # Step t looks back on steps t - reach to t - 1.
    sums = np.concatenate([[0], np.cumsum(above)])
    seen = sums[reach:-1] > sums[: -reach - 1]
    leads = []
    for peak in peaks[seen[peaks - reach]].tolist():
        last = int(np.flatnonzero(above[:peak])[-1])
        below = np.flatnonzero(~above[:last])
        leads.append(peak - (int(below[-1]) + 1 if len(below) else 0))
    return Leads(
        peaks=len(peaks),
        announced=len(leads),
        chance=float(seen.mean()),
        lead=float(np.median(leads)) if leads else float("nan"),
    )
