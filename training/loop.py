"""Training: pure functions of parameters, optimizer state and epoch.

`train_block` has no state but its arguments, so `jax.vmap` over states and seeds turns
it into an ensemble.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Float32, Int, PyTree, Shaped

from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.lux import lux
from training.models import apply_params, init_model, to_params


class TrainState(NamedTuple):
    """All that training carries from one epoch to the next.

    Attributes:
        params: As `training.models.to_params` gives them.
        opt_state: State of the optax optimizer.
        epoch: Number of epochs done.
    """

    params: PyTree
    opt_state: PyTree
    epoch: Int[Array, ""]


class EpochLosses(NamedTuple):
    """Mean losses (squared error or cross entropy), one entry per epoch.

    Attributes:
        train: Over the training points, each taken just before the update that it
            took part in.
        val: Over the validation points, after the epoch.
        seen: What a `Watch` gave of each update, every leaf with leading axes of epochs
            and updates; nothing without one.
    """

    train: Float[Array, " epochs"]
    val: Float[Array, " epochs"]
    seen: PyTree = ()


class Update(NamedTuple):
    """One update of the parameters, for a `Watch`.

    Attributes:
        loss: Mean loss of its batch, before it.
        gradient: Of that loss, in the shape of the parameters.
        change: What it adds to the parameters.
        opt_state: State of the optimizer after it.
    """

    loss: Float[Array, ""]
    gradient: PyTree
    change: PyTree
    opt_state: PyTree


Watch = Callable[[Update], PyTree]
"""What is kept of an update; runs inside the compiled program."""


def make_optimizer(config: OptimizerConfig) -> optax.GradientTransformation:
    """The optax optimizer that `config` names."""
    rate, b1, b2, eps = config.learning_rate, config.beta1, config.beta2, config.eps
    decay = config.weight_decay
    makers = {
        "adam": lambda: optax.adam(rate, b1, b2, eps),
        "amsgrad": lambda: optax.amsgrad(rate, b1, b2, eps),
        "adamw": lambda: optax.adamw(rate, b1, b2, eps, weight_decay=decay),
        "sgd": lambda: optax.sgd(rate),
        "momentum": lambda: optax.sgd(rate, momentum=config.momentum),
        "rmsprop": lambda: optax.rmsprop(rate, decay=b2, eps=eps),
        "muon": lambda: optax.contrib.muon(rate, beta=config.momentum),
        "lux": lambda: lux(rate),
    }
    steps = [makers[config.name]()]
    if config.clip_norm is not None:
        steps = [optax.clip_by_global_norm(config.clip_norm), *steps]
    if config.trained != "all":
        # Before, so that norms are of what moves; after, for decay moves all.
        frozen = optax.masked(
            optax.set_to_zero(), functools.partial(_frozen, config.trained)
        )
        steps = [frozen, *steps, frozen]
    return optax.chain(*steps) if len(steps) > 1 else steps[0]


def _frozen(trained: str, params: PyTree) -> PyTree:
    """Which leaves stay as they are, given one of `training.config.TRAINED`."""
    last = str(len(params["layers"]) - 1)
    moves = {
        "last_layer": lambda path: path[:2] == ("layers", last),
        "first_biases": lambda path: path == ("layers", "0", "bias"),
    }[trained]
    return jax.tree_util.tree_map_with_path(
        lambda path, _: not moves(tuple(entry.key for entry in path)), params
    )


def init_state(config: TrainingConfig) -> TrainState:
    """The state before the first epoch, the same for the same seed."""
    params = to_params(init_model(config.model, config.seed))
    state = TrainState(
        params, make_optimizer(config.optimizer).init(params), jnp.zeros((), jnp.int32)
    )
    return strong(state)


def strong(state: TrainState) -> TrainState:
    """`state` without weak types, which would compile `train_block` a second time."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, leaf.dtype), state)


