"""Use of codes: counts by hand, and data that lie where they should."""

import numpy as np
import pytest

import regions
from experiments.measures.region_use import (
    cluster_points,
    normal_points,
    occupied_codes,
    random_units,
    region_use,
)


def test_two_axes_have_four_regions_of_which_data_meet_two():
    network = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    points = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [-1.0, 2.0]])
    use = region_use(network, points, regions.Box.cube(2, 4.0))
    assert (use.bits, use.bound, use.exact, use.grid, use.occupied) == (2, 4, 4, 4, 2)
    # Shares 3/4 and 1/4; points 0, 0, 1, 3 have a Gini coefficient of 5/8.
    assert use.entropy == pytest.approx(2.0 - 0.75 * np.log2(3.0))
    assert use.gini == 0.625
    assert use.is_ordered()
    assert not use._replace(occupied=5).is_ordered()
    assert not use._replace(bound=3).is_ordered()
    assert occupied_codes(network, points) == 2


def test_points_outside_or_on_a_boundary_are_refused():
    network = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    box = regions.Box.cube(2, 2.0)
    with pytest.raises(ValueError, match="1 points lie outside the box and 0"):
        region_use(network, np.array([[1.0, 1.0], [3.0, 1.0]]), box)
    with pytest.raises(ValueError, match="0 points lie outside the box and 1"):
        region_use(network, np.array([[1.0, 1.0], [0.0, 1.0]]), box)


def test_normal_points_are_cut_off_and_normal():
    points = normal_points(20_000, 2, 0, 1.5)
    assert np.abs(points).max() <= 1.5
    # Variance of a normal number cut off at a: 1 - 2 a phi(a) / (2 Phi(a) - 1).
    assert points.var() == pytest.approx(1.0 - 3.0 * 0.129518 / 0.866386, rel=0.02)


def test_clusters_are_tight_and_take_turns():
    points, labels = cluster_points(700, 3, 7, 1, 4.0)
    assert np.bincount(labels).tolist() == [100] * 7
    assert np.abs(points).max() <= 4.0
    for k in range(7):
        assert points[labels == k].std(axis=0) == pytest.approx(0.1, rel=0.3)


def test_units_without_bias_are_the_same_units():
    with_bias, without = (random_units(3, 5, 2, use_bias=b) for b in (True, False))
    assert (with_bias.hidden[0].weight == without.hidden[0].weight).all()
    assert with_bias.hidden[0].bias.all()
    assert not without.hidden[0].bias.any()
