"""What an estimate of the number of regions says, and how sure it is."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64

from regions.estimates.intervals import log_interval, log_lower_bound, log_mean

LN10 = math.log(10.0)


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class RegionEstimate:
    """An unbiased estimate of a number of regions. It is no count.

    Attributes:
        log_runs: Natural logarithm of the value of every run, in the order of their
            seeds; each run alone is unbiased, and they are independent.
        exact: The count itself, if nothing was dropped; else None.
        seconds: Wall time.
        stats: What was done: cells kept, programs solved, why the runs ended.
        proved: Regions that are known to exist: as many cells as one run held at its
            end.
        log_others: Logarithms of what counts in `at_least` alone: runs that were
            stopped, by the cells that they stood for then (minus infinity where that is
            not known), and runs that ended so late that slower ones would not have.
        linear: Whether these are linear regions, and not activation regions.

    Example:
        >>> estimate = RegionEstimate(np.log([90.0, 100.0, 110.0, 105.0]), None, 1.0)
        >>> round(estimate.mean), [round(v) for v in estimate.interval(0.9)]
        (101, [90, 111])
    """

    log_runs: Float64[np.ndarray, " runs"]
    exact: int | None
    seconds: float
    stats: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    proved: int = 1
    log_others: Float64[np.ndarray, " others"] = dataclasses.field(
        default_factory=lambda: np.zeros(0)
    )
    linear: bool = False

    def __repr__(self) -> str:
        return f"RegionEstimate({self})"

    @property
    def runs(self) -> Float64[np.ndarray, " runs"]:
        """The value of every run; infinite beyond 1.8e308 (see `log_runs`)."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_runs)

    @property
    def mean(self) -> float:
        """The estimate: the mean of the runs; infinite beyond 1.8e308."""
        return _power(self.log10 * LN10) if self.exact is None else float(self.exact)

    @property
    def log10(self) -> float:
        """Decimal logarithm of the estimate."""
        if self.exact is not None:
            return _log10(self.exact)
        return log_mean(self.log_runs) / LN10

    @property
    def relative_error(self) -> float:
        """Standard error of the mean over the mean; infinite with one run."""
        if self.exact is not None:
            return 0.0
        center = log_mean(self.log_runs)
        if len(self.log_runs) < 2 or center == -math.inf:
            return math.inf
        values = np.exp(self.log_runs - center)
        return float(values.std(ddof=1) / math.sqrt(len(values)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Ends between which the count lies, for a share `level` of all seeds.

        It rests on the spread of the runs, with a correction for their skewness; the
        share holds approximately, and is worse for very few runs of few cells.
        """
        low, high = self.log10_interval(level)
        return _power(low * LN10), _power(high * LN10)

    def log10_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Decimal logarithms of the ends of `interval`."""
        _check_level(level)
        if self.exact is not None:
            return self.log10, self.log10
        low, high = log_interval(self.log_runs, level)
        return max(low / LN10, _log10(self.proved)), high / LN10

    def at_least(self, level: float = 0.95) -> float:
        """A lower bound that fails for a share `1 - level` of all seeds, at most.

        It needs no normality: only that runs are independent, positive and unbiased, or
        too small on average as those that were stopped are.
        """
        return _power(self.log10_at_least(level) * LN10)

    def log10_at_least(self, level: float = 0.95) -> float:
        """Decimal logarithm of `at_least`."""
        _check_level(level)
        if self.exact is not None:
            return self.log10
        begun = np.concatenate([self.log_runs, self.log_others])
        bound = log_lower_bound(begun, level) / LN10
        return max(bound, _log10(self.proved))

    def __str__(self) -> str:
        kind = "linear regions" if self.linear else "regions"
        if self.exact is not None:
            return f"{self.exact} {kind} (exact: nothing was dropped)"
        low, high = self.log10_interval()
        return (
            f"about {_number(self.log10)} {kind} (an estimate: 95 % interval "
            f"{_number(low)} to {_number(high)}, {len(self.log_runs)} runs)"
        )


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise ValueError(f"`level` is {level}: a number between 0 and 1 is required.")


def _power(log: float) -> float:
    """The exponential; infinite where float64 ends."""
    return math.exp(log) if log < 709.0 else math.inf


def _log10(count: int) -> float:
    """Decimal logarithm; minus infinity of 0, as there may be no region of a class."""
    return math.log10(count) if count > 0 else -math.inf


def _number(log10: float) -> str:
    """Three digits of a number given by its decimal logarithm."""
    if log10 == math.inf:
        return "infinity"
    if log10 < 6:
        return f"{10**log10:.0f}"
    whole = math.floor(log10)
    digits = f"{10 ** (log10 - whole):.2f}"
    return f"1.00e{whole + 1}" if digits == "10.00" else f"{digits}e{whole}"
