"""Read-outs and encoders of features, learned on samples drawn anew for every update.

Networks are those of `training.models`; the losses are for `training.streams`.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, PyTree, Shaped

from training.config import ModelConfig
from training.models import apply_params, init_many
from training.streams import fit_stream


class NoisySetting(NamedTuple):
    """A feature and the noise on it, of many models along a leading axis.

    Attributes:
        graded: 1 if the feature is standard normal where it is active, 0 if it is 1.
        density: Probability that it is active.
        noise: Standard deviation of the noise.
    """

    graded: Float[Array | np.ndarray, "*models"]
    density: Float[Array | np.ndarray, "*models"]
    noise: Float[Array | np.ndarray, "*models"]


def train_state_readouts(
    config: ModelConfig,
    directions: Float32[np.ndarray, "seeds features dim"],
    density: float,
    seeds: Sequence[int],
    *,
    steps: int,
    batch: int,
    learning_rate: float = 3e-3,
) -> dict[str, Any]:
    """Networks that read all binary features from their sum of directions.

    Args:
        config: From `dim` inputs to `features` outputs.
        directions: Directions of each seed's features.
        density: Probability that a feature is on.
        seeds: Seeds of initialization and samples.
        steps: Updates.
        batch: States per update.
        learning_rate: Learning rate of Adam at the start.

    Returns:
        Parameters with a leading axis of seeds.
    """
    keys, init_keys = _keys(seeds)
    params = init_many(config, init_keys)
    settings = (jnp.asarray(directions), jnp.full(len(seeds), density, jnp.float32))
    loss = _loss_of(_state_loss, config, batch)
    return fit_stream(
        params,
        keys,
        settings,
        loss=loss,
        steps=steps,
        learning_rate=learning_rate,
        together=False,
    )


def train_noisy_readouts(
    config: ModelConfig,
    settings: NoisySetting,
    seeds: Sequence[int],
    *,
    steps: int,
    batch: int,
    learning_rate: float = 1e-2,
) -> dict[str, Any]:
    """Read-outs of single features seen through noise, one model per setting.

    Args:
        config: One input, one output.
        settings: Setting of each model.
        seeds: Seed of each model.
        steps: Updates.
        batch: Samples of an active and of an inactive feature each, weighed by their
            probabilities: rare features are then seen as often as others.
        learning_rate: Learning rate of Adam at the start.
    """
    keys, init_keys = _keys(seeds)
    params = init_many(config, init_keys)
    loss = _loss_of(_noisy_loss, config, batch)
    return _fit(params, settings, keys, loss, steps, learning_rate)


def train_pairs(
    config: ModelConfig,
    settings: NoisySetting,
    seeds: Sequence[int],
    *,
    steps: int,
    batch: int,
    learning_rate: float = 1e-2,
) -> dict[str, Any]:
    """Encoder and read-out learned together; the code has mean 0 and mean square 1.

    Args:
        config: Architecture of both networks, of one input and one output.
        settings: Setting of each model; the noise is added to the code.
        seeds: Seed of each model.
        steps: Updates.
        batch: As in `train_noisy_readouts`.
        learning_rate: Learning rate of Adam at the start.

    Returns:
        `encoder` and `decoder`; `standardized_code` gives the code.
    """
    keys, init_keys = _keys(seeds)
    first, second = jax.vmap(jax.random.split, out_axes=1)(init_keys)
    params = {
        "encoder": init_many(config, first),
        "decoder": init_many(config, second),
    }
    loss = _loss_of(_pair_loss, config, batch)
    return _fit(params, settings, keys, loss, steps, learning_rate)


def standardized_code(
    config: ModelConfig,
    encoder: PyTree,
    values: Float[Array | np.ndarray, " points"],
    weights: Float[Array | np.ndarray, " points"],
) -> Float[Array, " points"]:
    """Code of each value, shifted and scaled to mean 0 and mean square 1.

    Args:
        config: Architecture of the encoder.
        encoder: Its parameters.
        values: Values of the feature.
        weights: Their probabilities; they add up to 1.
    """
    code = apply_params(config, encoder, jnp.asarray(values)[:, None])[:, 0]
    code = code - weights @ code
    # The floor keeps a constant encoder from dividing by 0.
    return code / jnp.sqrt(weights @ code**2 + 1e-12)


@functools.cache
def _loss_of(
    loss: Callable[..., Array], config: ModelConfig, batch: int
) -> functools.partial[Array]:
    """The loss of one shape: the same object for the same shape compiles once."""
    return functools.partial(loss, config, batch)


def _keys(seeds: Sequence[int]) -> tuple[Array, Array]:
    """Keys of the samples and of the initialization, one of each per model."""
    keys = jax.vmap(jax.random.key)(np.array(seeds, np.uint32))
    samples, initialization = jax.vmap(jax.random.split, out_axes=1)(keys)
    return samples, initialization


def _fit(params, settings, keys, loss, steps, learning_rate) -> dict[str, Any]:
    """Train small models side by side."""
    settings = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), settings)
    return fit_stream(
        params, keys, settings, loss=loss, steps=steps, learning_rate=learning_rate
    )


def _state_loss(
    config: ModelConfig,
    batch: int,
    params: PyTree,
    key: Shaped[Array, "..."],
    setting: tuple[Array, Array],
    share: Array,
) -> Array:
    """Mean squared error over all features, over their variance."""
    del share
    directions, density = setting
    features = jax.random.bernoulli(key, density, (batch, len(directions)))
    features = features.astype(jnp.float32)
    precise = jax.lax.Precision.HIGHEST
    states = jnp.matmul(features, directions, precision=precise)
    errors = (apply_params(config, params, states) - features) ** 2
    return jnp.mean(errors) / (density * (1.0 - density))


def _draw(
    key: Shaped[Array, "..."], batch: int, setting: NoisySetting
) -> tuple[Array, Array]:
    """Values, the first half active, and the probability that each stands for."""
    normal = jax.random.normal(key, (batch,), jnp.float32)
    active = jnp.where(setting.graded > 0.5, normal, 1.0)
    values = jnp.concatenate([active, jnp.zeros_like(active)])
    share = jnp.concatenate(
        [
            jnp.broadcast_to(setting.density, (batch,)),
            jnp.broadcast_to(1.0 - setting.density, (batch,)),
        ]
    )
    return values, share / batch


def _noisy_loss(
    config: ModelConfig,
    batch: int,
    params: PyTree,
    key: Shaped[Array, "..."],
    setting: NoisySetting,
    share: Array,
) -> Array:
    """Expected squared error over the feature's mean square."""
    del share
    feature_key, noise_key = jax.random.split(key)
    values, weights = _draw(feature_key, batch, setting)
    noise = jax.random.normal(noise_key, values.shape, jnp.float32)
    seen = values + setting.noise * noise
    read = apply_params(config, params, seen[:, None])[:, 0]
    return weights @ (read - values) ** 2 / setting.density


def _pair_loss(
    config: ModelConfig,
    batch: int,
    params: PyTree,
    key: Shaped[Array, "..."],
    setting: NoisySetting,
    share: Array,
) -> Array:
    """As `_noisy_loss`, through the encoder."""
    del share
    feature_key, noise_key = jax.random.split(key)
    values, weights = _draw(feature_key, batch, setting)
    code = standardized_code(config, params["encoder"], values, weights)
    noise = jax.random.normal(noise_key, values.shape, jnp.float32)
    seen = code + setting.noise * noise
    read = apply_params(config, params["decoder"], seen[:, None])[:, 0]
    return weights @ (read - values) ** 2 / setting.density
