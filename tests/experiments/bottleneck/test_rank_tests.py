"""Rank comparisons against counting and against SciPy."""

import numpy as np
import pytest
import scipy.stats

from experiments.bottleneck.rank_tests import (
    adjusted,
    claim_different,
    claim_greater,
    rank_test,
)


def test_share_of_pairs_is_counted_and_p_is_that_of_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 9, 10) + 2, rng.integers(0, 9, 12)
    test = rank_test(first, second)
    pairs = [(a > b) + 0.5 * (a == b) for a in first for b in second]
    assert test.greater == pytest.approx(np.mean(pairs))
    expected = scipy.stats.mannwhitneyu(first, second)
    assert test.p == pytest.approx(expected.pvalue)
    assert test.greater == pytest.approx(expected.statistic / 120)
    assert 0.0 <= test.interval[0] <= test.greater <= test.interval[1] <= 1.0


def test_interval_is_that_of_a_bootstrap_by_hand():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.7, 1.0, 10), rng.normal(0.0, 1.0, 10)
    draws = []
    for _ in range(3000):
        a, b = rng.choice(first, 10), rng.choice(second, 10)
        draws.append((a[:, None] > b[None, :]).mean())
    expected = np.quantile(draws, [0.05, 0.95])
    np.testing.assert_allclose(rank_test(first, second).interval, expected, atol=0.02)


def test_what_never_happens_is_last():
    never = np.full(10, np.inf)
    test = rank_test(never, np.arange(10.0))
    assert test.greater == 1.0
    assert test.interval == (1.0, 1.0)
    assert rank_test(never, never).greater == 0.5


def test_verdicts_follow_the_ranks():
    low, high = np.arange(10.0), np.arange(10.0) + 20.0
    verdicts = [
        claim_greater("c", "s", "x", *pair).verdict
        for pair in ((high, low), (low, high), (low, low), (high[:3], low[:3]))
    ]
    assert verdicts == ["confirmed", "refuted", "undecided", "undecided"]


def test_differences_are_adjusted_for_their_number():
    found = adjusted({"a": 0.01, "b": 0.04, "c": 0.5})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.5})
    assert claim_different("c", "s", found, 10).verdict == "confirmed"
    assert claim_different("c", "s", {"b": 0.06}, 10).verdict == "undecided"
