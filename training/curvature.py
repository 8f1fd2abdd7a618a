"""Top eigenvalues of the Hessian of the loss, plain and preconditioned by Adam.

Adam takes steps in the metric of P = diag(sqrt(v) + eps), v its bias-corrected mean of
squared gradients. Where the loss is quadratic and P is constant, its steps are stable
while the top eigenvalue of P^-1 H is under `stability_threshold`.

Source: J. Cohen et al., Adaptive gradient methods at the edge of stability, 2022
(arXiv 2207.14484).
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PyTree, Shaped

from training.config import OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.loop import TrainState, make_optimizer, weighted_mse


class CurvatureTrace(NamedTuple):
    """What is seen before each update.

    Attributes:
        losses: Mean squared error on the training points.
        eigenvalues: Top eigenvalue (Rayleigh quotient of the power iteration).
    """

    losses: Float[Array, "*seeds steps"]
    eigenvalues: Float[Array, "*seeds steps"]


def stability_threshold(config: OptimizerConfig) -> float:
    """Top eigenvalue beyond which a quadratic makes Adam with a fixed P diverge.

    2 (1 + beta1) / ((1 - beta1) rate): 2 / rate without momentum, 38 / rate at 0.9.
    """
    b1 = config.beta1
    return 2.0 * (1.0 + b1) / ((1.0 - b1) * config.learning_rate)


@functools.partial(jax.jit, static_argnames=("config", "steps", "iterations"))
def trace_curvature(
    state: TrainState,
    data: Dataset,
    keys: Shaped[Array, " seeds"],
    config: TrainingConfig,
    steps: int,
    iterations: int = 2,
) -> CurvatureTrace:
    """Go on training and follow the eigenvalue, one network after another.

    The eigenvector of a step starts the power iteration of the next.

    Args:
        state: With a leading axis of seeds, after at least one epoch of
            full-batch training with Adam.
        data: With a leading axis of seeds.
        keys: Random keys of the first vector of each network.
        config: Static; its optimizer must be `adam`, its loss `mse`.
        steps: Updates to follow.
        iterations: Products with the Hessian before each update, at least 1.

    Raises:
        ValueError: If the optimizer or the loss is another one.
    """
    if config.optimizer.name != "adam" or config.loss != "mse":
        raise ValueError(
            f"the run has {config.optimizer.name} and {config.loss}: `adam` and `mse` "
            "are required."
        )
    one = functools.partial(_trace, config=config, steps=steps, iterations=iterations)
    return jax.lax.map(lambda part: one(*part), (state, data, keys))


@functools.partial(jax.jit, static_argnames=("config", "iterations"))
def top_eigenvalues(
    params: PyTree,
    data: Dataset,
    keys: Shaped[Array, " seeds"],
    config: TrainingConfig,
    iterations: int = 60,
) -> Float[Array, " seeds"]:
    """Eigenvalue of largest size of the Hessian of the training loss: the sharpness.

    By power iteration, one network after another; a lower bound of its size.

    Args:
        params: With a leading axis of seeds.
        data: With a leading axis of seeds.
        keys: Random keys of the first vector of each network.
        config: Static; its loss must be `mse`.
        iterations: Products with the Hessian.

    Raises:
        ValueError: If the loss is another one.
    """
    if config.loss != "mse":
        raise ValueError(f"`loss` is {config.loss!r}: `mse` is required.")

    def one(part):
        params, data, key = part
        ones = jnp.ones(len(data.train_inputs), jnp.float32)

        def loss(params: PyTree) -> Float[Array, ""]:
            inputs, targets = data.train_inputs, data.train_targets
            return weighted_mse(config.model, params, inputs, targets, ones)

        flat = jax.tree.map(jnp.ones_like, params)
        power = functools.partial(_power_step, loss, params, flat)
        vector = jax.lax.fori_loop(
            0, iterations - 1, lambda _, v: power(v)[0], _random_unit(params, key)
        )
        return power(vector)[1]

    return jax.lax.map(one, (params, data, keys))


def _trace(
    state: TrainState,
    data: Dataset,
    key: Shaped[Array, "..."],
    *,
    config: TrainingConfig,
    steps: int,
    iterations: int,
) -> CurvatureTrace:
    """`trace_curvature` of one network."""
    optimizer = make_optimizer(config.optimizer)
    ones = jnp.ones(len(data.train_inputs), jnp.float32)

    def loss(params: PyTree) -> Float[Array, ""]:
        inputs, targets = data.train_inputs, data.train_targets
        return weighted_mse(config.model, params, inputs, targets, ones)

    def step(carry, _):
        params, opt_state, vector = carry
        scale = _inverse_root(opt_state, config.optimizer)
        power = functools.partial(_power_step, loss, params, scale)
        vector = jax.lax.fori_loop(
            0, iterations - 1, lambda _, vector: power(vector)[0], vector
        )
        vector, eigenvalue = power(vector)
        value, gradient = jax.value_and_grad(loss)(params)
        changes, opt_state = optimizer.update(gradient, opt_state, params)
        params = optax.apply_updates(params, changes)
        return (params, opt_state, vector), CurvatureTrace(value, eigenvalue)

    start = _random_unit(state.params, key)
    _, trace = jax.lax.scan(step, (state.params, state.opt_state, start), length=steps)
    return trace


def _inverse_root(opt_state: PyTree, config: OptimizerConfig) -> PyTree:
    """P^-1/2, entry by entry, as the next update would have it but for its gradient."""
    squares = optax.tree.get(opt_state, "nu")
    count = optax.tree.get(opt_state, "count")
    correction = 1.0 - config.beta2 ** count.astype(jnp.float32)
    return jax.tree.map(
        lambda v: jax.lax.rsqrt(jnp.sqrt(v / correction) + config.eps), squares
    )


def _power_step(
    loss: Callable[[PyTree], Array], params: PyTree, scale: PyTree, vector: PyTree
) -> tuple[PyTree, Array]:
    """Next unit vector, and the Rayleigh quotient of this one, for P^-1/2 H P^-1/2."""
    scaled = jax.tree.map(jnp.multiply, scale, vector)
    product = jax.jvp(jax.grad(loss), (params,), (scaled,))[1]
    product = jax.tree.map(jnp.multiply, scale, product)
    return _unit(product), jnp.asarray(optax.tree.vdot(vector, product))


def _random_unit(like: PyTree, key: Shaped[Array, "..."]) -> PyTree:
    """A random vector of length 1, of the shape of `like`."""
    leaves, structure = jax.tree.flatten(like)
    random = [
        jax.random.normal(k, leaf.shape, leaf.dtype)
        for k, leaf in zip(jax.random.split(key, len(leaves)), leaves, strict=True)
    ]
    return _unit(jax.tree.unflatten(structure, random))


def _unit(vector: PyTree) -> PyTree:
    """The vector of length 1."""
    norm = optax.tree.norm(vector)
    return jax.tree.map(lambda leaf: leaf / norm, vector)
