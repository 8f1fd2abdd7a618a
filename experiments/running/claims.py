"""Claims, and what the numbers say of them.

A claim is that a statistic lies in a range. Two tests are made over independent runs:
one whose small p-value speaks for the claim, one whose small p-value speaks against it.
A verdict is given over all claims that a reader sees together, with the share of false
ones among those decided held under `RATE` (Benjamini and Hochberg): one claim alone
proves little among hundreds.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import scipy.stats
from jaxtyping import Bool, Float, Int

Verdict = Literal[
    "confirmed", "refuted", "undecided", "not tested at the source's size"
]

BY_INTERVAL = """\
*Confirmed by its interval* and *refuted by its interval* stand at runs from before
values were kept, which no test can judge: the 90 % interval over at least ten seeds
lies in the range, or beside it."""
"""What the verdicts mean that old records keep, for the pages."""

LEVEL = 0.9
"""Coverage of the intervals."""

RATE = 0.05
"""Expected share of false verdicts among those decided on a page, at most."""

DRAWS = 10_000
"""Number of draws of the bootstrap."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim, an entry of `claims` in `summary.json`.

    Attributes:
        claim: What is claimed, in one sentence.
        source: Who claims it and where.
        statistic: What was measured, with its unit and the range that would support
            the claim.
        value: The statistic.
        interval: Its 90 % interval; twice the value for what has no chance in it.
        seeds: Independent runs behind the value; 0 for what has no chance in it: a
            check of the program or an exact fact.
        values: The statistic of each run, in their order; empty where the value is no
            summary of single runs.
        p_for: Chance of numbers that speak for the claim as much, were it false.
        p_against: Chance of numbers that speak against it as much, were it true.
        least: The smallest of these two that so many runs can give.
        reason: Why the border of the range lies where it does.
        smaller: Where the runs are smaller than the source's, in a few words; empty if
            they are not. Such a claim gets no verdict.
    """

    claim: str
    source: str
    statistic: str
    value: float
    interval: tuple[float, float]
    seeds: int
    values: tuple[float, ...] = ()
    p_for: float
    p_against: float
    least: tuple[float, float] = (0.0, 0.0)
    reason: str = ""
    smaller: str = ""

    @property
    def verdict(self) -> Verdict:
        """What follows for this claim if no other is looked at."""
        return judge([self.to_dict()])[0]

    def to_dict(self) -> dict[str, Any]:
        """A form for JSON."""
        return dataclasses.asdict(self)


def judge(claims: Sequence[dict[str, Any]]) -> list[Verdict]:
    """Verdicts on claims that are read together.

    A claim is decided if the smaller of its p-values, doubled for the choice between
    the two and adjusted for the number of claims, is at most `RATE`. Claims without
    chance take no part in that: they hold or not. Nor do those that get no verdict: a
    small p-value of theirs would ease the others.

    Args:
        claims: As `Claim.to_dict` gives them.

    References:
        Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, J. R. Stat.
        Soc. B 57, 1995; for the choice of a direction, Y. Benjamini, D. Yekutieli, J.
        Am. Stat. Assoc. 100, 2005.
    """
    raw = np.array(
        [min(1.0, 2.0 * min(claim["p_for"], claim["p_against"])) for claim in claims]
    )
    chance = np.array([c["seeds"] > 0 and not c["smaller"] for c in claims], bool)
    adjusted = raw.copy()
    if chance.any():
        adjusted[chance] = scipy.stats.false_discovery_control(raw[chance])
    return [_verdict(claim, p) for claim, p in zip(claims, adjusted, strict=True)]


def _verdict(claim: dict[str, Any], p: float) -> Verdict:
    """One verdict, given the adjusted p-value."""
    if claim["smaller"]:
        return "not tested at the source's size"
    if p > RATE:
        return "undecided"
    return "confirmed" if claim["p_for"] < claim["p_against"] else "refuted"


def out_of_reach(claim: Claim | dict[str, Any]) -> list[Verdict]:
    """Verdicts that so few runs can not give, however they come out.

    Args:
        claim: A claim, or what `Claim.to_dict` gives of it.

    Example:
        >>> claim = claim_median("c", "s", "x", np.array([3.0] * 5), low=0.0)
        >>> out_of_reach(claim)
        ['confirmed', 'refuted']
    """
    ends: tuple[Verdict, Verdict] = ("confirmed", "refuted")
    least = claim.least if isinstance(claim, Claim) else claim["least"]
    return [end for end, p in zip(ends, least, strict=True) if 2.0 * p > RATE]


def remark(claim: dict[str, Any], verdict: str) -> str:
    """What a reader of a verdict has to know beside it; empty if nothing.

    Example:
        >>> few = claim_median("c", "s", "x", np.array([1.0, 2.0]), low=0.0).to_dict()
        >>> remark(few, "undecided")
        ' (2 seeds can not have it confirmed or refuted)'
    """
    if claim.get("smaller"):
        return f": {claim['smaller']}"
    ends = out_of_reach(claim) if "least" in claim and verdict == "undecided" else []
    if not ends:
        return ""
    return f" ({claim['seeds']} seeds can not have it {' or '.join(ends)})"


def claim_median(
    claim: str,
    source: str,
    statistic: str,
    values: Float[np.ndarray, " seeds"] | Int[np.ndarray, " seeds"],
    *,
    low: float = -math.inf,
    high: float = math.inf,
    reason: str = "",
    smaller: str = "",
) -> Claim:
    """The claim that the median over seeds lies in `[low, high]`.

    The interval is a percentile bootstrap over the seeds; the tests are sign tests,
    which suppose nothing of the law of the values.

    Raises:
        ValueError: If a value is not finite: leave out, and say so, what has no number.
            If the range has no end.
    """
    values = np.asarray(values, np.float64)
    _check_finite(values)
    _check_ends(math.isfinite(low) or math.isfinite(high))
    value, interval = median_interval(values)
    runs = len(values)
    p_for = [
        _at_least(int(inside.sum()), runs, 0.5)
        for inside, end in ((values >= low, low), (values <= high, high))
        if math.isfinite(end)
    ]
    p_against = [
        _at_least(int(outside.sum()), runs, 0.5)
        for outside, end in ((values < low, low), (values > high, high))
        if math.isfinite(end)
    ]
    return Claim(
        claim=claim,
        source=source,
        statistic=statistic,
        value=value,
        interval=interval,
        seeds=runs,
        values=tuple(values.tolist()),
        p_for=max(p_for, default=0.0),
        p_against=min(1.0, len(p_against) * min(p_against, default=1.0)),
        least=(0.5**runs, min(1.0, len(p_against) * 0.5**runs)),
        reason=reason,
        smaller=smaller,
    )


def claim_share(
    claim: str,
    source: str,
    statistic: str,
    successes: Bool[np.ndarray, " seeds"],
    *,
    low: float = 0.0,
    high: float = 1.0,
    reason: str = "",
    smaller: str = "",
) -> Claim:
    """The claim that the share of seeds with a property lies in `[low, high]`.

    The interval is Clopper and Pearson's, the tests are exact binomial ones.

    Raises:
        ValueError: If the range is all of `[0, 1]`.
    """
    _check_ends(low > 0.0 or high < 1.0)
    successes = np.asarray(successes, bool)
    runs, count = len(successes), int(successes.sum())
    found = scipy.stats.binomtest(count, runs).proportion_ci(LEVEL, method="exact")
    p_for, p_against = _share_tests(count, runs, low, high)
    every = [_share_tests(k, runs, low, high) for k in range(runs + 1)]
    return Claim(
        claim=claim,
        source=source,
        statistic=statistic,
        value=float(successes.mean()),
        interval=(float(found.low), float(found.high)),
        seeds=runs,
        values=tuple(successes.astype(float).tolist()),
        p_for=p_for,
        p_against=p_against,
        least=(min(p for p, _ in every), min(p for _, p in every)),
        reason=reason,
        smaller=smaller,
    )


def claim_normal(
    claim: str,
    source: str,
    statistic: str,
    value: float,
    error: float,
    seeds: int,
    *,
    low: float,
    high: float,
    values: Sequence[float] = (),
    reason: str = "",
) -> Claim:
    """The claim that a mean or a fitted number lies in `[low, high]`, by Student's law.

    Args:
        claim: What is claimed.
        source: Who claims it.
        statistic: What was measured.
        value: The estimate.
        error: Its standard error.
        seeds: Independent runs behind it.
        low: Lower end of the range.
        high: Upper end of the range.
        values: Of each run, if the estimate is their mean.
        reason: Why the range is that.
    """
    law = scipy.stats.t(seeds - 1, loc=value, scale=max(error, 1e-300))
    half = float(law.ppf(0.5 + 0.5 * LEVEL)) - value
    outside = (float(law.cdf(low)), float(law.sf(high)))
    return Claim(
        claim=claim,
        source=source,
        statistic=statistic,
        value=value,
        interval=(value - half, value + half),
        seeds=seeds,
        values=tuple(map(float, values)),
        p_for=max(outside),
        p_against=min(1.0, 2.0 * (1.0 - max(outside))),
        reason=reason,
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
        p_for=0.0 if holds else 1.0,
        p_against=1.0 if holds else 0.0,
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


def describe_value(claim: dict[str, Any]) -> str:
    """Statistic, value and interval of a claim in `summary.json`, in one line."""
    low, high = claim["interval"]
    text = f"{claim['statistic']}: {claim['value']:.4g}"
    if claim["seeds"] == 0:
        return text
    return f"{text} [{low:.4g}, {high:.4g}], {claim['seeds']} seeds"


def _share_tests(count: int, runs: int, low: float, high: float) -> tuple[float, float]:
    """`p_for` and `p_against` of so many successes; 0 and 1 say nothing as ends."""
    p_for, p_against = [], []
    if low > 0.0:
        p_for.append(_at_least(count, runs, low))
        p_against.append(_at_least(runs - count, runs, 1.0 - low))
    if high < 1.0:
        p_for.append(_at_least(runs - count, runs, 1.0 - high))
        p_against.append(_at_least(count, runs, high))
    against = len(p_against) * min(p_against, default=1.0)
    return max(p_for, default=0.0), min(1.0, against)


def _at_least(count: int, runs: int, chance: float) -> float:
    """Chance of at least `count` successes in `runs`."""
    return float(scipy.stats.binom.sf(count - 1, runs, chance))


def _check_ends(has_end: bool) -> None:
    """Raise if a claim rules nothing out."""
    if not has_end:
        raise ValueError(
            "the range of a claim has no end: give `low`, `high`, or both."
        )


def _check_finite(values: Float[np.ndarray, " values"]) -> None:
    """Raise if a value is NaN or infinite."""
    if not np.isfinite(values).all():
        raise ValueError(
            f"{np.count_nonzero(~np.isfinite(values))} of {len(values)} values of a "
            "claim are not finite: finite ones are required."
        )
