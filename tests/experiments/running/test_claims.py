"""Claims: what an interval says of a range."""

import numpy as np
import pytest
import scipy.stats

from experiments.running.claims import (
    claim_exact,
    claim_median,
    claim_share,
    describe_value,
    judge,
    median_interval,
)

WORDS = ("it is large", "a post, question 1", "size; above 1 supports")


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((1.5, 2.0), "supported"),
        ((1.0, 3.0), "supported"),
        ((0.5, 2.0), "mixed"),
        ((2.0, 4.0), "mixed"),
        ((0.0, 9.0), "mixed"),
        ((0.0, 0.9), "not supported"),
        ((3.1, 9.0), "not supported"),
    ],
)
def test_interval_decides(interval, verdict):
    assert judge(interval, 10, low=1.0, high=3.0) == verdict
    assert judge(interval, 9, low=1.0, high=3.0) == "too few seeds"


def test_interval_of_the_median_is_that_of_scipy():
    values = np.random.default_rng(1).lognormal(size=25)
    median, interval = median_interval(values)
    other = scipy.stats.bootstrap(
        (values,), np.median, confidence_level=0.9, method="percentile", rng=0
    ).confidence_interval
    assert median == np.median(values)
    assert interval == pytest.approx((other.low, other.high), rel=0.03)
    assert median_interval(values) == (median, interval)


def test_interval_of_the_median_covers_it_nine_times_in_ten():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(200):
        _, (low, high) = median_interval(rng.standard_normal(20))
        inside += low <= 0.0 <= high
    assert 165 <= inside <= 198


def test_claim_of_a_median():
    claim = claim_median(*WORDS, np.arange(2.0, 14.0), low=1.0)
    assert (claim.value, claim.seeds, claim.verdict) == (7.5, 12, "supported")
    assert claim.interval[0] > 2.0
    text = describe_value(claim.to_dict())
    assert text.startswith("size; above 1 supports: 7.5 [")
    assert text.endswith("12 seeds")


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="1 of 2 values of a claim are not finite"):
        claim_median(*WORDS, np.array([1.0, np.nan]))


def test_claim_of_a_share_has_the_exact_interval():
    claim = claim_share(*WORDS, np.array([True] * 9 + [False]), low=0.8)
    # Clopper and Pearson's interval of 9 in 10, from tables of the beta law.
    assert claim.interval == pytest.approx((0.6058, 0.9949), abs=1e-4)
    assert (claim.value, claim.verdict) == (0.9, "mixed")
    assert claim_share(*WORDS, np.ones(30, bool), low=0.8).verdict == "supported"


def test_exact_claims_need_no_seeds():
    claim = claim_exact(*WORDS, 3, holds=False)
    assert (claim.interval, claim.seeds, claim.verdict) == ((3, 3), 0, "not supported")
    assert describe_value(claim.to_dict()) == "size; above 1 supports: 3"
