"""Codes of random layers against formulas and second counts."""

import numpy as np

from experiments.measures.region_use import normal_points, random_units
from experiments.region_utilization.random_codes import (
    normal_codes,
    swept_clusters,
    whole_counts,
)
from regions.bounds import central_count, zaslavsky_count


def test_whole_counts_are_those_of_the_formulas():
    counts = whole_counts(3, [4, 9])
    for dim in (1, 2, 3):
        assert counts[dim - 1, 0].tolist() == [zaslavsky_count(3, dim)] * 2
        assert counts[dim - 1, 1].tolist() == [central_count(3, dim)] * 2


def test_normal_codes_are_distinct_sign_vectors():
    counts = normal_codes(4, [2, 3], [5, 6], 80, 3.0)
    assert counts.shape == (2, 2, 2)
    layer = random_units(3, 4, 6, use_bias=False).hidden[0]
    signs = normal_points(80, 3, 6, 3.0) @ layer.weight.T > 0.0
    assert counts[1, 1, 1] == len({tuple(row) for row in signs.tolist()})
    # Without biases at most the cones of the formula.
    assert (counts[0, 1] <= central_count(4, 2)).all()


def test_one_tight_cluster_has_fewer_codes_than_many():
    counts = swept_clusters(5, [2], [1, 12], range(6), 120, 4.0)
    assert counts.shape == (1, 2, 6)
    assert counts[0, 0].sum() < counts[0, 1].sum()
    assert counts.min() >= 1
    assert counts.max() <= zaslavsky_count(5, 2)
    assert (np.diff(counts[0].mean(axis=1)) > 0).all()
