"""The three-color experiment: its numbers from the saved network, counted again."""

import numpy as np
import pytest

import regions
from experiments import three_colors
from experiments.three_colors.study import probabilities
from tests.experiments.helpers import run_smoke
from training.datasets import ring_classes

SMOKE = three_colors.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    return run_smoke(three_colors.NAME, tmp_path_factory)


def test_counts_of_the_first_network_are_its_own(finished):
    folder, summary = finished
    network = regions.load_network(folder / "network.npz")
    box = regions.Box([0.0, 0.0], [1.0, 1.0])
    assert summary["first_regions"] == int(regions.count_regions(network, box))
    result = three_colors.load(SMOKE, folder)
    assert len(result.polygons) == summary["first_regions"]
    data = result.data
    classes = ring_classes(64)
    x, y = np.round(np.asarray(data.train_inputs) * 64).astype(int).T
    said = network(np.asarray(data.train_inputs, np.float64)).argmax(axis=1)
    assert summary["first_misclassified"] == int((said != classes[y, x]).sum())
    rows, columns = np.divmod(np.arange(64 * 64), 64)
    points = np.stack([columns, rows], axis=1) / 64.0
    outputs = network(points).reshape(64, 64, 3)
    assert result.outputs == pytest.approx(outputs)
    assert (result.classes == classes).all()


def test_both_losses_learn_something_from_the_same_points(finished):
    _, summary = finished
    assert [row["loss"] for row in summary["table"]] == ["mse", "cross_entropy"]
    for row in summary["table"]:
        assert 0.0 < row["pixel_error"] < 0.6
        assert 0.0 <= row["calibration_error"] <= 1.0
    assert {claim["verdict"] for claim in summary["claims"]} == {"undecided"}


def test_probabilities_are_softmax_or_cut_outputs():
    outputs = np.array([[1.0, 1.0, 1.0], [1000.0, 0.0, -1000.0], [-0.5, 0.2, 1.5]])
    softmax = probabilities(outputs, "cross_entropy")
    assert softmax.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0])
    assert softmax[0] == pytest.approx([1 / 3] * 3)
    assert softmax[1] == pytest.approx([1.0, 0.0, 0.0])
    powers = np.exp([-0.5, 0.2, 1.5])
    assert softmax[2] == pytest.approx(powers / powers.sum())
    assert probabilities(outputs, "mse")[2] == pytest.approx([0.0, 0.2, 1.0])
