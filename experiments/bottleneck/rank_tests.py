"""Two samples of runs compared by ranks: how often one kind exceeds the other."""

from typing import NamedTuple

import numpy as np
import scipy.stats
from jaxtyping import Float, Int

from experiments.running.claims import DRAWS, LEVEL, Claim


class RankTest(NamedTuple):
    """Mann and Whitney's test of two samples.

    Attributes:
        greater: Share of the pairs in which the first is greater, ties half.
        interval: Its bootstrap interval over the runs of both.
        p_greater: Chance of so large a share, were the kinds alike.
        p_less: Chance of so small a one.
    """

    greater: float
    interval: tuple[float, float]
    p_greater: float
    p_less: float

    @property
    def p(self) -> float:
        """Two-sided p-value."""
        return min(1.0, 2.0 * min(self.p_greater, self.p_less))


def rank_test(
    first: Float[np.ndarray, " first"] | Int[np.ndarray, " first"],
    second: Float[np.ndarray, " second"] | Int[np.ndarray, " second"],
) -> RankTest:
    """Compare two samples by ranks; infinite values are greater than all others."""
    ranks = _ranks(first, second)
    wins = (1.0 + np.sign(np.subtract.outer(*ranks))) / 2.0
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(first), (DRAWS, len(first)))
    columns = rng.integers(0, len(second), (DRAWS, len(second)))
    # How often each run was drawn; the share is a product with the table of wins.
    drawn_rows = _counts(rows, len(first))
    drawn_columns = _counts(columns, len(second))
    sums = np.einsum("di,ij,dj->d", drawn_rows, wins, drawn_columns)
    shares = sums / wins.size
    tails = np.quantile(shares, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    greater, less = (
        float(scipy.stats.mannwhitneyu(*ranks, alternative=side).pvalue)
        for side in ("greater", "less")
    )
    interval = (float(tails[0]), float(tails[1]))
    return RankTest(float(wins.mean()), interval, greater, less)


def claim_greater(
    claim: str,
    source: str,
    statistic: str,
    first: Float[np.ndarray, " first"] | Int[np.ndarray, " first"],
    second: Float[np.ndarray, " second"] | Int[np.ndarray, " second"],
) -> Claim:
    """The claim that a run of the first kind exceeds most runs of the second."""
    test = rank_test(first, second)
    seeds = min(len(first), len(second))
    return Claim(
        claim=claim,
        source=source,
        statistic=f"{statistic} (over 0.5; Mann-Whitney p = {test.p:.2g})",
        value=test.greater,
        interval=test.interval,
        seeds=seeds,
        p_for=test.p_greater,
        p_against=test.p_less,
        reason="the kinds are alike",
    )


def adjusted(p_values: dict[str, float]) -> dict[str, float]:
    """p-values with the false discovery rate held (Benjamini and Hochberg)."""
    found = scipy.stats.false_discovery_control(list(p_values.values()))
    return {name: float(p) for name, p in zip(p_values, found, strict=True)}


def claim_different(
    claim: str, source: str, p_values: dict[str, float], seeds: int
) -> Claim:
    """The claim that two kinds of runs differ in some measure.

    Args:
        claim: In one sentence.
        source: Who claims it and where.
        p_values: Adjusted, by the measures' names in words.
        seeds: Runs of each kind.
    """
    name = min(p_values, key=lambda key: p_values[key])
    p = p_values[name]
    return Claim(
        claim=claim,
        source=source,
        statistic=(
            f"smallest of {len(p_values)} adjusted Mann-Whitney p-values, of the {name}"
        ),
        value=p,
        interval=(p, p),
        seeds=seeds,
        # Two-sided already; that they are alike no test can show.
        p_for=p / 2.0,
        p_against=1.0,
        least=(0.0, 1.0),
        reason="the kinds are alike; that they are, no test can show",
    )


def _ranks(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranks in the union of both samples."""
    ranks = scipy.stats.rankdata(np.concatenate([first, second]))
    return ranks[: len(first)], ranks[len(first) :]


def _counts(drawn: np.ndarray, size: int) -> np.ndarray:
    """How often each index is in each row."""
    return (drawn[:, :, None] == np.arange(size)).sum(axis=1)
