"""Claims, and what the numbers say of them.

A claim is that a statistic lies in a range. Its interval decides: inside the range it
supports the claim, outside it contradicts it, across a border it does neither.
"""

import dataclasses
import math
from typing import Any, Literal

import numpy as np
import scipy.stats
from jaxtyping import Bool, Float, Int

Verdict = Literal["supported", "not supported", "mixed", "too few seeds"]

MIN_SEEDS = 10
"""Fewer independent runs give no verdict: `too few seeds`, as in the smoke presets."""

LEVEL = 0.9
"""Coverage of the intervals."""

DRAWS = 10_000
"""Number of draws of the bootstrap."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim and its verdict, an entry of `claims` in `summary.json`.

    Attributes:
        claim: What is claimed, in one sentence.
        source: Who claims it and where.
        statistic: What was measured, with its unit and the range that would support
            the claim.
        value: The statistic.
        interval: Its 90 % interval; twice the value for what has no chance in it.
        seeds: Independent runs behind the value; 0 for what has no chance in it.
        verdict: What follows.
    """

    claim: str
    source: str
    statistic: str
    value: float
    interval: tuple[float, float]
    seeds: int
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """A form for JSON."""
        return dataclasses.asdict(self)


def claim_median(
    claim: str,
    source: str,
    statistic: str,
    values: Float[np.ndarray, " seeds"] | Int[np.ndarray, " seeds"],
    *,
    low: float = -math.inf,
    high: float = math.inf,
) -> Claim:
    """The claim that the median over seeds lies in `[low, high]`.

    The interval is a percentile bootstrap over the seeds.

    Raises:
        ValueError: If a value is not finite: leave out, and say so, what has no number.
    """
    values = np.asarray(values, np.float64)
    _check_finite(values)
    value, interval = median_interval(values)
    return Claim(
        claim=claim,
        source=source,
        statistic=statistic,
        value=value,
        interval=interval,
        seeds=len(values),
        verdict=judge(interval, len(values), low=low, high=high),
    )


def claim_share(
    claim: str,
    source: str,
    statistic: str,
    successes: Bool[np.ndarray, " seeds"],
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> Claim:
    """The claim that the share of seeds with a property lies in `[low, high]`.

    The interval is Clopper and Pearson's.
    """
    successes = np.asarray(successes, bool)
    test = scipy.stats.binomtest(int(successes.sum()), len(successes))
    found = test.proportion_ci(LEVEL, method="exact")
    interval = (float(found.low), float(found.high))
    return Claim(
        claim=claim,
        source=source,
        statistic=statistic,
        value=float(successes.mean()),
        interval=interval,
        seeds=len(successes),
        verdict=judge(interval, len(successes), low=low, high=high),
    )


def claim_exact(
    claim: str, source: str, statistic: str, value: float | int, *, holds: bool
) -> Claim:
    """A claim about numbers without chance in them: formulas, counts, violations."""
    _check_finite(np.array([value], np.float64))
    return Claim(
        claim=claim,
        source=source,
        statistic=statistic,
        value=float(value),
        interval=(float(value), float(value)),
        seeds=0,
        verdict="supported" if holds else "not supported",
    )


def median_interval(
    values: Float[np.ndarray, " seeds"],
) -> tuple[float, tuple[float, float]]:
    """Median and its bootstrap interval, the same at each call."""
    values = np.asarray(values, np.float64)
    drawn = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    medians = np.median(values[drawn], axis=1)
    tails = np.quantile(medians, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(np.median(values)), (float(tails[0]), float(tails[1]))


def judge(
    interval: tuple[float, float],
    seeds: int,
    *,
    low: float = -math.inf,
    high: float = math.inf,
) -> Verdict:
    """What an interval says of the claim that its statistic lies in `[low, high]`."""
    if seeds < MIN_SEEDS:
        return "too few seeds"
    if low <= interval[0] and interval[1] <= high:
        return "supported"
    if interval[1] < low or interval[0] > high:
        return "not supported"
    return "mixed"


def describe_value(claim: dict[str, Any]) -> str:
    """Statistic, value and interval of a claim in `summary.json`, in one line."""
    low, high = claim["interval"]
    text = f"{claim['statistic']}: {claim['value']:.4g}"
    if claim["seeds"] == 0:
        return text
    return f"{text} [{low:.4g}, {high:.4g}], {claim['seeds']} seeds"


def _check_finite(values: Float[np.ndarray, " values"]) -> None:
    """Raise if a value is NaN or infinite."""
    if not np.isfinite(values).all():
        raise ValueError(
            f"{np.count_nonzero(~np.isfinite(values))} of {len(values)} values of a "
            "claim are not finite: finite ones are required."
        )
