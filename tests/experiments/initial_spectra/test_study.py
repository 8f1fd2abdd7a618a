"""The spectra before training: laws of the weights, spectra two ways, claims."""

import numpy as np
import pytest

from experiments import initial_spectra
from experiments.initial_spectra import study
from experiments.initial_spectra.study import (
    effective_dimension,
    random_network,
    spectrum_claims,
)
from tests.experiments.helpers import run_smoke

SMOKE = initial_spectra.PRESETS["smoke"]


def test_spectra_are_roots_of_eigenvalues_of_covariances(tmp_path_factory):
    folder, summary = run_smoke(initial_spectra.NAME, tmp_path_factory)
    spectra = initial_spectra.load(SMOKE, folder).spectra
    network = random_network(SMOKE, "sphere", True, 1)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (SMOKE.points, SMOKE.inputs))
    for i, layer in enumerate(network.hidden):
        x = np.maximum(x @ layer.weight.T + layer.bias, 0.0)
        values = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(x.T))[::-1], 0.0))
        np.testing.assert_allclose(
            spectra["sphere", "biases"][1, i], values / values[0], atol=1e-6
        )
    assert len(summary["claims"]) == 8


def test_weights_follow_their_laws():
    config = initial_spectra.PRESETS["paper"]
    normal, sphere, orthogonal = (
        random_network(config, law, law != "normal", 0) for law in study.LAWS
    )
    assert normal.hidden[1].weight.std() == pytest.approx(np.sqrt(2 / 40), rel=0.1)
    assert (normal.hidden[1].bias == 0.0).all()
    for layer in sphere.hidden:
        np.testing.assert_allclose(np.linalg.norm(layer.weight, axis=1), 1.0)
        assert np.abs(layer.bias).max() <= 1.0
    for layer in orthogonal.hidden:
        gram = layer.weight.T @ layer.weight
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_effective_dimension_of_equal_and_of_single_values():
    spectra = np.array([[1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    assert effective_dimension(spectra) == pytest.approx([3.0, 1.0])


def test_claims_follow_the_numbers():
    flat = np.ones((12, 2, 4))
    narrowing = flat.copy()
    narrowing[:, 1, 1:] = 0.0
    kinds = [(law, b) for law in study.LAWS for b in study.BIASES]
    spectra = dict.fromkeys(kinds, narrowing) | {("normal", "biases"): flat}
    verdicts = [claim.verdict for claim in spectrum_claims(spectra)]
    assert verdicts[:2] == ["confirmed", "refuted"]
    assert verdicts[2:6] == ["confirmed"] * 4
    assert verdicts[6:] == ["confirmed", "refuted"]
