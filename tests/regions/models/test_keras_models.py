import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")  # before Keras is imported

import keras
from keras import layers

from regions.errors import ImportNotice, ModelError
from regions.models import as_network


def _agrees(model: keras.Model, shape: tuple[int, ...]) -> None:
    net = as_network(model)
    points = np.random.default_rng(1).normal(size=(9, *shape)).astype(np.float32)
    expected = np.asarray(model(points)).reshape(9, -1)
    found = net(points.reshape(9, -1).astype(np.float64))
    assert np.allclose(found, expected, rtol=0, atol=1e-5)


def test_nested_models_equal_keras():
    inputs = keras.Input((4, 4, 1))
    x = layers.Conv2D(2, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D()(x)
    y = layers.BatchNormalization()(x)
    x = layers.Flatten()(layers.Add()([x, layers.LeakyReLU()(y)]))
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(3, "relu")])
    _agrees(keras.Model(inputs, layers.Dense(2)(inner(x))), (4, 4, 1))


class Called(keras.Model):
    def call(self, x):
        return 2.0 * x


def _called() -> keras.Model:
    model = Called()
    model(np.ones((1, 2), np.float32))
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: keras.Sequential([keras.Input((3,)), layers.Dense(2, "gelu")]),
            "layer 2 .* 'gelu' is not piecewise affine",
        ),
        (lambda: keras.Sequential([layers.Dense(2)]), "is not built"),
        (_called, "says in Python what it does"),
    ],
)
def test_what_is_not_read_is_refused_by_name(make, message):
    with pytest.raises(ModelError, match=message):
        as_network(make())


def test_a_final_softmax_is_left_out_with_a_notice():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, "softmax")])
    with pytest.warns(ImportNotice, match="final softmax is left out"):
        assert as_network(model).widths == ()
