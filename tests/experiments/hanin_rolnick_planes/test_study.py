"""Regions on infinite planes: closed formulas, the tree, and N^2 / 2 at depth 3."""

import numpy as np
import pytest

import regions
from experiments import hanin_rolnick_planes as planes
from experiments.hanin_rolnick_planes import study
from experiments.measures.hanin_rolnick_measures import (
    boundary_distances,
    count_on_line,
    count_on_plane,
)
from experiments.running.common import open_run, read_json
from regions import bounds
from tests.experiments.helpers import run_smoke
from tests.helpers import random_network
from training.labeled import load_digits
from training.progress import quiet

SMOKE = planes.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(planes.NAME, tmp_path_factory)


def test_planes_of_one_hidden_layer_count_as_zaslavsky_says(finished):
    folder, summary = finished
    result = planes.load(SMOKE, folder)
    assert (result.initial[6,] == bounds.zaslavsky_count(6, 2)).all()
    assert result.trained[6, 5].shape == (2, 2, 1)
    exact = [c for c in summary["claims"] if c["seeds"] == 0]
    assert {c["verdict"] for c in exact} == {"confirmed"}
    assert 0.0 <= summary["held_out_accuracy"]["6-5"] <= 1.0


def test_training_moves_the_counts_of_a_deep_network(finished):
    result = planes.load(SMOKE, finished[0])
    counts = result.trained[6, 5]
    assert (counts[0] != counts[1]).any()
    assert (counts <= bounds.serra_2018_upper_bound(2, [6, 5])).all()
    assert result.updates.tolist() == [0, 23]


def test_killed_run_goes_on_with_the_stages_that_it_kept(finished):
    folder, summary = finished
    before = planes.load(SMOKE, folder)
    (folder / "summary.json").unlink()
    (folder / "6-5" / "stage-1.npz").unlink()
    kept = (folder / "6-5" / "stage-0.npz").stat().st_mtime_ns
    assert open_run(folder, planes.NAME, SMOKE) == "unfinished"
    planes.run(SMOKE, folder, quiet)
    assert read_json(folder / "summary.json") == summary
    assert (planes.load(SMOKE, folder).trained[6, 5] == before.trained[6, 5]).all()
    assert (folder / "6-5" / "stage-0.npz").stat().st_mtime_ns == kept


def test_depth_three_has_half_the_square_of_its_units_at_initialization():
    counts = study.initial_counts((20, 20, 20), load_digits(), 10, 1)
    assert counts.shape == (10, 1)
    assert counts.mean() == pytest.approx(60**2 / 2, rel=0.1)


def test_counts_are_of_the_whole_plane_and_the_whole_line():
    network = random_network(np.random.default_rng(2), 5, [6, 5])
    points = np.random.default_rng(3).standard_normal((2, 5))
    plane = regions.Slice(np.zeros(5), points, regions.Box.cube(2, 1e5))
    assert count_on_plane(network, points) == int(regions.count_regions(network, plane))
    far = 1e6 * (points[1] - points[0])
    line = regions.Segment(points[0] - far, points[0] + far)
    assert count_on_line(network, points) == int(regions.count_regions(network, line))


def test_distance_to_the_boundary_is_the_radius_of_the_largest_free_ball():
    network = random_network(np.random.default_rng(0), 3, [7, 6])
    points = np.random.default_rng(1).standard_normal((5, 3))
    rays = np.random.default_rng(2).standard_normal((4000, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    for point, distance in zip(
        points, boundary_distances(network, points), strict=True
    ):
        assert distance > 0.0
        own = network.patterns(point[None])
        assert (network.patterns(point + 0.999 * distance * rays) == own).all()
        assert (network.patterns(point + 1.01 * distance * rays) != own).any()
