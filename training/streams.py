"""Many models trained at once, on samples drawn anew for every update."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PyTree, Shaped

Loss = Callable[
    [PyTree, Shaped[Array, "..."], PyTree, Float[Array, ""]], Float[Array, ""]
]
"""Loss of one model: called with its parameters, the random key of an update, its
setting, and the share of training that is done, from 0 to 1."""


@functools.partial(
    jax.jit, static_argnames=("loss", "steps", "together", "weight_decay")
)
def fit_stream(
    params: PyTree,
    keys: Shaped[Array, " models"],
    settings: PyTree,
    *,
    loss: Loss,
    steps: int,
    learning_rate: float | Float[Array, ""] = 1e-2,
    weight_decay: float = 0.0,
    together: bool = True,
) -> PyTree:
    """Train by Adam, the rate falling along a cosine to 0.

    Args:
        params: Parameters of all models, along a leading axis of every leaf.
        keys: Random keys of the samples, one per model; update t sees `fold_in(key,
            t)`.
        settings: What tells one model's loss from another's, a leading axis as well.
        loss: Static, as are the two next: one function object compiles once.
        steps: Updates.
        learning_rate: At the start.
        weight_decay: Decoupled, as AdamW has it, times the rate of the update; static.
        together: Whether models are updated side by side, which suits small ones, or
            one is trained after another; static.

    Returns:
        The parameters at the end.
    """
    schedule = optax.cosine_decay_schedule(learning_rate, steps)
    if weight_decay:
        optimizer = optax.adamw(schedule, weight_decay=weight_decay)
    else:
        optimizer = optax.adam(schedule)

    def train(model):
        start, stream, setting = model

        def update(carry, step):
            params, state = carry
            key = jax.random.fold_in(stream, step)
            share = step / jnp.float32(steps)
            gradient = jax.grad(loss)(params, key, setting, share)
            changes, state = optimizer.update(gradient, state, params)
            return (optax.apply_updates(params, changes), state), None

        carry = (start, optimizer.init(start))
        (end, _), _ = jax.lax.scan(update, carry, jnp.arange(steps))
        return end

    models = (params, keys, settings)
    return jax.vmap(train)(models) if together else jax.lax.map(train, models)
