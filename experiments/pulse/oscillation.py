"""Period and strength of an oscillation in a loss: its pulse.

Logarithms of the losses, less a parabola in time, are what oscillates. Their
periodogram has many lines, harmonics among them, and the highest one jumps from run to
run: the period is the one that halves the power.
"""

from typing import NamedTuple

import numpy as np
import scipy.signal
from jaxtyping import Float, Float64

from experiments.measures.rank_correlation import rank_correlation

MIN_PERIODS = 4
"""A line of fewer periods in the window is drift, not a pulse, and is left out."""

MIN_RISE = 1e-5
"""Relative; a rise from one step to the next that float32 sums do not make alone."""


class Oscillation(NamedTuple):
    """What a window of losses does around its trend.

    Attributes:
        period: Period, in steps, on either side of which lies half of the power.
        share: Share of the power in the highest line of the periodogram and the two on
            either side of it.
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
    half = int(np.searchsorted(np.cumsum(power), total / 2.0))
    return Oscillation(
        period=float(1.0 / frequencies[half]) if total > 0.0 else float(len(losses)),
        share=line / total if total > 0.0 else 0.0,
        swing=float(around.std()),
        rising=float((np.diff(np.log(losses)) > MIN_RISE).mean()),
    )


def around_trend(losses: Float[np.ndarray, " steps"]) -> Float64[np.ndarray, " steps"]:
    """Logarithms of the losses less the parabola that fits them best."""
    logs = np.log(np.asarray(losses, np.float64))
    time = np.linspace(-1.0, 1.0, len(logs))
    return logs - np.polynomial.Polynomial.fit(time, logs, 2)(time)


def foretelling(
    losses: Float[np.ndarray, " steps"],
    predictor: Float[np.ndarray, " steps"],
    ahead: int,
) -> float:
    """Rank correlation of a predictor with the rise of the log loss that follows.

    Args:
        losses: One a step, positive.
        predictor: One a step.
        ahead: Steps over which the rise is taken.
    """
    logs = np.log(np.asarray(losses, np.float64))
    rises = logs[ahead:] - logs[:-ahead]
    values = np.asarray(predictor, np.float64)[:-ahead]
    return float(rank_correlation(values[:, None], rises[:, None])[0])
