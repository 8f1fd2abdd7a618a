"""Local complexity over training: its phases, and what a snapshot is measured on."""

import numpy as np
import pytest

from experiments import local_complexity as experiment
from experiments.local_complexity import study
from tests.experiments.helpers import run_smoke

SMOKE = experiment.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(experiment.NAME, tmp_path_factory)


def test_snapshots_are_those_of_both_runs_once_each(finished):
    folder, _ = finished
    result = experiment.load(SMOKE, folder)
    assert result.epochs.tolist() == [0, 20, 40]
    assert result.complexity.shape == (3, 2, 3)
    assert (result.complexity >= 0.0).all()
    assert (result.complexity <= 16.0).all()
    assert ((result.accuracy >= 0.0) & (result.accuracy <= 1.0)).all()


def test_training_digits_and_held_out_digits_are_apart():
    where = study.setting(SMOKE)
    assert len(where.data.train_inputs) == 200
    assert len(where.inputs) == 1797 - 200
    train, held_out, random = where.places
    assert (train == np.asarray(where.data.train_inputs)[:10]).all()
    assert (held_out == where.inputs[:10]).all()
    assert random.min() >= 0.0
    assert random.max() <= 1.0


def test_phases_are_the_largest_rise_of_each_curve():
    curve = np.array([[9.0, 5.0], [4.0, 4.0], [7.0, 3.0], [6.0, 2.0], [3.0, 1.0]])
    result = study.Result(
        SMOKE,
        {},
        np.arange(5),
        np.repeat(curve[:, :, None], 3, axis=2),
        np.ones((5, 2, 3)),
        np.ones((5, 2)),
    )
    start, low, high, end = study._phases(result).values()
    assert start.tolist() == [9.0, 5.0]
    # The first falls to 4, rises to 7 and ends at 3; the second never rises.
    assert (low[0], high[0], end[0]) == (4.0, 7.0, 3.0)
    assert low[1] == high[1]
