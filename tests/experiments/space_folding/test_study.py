"""Folding between digits: zero for one layer, and what samples of a path give."""

import numpy as np
import pytest

from experiments import space_folding
from experiments.space_folding import study
from tests.experiments.helpers import run_smoke
from training.labeled import load_digits

SMOKE = space_folding.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(space_folding.NAME, tmp_path_factory)


def test_one_hidden_layer_does_not_fold(finished):
    folder, summary = finished
    result = space_folding.load(SMOKE, folder)
    assert not result.folding[:, 0].any()
    assert summary["claims"][0]["verdict"] == "confirmed"
    assert summary["claims"][0]["value"] == 0.0


def test_values_are_shares_below_one(finished):
    folder, _ = finished
    result = space_folding.load(SMOKE, folder)
    assert result.folding.shape == (2, 2, 2, 4)
    assert ((result.folding >= 0.0) & (result.folding < 1.0)).all()
    assert result.same.tolist() == [True, False, True, False]


def test_pairs_are_two_points_each_of_the_kind_in_turn():
    labels = load_digits().labels
    pairs = study.draw_pairs(labels, 20)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    assert (same == (np.arange(20) % 2 == 0)).all()
