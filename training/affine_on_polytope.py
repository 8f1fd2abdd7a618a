"""Networks that are affine on a given polytope, by construction and while they train.

A layer is affine on the convex hull of some points if each of its units has one sign at
all of them. So, layer by layer, each unit's bias is shifted by as much as brings the
vertices that are on the minority's side over to the other; the images of the vertices
are then the vertices of the image. The shift is a function of the parameters through
which gradients pass: whatever the optimizer does, the constraint holds.

Source: R. Balestriero, Y. LeCun, POLICE: provably optimal linear constraint enforcement
for deep neural networks, 2022, arXiv 2211.01340; written from its description.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, PyTree

from training.config import ModelConfig
from training.datasets import Dataset
from training.models import apply_params, init_many
from training.streams import fit_stream

MARGIN = 1e-3
"""Least distance of a pre-activation from zero at the vertices: far over the rounding
of float32, so that the float64 network that is enumerated keeps the signs."""


def constrain(
    config: ModelConfig,
    params: Mapping[str, Any],
    vertices: Float[Array | np.ndarray, "vertices dim"],
    *,
    margin: float = MARGIN,
) -> dict[str, Any]:
    """Parameters with biases shifted so that the network is affine on the hull.

    Args:
        config: Architecture of the network; its activation must learn no slopes.
        params: As `training.models.to_params` gives them.
        vertices: Whose convex hull is the polytope.
        margin: Least size of a pre-activation at the vertices.

    Raises:
        ValueError: If the network has no biases, or learns its slopes.
    """
    if not config.use_bias or config.activation == "prelu":
        raise ValueError(
            f"`config` has use_bias={config.use_bias} and activation "
            f"{config.activation!r}: biases and an activation other than 'prelu' are "
            "required."
        )
    layers = dict(params["layers"])
    hidden = jnp.asarray(vertices, jnp.float32)
    for i in range(len(config.widths)):
        layer = layers[str(i)]
        product = jnp.matmul(hidden, layer["kernel"], precision="highest")
        pre = product + layer["bias"]
        # The side of the majority; of an even split, the side of the mean.
        votes = jnp.sum(jnp.sign(pre), axis=0)
        side = jnp.where(votes == 0.0, jnp.sign(jnp.sum(pre, axis=0)), jnp.sign(votes))
        side = jnp.where(side == 0.0, 1.0, side).astype(jnp.float32)
        missing = jnp.max(margin - side * pre, axis=0)
        shift = side * jnp.maximum(missing, 0.0)
        layers[str(i)] = {**layer, "bias": layer["bias"] + shift}
        slope = {"relu": 0.0, "abs": -1.0}.get(config.activation, config.slope)
        pre = pre + shift
        hidden = jnp.where(pre > 0.0, pre, jnp.float32(slope) * pre)
    return {**params, "layers": layers}


def train_on_polytope(
    config: ModelConfig,
    data: Dataset,
    vertices: Float32[np.ndarray, "vertices dim"],
    seeds: Sequence[int],
    *,
    constrained: bool,
    steps: int,
    batch: int,
    learning_rate: float = 3e-3,
) -> dict[str, Any]:
    """Train by Adam on the squared error, with or without the constraint.

    Args:
        config: The network.
        data: Points of each seed, a leading axis in every array.
        vertices: Vertices of the polytope.
        seeds: Seeds of initialization and batches: the same with and without
            constraint.
        constrained: Whether the network is affine on the polytope all the time.
        steps: Updates.
        batch: Random points per update.
        learning_rate: At the start; it falls along a cosine.

    Returns:
        Parameters of the networks as they compute, shifts included, a leading axis of
        seeds.
    """
    keys = jax.vmap(jax.random.key)(np.array(seeds, np.uint32))
    samples, starts = jax.vmap(jax.random.split, out_axes=1)(keys)
    points = jnp.asarray(data.train_inputs), jnp.asarray(data.train_targets)
    corners = jnp.asarray(vertices, jnp.float32) if constrained else None

    def computed(params: PyTree) -> PyTree:
        return params if corners is None else constrain(config, params, corners)

    def loss(params, key, setting, share) -> Array:
        del share
        inputs, targets = setting
        chosen = jax.random.randint(key, (batch,), 0, len(inputs))
        outputs = apply_params(config, computed(params), inputs[chosen])
        return jnp.mean((outputs - targets[chosen]) ** 2)

    found = fit_stream(
        init_many(config, starts),
        samples,
        points,
        loss=loss,
        steps=steps,
        learning_rate=learning_rate,
        together=False,
    )
    return jax.tree.map(np.asarray, jax.vmap(computed)(found))
