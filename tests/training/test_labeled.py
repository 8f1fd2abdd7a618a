import dataclasses

import jax
import numpy as np
import pytest

from regions.errors import FileFormatError
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.labeled import Labeled, load_digits, load_labeled, one_hot, split_dataset
from training.loop import (
    init_state,
    shuffle_key,
    to_device,
    train_block,
    weighted_cross_entropy,
)
from training.models import apply_params

SMALL = TrainingConfig(
    model=ModelConfig(widths=(6,), output_dim=3, activation="relu"),
    loss="cross_entropy",
    batch_size=None,
    epochs=2,
)


def _clusters() -> Labeled:
    """Three clouds of ten points."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 10)
    centers = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    return Labeled(centers[labels] + 0.2 * rng.standard_normal((30, 2)), labels)


def test_digits_are_multiples_of_a_sixteenth():
    data = load_digits()
    assert data.inputs.shape == (1797, 64)
    assert data.num_classes == 10
    assert (data.inputs * 16 == np.round(data.inputs * 16)).all()
    assert data.inputs.min() == 0.0
    assert data.inputs.max() == 1.0


def test_split_keeps_every_point_once_with_its_class():
    data = _clusters()
    dataset, train, val = split_dataset(data, 7, seed=1)
    assert sorted([*train, *val]) == list(range(30))
    assert dataset.val_inputs.shape == (7, 2)
    assert (np.argmax(dataset.train_targets, axis=1) == data.labels[train]).all()
    assert (np.asarray(dataset.val_inputs) == data.inputs[val].astype(np.float32)).all()


@pytest.mark.parametrize("num_val", [0, 30, -1])
def test_split_without_points_on_a_side_is_refused(num_val):
    with pytest.raises(ValueError, match="num_val"):
        split_dataset(_clusters(), num_val, seed=0)


def test_one_hot_rows_by_hand():
    assert one_hot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_cross_entropy_is_the_mean_negative_log_probability():
    data = _clusters()
    dataset, _, _ = split_dataset(data, 10, seed=0)
    params = init_state(SMALL).params
    inputs, targets = dataset.train_inputs, dataset.train_targets
    weights = np.ones(len(inputs), np.float32)
    weights[3:] = 0.0
    loss = weighted_cross_entropy(SMALL.model, params, inputs, targets, weights)
    outputs = np.asarray(apply_params(SMALL.model, params, inputs), np.float64)[:3]
    probabilities = np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True)
    by_hand = -np.log(probabilities[np.asarray(targets)[:3] == 1.0]).mean()
    assert float(loss) == pytest.approx(by_hand, rel=1e-5)


def test_cross_entropy_training_separates_clusters():
    config = dataclasses.replace(SMALL, optimizer=OptimizerConfig(learning_rate=0.05))
    dataset, _, _ = split_dataset(_clusters(), 9, seed=0)
    state, losses = train_block(
        init_state(config), to_device(dataset), shuffle_key(0), config, 100
    )
    outputs = apply_params(config.model, state.params, dataset.val_inputs)
    assert float(losses.train[-1]) < 0.1 < float(losses.train[0])
    found = np.argmax(jax.device_get(outputs), axis=1)
    assert (found == np.argmax(dataset.val_targets, axis=1)).all()


def test_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="`loss` is 'hinge'"):
        TrainingConfig(loss="hinge")


def test_labeled_files_are_read_back_flattened(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(12.0).reshape(3, 2, 2))
    np.save(tmp_path / "y.npy", np.array([0, 2, 1]))
    data = load_labeled(tmp_path / "x.npy", tmp_path / "y.npy")
    assert data.inputs.tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert data.num_classes == 3


@pytest.mark.parametrize(
    ("inputs", "labels", "match"),
    [
        (np.array(3.0), np.zeros(3, int), "x.npy has shape"),
        (np.full((2, 2), np.nan), np.zeros(2, int), "NaN"),
        (np.zeros((2, 2)), np.zeros(3, int), "y.npy has shape"),
        (np.zeros((2, 2)), np.zeros(2), "dtype"),
        (np.zeros((2, 2)), np.array([0, -1]), "count from 0"),
    ],
)
def test_bad_labeled_files_are_refused_by_name(tmp_path, inputs, labels, match):
    np.save(tmp_path / "x.npy", inputs)
    np.save(tmp_path / "y.npy", labels)
    with pytest.raises(FileFormatError, match=match):
        load_labeled(tmp_path / "x.npy", tmp_path / "y.npy")


def test_objects_in_a_labeled_file_are_not_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}, {}], object), allow_pickle=True)
    with pytest.raises(FileFormatError, match=r"x\.npy is not a \.npy file of numbers"):
        load_labeled(tmp_path / "x.npy", tmp_path / "x.npy")
    (tmp_path / "short.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(FileFormatError, match="short"):
        load_labeled(tmp_path / "short.npy", tmp_path / "x.npy")
