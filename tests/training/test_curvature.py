"""Preconditioned curvature against the dense Hessian, and Adam on a quadratic."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.curvature import stability_threshold, top_eigenvalues, trace_curvature
from training.datasets import Dataset, disc_image, sample_points
from training.ensemble import ensemble_state, fit_ensemble, init_ensemble, member
from training.loop import weighted_mse

CONFIG = TrainingConfig(
    model=ModelConfig(widths=(6,)),
    optimizer=OptimizerConfig(learning_rate=0.01),
    epochs=5,
    batch_size=None,
    snapshot_every=5,
)
SEEDS = (0, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """State after five epochs, the points, and the losses of nine epochs."""
    data = [sample_points(disc_image(64), 50, 4, seed=seed) for seed in SEEDS]
    folder = tmp_path_factory.mktemp("runs")
    fit_ensemble(CONFIG, data, SEEDS, folder / "five")
    longer = dataclasses.replace(CONFIG, epochs=9, snapshot_every=9)
    losses = fit_ensemble(longer, data, SEEDS, folder / "nine").losses
    state = ensemble_state(CONFIG, SEEDS, folder / "five", 5)
    return state, Dataset(*(jnp.stack(a) for a in zip(*data, strict=True))), losses


def _dense_top(params, nu, points: Dataset, i: int) -> float:
    """Top eigenvalue of P^-1/2 H P^-1/2 by the dense Hessian, after five updates."""
    leaves, structure = jax.tree.flatten(member(params, i))
    sizes = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def loss(flat):
        parts = jnp.split(flat, sizes)
        shaped = [p.reshape(leaf.shape) for p, leaf in zip(parts, leaves, strict=True)]
        one = jnp.ones(points.train_inputs.shape[1], jnp.float32)
        return weighted_mse(
            CONFIG.model,
            jax.tree.unflatten(structure, shaped),
            points.train_inputs[i],
            points.train_targets[i],
            one,
        )

    flat = jnp.concatenate([leaf.ravel() for leaf in leaves])
    squares = jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(member(nu, i))])
    root = np.asarray(jnp.sqrt(squares / (1.0 - 0.999**5)) + 1e-8, np.float64)
    hessian = np.asarray(jax.hessian(loss)(flat), np.float64)
    return float(np.linalg.eigvalsh(hessian / np.sqrt(np.outer(root, root))).max())


def test_trace_starts_at_the_top_eigenvalue_and_goes_on_as_training_does(trained):
    state, points, losses = trained
    keys = jax.random.split(jax.random.key(0), 2)
    traced = trace_curvature(state, points, keys, CONFIG, 4, iterations=60)
    np.testing.assert_allclose(traced.losses, losses[5:, :, 0].T, rtol=1e-4)
    nu = optax.tree.get(state.opt_state, "nu")
    for i in range(2):
        expected = _dense_top(state.params, nu, points, i)
        assert float(traced.eigenvalues[i, 0]) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("beta1", [0.0, 0.9])
def test_steps_on_a_quadratic_grow_beyond_the_threshold_only(beta1):
    config = OptimizerConfig(learning_rate=0.02, beta1=beta1)
    for factor, grows in ((0.95, False), (1.05, True)):
        curvature = factor * stability_threshold(config)
        x, mean = 1.0, 0.0
        for _ in range(400):
            mean = beta1 * mean + (1.0 - beta1) * curvature * x
            x -= config.learning_rate * mean
        assert (abs(x) > 1.0) == grows


def test_other_optimizers_are_refused():
    config = dataclasses.replace(CONFIG, optimizer=OptimizerConfig(name="sgd"))
    data = sample_points(disc_image(64), 20, 4, seed=0)
    points = Dataset(*(jnp.asarray(a)[None] for a in data))
    keys = jax.random.split(jax.random.key(0), 1)
    with pytest.raises(ValueError, match="sgd and mse"):
        trace_curvature(init_ensemble(config, (0,)), points, keys, config, 2)


def test_plain_eigenvalues_are_those_of_the_dense_hessian(trained):
    state, points, _ = trained
    keys = jax.random.split(jax.random.key(0), len(SEEDS))
    found = top_eigenvalues(state.params, points, keys, CONFIG, iterations=200)
    # The scale of `_dense_top` is 1 where the mean square is 1 and nothing corrects it.
    ones = jax.tree.map(
        lambda leaf: (1.0 - 0.999**5) * jnp.ones_like(leaf), state.params
    )
    for i in range(len(SEEDS)):
        dense = _dense_top(state.params, ones, points, i)
        assert float(found[i]) == pytest.approx(dense, rel=1e-3)


def test_plain_eigenvalues_are_of_the_squared_error_alone(trained):
    state, points, _ = trained
    config = dataclasses.replace(CONFIG, loss="cross_entropy")
    keys = jax.random.split(jax.random.key(0), len(SEEDS))
    with pytest.raises(ValueError, match="'cross_entropy': `mse` is required"):
        top_eigenvalues(state.params, points, keys, config)
