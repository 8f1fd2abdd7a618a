"""Toy models of superposition: more features than hidden dimensions, trained at once.

A model reconstructs sparse features x from `h = W x` as `relu(W^T h + b)`. A feature is
0 with probability 1 - density and else uniform on [0, 1]; the loss is the expected sum
of `importance * (x - x')^2`. Many models, of different densities and importances, train
in one vmapped program.

Source: N. Elhage et al., Toy models of superposition, 2022, arXiv 2209.10652.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64, Shaped

from regions.network import ReluNetwork
from training.streams import fit_stream


class ToyParams(NamedTuple):
    """Parameters of models along leading axes.

    Attributes:
        W: The features' directions, one per column.
        b: Bias of each output.
    """

    W: Float[Array | np.ndarray, "*models hidden features"]
    b: Float[Array | np.ndarray, "*models features"]


def sample_features(
    key: Shaped[Array, "..."],
    count: int,
    features: int,
    density: Float[Array, ""] | float,
) -> Float32[Array, "points features"]:
    """Independent sparse features."""
    uniform, active = jax.random.split(key)
    values = jax.random.uniform(uniform, (count, features), jnp.float32)
    return values * jax.random.bernoulli(active, density, (count, features))


def toy_loss(
    params: ToyParams,
    features: Float[Array, "points features"],
    importance: Float[Array, " features"],
) -> Float[Array, ""]:
    """Mean over points of the sum of squared errors, weighted by importance."""
    outputs = jax.nn.relu(features @ params.W.T @ params.W + params.b)
    return jnp.mean(jnp.sum(importance * (features - outputs) ** 2, axis=1))


@functools.partial(jax.jit, static_argnames=("hidden", "steps", "batch"))
def train_toy_models(
    keys: Shaped[Array, " models"],
    densities: Float[Array, " models"],
    importances: Float[Array, "models features"],
    *,
    hidden: int,
    steps: int,
    batch: int,
    learning_rate: float = 1e-2,
) -> tuple[ToyParams, Float[Array, " models"]]:
    """Train models by Adam on fresh samples, the rate falling along a cosine.

    Args:
        keys: Random keys of initialization and samples, one per model.
        densities: Probability that a feature is not 0.
        importances: Weight of each feature's error.
        hidden: Dimensions of h; static, as are the next two.
        steps: Updates.
        batch: Points per update.
        learning_rate: At the start.

    Returns:
        The parameters, and the loss of each model on 2^14 fresh points.
    """
    features = importances.shape[1]

    def initial(key):
        W = jax.random.normal(key, (hidden, features), jnp.float32)
        return ToyParams(W / np.float32(features**0.5), jnp.zeros_like(W[0]))

    def loss(params, key, setting, share):
        del share
        density, importance = setting
        points = sample_features(key, batch, features, density)
        return toy_loss(params, points, importance)

    def final_loss(params, key, density, importance):
        points = sample_features(key, 1 << 14, features, density)
        return toy_loss(params, points, importance)

    start, stream, final = jax.vmap(lambda key: jax.random.split(key, 3))(keys).T
    # In float32 whatever the defaults are, as all training is.
    settings = (
        jnp.asarray(densities, jnp.float32),
        jnp.asarray(importances, jnp.float32),
    )
    params = fit_stream(
        jax.vmap(initial)(start),
        stream,
        settings,
        loss=loss,
        steps=steps,
        learning_rate=learning_rate,
    )
    return params, jax.vmap(final_loss)(params, final, *settings)


def sample_unit_points(
    key: Shaped[Array, "..."], count: int, features: int, density: float
) -> Float32[Array, "points features"]:
    """Sparse features at length 1, but for points that have none: they stay 0."""
    points = sample_features(key, count, features, density)
    lengths = jnp.linalg.norm(points, axis=1, keepdims=True)
    return points / jnp.where(lengths > 0.0, lengths, 1.0)


def train_on_points(
    keys: Shaped[Array, " models"],
    points: Float32[Array, "models points features"],
    *,
    hidden: int,
    steps: int,
    learning_rate: float = 1e-2,
    weight_decay: float = 1e-2,
) -> ToyParams:
    """Train models by AdamW, each on all points of its own at every update.

    All features weigh the same.

    Args:
        keys: Random keys of initialization.
        points: Number of points of each model.
        hidden: Dimensions of h.
        steps: Updates.
        learning_rate: At the start; it falls along a cosine.
        weight_decay: Decoupled, times the rate.

    References:
        T. Henighan et al., Superposition, memorization, and double descent, 2023.
    """
    features = points.shape[2]
    importance = jnp.ones(features, jnp.float32)

    def initial(key):
        W = jax.random.normal(key, (hidden, features), jnp.float32)
        return ToyParams(0.5 * W / np.float32(features**0.5), jnp.zeros_like(W[0]))

    def loss(params, key, setting, share):
        del key, share
        return toy_loss(params, setting, importance)

    return fit_stream(
        jax.vmap(initial)(keys),
        keys,
        points,
        loss=loss,
        steps=steps,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        together=False,
    )


def expected_pair_loss(
    W: Float64[np.ndarray, "models hidden 2"],
    b: Float64[np.ndarray, "models 2"],
    importance: Float64[np.ndarray, "models 2"],
    density: Float64[np.ndarray, " models"],
    *,
    nodes: int = 100,
) -> Float64[np.ndarray, " models"]:
    """Loss of models of two features, by quadrature instead of samples.

    The expectation is split by which features are active, and each part is a midpoint
    rule: rare pairs, which few samples hold, are then weighed exactly.

    Args:
        W: Directions of the features.
        b: Biases of the outputs.
        importance: Weight of each feature's error.
        density: Probability that a feature is active.
        nodes: Points of the rule along an axis; its error falls as `nodes^-2`.
    """
    gram = np.einsum("mhi,mhj->mij", W, W)
    t = (np.arange(nodes) + 0.5) / nodes
    zero = np.zeros_like(t)
    both = np.stack(np.meshgrid(t, t, indexing="ij"), axis=-1).reshape(-1, 2)
    p = density
    result = np.zeros(len(W))
    for weight, points in (
        ((1.0 - p) ** 2, np.zeros((1, 2))),
        (p * (1.0 - p), np.stack([t, zero], axis=1)),
        (p * (1.0 - p), np.stack([zero, t], axis=1)),
        (p**2, both),
    ):
        for k in range(len(W)):
            outputs = np.maximum(points @ gram[k] + b[k], 0.0)
            errors = ((points - outputs) ** 2).mean(axis=0)
            result[k] += weight[k] * float(importance[k] @ errors)
    return result


def ignored_loss(
    density: Float64[np.ndarray, "..."] | float,
) -> Float64[np.ndarray, "..."]:
    """Loss, at importance 1, of a feature that the model ignores: its variance.

    The best constant output is the mean `density / 2`.
    """
    p = np.asarray(density, np.float64)
    return np.asarray(p / 3.0 - p**2 / 4.0)


def antipodal_loss(
    density: Float64[np.ndarray, "..."] | float,
) -> Float64[np.ndarray, "..."]:
    """Loss, at importance 1, of each of two features on one line in opposite senses.

    `W = [1, -1]` without biases errs where both are active, by the smaller of them,
    whose square has mean 1/6.
    """
    p = np.asarray(density, np.float64)
    return np.asarray(p**2 / 6.0)


def feature_dimensions(
    W: Float64[np.ndarray, "hidden features"],
) -> Float64[np.ndarray, " features"]:
    """Share of a hidden dimension that each feature has to itself.

    `|W_i|^2 / sum_j (W_i . W_j / |W_i|)^2`; 0 for a feature without direction.
    """
    lengths = np.linalg.norm(W, axis=0)
    unit = W / np.where(lengths > 0.0, lengths, 1.0)
    shared = ((unit.T @ W) ** 2).sum(axis=1)
    return lengths**2 / np.where(shared > 0.0, shared, 1.0)


def toy_network(
    W: Float64[np.ndarray, "hidden features"], b: Float64[np.ndarray, " features"]
) -> ReluNetwork:
    """The model as a network of its features: `W` is a layer of units of slope 1."""
    return ReluNetwork.from_arrays(
        [W, W.T, np.eye(len(b))], [None, b, None], [1.0, 0.0]
    )


def decoder_network(
    W: Float64[np.ndarray, "hidden features"], b: Float64[np.ndarray, " features"]
) -> ReluNetwork:
    """The model as a network of h: a hyperplane of the hidden space per feature."""
    return ReluNetwork.from_arrays([W.T, np.eye(len(b))], [b, None])


def polygon(features: int) -> Float64[np.ndarray, "2 features"]:
    """Unit vectors at equal angles, one per column."""
    angle = 2.0 * np.pi * np.arange(features) / features
    return np.stack([np.cos(angle), np.sin(angle)])
