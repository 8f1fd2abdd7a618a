"""Regions on infinite lines and distances to boundaries over training."""

import numpy as np
import pytest

import regions
from experiments import hanin_rolnick_lines as lines
from experiments.measures.digit_networks import (
    hanin_rolnick_config,
    random_pairs,
    train_stages,
)
from experiments.measures.hanin_rolnick_measures import boundary_distances
from tests.experiments.helpers import run_smoke
from training.labeled import load_digits
from training.progress import quiet

SMOKE = lines.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(lines.NAME, tmp_path_factory)


def test_one_hidden_layer_cuts_lines_into_one_more_than_its_units(finished):
    folder, summary = finished
    result = lines.load(SMOKE, folder)
    assert (result.scalar[5,] == 6).all()
    assert summary["claims"][0]["verdict"] == "confirmed"
    assert summary["line_ratio_at_start"]["6-5"] > 0.0


def test_measures_are_those_of_the_networks_in_the_snapshots(finished):
    folder, _ = finished
    result = lines.load(SMOKE, folder)
    data = load_digits()
    training = hanin_rolnick_config((6, 5), data, 1)
    place = folder / "6-5"
    stages = train_stages(training, data, range(2), (0, 1), place, quiet)
    pairs = random_pairs(data, range(2), 2)
    order = np.random.default_rng(0).permutation(len(data.inputs))
    images = data.inputs[order[:20]]
    for k, stage in enumerate(stages):
        for seed, network in enumerate(stage.networks):
            distances = boundary_distances(network, images)
            assert result.distances[6, 5][k, seed] == pytest.approx(distances.mean())
            for line, (start, end) in enumerate(pairs[seed]):
                far = 1e5 * (end - start)
                segment = regions.Segment(start - far, end + far)
                count = int(regions.count_regions(network, segment))
                assert result.lines[6, 5][k, seed, line] == count


def test_pairs_are_of_different_training_images():
    data = load_digits()
    pairs = random_pairs(data, (0, 1), 3)
    assert pairs.shape == (2, 3, 2, 64)
    assert (pairs[:, :, 0] != pairs[:, :, 1]).any(axis=-1).all()
    assert (pairs[0] != pairs[1]).any()
