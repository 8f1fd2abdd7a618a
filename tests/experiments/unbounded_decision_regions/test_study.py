"""Bounded decision regions: none in narrow networks, one around a learned disc."""

import numpy as np
import pytest

import regions
from experiments import unbounded_decision_regions as experiment
from experiments.unbounded_decision_regions import study
from tests.experiments.helpers import run_smoke

SMOKE = experiment.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(experiment.NAME, tmp_path_factory)


def test_the_theorem_holds_in_every_network(finished):
    _, summary = finished
    theorem = summary["claims"][0]
    assert (theorem["value"], theorem["verdict"]) == (0.0, "confirmed")


def test_a_bounded_component_is_one_that_no_far_circle_meets(finished):
    # Independent of regions: a class that is found near the origin and on no circle
    # far out. The disc that is learned at width 4 is one for some seed.
    folder, _ = finished
    result = experiment.load(SMOKE, folder)
    network = regions.load_network(folder / "width-4.npz")
    angle = np.linspace(0.0, 2.0 * np.pi, 4000)
    circle = 1e4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    near = np.random.default_rng(0).uniform(-2.0, 2.0, (4000, 2))
    far = set(network(circle).argmax(axis=1).tolist())
    gone = set(network(near).argmax(axis=1).tolist()) - far
    components, bounded = study.count_components(network)
    assert bounded >= len(gone)
    assert components > bounded
    assert result.bounded.shape == (1, 2)


def test_diamond_has_one_bounded_component():
    weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[-1.0] * 4]]
    diamond = regions.ReluNetwork.from_arrays(weights, [[0.0] * 4, [1.0]])
    assert study.count_components(diamond) == (2, 1)


def test_data_are_points_of_the_square_with_the_disc_as_a_class():
    data = study.disc_data(4000, 0)
    inside = data.train_targets[:, 1].mean()
    assert inside == pytest.approx(np.pi * study.RADIUS**2 / 4.0, abs=0.03)
    radii = np.linalg.norm(data.train_inputs, axis=1)
    assert ((radii < study.RADIUS) == (data.train_targets[:, 1] == 1.0)).all()
