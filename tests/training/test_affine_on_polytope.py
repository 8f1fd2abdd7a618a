"""The constraint: one sign a unit at all vertices, by the least shift that does it."""

import jax
import numpy as np
import pytest

from regions.domains.shapes import WholeSpace
from regions.signs.predicate import signs as signs_at
from training.affine_on_polytope import MARGIN, constrain
from training.config import ModelConfig
from training.ensemble import member
from training.models import init_many, params_to_relu_network

SQUARE = np.array([[0.2, 0.2], [0.7, 0.25], [0.75, 0.8], [0.1, 0.6]], np.float32)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "abs"])
def test_every_unit_has_one_sign_at_all_vertices(activation):
    config = ModelConfig(
        widths=(12, 9, 7), activation=activation, initializer="he_normal_unit_bias"
    )
    params = init_many(config, jax.random.split(jax.random.key(0), 4))
    for i in range(4):
        held = jax.tree.map(np.asarray, constrain(config, member(params, i), SQUARE))
        network = params_to_relu_network(held, config)
        signs = signs_at(network, WholeSpace(2), SQUARE.astype(np.float64)).sign
        assert (np.abs(signs.sum(axis=0)) == len(SQUARE)).all()
        before = params_to_relu_network(
            jax.tree.map(np.asarray, member(params, i)), config
        )
        free = signs_at(before, WholeSpace(2), SQUARE.astype(np.float64)).sign
        assert (np.abs(free.sum(axis=0)) < len(SQUARE)).any()


def test_shift_is_the_least_that_serves_the_majority():
    config = ModelConfig(widths=(3,), input_dim=1, activation="relu")
    kernel = np.ones((1, 3), np.float32)
    # Units x - 0.9, x - 0.2, x + 1 at 0, 0.5, 1: sides -, +, +.
    layers = {
        "0": {"kernel": kernel, "bias": np.array([-0.9, -0.2, 1.0], np.float32)},
        "1": {"kernel": np.ones((3, 1), np.float32), "bias": np.zeros(1, np.float32)},
    }
    corners = np.array([[0.0], [0.5], [1.0]], np.float32)
    found = constrain(config, {"layers": layers, "slopes": {}}, corners)
    bias = np.asarray(found["layers"]["0"]["bias"])
    assert bias == pytest.approx([-1.0 - MARGIN, MARGIN, 1.0], abs=1e-6)
    assert (np.asarray(found["layers"]["1"]["bias"]) == 0.0).all()
    again = constrain(config, found, corners)
    assert np.asarray(again["layers"]["0"]["bias"]) == pytest.approx(bias, abs=1e-6)


def test_networks_that_cannot_be_shifted_are_refused():
    for config in (
        ModelConfig(widths=(3,), use_bias=False),
        ModelConfig(widths=(3,), activation="prelu"),
    ):
        with pytest.raises(ValueError, match="biases and an activation other than"):
            constrain(config, {"layers": {}, "slopes": {}}, SQUARE)
