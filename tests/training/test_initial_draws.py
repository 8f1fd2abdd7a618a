"""Parameters drawn by NumPy have the law of those that Flax draws."""

import jax
import numpy as np
import pytest

from training.config import INITIALIZERS, ModelConfig
from training.initial_draws import draw_params
from training.models import init_many

SEEDS = range(400)


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_moments_are_those_of_the_models(initializer):
    config = ModelConfig(
        widths=(4, 3), input_dim=3, initializer=initializer, init_scale=0.5
    )
    keys = jax.random.split(jax.random.key(0), len(SEEDS))
    theirs, ours = init_many(config, keys), draw_params(config, SEEDS)
    assert jax.tree.structure(theirs) == jax.tree.structure(ours)
    for flax, own in zip(jax.tree.leaves(theirs), jax.tree.leaves(ours), strict=True):
        assert (flax.shape, flax.dtype) == (own.shape, own.dtype)
        scale = max(float(flax.std()), 1e-6)
        error = 6.0 / np.sqrt(own.size)
        assert abs(float(flax.mean()) - float(own.mean())) < scale * error
        assert abs(float(flax.std()) - float(own.std())) < scale * error
        # A normal law, a uniform one and one that is cut off differ in this share.
        far = [np.abs(draws - draws.mean()) > 1.5 * scale for draws in (flax, own)]
        assert abs(float(far[0].mean()) - float(far[1].mean())) < error


def test_unit_columns_have_length_one_and_are_orthogonal():
    config = ModelConfig(widths=(5,), input_dim=3, initializer="unit_columns")
    kernel = draw_params(config, [3])["layers"]["0"]["kernel"][0]
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 1.0, rtol=1e-6)
    np.testing.assert_allclose(kernel[:, :3].T @ kernel[:, :3], np.eye(3), atol=1e-6)


def test_slopes_and_missing_biases():
    config = ModelConfig(widths=(2, 3), activation="prelu", slope=0.3, use_bias=False)
    params = draw_params(config, [0, 1])
    assert {len(layer) for layer in params["layers"].values()} == {1}
    assert params["slopes"]["1"].tolist() == [[np.float32(0.3)] * 3] * 2


def test_networks_depend_on_their_own_seed_alone():
    config = ModelConfig(widths=(3,))
    some, more = draw_params(config, [5]), draw_params(config, [4, 5])
    kernel = more["layers"]["0"]["kernel"]
    np.testing.assert_array_equal(some["layers"]["0"]["kernel"][0], kernel[1])
    assert (kernel[0] != kernel[1]).all()
