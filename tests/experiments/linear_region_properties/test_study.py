"""Regions around digits: the invariant, and what the settings change."""

import numpy as np
import pytest

from experiments import linear_region_properties as experiment
from experiments.linear_region_properties import study
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network

SMOKE = experiment.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(experiment.NAME, tmp_path_factory)


def test_no_digit_is_farther_from_the_boundary_than_the_inradius(finished):
    folder, summary = finished
    result = experiment.load(SMOKE, folder)
    wide, cube, distance, cosine = np.moveaxis(result.table, -1, 0)
    assert (distance > 0.0).all()
    assert (distance <= cube + 1e-6).all()
    # A larger box allows more centers.
    assert (cube <= wide + 1e-6).all()
    assert ((cosine > 0.0) & (cosine < 1.0)).all()
    assert summary["claims"][0]["verdict"] == "confirmed"


def test_settings_differ_from_the_plain_one_in_one_thing():
    found = study.settings(experiment.PRESETS["paper"])
    plain = found["plain"]
    assert (plain.epochs, plain.learning_rate, plain.batch_norm, plain.dropout) == (
        60,
        1e-3,
        False,
        0.0,
    )
    assert found["batch norm"].batch_norm
    assert found["dropout 0.5"].dropout == 0.5
    assert found["rate 1e-2"].learning_rate == 1e-2
    assert found["initial"].epochs == 0


def test_units_times_any_number_have_the_same_shapes():
    # The hyperplanes stay where they are when a unit and its readers are rescaled.
    network = random_network(np.random.default_rng(0), 64, [5])
    scaled = network.from_arrays(
        [4.0 * network.hidden[0].weight, network.output.weight / 4.0],
        [4.0 * network.hidden[0].bias, network.output.bias],
    )
    points = np.random.default_rng(1).uniform(0.0, 1.0, (2, 64))
    np.testing.assert_allclose(
        study.measure(network, points),
        study.measure(scaled, points),
        rtol=1e-6,
    )
