"""Points alone in their region, against a count by brute force."""

import dataclasses

import numpy as np
import pytest

import regions
from experiments import memorization_index
from experiments.measures.seed_networks import snapshot_networks
from experiments.memorization_index import study
from tests.experiments.helpers import run_smoke
from training.two_moons import moons_box

CONFIG = memorization_index.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(memorization_index.NAME, tmp_path_factory)


def test_numbers_are_those_of_the_saved_networks(finished):
    folder, _ = finished
    result = memorization_index.load(CONFIG, folder)
    epochs, networks = snapshot_networks(
        CONFIG.training, CONFIG.seeds, folder / "networks-1"
    )
    assert result.epochs.tolist() == epochs.tolist() == [0, 30]
    network = networks[1][1]
    data = study.learned(CONFIG, 1, 1.0)
    # Brute force: the pattern of every point as text.
    names = [
        "".join("01"[int(b)] for b in row) for row in network.patterns(data.inputs)
    ]
    alone = [name for name in names if names.count(name) == 1]
    place = (1, 1, 1)
    assert result.numbers["occupied"][place] == len(set(names))
    assert result.numbers["singletons"][place] == len(alone) / len(set(names))
    assert result.numbers["per_region"][place] == 20 / len(set(names))
    box = moons_box(CONFIG.margin)
    count = int(regions.count_regions(network, box, method="tree"))
    assert result.numbers["regions"][place] == count


def test_labels_play_no_part_before_training(finished):
    _, summary = finished
    claim = summary["claims"][-1]
    assert (claim["value"], claim["verdict"]) == (0.0, "confirmed")


def test_random_labels_are_nested_and_none_at_zero():
    true = study.moons_of(CONFIG, 0).labels
    none, half, all_of_it = (
        study.learned(CONFIG, 0, share).labels for share in (0.0, 0.5, 1.0)
    )
    assert (none == true).all()
    assert 0 < (half != true).sum() <= (all_of_it != true).sum()


def test_trends_are_rank_correlations():
    values = np.array([[1.0, 3.0, 2.0], [2.0, 2.0, 2.0], [9.0, 1.0, 2.0]])
    trends = study.trends((0.0, 0.1, 1.0), values)
    np.testing.assert_allclose(trends, [1.0, -1.0, 0.0])


def test_shares_run_from_zero_to_one():
    with pytest.raises(ValueError, match="from 0 to 1"):
        dataclasses.replace(CONFIG, shares=(0.0, 0.5))
