"""The trained networks and their way to `regions`."""

import jax
import numpy as np
import pytest

from training.config import ModelConfig
from training.ensemble import member
from training.models import (
    apply_params,
    init_many,
    init_model,
    params_to_relu_network,
    to_params,
    to_relu_network,
)

ACTIVATIONS = ["relu", "leaky_relu", "prelu", "abs"]


def _points(count: int, dim: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    return rng.uniform(-1.0, 1.0, (count, dim)).astype(np.float32)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_relu_network_of_a_model_computes_what_the_model_does(activation):
    config = ModelConfig(
        widths=(9, 5), input_dim=3, output_dim=2, activation=activation, slope=0.2
    )
    model = init_model(config, seed=3)
    points = _points(200, 3)
    outputs = np.asarray(model(points))
    assert outputs.dtype == np.float32
    network = to_relu_network(model)
    np.testing.assert_allclose(network(points.astype(float)), outputs, atol=2e-6)
    assert network.widths == (9, 5)


def test_relu_network_takes_float32_weights_over_exactly():
    model = init_model(ModelConfig(widths=(4,)), seed=0)
    kernel = np.asarray(to_params(model)["layers"]["0"]["kernel"])
    weight = to_relu_network(model).hidden[0].weight
    assert weight.dtype == np.float64
    assert (weight.T.astype(np.float32) == kernel).all()
    assert (kernel.astype(np.float64) == weight.T).all()


def test_leaky_slope_is_the_one_that_float32_training_used():
    network = to_relu_network(init_model(ModelConfig(widths=(4,), slope=0.01), seed=0))
    assert (network.hidden[0].slopes == float(np.float32(0.01))).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_apply_params_equals_the_module(activation):
    config = ModelConfig(widths=(6, 6), activation=activation)
    model = init_model(config, seed=1)
    points = _points(50, 2)
    assert (apply_params(config, to_params(model), points) == model(points)).all()


def test_learned_slopes_reach_the_relu_network():
    config = ModelConfig(widths=(3,), activation="prelu", slope=0.25)
    params = to_params(init_model(config, seed=0))
    slopes = np.array([-0.5, 0.0, 2.0], np.float32)
    params["slopes"]["0"] = slopes
    network = params_to_relu_network(params, config)
    assert network.hidden[0].slopes.tolist() == [-0.5, 0.0, 2.0]
    points = _points(50, 2)
    expected = apply_params(config, params, points)
    np.testing.assert_allclose(network(points.astype(float)), expected, atol=1e-6)


def test_prelu_gradient_reaches_the_slopes():
    config = ModelConfig(widths=(8,), activation="prelu")
    params = to_params(init_model(config, seed=0))
    points = _points(50, 2)
    gradient = jax.grad(lambda p: apply_params(config, p, points).sum())(params)
    assert np.abs(gradient["slopes"]["0"]).max() > 0.0


def test_he_normal_has_the_variance_and_the_biases_of_the_posts():
    config = ModelConfig(widths=(300, 300), input_dim=200)
    layers = to_params(init_model(config, seed=5))["layers"]
    for layer in layers.values():
        assert (layer["bias"] == np.float32(0.1)).all()
    kernel = np.asarray(layers["1"]["kernel"])
    assert kernel.std() == pytest.approx(np.sqrt(2 / 300), rel=0.02)
    # A truncated normal law would stop at 2.3 standard deviations.
    assert np.abs(kernel).max() > 3.0 * kernel.std()


def test_flax_initialization_has_zero_biases():
    layers = to_params(init_model(ModelConfig(initializer="flax"), seed=5))["layers"]
    assert all((layer["bias"] == 0.0).all() for layer in layers.values())


def test_same_seed_gives_the_same_model_and_another_seed_another():
    config = ModelConfig(widths=(4,))
    first, again, other = (
        np.asarray(to_params(init_model(config, seed))["layers"]["0"]["kernel"])
        for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_networks_without_biases_are_positively_homogeneous():
    config = ModelConfig(widths=(7, 5), use_bias=False)
    network = to_relu_network(init_model(config, 0))
    points = np.random.default_rng(0).standard_normal((50, 2))
    np.testing.assert_allclose(network(3.0 * points), 3.0 * network(points), rtol=1e-12)
    assert np.abs(network(points)).min() > 0.0


def test_init_scale_scales_hidden_kernels_alone():
    base = to_params(init_model(ModelConfig(), 0))["layers"]
    wide = to_params(init_model(ModelConfig(init_scale=4.0), 0))["layers"]
    for i in range(6):
        np.testing.assert_allclose(
            wide[str(i)]["kernel"], 4.0 * base[str(i)]["kernel"], rtol=1e-6
        )
    np.testing.assert_array_equal(wide["6"]["kernel"], base["6"]["kernel"])


def test_unit_biases_have_a_standard_deviation_of_one():
    config = ModelConfig(widths=(4000,), initializer="he_normal_unit_bias")
    biases = to_relu_network(init_model(config, 0)).hidden[0].bias
    assert biases.std() == pytest.approx(1.0, rel=0.05)
    assert biases.mean() == pytest.approx(0.0, abs=0.06)


def test_small_biases_have_a_standard_deviation_of_a_thousandth():
    config = ModelConfig(widths=(4000,), initializer="he_normal_small_bias")
    biases = np.asarray(to_params(init_model(config, 0))["layers"]["0"]["bias"])
    assert np.std(biases) == pytest.approx(1e-3, rel=0.05)


def test_unit_columns_are_units_orthogonal_as_far_as_can_be():
    config = ModelConfig(
        widths=(7, 5), input_dim=3, initializer="unit_columns", activation="prelu"
    )
    params = to_params(init_model(config, seed=0))["layers"]
    for name, orthogonal in (("0", 3), ("1", 5)):
        kernel = np.asarray(params[name]["kernel"])
        np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 1.0, rtol=1e-5)
        first = kernel[:, :orthogonal]
        np.testing.assert_allclose(first.T @ first, np.eye(orthogonal), atol=1e-5)
        bias = np.asarray(params[name]["bias"])
        assert (bias > 0.0).any()
        assert (bias < 0.0).any()
        assert np.abs(bias).max() <= 1.0
    output = params["2"]
    assert np.linalg.norm(output["kernel"]) == pytest.approx(1e-3, rel=1e-5)
    assert (np.asarray(output["bias"]) == 0.0).all()


def test_many_networks_are_drawn_at_once_and_differ():
    config = ModelConfig(widths=(500,), input_dim=3)
    keys = jax.random.split(jax.random.key(0), 2)
    params = jax.tree.map(np.asarray, init_many(config, keys))
    first, second = (
        params_to_relu_network(member(params, i), config) for i in range(2)
    )
    weight = first.hidden[0].weight
    assert weight.std() == pytest.approx(np.sqrt(2.0 / 3.0), rel=0.1)
    assert (first.hidden[0].bias == np.float32(0.1)).all()
    assert not (weight == second.hidden[0].weight).any()
