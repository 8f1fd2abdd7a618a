"""The Hopfield network: energy, rest, few patterns, and the theory's critical load."""

import numpy as np
import pytest

from experiments import hopfield
from experiments.hopfield import study
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(hopfield.NAME, tmp_path_factory, ("png", "pdf", "svg"))


def test_smoke_run_rests_and_few_patterns_are_kept(finished):
    folder, summary = finished
    result = hopfield.load(hopfield.PRESETS["smoke"], folder)
    assert summary["all_at_rest"] is True
    assert (result.overlaps[0, 0] > 0.97).all()
    assert (result.overlaps <= 1.0).all()


def test_critical_load_of_the_theory_is_that_of_amit_gutfreund_and_sompolinsky():
    critical, overlap = study.critical_point()
    # 0.1379 with an overlap of 0.967: the published values.
    assert critical == pytest.approx(0.1379, abs=1e-4)
    assert overlap == pytest.approx(0.967, abs=1e-3)


def test_theory_solves_the_mean_field_equations():
    # m = erf(m / sqrt(2 load r)), with r = (1 - C)^-2 and
    # C = sqrt(2 / (pi load r)) exp(-m^2 / (2 load r)).
    from scipy.special import erf

    for y in (1.6, 1.9, 2.4):
        load = study.theory_load(np.array([y]))[0]
        m = erf(y)
        r = (m / y) ** 2 / (2.0 * load)
        C = np.sqrt(2.0 / (np.pi * load * r)) * np.exp(-(m**2) / (2.0 * load * r))
        assert r == pytest.approx((1.0 - C) ** -2)


def test_every_update_lowers_the_energy_until_no_neuron_wants_to_flip():
    rng = np.random.default_rng(0)
    patterns = rng.choice([-1.0, 1.0], (12, 60))
    couplings = study.hebbian_couplings(patterns)
    start = rng.choice([-1.0, 1.0], (5, 60))

    def energy(states):
        return -0.5 * np.einsum("si,ij,sj->s", states, couplings, states)

    end, rests = study.settle(couplings, start, rng=rng, max_sweeps=100)
    assert rests
    assert (energy(end) < energy(start)).all()
    assert (end * (end @ couplings) >= -1e-9).all()
    assert np.abs(end).tolist() == np.ones((5, 60)).tolist()


def test_one_pattern_and_its_negative_are_all_that_one_pattern_leaves():
    rng = np.random.default_rng(1)
    pattern = rng.choice([-1.0, 1.0], (1, 31))
    couplings = study.hebbian_couplings(pattern)
    start = rng.choice([-1.0, 1.0], (20, 31))
    end, _ = study.settle(couplings, start, rng=rng, max_sweeps=50)
    assert (np.abs(end @ pattern[0]) == 31.0).all()
    # 31 is odd: the sign of the overlap is that of the start.
    assert (np.sign(end @ pattern[0]) == np.sign(start @ pattern[0])).mean() > 0.8


def test_a_network_that_is_stopped_early_says_so():
    rng = np.random.default_rng(2)
    couplings = study.hebbian_couplings(rng.choice([-1.0, 1.0], (30, 60)))
    start = rng.choice([-1.0, 1.0], (3, 60))
    _, rests = study.settle(couplings, start, rng=rng, max_sweeps=1)
    assert not rests
