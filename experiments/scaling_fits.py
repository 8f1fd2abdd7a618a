"""Exponents of region counts, with bootstrap intervals over the seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

SEED = 0


class Fit(NamedTuple):
    """A least-squares line through the logarithms of mean counts.

    Attributes:
        law: `power`, count ~ x^slope, or `exponential`, count ~ exp(slope x).
        slope: The exponent or the rate.
        low: Lower end of its 95 % bootstrap interval.
        high: Upper end.
        intercept: Logarithm of the count at x = 1 or x = 0.
    """

    law: str
    slope: float
    low: float
    high: float
    intercept: float

    def __str__(self) -> str:
        name = "exponent" if self.law == "power" else "rate"
        return f"{name} {self.slope:.3f} (95 %: {self.low:.3f} to {self.high:.3f})"


def fit_exponent(
    values: Sequence[int],
    counts: Float64[np.ndarray, "values seeds"],
    resamples: int,
    *,
    log_x: bool,
) -> Fit:
    """Fit the growth of mean counts; seeds are resampled for the interval.

    Args:
        values: What varies.
        counts: Counts of each seed at each value.
        resamples: Bootstrap samples.
        log_x: Fit a power law; an exponential law otherwise.
    """
    x = np.log(values) if log_x else np.asarray(values, float)
    slope, intercept = np.polyfit(x, np.log(counts.mean(1)), 1)
    rng = np.random.default_rng(SEED)
    seeds = counts.shape[1]
    # Each value has its own networks, so each is resampled by itself.
    chosen = rng.integers(0, seeds, (resamples, len(values), seeds))
    means = np.take_along_axis(counts[None], chosen, axis=2).mean(2)
    centered = x - x.mean()
    slopes = np.log(means) @ centered / (centered @ centered)
    low, high = np.quantile(slopes, [0.025, 0.975])
    law = "power" if log_x else "exponential"
    return Fit(law, float(slope), float(low), float(high), float(intercept))
