"""Pieces that matter, against hand counts, brute force and exact linear regions."""

import itertools

import numpy as np
import pytest

import regions
from regions.partition.effective_pieces import effective_pieces, network_graph


def _brute_force(points, values, tolerance):
    """Fewest pieces over all choices of corners among the points."""
    inner = range(1, len(points) - 1)
    for count in range(len(points) - 1):
        for corners in itertools.combinations(inner, count):
            knots = [0, *corners, len(points) - 1]
            line = np.interp(points, points[knots], values[knots])
            if np.abs(line - values).max() <= tolerance + 1e-12:
                return count + 1
    raise AssertionError("all points as corners give distance 0")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tolerance", [0.0, 0.2, 0.6])
def test_greedy_count_is_near_the_fewest_and_never_below(seed, tolerance):
    rng = np.random.default_rng(seed)
    points = np.sort(rng.uniform(0.0, 1.0, 8))
    values = rng.standard_normal(8)
    found = effective_pieces(points, values, tolerance)
    best = _brute_force(points, values, tolerance)
    assert best <= found <= best + 1


def test_zero_tolerance_counts_the_pieces_of_a_dyadic_function():
    points = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 2.0])
    values = np.array([0.0, 0.5, 1.0, 0.5, 0.0, 0.0])
    assert effective_pieces(points, values, 0.0) == 3
    assert effective_pieces(points, values, 0.49) == 3
    assert effective_pieces(points, values, 1.0) == 1


def test_pieces_of_a_network_are_its_linear_regions():
    # The tent, twice: 4 pieces on [0, 1]; a unit that is off changes nothing.
    weights = [[[2.0], [4.0], [-1.0]], [[2.0, -2.0, 0.0], [4.0, -4.0, 0.0]]]
    network = regions.ReluNetwork.from_arrays(
        [*weights, [[1.0, -1.0]]], [[0.0, -2.0, -1.0], [0.0, -2.0], [0.0]]
    )
    points, values = network_graph(network, 0.0, 1.0)
    assert points.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert values[:, 0].tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert effective_pieces(points, values[:, 0], 0.0) == 4
    line = regions.Segment([0.0], [1.0])
    assert regions.count_linear_regions(network, line).count == 4


def test_small_kinks_are_not_counted_and_large_ones_are():
    # 200 creases of a parabola bend it by less than 1/1000 of its range in between.
    points = np.linspace(-1.0, 1.0, 201)
    assert effective_pieces(points, points**2, 0.0) == 200
    count = effective_pieces(points, points**2, 1e-2)
    # A chord of length c is c^2 / 4 away at its middle: 2 / sqrt(0.04) = 10 pieces.
    assert count == pytest.approx(10, abs=1)
    assert effective_pieces(points, np.abs(points), 1e-6) == 2


@pytest.mark.parametrize(
    ("points", "tolerance", "match"),
    [
        ([0.0], 0.1, "at least two"),
        ([0.0, 0.0], 0.1, "ascend"),
        ([0.0, 1.0], -1.0, "`tol"),
    ],
)
def test_what_has_no_pieces_is_refused(points, tolerance, match):
    with pytest.raises(ValueError, match=match):
        effective_pieces(np.array(points), np.zeros(len(points)), tolerance)
