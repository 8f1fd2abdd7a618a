"""Laws of region counts, with bootstrap intervals over the seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

SEED = 0
LAWS = ("power", "arrangement", "exponential")
_NAMES = {"power": "exponent", "arrangement": "effective units", "exponential": "base"}


class Fit(NamedTuple):
    """A least-squares line through the logarithms of mean counts.

    Attributes:
        law: `power`, count = c x^p, `exponential`, count = c b^x, or `arrangement`,
            count = c M^d / d!, which is how M hyperplanes in general position grow with
            the dimension d.
        parameter: The exponent p, the base b, or the effective number of units M.
        low: Lower end of its 95 % bootstrap interval: what the seeds leave open, and
            not whether the law holds. None with one seed, which leaves no interval.
        high: Upper end, or None.
        factor: The constant c.
        misfit: Largest ratio of a mean count to the fit, or of the fit to it.
        is_forced: Whether it goes through two points, as some such law always does:
            then it says nothing of the law.
    """

    law: str
    parameter: float
    low: float | None
    high: float | None
    factor: float
    misfit: float
    is_forced: bool = False

    @property
    def name(self) -> str:
        """What the parameter is called."""
        return _NAMES[self.law]

    def __str__(self) -> str:
        name = self.name
        if self.low is None or self.high is None:
            interval = "one seed: an interval takes more"
        else:
            interval = f"95 %: {self.low:.3f} to {self.high:.3f}"
        end = "through both points" if self.is_forced else f"misfit {self.misfit:.2f}"
        return f"{name} {self.parameter:.3f} ({interval}); {end}"

    def counts(
        self, values: Sequence[int] | Sequence[float]
    ) -> Float64[np.ndarray, " values"]:
        """What the law gives at the values."""
        x = np.asarray(values, float)
        if self.law == "power":
            return self.factor * x**self.parameter
        return self.factor * self.parameter**x * np.exp(_known_terms(self.law, x))


def fit_law(
    law: str,
    values: Sequence[int] | Sequence[float],
    counts: Float64[np.ndarray, "values seeds"],
    resamples: int,
) -> Fit:
    """Fit the growth of mean counts; seeds are resampled for the interval.

    Args:
        law: One of `LAWS`.
        values: What varies.
        counts: Counts of each seed at each value.
        resamples: Bootstrap samples; with one seed there are none.
    """
    if law not in LAWS:
        raise ValueError(f"`law` is {law!r}: one of {', '.join(LAWS)} is required.")
    x = np.log(values) if law == "power" else np.asarray(values, float)
    known = _known_terms(law, x)
    slope, intercept = np.polyfit(x, np.log(counts.mean(1)) - known, 1)
    ends = [float(slope), *_interval(x, counts, known, resamples)]
    if law != "power":
        ends = [None if end is None else math.exp(end) for end in ends]
    parameter, low, high = ends
    assert parameter is not None
    fit = Fit(law, parameter, low, high, factor=math.exp(intercept), misfit=1.0)
    off = np.abs(np.log(counts.mean(1) / fit.counts(values))).max()
    return fit._replace(misfit=math.exp(off), is_forced=len(counts) == 2)


def _known_terms(law: str, x: Float64[np.ndarray, " values"]) -> np.ndarray:
    """Logarithms of the factors in which nothing is fitted."""
    if law != "arrangement":
        return np.zeros(len(x))
    return np.array([-math.lgamma(d + 1.0) for d in x.tolist()])


def _interval(
    x: Float64[np.ndarray, " values"],
    counts: Float64[np.ndarray, "values seeds"],
    known: Float64[np.ndarray, " values"],
    resamples: int,
) -> tuple[float, float] | tuple[None, None]:
    """The 95 % bootstrap interval of the slope; resampling one seed gives none."""
    seeds = counts.shape[1]
    if seeds < 2:
        return None, None
    rng = np.random.default_rng(SEED)
    # Each value has its own networks, so each is resampled by itself.
    chosen = rng.integers(0, seeds, (resamples, len(x), seeds))
    means = np.take_along_axis(counts[None], chosen, axis=2).mean(2)
    centered = x - x.mean()
    slopes = (np.log(means) - known) @ centered / (centered @ centered)
    low, high = map(float, np.quantile(slopes, [0.025, 0.975]))
    return low, high
