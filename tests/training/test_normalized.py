"""Batch normalization and dropout: training, and the ReLU network that is left."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from training.datasets import Dataset
from training.labeled import one_hot
from training.normalized import (
    ClassifierConfig,
    fold_batch_norm,
    init_classifier,
    train_classifiers,
)

CONFIG = ClassifierConfig(
    widths=(9, 7), input_dim=5, output_dim=3, epochs=3, batch_size=16
)


def _data(points=80):
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((points, 5)).astype(np.float32)
    targets = one_hot(inputs[:, :3].argmax(axis=1), 3)
    return Dataset(inputs, targets, inputs, targets)


@pytest.fixture(scope="module")
def normalized():
    config = dataclasses.replace(CONFIG, batch_norm=True, dropout=0.3)
    return train_classifiers(config, _data(), [0, 1])


def test_folded_network_is_the_classifier_in_inference(normalized):
    points = np.random.default_rng(1).standard_normal((200, 5))
    for model in normalized:
        network = fold_batch_norm(model)
        # In float64 the module itself computes with the same float32 numbers.
        np.testing.assert_allclose(
            network(points), model(jnp.asarray(points, jnp.float64)), atol=1e-11
        )
        assert network.widths == (9, 7)


def test_statistics_have_moved_and_are_those_of_running_means(normalized):
    for model in normalized:
        mean = np.asarray(model.norms[0].mean[...])
        variance = np.asarray(model.norms[0].var[...])
        assert np.abs(mean).max() > 0.01
        # Inputs of variance 1, kernels of variance 2 / 5: pre-activations of about 2.
        assert 0.3 < np.median(variance) < 6.0


def test_inference_drops_nothing_and_training_drops_units():
    model = init_classifier(dataclasses.replace(CONFIG, dropout=0.5), 0)
    points = jnp.asarray(np.random.default_rng(2).standard_normal((40, 5)))
    model.eval()
    assert (model(points) == model(points)).all()
    np.testing.assert_allclose(
        fold_batch_norm(model)(np.asarray(points)), model(points), atol=1e-11
    )
    model.train()
    assert (model(points) != model(points)).any()


def test_seeds_are_trained_apart_and_learn():
    config = dataclasses.replace(CONFIG, epochs=40, learning_rate=1e-2)
    data = _data()
    alone = fold_batch_norm(train_classifiers(config, data, [1])[0])
    pair = [fold_batch_norm(m) for m in train_classifiers(config, data, [0, 1])]
    points = np.asarray(data.train_inputs, np.float64)
    np.testing.assert_allclose(pair[1](points), alone(points), atol=1e-3)
    assert np.abs(pair[0](points) - alone(points)).max() > 0.1
    right = alone(points).argmax(axis=1) == np.asarray(data.train_targets).argmax(1)
    assert right.mean() > 0.9


def test_no_epochs_leave_the_start():
    config = dataclasses.replace(CONFIG, epochs=0)
    trained = train_classifiers(config, _data(), [3])[0]
    start = init_classifier(config, 3)
    for a, b in zip(trained.layers, start.layers, strict=True):
        assert (np.asarray(a.kernel[...]) == np.asarray(b.kernel[...])).all()


def test_all_units_cannot_be_dropped():
    with pytest.raises(ValueError, match="`dropout`"):
        ClassifierConfig(dropout=1.0)
