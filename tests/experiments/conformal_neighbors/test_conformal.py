"""Conformal intervals against their exact coverage."""

import math

import numpy as np
import pytest

from experiments.conformal_neighbors.conformal import (
    Intervals,
    conformal,
    conformal_margin,
    neighbor_quantiles,
)


def test_margin_is_the_order_statistic_of_the_theorem():
    scores = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 9.0, 8.0, 7.0])
    assert conformal_margin(scores, 0.9) == 9.0
    assert conformal_margin(scores, 0.8) == 8.0
    assert conformal_margin(scores, 0.5) == 5.0
    assert math.isinf(conformal_margin(scores, 0.95))


def test_coverage_of_exchangeable_scores_is_at_least_the_level_and_barely_more():
    # Over all ways to leave one of n + 1 distinct scores out, exactly the rank counts.
    scores = np.random.default_rng(0).normal(size=30)
    covered = [
        scores[i] <= conformal_margin(np.delete(scores, i), 0.9) for i in range(30)
    ]
    assert np.mean(covered) == math.ceil(30 * 0.9) / 30


def test_quantiles_are_those_of_the_nearest_values():
    rng = np.random.default_rng(1)
    points, values = rng.normal(size=(50, 3)), rng.normal(size=50)
    others = rng.normal(size=(4, 3))
    found = neighbor_quantiles(points, values, others, 11, 0.8)
    for i, other in enumerate(others):
        order = np.linalg.norm(points - other, axis=1).argsort()[:11]
        near = np.sort(values[order])
        assert found.low[i] == pytest.approx(near[1])
        assert found.high[i] == pytest.approx(near[9])
    everything = neighbor_quantiles(points, values, others, 99, 0.5)
    assert np.ptp(everything.low) == 0.0


def test_correction_moves_both_ends_and_never_crosses_them():
    raw = Intervals(np.zeros(9), np.ones(9))
    values = np.array([0.5, 0.2, 0.4, 1.5, -0.3, 0.9, 0.1, 2.0, 0.6])
    others = Intervals(np.array([0.0, 5.0]), np.array([1.0, 5.1]))
    wide = conformal(raw, values, others, 0.9)
    assert wide.low.tolist() == [-1.0, 4.0]
    assert wide.high == pytest.approx([2.0, 6.1])
    inside = conformal(raw, np.full(9, 0.5), others, 0.9)
    assert inside.low == pytest.approx([0.5, 5.05])
    assert inside.high == pytest.approx([0.5, 5.05])


def test_coverage_and_width():
    found = Intervals(np.array([0.0, 0.0]), np.array([1.0, 3.0]))
    assert found.coverage(np.array([1.0, 3.1])) == 0.5
    assert found.width() == 2.0
