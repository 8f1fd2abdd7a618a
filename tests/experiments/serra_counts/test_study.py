"""Counts of all splits: by basic solutions, by the engines, under the bound."""

import itertools

import numpy as np
import pytest
from flint import fmpq_mat
from hypothesis import given, settings, strategies as st

import regions
from experiments import serra_counts
from experiments.measures import two_layer_counts
from experiments.measures.two_layer_counts import (
    count_by_bases,
    count_two_layers,
    pre_activation_network,
)
from regions import bounds
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.signs.exact import to_fmpq
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network

SMOKE = serra_counts.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(serra_counts.NAME, tmp_path_factory)


SPLITS = [(1, 4), (2, 4), (2, 9), (3, 3), (3, 6), (4, 2), (4, 5), (5, 1), (5, 3)]


@pytest.mark.parametrize(("a", "b"), SPLITS)
def test_basic_solutions_count_what_the_engines_find(a, b):
    network = random_network(np.random.default_rng(10 * a + b), 6, [a, b])
    reduced = pre_activation_network(network)
    count = int(regions.count_regions(reduced, regions.WholeSpace(a)))
    assert count_by_bases(reduced) == count
    assert count_two_layers(network) == count


def test_reduction_keeps_the_count_of_the_input_space():
    network = random_network(np.random.default_rng(3), 3, [3, 3])
    count = int(regions.count_regions(network, regions.WholeSpace(3)))
    assert count_two_layers(network) == count


def test_millions_of_regions_match_a_formula():
    # One second unit w.z + b splits an orthant if its terms there have both signs.
    network = random_network(np.random.default_rng(0), 64, [16, 1])
    weight, bias = network.hidden[1].weight[0], network.hidden[1].bias[0]
    against = int((np.sign(weight) != np.sign(bias)).sum())
    whole = 2**16 + 2**16 - 2 ** (16 - against)
    assert count_two_layers(network) == whole


INTEGERS = st.integers(-3, 3).map(float)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(1, 3), st.integers(1, 4), st.data())
def test_small_integers_are_counted_exactly_or_left_to_the_engines(a, b, data):
    weight = data.draw(st.lists(INTEGERS, min_size=a * b, max_size=a * b))
    bias = data.draw(st.lists(INTEGERS, min_size=b, max_size=b))
    weights = [np.eye(a), np.reshape(weight, (b, a)), np.ones((1, b))]
    biases = [np.zeros(a), np.array(bias), np.zeros(1)]
    network = ReluNetwork.from_arrays(weights, biases)
    count = int(regions.count_regions(network, regions.WholeSpace(a)))
    assert count_two_layers(network) == count


@pytest.mark.parametrize("shift", [0.0, 2.0**-40, -(2.0**-40)])
def test_rational_arithmetic_decides_what_rounding_hides(shift):
    # The third line passes through the crossing of two that are nearly parallel, or by
    # it on one side.
    weight = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-32], [2.0, 2.0 + 2.0**-32]])
    bias = np.array([-1.0, -1.0 - 2.0**-33, -2.0 - 2.0**-33 + shift])
    network = ReluNetwork.from_arrays(
        [np.eye(2), weight, np.ones((1, 3))], [np.zeros(2), bias, np.zeros(1)]
    )
    count = int(regions.count_regions(network, regions.WholeSpace(2)))
    assert count_two_layers(network) == count
    if shift == 0.0:
        with pytest.raises(NotGenericError, match="second layer"):
            count_by_bases(network)
    else:
        assert count_by_bases(network) == count


def test_three_lines_through_a_point_are_left_to_the_engines():
    # They cross at (1/2, 1/2), well apart from each other.
    weight = np.array([[1.0, 1.0], [2.0, 1.0], [1.0, 2.0]])
    for third, generic in ((-1.5, False), (-1.75, True)):
        network = ReluNetwork.from_arrays(
            [np.eye(2), weight, np.ones((1, 3))],
            [np.zeros(2), np.array([-1.0, -1.5, third]), np.zeros(1)],
        )
        count = int(regions.count_regions(network, regions.WholeSpace(2)))
        assert count_two_layers(network) == count
        if generic:
            assert count_by_bases(network) == count
        else:
            with pytest.raises(NotGenericError, match="second layer"):
                count_by_bases(network)


@pytest.mark.parametrize("near", [0.0, 1e-3, 1e-8, 1e-14])
def test_solutions_lie_within_their_bounds(near):
    rng = np.random.default_rng(0)
    weight, bias = rng.standard_normal((6, 5)), rng.standard_normal(6)
    # Nearly equal rows make systems that float64 solves badly.
    weight[1:] = weight[1:] * max(near, 1.0 * (near == 0.0)) + weight[0] * (near > 0.0)
    chosen = np.array([*itertools.combinations(range(6), 3)])
    bases = np.array([*itertools.combinations(range(5), 3)])
    solved = two_layer_counts._solve(weight, bias, chosen, bases)
    for (i, rows), (j, basis) in itertools.product(enumerate(chosen), enumerate(bases)):
        block = weight[np.ix_(rows, basis)].ravel()
        table = fmpq_mat(3, 3, [to_fmpq(float(v)) for v in block])
        right = fmpq_mat(3, 1, [to_fmpq(-float(v)) for v in bias[rows]])
        answer = table.solve(right).entries()
        known = np.isfinite(solved.error[i, j])
        for k in np.flatnonzero(known).tolist():
            off = abs(to_fmpq(float(solved.solution[i, j, k])) - answer[k])
            assert off <= to_fmpq(float(solved.error[i, j, k]))
    if near in (0.0, 1e-3):
        assert np.isfinite(solved.error).all()


def test_other_networks_are_refused():
    skips = {1: {0: [[-3.0, 2.0]]}}
    weights = [np.eye(2), [[1.0, 1.0]], [[1.0]]]
    network = ReluNetwork.from_arrays(weights, None, skips=skips)
    with pytest.raises(ValueError, match="without skip blocks"):
        count_two_layers(network)
    deep = random_network(np.random.default_rng(0), 3, [2, 2, 2])
    with pytest.raises(ValueError, match="has 3 hidden layers"):
        count_two_layers(deep)


def test_rank_that_is_not_served_is_refused():
    network = ReluNetwork.from_arrays([[[1.0], [2.0]], np.eye(2), [[1.0, 1.0]]], None)
    with pytest.raises(ValueError, match="have rank 1: 2"):
        count_two_layers(network)


def test_biases_of_zero_are_left_to_the_engines():
    network = ReluNetwork.from_arrays([np.eye(2), np.eye(2), [[1.0, 1.0]]], None)
    with pytest.raises(NotGenericError, match="second layer"):
        count_by_bases(network)
    # The second layer repeats the first: only the four orthants are left.
    assert count_two_layers(network) == 4


def test_counts_stay_under_the_bound_of_every_split(finished):
    folder, summary = finished
    result = serra_counts.load(SMOKE, folder)
    assert summary["claims"][0]["verdict"] == "confirmed"
    assert result.counts[1, 3].shape == (2, 2)
    assert (result.counts[1, 3] <= bounds.serra_2018_upper_bound(64, [1, 3])).all()
    assert summary["bound"]["2-2"] == bounds.serra_2018_upper_bound(64, [2, 2])
    assert 200 < result.counts[8, 2].min() <= summary["bound"]["8-2"]
