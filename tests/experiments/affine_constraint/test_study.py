"""The constrained networks of the smoke run are affine on the pentagon, exactly."""

import numpy as np
import pytest

from experiments import affine_constraint as experiment
from experiments.affine_constraint.study import NUMBERS, inside_polygon, polygon_of
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, summary = run_smoke(experiment.NAME, tmp_path_factory)
    return experiment.load(experiment.PRESETS["smoke"], folder), summary


def test_constrained_networks_have_one_region_there(finished):
    result, summary = finished
    named = dict(zip(NUMBERS, result.numbers, strict=True))
    assert named["patterns"][0].tolist() == [1.0, 1.0]
    assert (named["verified"] == 1.0).all()
    assert (named["exact"][0] == 1.0).all()
    assert named["deviation"][0].max() < 1e-12
    assert [claim["verdict"] for claim in summary["claims"][:3]] == ["confirmed"] * 3


def test_no_cell_of_the_constrained_network_cuts_the_pentagon(finished):
    result, _ = finished
    rng = np.random.default_rng(0)
    corners = polygon_of(result.config)
    points = rng.dirichlet(np.ones(len(corners)), 300) @ corners
    holding = [
        cell
        for cell in result.cells[0]
        if inside_polygon(_counterclockwise(cell), points).any()
    ]
    assert len(holding) == 1


def _counterclockwise(cell):
    x, y = cell.T
    area = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    return cell if area > 0.0 else cell[::-1]


def test_corners_go_around_counterclockwise_and_hold_the_center():
    config = experiment.PRESETS["paper"]
    corners = polygon_of(config)
    assert (corners == corners.astype(np.float32)).all()
    points = np.array([config.center, (0.1, 0.9)])
    assert inside_polygon(corners, points).tolist() == [True, False]
