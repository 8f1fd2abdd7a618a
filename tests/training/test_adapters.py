"""Tuning: what may move moves, nothing else does, and marks are where they belong."""

import jax
import numpy as np
import pytest

from training.adapters import Catch, Schedule, Tuning, plate_frames, tune
from training.config import ModelConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, init_ensemble
from training.labeled import one_hot

SEEDS = np.array([3, 4])
MODEL = ModelConfig(widths=(6,), input_dim=3, output_dim=2, activation="relu")
CONFIG = TrainingConfig(model=MODEL, loss="cross_entropy")
SCHEDULE = Schedule(steps=40, learning_rate=1e-2, loss=0.4)


@pytest.fixture(scope="module")
def start():
    params = jax.tree.map(np.asarray, init_ensemble(CONFIG, [0, 1]).params)
    return params, ensemble_networks(params, CONFIG)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2, 20, 3)).astype(np.float32)
    targets = np.stack([one_hot((x[:, 0] > 0).astype(int), 2) for x in inputs])
    return Dataset(inputs, targets, inputs, targets)


def _tune(start, data, name, **options):
    # All of one rank: they share a program.
    tuning = Tuning(method=name, rank=2)
    return tune(start[0], data, tuning, SCHEDULE, seeds=SEEDS, **options)


def _changes(start, catch, index):
    before, after = start[1][index], catch.network(index)
    pairs = list(zip(before.layers, after.layers, strict=True))
    return (
        [b.weight - a.weight for a, b in pairs],
        [b.bias - a.bias for a, b in pairs],
    )


def _cross_entropy(network, inputs, targets):
    logits = network(np.asarray(inputs, np.float64))
    logits = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -(targets * logits).sum(axis=1).mean()


@pytest.fixture(scope="module")
def full(start, data):
    return _tune(start, data, "full", distances=np.array([1e-6, 1e9]))


def test_marks_are_the_first_of_their_kind(start, data, full):
    at_loss, losses = full.at_loss, full.losses
    assert losses.shape == (2, 40)
    assert (at_loss.reached > 0).all()
    for k, step in enumerate(at_loss.reached):
        assert losses[k, step] <= SCHEDULE.loss < losses[k, step - 1]
        network = at_loss.network(k)
        expected = _cross_entropy(network, data.train_inputs[k], data.train_targets[k])
        assert at_loss.loss[k] == pytest.approx(expected, rel=1e-5)
        assert at_loss.loss[k] == losses[k, step]
    weights, biases = _changes(start, at_loss, 0)
    squares = sum((part**2).sum() for part in [*weights, *biases])
    assert at_loss.distance[0] == pytest.approx(np.sqrt(squares), rel=1e-5)


def test_what_is_never_reached_is_the_end(full):
    for ours, last in zip(full.at_distance.weights, full.final.weights, strict=True):
        assert (ours[1] == last[1]).all()
    assert (full.final.reached == -1).all()


def test_first_step_of_adam_is_the_learning_rate_per_parameter(start, full):
    """Its first step is the rate times the sign of the gradient."""
    assert full.at_distance.reached.tolist() == [1, -1]
    weights, biases = _changes(start, full.at_distance, 0)
    moved = np.concatenate([part.ravel() for part in [*weights, *biases]])
    # A unit that is off on all points has no gradient.
    moved = moved[moved != 0.0]
    assert len(moved) > 20
    np.testing.assert_allclose(abs(moved), 1e-2, rtol=1e-3)


def test_adapters_change_weights_by_their_rank(start, data):
    done = _tune(start, data, "lora").final
    for k in range(2):
        weights, biases = _changes(start, done, k)
        assert not any(part.any() for part in biases)
        values = [np.linalg.svd(change, compute_uv=False) for change in weights]
        ranks = [int((v > 1e-6 * v[0]).sum()) for v in values]
        # From zero the two logits move apart by the same amounts: rank 1 at the end.
        assert ranks == [2, 1]


def test_parts_move_alone(start, data):
    last = _tune(start, data, "last_layer").final
    shifted = _tune(start, data, "biases").final
    for k in range(2):
        weights, biases = _changes(start, last, k)
        assert not any(part.any() for part in [*weights[:-1], *biases[:-1]])
        assert weights[-1].any()
        assert biases[-1].any()
        weights, biases = _changes(start, shifted, k)
        assert not any(part.any() for part in weights)
        assert all(part.any() for part in biases)


def test_plate_writes_to_its_units_and_reads_its_basis(start, data):
    done = _tune(start, data, "plate").final
    bases, selectors = plate_frames(start[0], 2)
    for k in range(2):
        weights, biases = _changes(start, done, k)
        assert not any(part.any() for part in biases)
        for change, basis, selector in zip(weights, bases, selectors, strict=True):
            Q, chosen = np.asarray(basis[k], float), np.asarray(selector[k]) > 0
            assert (chosen.sum(axis=1) == 1).all()
            assert set(np.flatnonzero(change.any(axis=1))) <= set(chosen.argmax(axis=1))
            np.testing.assert_allclose(Q.T @ Q, np.eye(Q.shape[1]), atol=1e-6)
            np.testing.assert_allclose(change @ Q @ Q.T, change, atol=1e-6)
        assert weights[0].any()


def test_plate_selects_twins():
    kernel = np.array([[1.0, 0.0, -2.0, 0.3], [0.0, 1.0, 0.1, 2.0]])
    params = {"layers": {"0": {"kernel": kernel[None], "bias": np.zeros((1, 4))}}}
    _, (selector,) = plate_frames(params, 2)
    # Units 0 and 2 are nearly parallel; 1 and 3 less so.
    assert set(np.asarray(selector)[0].argmax(axis=1)) == {0, 2}


def test_catches_survive_a_file(full):
    again = Catch.from_arrays(full.at_loss.to_arrays())
    for ours, theirs in zip(again, full.at_loss, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert np.array_equal(a, b)


def test_names_say_method_and_rank():
    assert Tuning.parse("lora-4") == Tuning(method="lora", rank=4)
    assert Tuning.parse("last_layer") == Tuning(method="last_layer")


def test_unknown_tunings_are_refused():
    with pytest.raises(ValueError, match="one of full"):
        Tuning.parse("half-2")
    with pytest.raises(ValueError, match="at least 1"):
        Tuning.parse("lora-0")
