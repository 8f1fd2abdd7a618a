"""The seeded maxout network of the literature, and what is counted beside it."""

import numpy as np
import pytest

import regions
from experiments import maxout
from experiments.maxout import study
from tests.experiments.helpers import run_smoke

SMOKE = maxout.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(maxout.NAME, tmp_path_factory)


def test_seeded_network_has_the_published_counts(finished):
    _, summary = finished
    assert summary["linear_regions"] == 216
    assert summary["boundary_pieces"] == 30
    assert summary["complete"] is True
    assert summary["area"] == pytest.approx(36.0, abs=1e-9)
    assert summary["grid_regions"] == 199


def test_network_is_the_largest_of_the_numbers_drawn():
    # Drawn again in one go: layers of 7, 7, 6 units of 2 functions, then 2 outputs.
    np.random.seed(123)  # noqa: NPY002
    hidden = points = np.random.default_rng(0).uniform(-3.0, 3.0, (50, 2))
    for width, fan_in in ((7, 2), (7, 7), (6, 7)):
        W = np.random.normal(0.0, fan_in**-0.5, (2 * width, fan_in))  # noqa: NPY002
        b = np.random.normal(0.0, fan_in**-0.5, 2 * width)  # noqa: NPY002
        values = hidden @ W.T + b
        hidden = np.maximum(values[:, 0::2], values[:, 1::2])
    W = np.random.normal(0.0, 3.0**-0.5, (2, 6))  # noqa: NPY002
    b = np.random.normal(0.0, 3.0**-0.5, 2)  # noqa: NPY002
    network = study.draw_network(123, (7, 7, 6), 2)
    np.testing.assert_allclose(network(points), hidden @ W.T + b, atol=1e-12)


def test_decision_boundary_is_where_the_outputs_are_equal(finished):
    folder, _ = finished
    result = maxout.load(SMOKE, folder)
    network = regions.load_network(folder / "network.npz")
    for end in (result.segments[:, 0], result.segments[:, 1], result.segments.mean(1)):
        outputs = network(end)
        np.testing.assert_allclose(outputs[:, 0], outputs[:, 1], atol=1e-9)


def test_counts_of_the_study_obey_bound_and_order(finished):
    folder, summary = finished
    result = maxout.load(SMOKE, folder)
    assert (result.linear <= result.activation).all()
    assert (result.linear[0] == result.activation[0]).all()
    exact = [c for c in summary["claims"] if c["seeds"] == 0]
    assert {c["verdict"] for c in exact} == {"confirmed"}


def test_bound_of_one_layer_at_rank_two_is_zaslavsky():
    assert study.layer_bound(8, 2, 2) == 37
    assert study.layer_bound(10, 2, 4) == 386
    assert study.layer_bound(1, 5, 3) == 5
