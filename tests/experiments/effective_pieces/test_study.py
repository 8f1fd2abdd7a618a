"""Effective pieces: the data, the logit, and counts against exact linear regions."""

import numpy as np
import pytest

import regions
from experiments import effective_pieces as experiment
from experiments.effective_pieces import study
from tests.experiments.helpers import run_smoke

SMOKE = experiment.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(experiment.NAME, tmp_path_factory)


def test_effective_pieces_are_at_most_all_and_fewer_with_tolerance(finished):
    folder, summary = finished
    result = experiment.load(SMOKE, folder)
    assert result.epochs.tolist() == [0, 200]
    assert result.effective.shape == (2, 1, 2, 3)
    assert (result.effective[..., 0] <= result.pieces).all()
    assert (np.diff(result.effective, axis=-1) <= 0).all()
    assert (result.effective >= 1).all()
    assert summary["networks_of_each_width"] == 2


def test_pieces_are_exact_linear_regions_of_the_logit(finished):
    folder, _ = finished
    result = experiment.load(SMOKE, folder)
    # Every unit that bends on [-1, 1] bends the two outputs differently.
    line = regions.Segment([-1.0], [1.0])
    rng = np.random.default_rng(0)
    network = regions.ReluNetwork.from_arrays(
        [rng.standard_normal((9, 1)), rng.standard_normal((2, 9))],
        [rng.standard_normal(9), None],
    )
    points, logit = study.logit_graph(network)
    assert len(points) - 1 == regions.count_linear_regions(network, line).count
    outputs = network(points[:, None])
    np.testing.assert_allclose(logit, outputs[:, 1] - outputs[:, 0], atol=1e-12)
    # Of the network that is drawn all corners of the broken line are breakpoints.
    assert set(result.graph[:, 2].tolist()) == {0.0, 1.0}
    assert result.graph[[0, -1], 0].tolist() == [-1.0, 1.0]


def test_class_changes_four_times():
    x, data = study.sign_data(101)
    classes = np.asarray(data.train_targets).argmax(axis=1)
    changes = np.flatnonzero(np.diff(classes))
    assert len(changes) == 4
    np.testing.assert_allclose(x[changes] + 0.01, study.CHANGES, atol=0.011)
