import math

import numpy as np
import pytest

from regions.estimates.intervals import log_interval, log_lower_bound, log_mean


def test_mean_of_numbers_beyond_float64():
    logs = np.array([1000.0, 1000.0 + math.log(3.0)])
    assert log_mean(logs) == pytest.approx(1000.0 + math.log(2.0), rel=1e-15)


def test_interval_of_normal_runs_is_that_of_student():
    # Without skewness nothing is transformed: mean +- t sd / sqrt(n).
    values = np.array([90.0, 95.0, 100.0, 105.0, 110.0])
    low, high = np.exp(log_interval(np.log(values), 0.95))
    half = 2.7764451051977934 * values.std(ddof=1) / math.sqrt(5)
    assert (low, high) == pytest.approx((100 - half, 100 + half), rel=1e-12)


def test_one_run_says_nothing_of_its_spread():
    assert log_interval(np.array([3.0]), 0.95) == (-math.inf, math.inf)


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(4)
    spread, runs = 0.3, 16
    covered = 0
    for _ in range(400):
        logs = rng.normal(-spread * spread / 2, spread, runs)
        low, high = log_interval(logs, 0.9)
        covered += low <= 0.0 <= high
    assert 0.86 <= covered / 400 <= 0.94


def test_bound_is_at_least_the_geometric_mean_with_all_at_risk():
    logs = np.random.default_rng(1).normal(5.0, 0.4, 20)
    # That of one bet alone is a bound for 13 times the risk at most.
    alone = logs.mean() + math.log(0.05 / 13) / 20
    assert alone <= log_lower_bound(logs, 0.95) <= log_mean(logs)


def test_bound_holds_for_runs_that_are_mostly_zero():
    # Mean 1; all but one run in twenty are 0. Naive intervals fail here.
    rng = np.random.default_rng(3)
    failures = 0
    for _ in range(120):
        hit = rng.random(12) < 0.05
        logs = np.where(hit, math.log(20.0), -math.inf)
        failures += log_lower_bound(logs, 0.95) > 0.0
    assert failures <= 0.05 * 120


def test_runs_that_were_abandoned_count_as_nothing():
    logs = np.full(10, 2.0)
    all_ended = log_lower_bound(logs, 0.95)
    one_not = log_lower_bound(np.append(logs, -math.inf), 0.95)
    assert -math.inf < one_not < all_ended < 2.0
