"""Dense memories: the smoke run, and exponents recovered from exact powers."""

import numpy as np
import pytest

from experiments import dense_memory as experiment
from experiments.dense_memory.claims import exponents, log_slopes
from experiments.dense_memory.memories_of_digits import binary_digits, participation
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, summary = run_smoke(experiment.NAME, tmp_path_factory)
    return experiment.load(experiment.PRESETS["smoke"], folder), summary


def test_capacities_grow_and_settling_asks_for_more_than_one_update(finished):
    result, _ = finished
    capacity = result.arrays["capacity"]
    assert (np.diff(capacity["0"].mean(axis=2), axis=1) > 0.0).all()
    # Cubes store more than squares in as many neurons.
    assert (capacity["1"][:, 1] > capacity["0"][:, 1]).all()
    # A settled pattern with few errors was first disturbed by few.
    assert capacity["0"][0].mean() <= capacity["0"][1].mean()


def test_exponents_and_slopes_of_exact_laws_are_recovered():
    neurons = (10, 20, 40)
    values = np.array(neurons)[:, None] ** np.array([1.0, 2.5])
    assert exponents(neurons, values) == pytest.approx([1.0, 2.5])
    slopes, squares = log_slopes(neurons, np.exp(0.3 * np.array(neurons))[:, None])
    assert slopes == pytest.approx([0.3])
    assert squares == pytest.approx([1.0])


def test_stored_and_held_out_digits_are_apart_and_binary():
    stored, held = binary_digits(1000, 0)
    assert stored.shape == (1000, 64)
    assert held.shape == (360, 64)
    assert set(np.unique(stored)) == {-1.0, 1.0}
    with pytest.raises(ValueError, match="at most 1437 digits"):
        binary_digits(1438, 0)


def test_participation_counts_equal_parts():
    assert participation(np.array([[1.0, 1.0, 0.0], [5.0, 0.0, 0.0]])) == (
        pytest.approx([2.0, 1.0])
    )


def test_exponential_recalls_what_the_square_does_not(finished):
    result, _ = finished
    completion = result.arrays["completion"]
    assert (completion["recall"][-1] > 0.9).all()
    assert (completion["recall"][-1] > completion["recall"][0] + 0.05).all()
