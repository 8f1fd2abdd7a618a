"""Almost orthogonal directions: the smoke run against the exact distribution."""

import numpy as np
import pytest

from experiments import almost_orthogonal as experiment
from experiments.almost_orthogonal import study
from experiments.measures.random_directions import median_count, unit_vectors
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, summary = run_smoke(experiment.NAME, tmp_path_factory)
    return experiment.load(experiment.PRESETS["smoke"], folder), summary


def test_cosines_are_those_of_the_seeded_vectors(finished):
    result, _ = finished
    config = result.config
    n, m, seed = config.dims[1], config.counts[0], config.seeds[1]
    vectors = unit_vectors(m, n, np.random.default_rng([n, m, seed]))
    cosines = np.abs(vectors @ vectors.T)[np.tril_indices(m, -1)]
    assert result.largest[1, 0, 1] == pytest.approx(cosines.max(), abs=1e-6)


def test_counts_are_near_the_median_of_the_law(finished):
    result, _ = finished
    dims = study.search_dims(result.config)
    assert dims.tolist() == [[200, 400], [89, 178]]
    law = [
        [median_count(bound, int(n)) for n in row]
        for bound, row in zip(result.config.bounds, dims, strict=True)
    ]
    # A logarithm of one search scatters by about 0.6.
    away = result.log_counts - np.log(law)[:, :, None]
    assert np.abs(away).max() < 1.5
    assert np.abs(away.mean()) < 0.6


def test_slopes_recover_an_exact_exponential():
    config = study.Config(bounds=(0.2,), seeds=(0,))
    n = study.search_dims(config)
    logs = (0.7 + 0.04 / 4.0 * n)[:, :, None]
    assert study.count_slopes(config, logs) == pytest.approx(np.ones((1, 1)))


def test_packings_improve_and_respect_the_bound(finished):
    result, summary = finished
    assert (result.packed[:, 1] < result.packed[:, 0]).all()
    welch = next(c for c in summary["claims"] if "Welch's bound" in c["claim"])
    assert welch["verdict"] == "confirmed"
    assert welch["value"] >= 1.0
