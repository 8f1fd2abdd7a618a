"""Training that keeps the loss and the size of every update, layer by layer."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Float32, Int, PyTree

from training.config import TrainingConfig
from training.datasets import Dataset
from training.loop import (
    Update,
    block_lengths,
    init_state,
    shuffle_key,
    to_device,
    train_block,
    without_length,
)
from training.progress import Progress, quiet


class WatchedRun(NamedTuple):
    """One network's training; a run that diverges ends in numbers that are not finite.

    Attributes:
        losses: Mean loss of each update's batch, before it.
        gradients: Euclidean norm of the gradient, layer by layer.
        steps: Norm of what each update added to a layer, the largest of each epoch.
        denominators: Root of the mean of Adam's second moments over the parameters of a
            layer, after each epoch.
        val: Mean loss on the validation points, after each epoch.
        epochs: Of the snapshots.
        params: Flat parameters of the snapshots, as `unflatten` takes them.
        moments: Adam's second moments there, in the same order.
    """

    losses: Float32[np.ndarray, " updates"]
    gradients: Float32[np.ndarray, "updates layers"]
    steps: Float32[np.ndarray, "epochs layers"]
    denominators: Float32[np.ndarray, "epochs layers"]
    val: Float32[np.ndarray, " epochs"]
    epochs: Int[np.ndarray, " snapshots"]
    params: Float32[np.ndarray, "snapshots parameters"]
    moments: Float32[np.ndarray, "snapshots parameters"]


def watch_training(
    config: TrainingConfig, data: Dataset, progress: Progress = quiet
) -> WatchedRun:
    """Train with Adam or AMSGrad as `training.fit.fit` does, keeping every update.

    Args:
        config: What to train; snapshots are taken at its `snapshot_every`, at the start
            and at the end.
        data: The points.
        progress: Called after each block of epochs.
    """
    state, points, key = init_state(config), to_device(data), shuffle_key(config.seed)
    kept, snapshots, epochs = [], [_flat_state(state)], [0]
    for length in block_lengths(0, config):
        state, block = train_block(
            state, points, key, without_length(config), length, _norms
        )
        losses, gradients, steps, moments = jax.tree.map(np.asarray, block.seen)
        kept.append(
            (
                losses.ravel(),
                gradients.reshape(-1, gradients.shape[-1]),
                steps.max(axis=1),
                moments[:, -1],
                np.asarray(block.val),
            )
        )
        snapshots.append(_flat_state(state))
        epochs.append(int(state.epoch))
        progress(epochs[-1], config.epochs, "training")
    losses, gradients, steps, denominators, val = (
        np.concatenate(parts) for parts in zip(*kept, strict=True)
    )
    params, second = (np.stack(rows) for rows in zip(*snapshots, strict=True))
    return WatchedRun(
        losses, gradients, steps, denominators, val, np.array(epochs), params, second
    )


def unflatten(
    config: TrainingConfig, flat: Float32[np.ndarray, " parameters"]
) -> PyTree:
    """Parameters of a snapshot, as `training.models.params_to_relu_network` takes them.

    Args:
        config: Of the run.
        flat: A row of `WatchedRun.params`.
    """
    return _unraveler(config)(jnp.asarray(flat))


@functools.cache
def _unraveler(config: TrainingConfig) -> Callable[[Array], PyTree]:
    """What gives flat parameters their shape again; making a model takes a while."""
    return jax.flatten_util.ravel_pytree(init_state(config).params)[1]


def _flat_state(state) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and Adam's second moments of a state, flat."""
    params, _ = jax.flatten_util.ravel_pytree(state.params)
    moments, _ = jax.flatten_util.ravel_pytree(_second_moments(state.opt_state))
    return np.asarray(params), np.asarray(moments)


def _second_moments(opt_state: PyTree) -> PyTree:
    """Adam's running mean of squared gradients, wherever in the chain it is."""
    return optax.tree_utils.tree_get(opt_state, "nu")


def _norms(update: Update) -> tuple[Array, Array, Array, Array]:
    """Loss of an update, and of each layer the sizes that `WatchedRun` names."""
    nu = _second_moments(update.opt_state)
    return (
        update.loss,
        jnp.sqrt(_of_layers(update.gradient, lambda x: jnp.sum(x**2))),
        jnp.sqrt(_of_layers(update.change, lambda x: jnp.sum(x**2))),
        jnp.sqrt(_of_layers(nu, jnp.sum) / _of_layers(nu, lambda x: 1.0 * x.size)),
    )


def _of_layers(tree: PyTree, total) -> Float[Array, " layers"]:
    """A sum over kernel and bias, layer by layer."""
    layers = tree["layers"]
    return jnp.stack(
        [
            sum(map(total, jax.tree.leaves(layers[str(i)])), jnp.zeros(()))
            for i in range(len(layers))
        ]
    )
