"""Balls of the norm 2 with many inputs, against exact counts."""

import itertools

import numpy as np
import pytest

import regions
from regions.domains.shapes import Ball
from regions.estimates.estimate import estimate_regions
from regions.estimates.many_inputs import image
from regions.estimates.many_inputs.balls import BallTree, image_of_ball
from regions.estimates.run import run_once
from regions.lp.least_distance import nearest_weights
from regions.network import ReluNetwork
from tests.helpers import random_network


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch):
    """Small balls are searched as those of many inputs are."""
    monkeypatch.setattr(image, "MANY", 1)


def _tree(network, ball):
    found = image_of_ball(network, ball)
    assert found is not None
    return BallTree(found, network, ball)


def _count(network, ball):
    found = run_once(_tree(network, ball), 1_000_000, np.random.default_rng(0))
    assert found.exact
    return found.cells


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("dim", "widths"), [(5, [4, 3]), (3, [5, 3]), (2, [2, 3, 2])])
def test_counts_are_those_of_exact_distances(seed, dim, widths):
    rng = np.random.default_rng([seed, dim])
    slopes = 0.1 if seed == 2 else 0.0
    network = random_network(rng, dim, widths, slopes=slopes)
    ball = Ball(0.3 * rng.standard_normal(dim), 0.8)
    expected = regions.count_regions(network, ball, method="balls").count
    assert _count(network, ball) == expected


def test_small_integers_whose_boundaries_touch_the_ball_or_meet_in_its_center():
    # 3 x + 4 y = 25 touches the ball of radius 5: nothing of the other side is met.
    rng = np.random.default_rng(1)
    first = [[3.0, 4.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, -2.0]]
    for second in rng.integers(-2, 3, (4, 3, 3)).astype(float):
        network = ReluNetwork.from_arrays(
            [first, second, np.ones((1, 3))], [[-25.0, 0.0, 0.0], [0.0, 1.0, 0.0], None]
        )
        ball = Ball([0.0] * 3, 5.0)
        expected = regions.count_regions(network, ball, method="balls").count
        tree = _tree(network, ball)
        found = run_once(tree, 1000, np.random.default_rng(0))
        assert (found.exact, found.cells) == (True, expected)


@pytest.mark.parametrize("seed", range(8))
def test_ties_are_decided_in_the_end(seed):
    # Halves, units that are copies or constant, and a tie that no program settles.
    rng = np.random.default_rng([5, 24 + seed])
    dim, widths = int(rng.integers(2, 6)), [2, 4]
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise([dim, *widths, 2]):
        weights.append(np.round(rng.standard_normal((fan_out, fan_in)) * 2) / 2)
        biases.append(np.round(rng.standard_normal(fan_out)) / 2)
    weights[0][-1] = weights[0][0] if seed % 2 else 0.0
    network = ReluNetwork.from_arrays(weights, biases)
    ball = Ball([0.0] * dim, [1.0, 5.0, 0.5, 2.0][seed % 4])
    expected = regions.count_regions(network, ball, method="balls").count
    assert _count(network, ball) == expected


def test_no_rows_have_no_weights():
    assert nearest_weights(np.zeros((0, 3)), np.zeros(0)).shape == (0,)


def test_inputs_that_are_not_read_change_nothing():
    network = random_network(np.random.default_rng(3), 3, [5, 4])
    ball = Ball([0.1, -0.2, 0.0], 0.9)
    expected = regions.count_regions(network, ball).count
    first, *rest = network.layers
    wide = np.concatenate([first.weight, np.zeros((5, 97))], axis=1)
    weights = [wide, *(layer.weight for layer in rest)]
    network = ReluNetwork.from_arrays(weights, [layer.bias for layer in network.layers])
    ball = Ball(np.concatenate([ball.center, np.full(97, 0.5)]), 0.9)
    assert estimate_regions(network, ball, cells=expected).exact == expected
    found = estimate_regions(network, ball, cells=6, runs=24)
    assert found.exact is None
    assert abs(found.mean - expected) < 3.5 * found.relative_error * found.mean
    assert found.at_least() <= expected
