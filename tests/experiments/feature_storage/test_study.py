"""Linear storage: the smoke run against formulas, and the optimal linear read-out."""

import numpy as np
import pytest

from experiments import feature_storage as experiment
from experiments.feature_storage.claims import error_exponents
from experiments.feature_storage.noisy_channels import channels
from experiments.feature_storage.noisy_readouts import least_error, linear_error
from experiments.feature_storage.state_readouts import READOUTS, optimal_linear
from experiments.feature_storage.storage import STORAGES
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, summary = run_smoke(experiment.NAME, tmp_path_factory)
    return experiment.load(experiment.PRESETS["smoke"], folder), summary


def test_contexts_follow_the_laws(finished):
    result, _ = finished
    contexts, config = result.arrays["contexts"], result.config
    spread = np.sqrt(np.array(config.active) / config.dim)
    assert contexts["dependence"][STORAGES.index("linear")].max() < 1e-12
    quadratic = contexts["dependence"][STORAGES.index("quadratic")].mean(axis=1)
    assert quadratic == pytest.approx(2.0 * spread, rel=0.15)
    linear = contexts["binary"][STORAGES.index("linear")].mean(axis=1)
    assert linear == pytest.approx(spread, rel=0.15)


def test_matched_read_out_adds_up_interference(finished):
    result, _ = finished
    config = result.config
    # A feature's error has the variance of the other m - 1, over n, and the square of
    # their mean, 0 over random directions; over the variance of a feature.
    errors = result.arrays["states"]["errors"][READOUTS.index("matched")]
    p = np.array(config.state_active) / config.state_features
    expected = (config.state_features - 1) / config.state_dim * p / (p * (1.0 - p))
    assert errors.mean(axis=1) == pytest.approx(expected, rel=0.3)


def test_optimal_linear_read_out_is_the_least_squares_fit():
    rng = np.random.default_rng(0)
    V = rng.standard_normal((10, 4)).astype(np.float32)
    features = (rng.random((100_000, 10)) < 0.3).astype(np.float64)
    states = features @ V
    design = np.column_stack([states, np.ones(len(states))])
    fit = design @ np.linalg.lstsq(design, features, rcond=None)[0]
    found = optimal_linear(states, V, 0.3)
    assert np.abs(found - fit).max() < 0.05
    error = np.mean((found - features) ** 2) / (0.3 * 0.7)
    assert error == pytest.approx(1.0 - 4 / 10, rel=0.01)


def test_readouts_are_no_better_than_the_best(finished):
    result, _ = finished
    readouts = result.arrays["readouts"]
    assert (readouts["excess"] >= 0.0).all()
    wanted = channels(result.config.densities, result.config.noises)
    gain = [least_error(one) / linear_error(one) for one in wanted]
    assert readouts["gain"].ravel() == pytest.approx(gain)
    assert gain[0] == pytest.approx(1.0)
    # The Gaussian pair cannot beat the linear one.
    assert (result.arrays["pairs"]["error"][0] >= 1.0 - 1e-3).all()


def test_exponents_are_those_of_powers():
    active = (1, 2, 4, 8)
    errors = np.array(active)[:, None] ** np.array([0.5, 1.0])
    assert error_exponents(active, errors) == pytest.approx([1.0, 2.0])


def test_summary_states_both_halves(finished):
    _, summary = finished
    words = " ".join(claim["claim"] for claim in summary["claims"])
    assert "same effect whatever else is on" in words
    assert "A threshold has at most half the error of a linear read-out" in words
