"""The Lux optimizer against its description, transcribed to plain NumPy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.loop import init_state, shuffle_key, train_block
from training.lux import (
    BestState,
    best_params,
    keep_best,
    normalize_columns,
    scale_by_lux,
    unit_columns,
)
from training.models import apply_params


def _described(gradients: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The steps that the description gives, in float32."""
    one = np.float32
    s, a, c = one(1e-3), one(0.1), one(0.01)
    m = v = np.zeros_like(gradients[0])
    previous, steps = np.inf, []
    for i, (g, value) in enumerate(zip(gradients, values, strict=True)):
        m = m + a * (g - m)
        v = np.maximum(c * (m - g) ** 2 + (one(1) - c) * v, np.finfo(one).eps)
        steps.append(-s * m if i == 0 else -s * m / np.sqrt(v))
        factor = one(1.001) if value <= previous else one(0.999)
        s, a, c, previous = s * factor, a * factor, c * factor, value
    return np.array(steps)


def test_steps_are_those_of_the_description():
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(60, 5)).astype(np.float32)
    gradients[:, 4] *= 1e-6  # on the floor
    values = rng.uniform(size=60).astype(np.float32)
    values[10] = values[9]  # an equal error counts as no worse
    optimizer: Any = scale_by_lux()
    params = {"w": jnp.zeros(5, jnp.float32)}
    state, steps = optimizer.init(params), []
    update = jax.jit(optimizer.update)
    for g, value in zip(gradients, values, strict=True):
        step, state = update({"w": jnp.asarray(g)}, state, value=value)
        steps.append(step["w"])
    assert steps[0].dtype == np.float32
    expected = _described(gradients, values)
    np.testing.assert_allclose(steps, expected, rtol=2e-5, atol=1e-12)
    better = 1 + (np.diff(values) <= 0).sum()
    factor = 1.001**better * 0.999 ** (60 - better)
    np.testing.assert_allclose(
        state.rates, np.array([1e-3, 0.1, 0.01]) * factor, rtol=1e-5
    )


def test_first_step_is_the_gradient_times_both_rates():
    optimizer: Any = scale_by_lux(step=0.5, mean_rate=0.25)
    params = {"w": jnp.zeros(2)}
    gradient = {"w": jnp.array([8.0, -2.0])}
    step, _ = optimizer.update(gradient, optimizer.init(params), value=jnp.array(1.0))
    np.testing.assert_allclose(step["w"], [-1.0, 0.25])


def _params(*kernels: np.ndarray) -> dict:
    return {
        "layers": {
            str(i): {"kernel": jnp.asarray(k), "bias": jnp.full(k.shape[1], 5.0)}
            for i, k in enumerate(kernels)
        },
        "slopes": {"0": jnp.full(2, 7.0)},
    }


def test_every_kernel_but_the_last_is_divided_by_its_largest_column():
    first, last = np.array([[3.0, 0.0], [4.0, 1.0]]), np.array([[9.0], [9.0]])
    found = normalize_columns(_params(first, last))
    np.testing.assert_allclose(found["layers"]["0"]["kernel"], first / 5.0)
    np.testing.assert_allclose(found["layers"]["1"]["kernel"], last)
    np.testing.assert_allclose(found["layers"]["0"]["bias"], 5.0)
    np.testing.assert_allclose(found["slopes"]["0"], 7.0)


def test_update_ends_at_normalized_columns():
    params = _params(np.array([[1.0, 2.0]]), np.array([[1.0], [1.0]]))
    updates = jax.tree.map(jnp.ones_like, params)
    chain: Any = unit_columns()
    changes, _ = chain.update(updates, chain.init(params), params)
    found: Any = optax.apply_updates(params, changes)
    np.testing.assert_allclose(found["layers"]["0"]["kernel"], [[2 / 3, 1.0]])
    np.testing.assert_allclose(found["layers"]["1"]["kernel"], 2.0)
    np.testing.assert_allclose(found["slopes"]["0"], 8.0)


def test_best_parameters_are_those_of_the_least_error():
    optimizer = keep_best()
    state = optimizer.init({"w": jnp.zeros(())})
    for w, value in ((1.0, 3.0), (2.0, 1.0), (3.0, 1.0), (4.0, 2.0)):
        params = {"w": jnp.array(w)}
        _, state = optimizer.update(params, state, params, value=jnp.array(value))
    assert isinstance(state, BestState)
    assert (float(state.value), float(state.params["w"])) == (1.0, 2.0)


def test_missing_error_and_foreign_state_are_refused():
    params = {"w": jnp.zeros(2)}
    with pytest.raises(ValueError, match="`value` is missing"):
        scale_by_lux().update(params, scale_by_lux().init(params))
    with pytest.raises(ValueError, match="must be lux"):
        best_params(optax.adam(0.1).init(params))


def test_training_by_name_keeps_the_best_and_the_columns():
    rng = np.random.default_rng(1)
    x = rng.uniform(-1.0, 1.0, (30, 2)).astype(np.float32)
    y = np.cos(x.sum(axis=1, keepdims=True))
    config = TrainingConfig(
        model=ModelConfig(
            widths=(6, 5), activation="prelu", slope=0.001, initializer="unit_columns"
        ),
        optimizer=OptimizerConfig(name="lux"),
        batch_size=None,
    )
    data = Dataset(x, y, x[:1], y[:1])
    start = init_state(config)
    state, losses = train_block(start, data, shuffle_key(0), config, 50)
    norms = np.linalg.norm(state.params["layers"]["1"]["kernel"], axis=0)
    assert norms.max() == pytest.approx(1.0, abs=1e-6)
    assert losses.train[-1] < losses.train[0]
    # Losses are taken before each update, as the error that it is given.
    assert float(state.opt_state[0].value) == float(losses.train.min())
    best = apply_params(config.model, best_params(state.opt_state), x)
    found = float(np.mean((np.asarray(best) - y) ** 2))
    assert found == pytest.approx(float(losses.train.min()), rel=1e-4)
