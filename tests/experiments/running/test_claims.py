"""Claims: what tests over runs say of a range, and of many claims together."""

import numpy as np
import pytest
import scipy.stats

from experiments.running.claims import (
    RATE,
    claim_exact,
    claim_median,
    claim_normal,
    claim_share,
    describe_value,
    judge,
    median_interval,
    out_of_reach,
)

WORDS = ("it is large", "a post, question 1", "size; above 1 supports")


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (np.linspace(1.0, 3.0, 12), "confirmed"),
        (np.linspace(0.0, 0.9, 12), "refuted"),
        (np.linspace(3.1, 9.0, 12), "refuted"),
        (np.linspace(0.0, 2.0, 12), "undecided"),
        (np.linspace(2.0, 4.0, 12), "undecided"),
        (np.linspace(1.5, 2.0, 5), "undecided"),
    ],
)
def test_signs_decide(values, verdict):
    assert claim_median(*WORDS, values, low=1.0, high=3.0).verdict == verdict


@pytest.mark.parametrize("above", range(11))
def test_p_values_of_a_median_are_those_of_scipys_sign_test(above):
    values = np.array([2.0] * above + [0.0] * (10 - above))
    claim = claim_median(*WORDS, values, low=1.0)
    test = scipy.stats.binomtest
    assert claim.p_for == pytest.approx(test(above, 10, alternative="greater").pvalue)
    assert claim.p_against == pytest.approx(test(above, 10, alternative="less").pvalue)


@pytest.mark.parametrize("count", [0, 3, 8, 10])
def test_p_values_of_a_share_are_those_of_scipys_binomial_test(count):
    test = scipy.stats.binomtest
    successes = np.arange(10) < count
    low = claim_share(*WORDS, successes, low=0.8)
    high = claim_share(*WORDS, successes, high=0.1)
    assert low.p_for == pytest.approx(test(count, 10, 0.8, "greater").pvalue)
    assert low.p_against == pytest.approx(test(count, 10, 0.8, "less").pvalue)
    assert high.p_for == pytest.approx(test(count, 10, 0.1, "less").pvalue)
    assert high.p_against == pytest.approx(test(count, 10, 0.1, "greater").pvalue)


def test_a_range_of_two_ends_can_be_missed_at_either():
    test = scipy.stats.binomtest
    median = claim_median(*WORDS, np.array([0.0] * 9 + [2.0]), low=1.0, high=3.0)
    assert median.p_against == pytest.approx(2.0 * test(9, 10, 0.5, "greater").pvalue)
    assert median.p_for == pytest.approx(test(1, 10, 0.5, "greater").pvalue)
    share = claim_share(*WORDS, np.arange(10) < 1, low=0.4, high=0.6)
    assert share.p_against == pytest.approx(2.0 * test(1, 10, 0.4, "less").pvalue)
    assert share.p_for == pytest.approx(test(1, 10, 0.4, "greater").pvalue)


def test_too_few_seeds_say_what_they_can_not_show():
    ten = claim_share(*WORDS, np.ones(10, bool), low=0.8)
    assert ten.verdict == "undecided"
    assert out_of_reach(ten.to_dict()) == ["confirmed"]
    many = claim_share(*WORDS, np.ones(30, bool), low=0.8)
    assert (many.verdict, out_of_reach(many.to_dict())) == ("confirmed", [])
    few = claim_median(*WORDS, np.ones(5), low=0.0)
    assert out_of_reach(few.to_dict()) == ["confirmed", "refuted"]
    # Between two ends: refuting doubles, and confirming needs both ends at once.
    six = claim_median(*WORDS, np.ones(6), low=0.0, high=2.0)
    assert out_of_reach(six.to_dict()) == ["refuted"]
    middle = claim_share(*WORDS, np.arange(10) < 5, low=0.3, high=0.7)
    assert middle.least[0] == middle.p_for == pytest.approx(0.1503, abs=1e-4)
    assert out_of_reach(middle.to_dict()) == ["confirmed", "refuted"]


def test_false_verdicts_among_many_claims_are_as_rare_as_said():
    # Nine in ten medians lie on their border: every verdict on those is false.
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(40):
        above = np.append(rng.binomial(15, 0.5, 180), np.full(20, 15))
        p_for, p_against = scipy.stats.binom(15, 0.5).sf([above - 1, 14 - above])
        claims = [
            {"seeds": 15, "smaller": "", "p_for": a, "p_against": b}
            for a, b in zip(p_for, p_against, strict=True)
        ]
        decided = np.array(judge(claims)) != "undecided"
        assert decided[180:].all()
        shares.append(decided[:180].sum() / decided.sum())
    assert np.mean(shares) <= RATE


def test_smaller_runs_give_no_verdict_and_exact_facts_need_no_correction():
    small = claim_median(*WORDS, np.full(20, 2.0), low=1.0, smaller="300 epochs")
    wrong = claim_exact(*WORDS, 3, holds=False)
    close = claim_median(*WORDS, np.ones(6), low=1.0)
    weak = claim_median(*WORDS, np.linspace(0.0, 2.0, 6), low=1.0)
    claims = [claim.to_dict() for claim in (small, wrong, close, weak, weak, weak)]
    given = judge(claims)
    assert given[:2] == ["not tested at the source's size", "refuted"]
    assert close.verdict == "confirmed"
    assert given[2:] == ["undecided"] * 4
    # What gets no verdict does not ease the others either.
    many = judge([small.to_dict()] * 50 + claims[2:])
    assert many[50:] == ["undecided"] * 4


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


def test_claim_of_a_median_keeps_every_value():
    claim = claim_median(*WORDS, np.arange(2.0, 14.0), low=1.0)
    assert (claim.value, claim.seeds) == (7.5, 12)
    assert claim.values == tuple(np.arange(2.0, 14.0))
    text = describe_value(claim.to_dict())
    assert text.startswith("size; above 1 supports: 7.5 [")
    assert text.endswith("12 seeds")


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="1 of 2 values of a claim are not finite"):
        claim_median(*WORDS, np.array([1.0, np.nan]))


def test_ranges_without_an_end_are_refused():
    for claim, values in ((claim_median, np.ones(9)), (claim_share, np.ones(9, bool))):
        with pytest.raises(ValueError, match="has no end: give"):
            claim(*WORDS, values)


def test_claim_of_a_share_has_the_exact_interval():
    claim = claim_share(*WORDS, np.array([True] * 9 + [False]), low=0.8)
    # Clopper and Pearson's interval of 9 in 10, from tables of the beta law.
    assert claim.interval == pytest.approx((0.6058, 0.9949), abs=1e-4)
    assert (claim.value, claim.verdict) == (0.9, "undecided")


def test_mean_by_students_law_is_that_of_scipy():
    values = np.random.default_rng(4).normal(1.0, 1.0, 12)
    error = float(scipy.stats.sem(values))
    claim = claim_normal(*WORDS, values.mean(), error, 12, low=0.0, high=9.0)
    law = scipy.stats.t(11)
    assert claim.p_for == pytest.approx(law.sf(values.mean() / error))
    both = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert claim.interval == pytest.approx((both.low, both.high))


def test_exact_claims_need_no_seeds():
    claim = claim_exact(*WORDS, 3, holds=False)
    assert (claim.interval, claim.seeds, claim.verdict) == ((3, 3), 0, "refuted")
    assert describe_value(claim.to_dict()) == "size; above 1 supports: 3"