def epoch_batches(
    key: Shaped[Array, "..."], num_points: int, batch_size: int
) -> tuple[Int[Array, "batches batch"], Float32[Array, "batches batch"]]:
    """A shuffle of all points, cut into batches of one size.

    The last batch is filled up with point 0 at weight zero: 5000 points in batches of
    1024 are five updates, the last one on 904 points.

    Returns:
        Indices and weights of the points of each batch; a weight is 1 or 0.
    """
    order = _random_order(key, num_points)
    batches = -(-num_points // batch_size)
    padding = batches * batch_size - num_points
    indices = jnp.pad(order, (0, padding)).reshape(batches, batch_size)
    weights = jnp.pad(jnp.ones(num_points, jnp.float32), (0, padding))
    return indices, weights.reshape(batches, batch_size)


def _random_order(key: Shaped[Array, "..."], num_points: int) -> Int[Array, " points"]:
    """A random permutation: the stable order of one random word a point.

    On a CPU, sorting words alone is eight times as fast as `argsort`, and that is four
    times as fast as `jax.random.permutation`: two stable passes over half words
    that carry their position give the same order.
    """
    words = jax.random.bits(key, (num_points,), jnp.uint32)
    if num_points > 1 << 16:
        return jnp.argsort(words).astype(jnp.int32)
    positions, low = jnp.arange(num_points, dtype=jnp.uint32), jnp.uint32(0xFFFF)
    first = jnp.sort((words << 16) | positions) & low
    second = jnp.sort((words[first] & ~low) | positions) & low
    return first[second].astype(jnp.int32)


def weighted_mse(
    config: ModelConfig,
    params: PyTree,
    inputs: Float32[Array | np.ndarray, "points dim"],
    targets: Float32[Array | np.ndarray, "points outputs"],
    weights: Float32[Array | np.ndarray, " points"],
) -> Float[Array, ""]:
    """Mean squared error over the points, each counted with its weight."""
    errors = jnp.mean((apply_params(config, params, inputs) - targets) ** 2, axis=1)
    return jnp.sum(weights * errors) / jnp.sum(weights)


def weighted_cross_entropy(
    config: ModelConfig,
    params: PyTree,
    inputs: Float32[Array | np.ndarray, "points dim"],
    targets: Float32[Array | np.ndarray, "points outputs"],
    weights: Float32[Array | np.ndarray, " points"],
) -> Float[Array, ""]:
    """Mean cross entropy (in nats) of the outputs' softmax, points weighted."""
    outputs = apply_params(config, params, inputs)
    errors = optax.softmax_cross_entropy(outputs, targets)
    return jnp.sum(weights * errors) / jnp.sum(weights)


_WEIGHTED_LOSSES = {"mse": weighted_mse, "cross_entropy": weighted_cross_entropy}
"""By the names of `training.config.LOSSES`."""


@functools.partial(jax.jit, static_argnames=("config", "epochs", "watch"))
def train_block(
    state: TrainState,
    data: Dataset,
    key: Shaped[Array, "..."],
    config: TrainingConfig,
    epochs: int,
    watch: Watch | None = None,
) -> tuple[TrainState, EpochLosses]:
    """Train for `epochs` more epochs.

    The shuffle of an epoch depends on `key` and on its number alone, so a run cut in
    two does what one run does.

    Args:
        state: Where to start.
        data: The points.
        key: Key of the shuffles, the same in every block of a run.
        config: Static, since it shapes the program; its `epochs` plays no part.
        epochs: Length of the block; static, since it shapes the losses.
        watch: What else to keep of each update; static.
    """
    # Some take the loss, too; the others are not troubled with it.
    optimizer = optax.with_extra_args_support(make_optimizer(config.optimizer))
    loss = functools.partial(_WEIGHTED_LOSSES[config.loss], config.model)
    num_points = len(data.train_inputs)
    batch_size = min(config.batch_size or num_points, num_points)

    def update(carry, batch):
        params, opt_state = carry
        inputs, targets, weights = batch
        value, gradient = jax.value_and_grad(loss)(params, inputs, targets, weights)
        changes, opt_state = optimizer.update(gradient, opt_state, params, value=value)
        carry = (optax.apply_updates(params, changes), opt_state)
        seen = watch(Update(value, gradient, changes, opt_state)) if watch else ()
        return carry, (value * jnp.sum(weights), seen)

    def gather_and_update(carry, batch):
        indices, weights = batch
        return update(
            carry, (data.train_inputs[indices], data.train_targets[indices], weights)
        )

    def one_pass(state):
        carry = (state.params, state.opt_state)
        if batch_size == num_points:
            # A full batch needs no shuffle.
            ones = jnp.ones(num_points, jnp.float32)
            batch = (data.train_inputs, data.train_targets, ones)
            carry, seen = update(carry, batch)
            return carry, jax.tree.map(lambda leaf: leaf[None], seen)
        batches = epoch_batches(
            jax.random.fold_in(key, state.epoch), num_points, batch_size
        )
        return jax.lax.scan(gather_and_update, carry, batches)

    def epoch(state, _):
        (params, opt_state), (sums, seen) = one_pass(state)
        ones = jnp.ones(len(data.val_inputs), jnp.float32)
        val = loss(params, data.val_inputs, data.val_targets, ones)
        losses = EpochLosses(jnp.sum(sums) / num_points, val, seen)
        return TrainState(params, opt_state, state.epoch + 1), losses

    return jax.lax.scan(epoch, state, length=epochs)


def shuffle_key(seed: int) -> Array:
    """The key of a run's shuffles, apart from the one of its initialization."""
    return jax.random.fold_in(jax.random.key(seed), 1)


def to_device(data: Dataset) -> Dataset:
    """The same dataset with arrays on the default device."""
    return Dataset(*(jnp.asarray(array) for array in data))


def check_finite(losses: EpochLosses, first_epoch: int) -> None:
    """Raise if training has diverged.

    Raises:
        FloatingPointError: If a loss is NaN or infinite; names the epoch.
    """
    finite = jnp.isfinite(losses.train) & jnp.isfinite(losses.val)
    if not bool(finite.all()):
        epoch = first_epoch + int(jnp.argmin(finite)) + 1
        raise FloatingPointError(
            f"The loss is not finite at epoch {epoch}: lower the learning rate."
        )


def block_lengths(start: int, config: TrainingConfig) -> list[int]:
    """Lengths of the blocks from epoch `start` to the end, each to a snapshot.

    `start` must be a multiple of `snapshot_every`, or the end: blocks are then the same
    whether or not a run was interrupted.
    """
    stops = [*range(start, config.epochs, config.snapshot_every), config.epochs]
    return [b - a for a, b in itertools.pairwise(stops)]


def without_length(config: TrainingConfig) -> TrainingConfig:
    """`config` with fixed length and seed, so that runs share compiled programs."""
    return dataclasses.replace(config, epochs=0, seed=0)
