"""Classifiers whose hidden units are memories: a power of the cosine with an input.

The logits are `U h + b` with `h = (max(w . v, 0) / s)^(n-1)` for memories w and inputs
v of length 1: the dual form of a dense associative memory of degree n, whose hidden
activation is the derivative of its energy.

Source: D. Krotov, J. J. Hopfield, Dense associative memory for pattern recognition,
2016, arXiv 1606.01164 (there memories are clipped, not normalized).
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Float32, Int, Shaped

from training.streams import fit_stream

SCALE = 0.7
"""The cosine at which a memory's power is 1, whatever the degree."""


class MemoryParams(NamedTuple):
    """Parameters, of many models along leading axes.

    Attributes:
        memories: One per row, of any length: the direction counts.
        U: From memories to classes.
        b: Biases of the classes.
    """

    memories: Float[Array | np.ndarray, "*models memories dim"]
    U: Float[Array | np.ndarray, "*models classes memories"]
    b: Float[Array | np.ndarray, "*models classes"]


def memory_activations(
    params: MemoryParams, degree: int, inputs: Float[Array, "points dim"]
) -> Float[Array, "points memories"]:
    """The hidden activation of every memory at unit vectors."""
    lengths = jnp.linalg.norm(params.memories, axis=1, keepdims=True)
    cosines = inputs @ (params.memories / lengths).T
    return (jax.nn.relu(cosines) / SCALE) ** (degree - 1)


def train_memory_classifiers(
    inputs: Float32[np.ndarray, "points dim"],
    labels: Int[np.ndarray, " points"],
    seeds: Sequence[int],
    *,
    degree: int,
    memories: int,
    steps: int,
    batch: int = 128,
    learning_rate: float = 1e-2,
) -> MemoryParams:
    """Train by cross entropy on random batches, one model per seed.

    Args:
        inputs: Unit vectors.
        labels: Their classes, from 0.
        seeds: Seeds of initialization and batches.
        degree: n, at least 2.
        memories: Number of memories of each model.
        steps: Updates.
        batch: Points per update.
        learning_rate: Learning rate of Adam at the start.
    """
    classes, dim = int(labels.max()) + 1, inputs.shape[1]
    points, targets = jnp.asarray(inputs), jnp.asarray(labels)

    def initial(key: Shaped[Array, "..."]) -> MemoryParams:
        first, second = jax.random.split(key)
        return MemoryParams(
            jax.random.normal(first, (memories, dim), jnp.float32),
            0.1 * jax.random.normal(second, (classes, memories), jnp.float32),
            jnp.zeros(classes, jnp.float32),
        )

    loss = functools.partial(_loss, degree, batch)
    keys = jax.vmap(jax.random.key)(np.array(seeds, np.uint32))
    samples, starts = jax.vmap(jax.random.split, out_axes=1)(keys)
    # The points are the setting of every model, shared by broadcasting.
    settings = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (len(seeds), *leaf.shape)),
        (points, targets),
    )
    found = fit_stream(
        jax.vmap(initial)(starts),
        samples,
        settings,
        loss=loss,
        steps=steps,
        learning_rate=learning_rate,
        together=False,
    )
    return jax.tree.map(np.asarray, found)


def memory_logits(
    params: MemoryParams, degree: int, inputs: Float[Array, "points dim"]
) -> Float[Array, "points classes"]:
    """Outputs at unit vectors."""
    return memory_activations(params, degree, inputs) @ params.U.T + params.b


def _loss(degree, batch, params, key, setting, share) -> Array:
    """Mean cross entropy of a random batch."""
    del share
    points, targets = setting
    chosen = jax.random.randint(key, (batch,), 0, len(points))
    logits = memory_logits(params, degree, points[chosen])
    errors = optax.softmax_cross_entropy_with_integer_labels(logits, targets[chosen])
    return jnp.mean(errors)
