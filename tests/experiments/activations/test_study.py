"""The activation experiment: errors and counts of the trained networks, again."""

import dataclasses

import numpy as np
import pytest

import regions
from experiments import activations
from experiments.measures.seed_networks import require_networks, seed_networks
from tests.experiments.helpers import run_smoke
from training.datasets import ring_image
from training.ensemble import ensemble_snapshots

SMOKE = activations.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    return run_smoke(activations.NAME, tmp_path_factory)


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("abs", -1.0)])
def test_errors_and_counts_are_those_of_the_trained_networks(finished, name, slope):
    folder, summary = finished
    result = activations.load(SMOKE, folder)
    model = dataclasses.replace(SMOKE.training.model, activation=name)
    training = dataclasses.replace(SMOKE.training, model=model)
    snapshots = list(ensemble_snapshots(training, SMOKE.seeds, folder / name))
    box = regions.Box([0.0, 0.0], [1.0, 1.0])
    rows, columns = np.divmod(np.arange(64 * 64), 64)
    points = np.stack([columns, rows], axis=1) / 64.0
    target = ring_image(64).reshape(-1) / 255.0
    measures = result.measures[name]
    for key, (_, params) in zip(("regions_before", "regions"), snapshots, strict=True):
        networks = require_networks(seed_networks(params, training), SMOKE.seeds)
        assert all((layer.slopes == slope).all() for layer in networks[0].layers[:-1])
        counts = [int(regions.count_regions(network, box)) for network in networks]
        assert measures[key].tolist() == counts
        if key == "regions":
            errors = [((net(points)[:, 0] - target) ** 2).mean() for net in networks]
            assert measures["mse"] == pytest.approx(errors)
            assert len(result.polygons[name]) == counts[0]
    row = next(row for row in summary["table"] if row["activation"] == name)
    assert row["mse"] == pytest.approx(np.median(measures["mse"]))
