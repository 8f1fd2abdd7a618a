"""The top eigenvalue against differences of gradients and against a quadratic."""

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

from training.config import ModelConfig, TrainingConfig
from training.loop import weighted_cross_entropy
from training.models import init_model, to_params
from training.sharpness import top_eigenvalue


def test_a_linear_model_has_the_eigenvalues_of_its_data():
    model = ModelConfig(widths=(), use_bias=False, input_dim=3)
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    config = TrainingConfig(model=model)
    params = to_params(init_model(model, 0))
    found = top_eigenvalue(config, params, x, np.zeros((50, 1), np.float32))
    wanted = np.linalg.eigvalsh(2.0 * x.T.astype(float) @ x / 50.0)[-1]
    assert found == pytest.approx(wanted, rel=1e-3)


def test_a_classifier_has_that_of_differences_of_gradients():
    model = ModelConfig(widths=(5,), output_dim=2)
    config = TrainingConfig(model=model, loss="cross_entropy")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 2)).astype(np.float32)
    y = np.eye(2, dtype=np.float32)[rng.integers(2, size=30)]
    params = to_params(init_model(model, 3))
    flat, shaped = jax.flatten_util.ravel_pytree(params)
    ones = jnp.ones(30, jnp.float32)
    gradient = jax.jit(
        jax.grad(lambda v: weighted_cross_entropy(model, shaped(v), x, y, ones))
    )
    # Central differences in float32 are good to about 1e-3 of the largest.
    steps = 1e-2 * np.eye(len(flat), dtype=np.float32)
    columns = [(gradient(flat + h) - gradient(flat - h)) / 2e-2 for h in steps]
    hessian = np.array(columns)
    hessian = 0.5 * (hessian + hessian.T)
    values = np.linalg.eigvalsh(np.asarray(hessian, np.float64))
    assert top_eigenvalue(config, params, x, y) == pytest.approx(values[-1], rel=1e-2)
    # The lowest is below zero: the largest in absolute value is not what is asked for.
    assert values[0] < 0.0
