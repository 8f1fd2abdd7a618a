"""Estimates on networks with known counts: the smoke run, and what its numbers say."""

import numpy as np
import pytest

from experiments import estimate_coverage
from experiments.estimate_coverage.bias import over_others, over_own, simulated_own
from experiments.estimate_coverage.claims import coverage_claims
from experiments.estimate_coverage.families import FAMILIES, networks_of
from tests.experiments.helpers import run_smoke

SMOKE = estimate_coverage.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(estimate_coverage.NAME, tmp_path_factory)


def test_exact_estimates_are_the_counts_and_bounds_are_below_them(finished):
    folder, summary = finished
    result = estimate_coverage.load(SMOKE, folder)
    for trials in result.trials.values():
        exact = trials["exact"]
        assert np.allclose(trials["mean"][exact], trials["regions"][exact])
        assert (trials["points"] <= 1.0).all()
    assert len(summary["ideas"]) == result.ideas.shape[1]
    assert (result.spread[..., 1] > 0.0).all()


def test_at_least_four_hundred_networks_are_published():
    paper = estimate_coverage.PRESETS["paper"]
    assert len(paper.families) * len(paper.seeds) >= 400
    assert {f.dim for f in FAMILIES} >= {1, 2, 3, 4, 5, 6, 8, 10, 30}


def test_degenerate_networks_are_degenerate(tmp_path):
    kinds = {family.kind: family for family in FAMILIES}
    (pairs,) = networks_of(kinds["units in pairs"], (0,), 0, tmp_path)
    weight = pairs.hidden[0].weight
    assert np.linalg.matrix_rank(weight[[0, 3]]) == 1
    (free,) = networks_of(kinds["without biases"], (0,), 0, tmp_path)
    assert not any(layer.bias.any() for layer in free.hidden)


def test_claims_see_bias_and_bounds_that_fail():
    rng, n = np.random.default_rng(0), 400
    trials = {
        "z": rng.standard_normal(n),
        "pooled": rng.standard_normal(n),
        "covered": np.ones((n, 3), bool),
        "bound": np.full(n, 0.8),
        "parity": np.full((n, 2), 0.3),
        "exact": np.arange(n) < 20,
        "mean": np.full(n, 7.0),
        "regions": np.full(n, 7),
    }
    assert {c.verdict for c in coverage_claims(trials)} == {"confirmed"}
    trials |= {"z": trials["z"] + 0.5, "pooled": trials["pooled"] - 0.5}
    trials["bound"] = np.full(n, 1.1)
    verdicts = [c.verdict for c in coverage_claims(trials)]
    assert verdicts[0] == verdicts[1] == verdicts[5] == "refuted"


def test_only_the_spread_of_the_same_runs_makes_unbiased_ones_look_biased():
    rng = np.random.default_rng(1)
    values = rng.exponential(size=(4000, 16))
    assert abs(over_others(values).mean()) < 3.0 / np.sqrt(4000)
    # To the first order minus the skewness, 2, over twice the root of the runs.
    own = over_own(values).mean()
    assert -0.35 < own < -0.2
    assert own == pytest.approx(simulated_own(values[:400]), abs=0.08)
    assert over_others(values + 0.1).mean() == pytest.approx(0.4, abs=0.06)
