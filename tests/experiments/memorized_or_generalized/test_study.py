"""Memorized or generalized: the smoke run, its correlations and its embeddings."""

import numpy as np
import pytest

from experiments import memorized_or_generalized as experiment
from experiments.measures.rank_correlation import rank_correlation
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, summary = run_smoke(experiment.NAME, tmp_path_factory)
    return experiment.load(experiment.PRESETS["smoke"], folder), summary


def test_few_points_are_stored_and_many_are_not(finished):
    result, _ = finished
    train, test = result.toy["train"], result.toy["test"]
    assert (train[0] < 0.2).all()
    assert (test[0] > train[0]).all()
    assert (train[-1] > train[0]).all()
    assert (result.toy["points"][-1] < result.toy["points"][0]).all()


def test_measures_of_random_labels_have_their_ranges(finished):
    result, _ = finished
    noise = result.noise
    assert noise["alone"].shape == (2, 2)
    assert ((noise["alone"] >= 0.0) & (noise["alone"] <= 1.0)).all()
    assert (noise["regions"] > 0.0).all()
    assert (noise["sharpness"] > 0.0).all()
    # Exact counts: whole numbers of regions over 24 points.
    counts = noise["regions"] * 24
    assert counts == pytest.approx(np.round(counts))


def test_linearity_is_a_share_of_variance(finished):
    result, _ = finished
    r2 = result.linear["r2"]
    assert r2.shape == (1, 1, 2)
    assert ((r2 >= 0.0) & (r2 <= 1.0)).all()


def test_rank_correlation_is_spearmans_of_each_seed():
    rng = np.random.default_rng(0)
    first, second = rng.random((6, 3)), rng.random((6, 3))
    # Without ties: 1 - 6 sum d^2 / (n (n^2 - 1)) of the differences of ranks.
    ranks = [values.argsort(axis=0).argsort(axis=0) for values in (first, second)]
    expected = 1.0 - 6.0 * ((ranks[0] - ranks[1]) ** 2).sum(axis=0) / (6 * 35)
    assert rank_correlation(first, second) == pytest.approx(expected)
    assert rank_correlation(np.ones((4, 1)), rng.random((4, 1))) == pytest.approx(0.0)
