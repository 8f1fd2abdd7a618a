"""Trained read-outs and encoder pairs under noise, held to the closed forms."""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from experiments.feature_storage.noisy_readouts import (
    Channel,
    excess_error,
    least_error,
    linear_error,
    nonlinearity,
    quadrature,
)
from training.config import ModelConfig
from training.ensemble import member
from training.models import params_to_relu_network
from training.readouts import (
    NoisySetting,
    standardized_code,
    train_noisy_readouts,
    train_pairs,
)

MODEL = ModelConfig(widths=(16, 16), input_dim=1, output_dim=1, activation="relu")
"""Architecture of read-outs and encoders."""

BATCH = 256
PAIR_KINDS = ("gaussian", "sparse gaussian")
PAIR_DENSITY = 0.1
"""How often the sparse Gaussian feature is on."""

GRID = 2001
"""Values at which encoders are evaluated, over plus and minus six deviations."""


def channels(densities: Sequence[float], noises: Sequence[float]) -> list[Channel]:
    """Gaussian features first, then binary ones, each at every noise."""
    kinds = [("gaussian", 1.0), *(("binary", p) for p in densities)]
    return [Channel(kind, p, s) for (kind, p), s in itertools.product(kinds, noises)]


def measure_readouts(
    densities: Sequence[float],
    noises: Sequence[float],
    steps: int,
    seeds: Sequence[int],
) -> dict[str, np.ndarray]:
    """Read-outs trained for every kind of feature and noise.

    Returns:
        By kind (Gaussian, then the densities), noise and seed: `excess`, the squared
        error beyond the least one, over it; `nonlinearity`, also of the best read-out
        as `best_nonlinearity`; `gain`, the least error over that of the best affine
        read-out. `y` and `curves`: the first seed's read-outs at some seen values, with
        those of the best as `best_curves`.
    """
    wanted = channels(densities, noises)
    params = train_noisy_readouts(
        MODEL,
        _settings(wanted, len(seeds)),
        _distinct(seeds, len(wanted)),
        steps=steps,
        batch=BATCH,
    )
    params = jax.tree.map(np.asarray, params)
    excess = np.zeros((len(wanted), len(seeds)))
    curved, best = np.zeros_like(excess), np.zeros(len(wanted))
    y = np.linspace(-1.5, 2.5, 201)
    curves, best_curves = (np.zeros((len(wanted), len(y))) for _ in range(2))
    for i, channel in enumerate(wanted):
        nodes, least = quadrature(channel), least_error(channel)
        best[i] = nonlinearity(nodes.weight, nodes.y, nodes.best)
        best_curves[i] = np.interp(y, nodes.y, nodes.best)
        for s in range(len(seeds)):
            network = params_to_relu_network(member(params, i * len(seeds) + s), MODEL)
            values = network(nodes.y[:, None])[:, 0]
            excess[i, s] = excess_error(channel, values) / least
            curved[i, s] = nonlinearity(nodes.weight, nodes.y, values)
            if s == 0:
                curves[i] = network(y[:, None])[:, 0]
    shape = (1 + len(densities), len(noises))
    gain = [least_error(channel) / linear_error(channel) for channel in wanted]
    return {
        "excess": excess.reshape(*shape, -1),
        "nonlinearity": curved.reshape(*shape, -1),
        "best_nonlinearity": best.reshape(shape),
        "gain": np.reshape(gain, shape),
        "y": y,
        "curves": curves.reshape(*shape, -1),
        "best_curves": best_curves.reshape(*shape, -1),
    }


def measure_pairs(
    noises: Sequence[float], steps: int, seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Encoder and read-out trained together, the code of mean square 1.

    Returns:
        By kind (Gaussian, sparse Gaussian), noise and seed: `error`, the mean squared
        error over that of the best pair with a linear encoder and a linear read-out;
        `encoder` and `decoder`, their nonlinearities.
    """
    densities = (1.0, PAIR_DENSITY)
    wanted = [
        Channel(kind, p, s)
        for (kind, p), s in itertools.product(
            zip(PAIR_KINDS, densities, strict=True), noises
        )
    ]
    params = train_pairs(
        MODEL,
        _settings(wanted, len(seeds)),
        _distinct(seeds, len(wanted)),
        steps=steps,
        batch=BATCH,
    )
    found = {name: np.zeros((len(wanted), len(seeds))) for name in _PAIR_MEASURES}
    for i, channel in enumerate(wanted):
        for s in range(len(seeds)):
            numbers = _measure_pair(channel, member(params, i * len(seeds) + s))
            for name, value in zip(_PAIR_MEASURES, numbers, strict=True):
                found[name][i, s] = value
    shape = (len(PAIR_KINDS), len(noises), len(seeds))
    return {name: values.reshape(shape) for name, values in found.items()}


_PAIR_MEASURES = ("error", "encoder", "decoder")


def _measure_pair(channel: Channel, params: dict) -> tuple[float, float, float]:
    """Error over the linear one, nonlinearity of encoder and of read-out.

    By quadrature over values of the feature and over the noise.
    """
    values = np.linspace(-6.0, 6.0, GRID)
    weight = channel.density * np.exp(-0.5 * values**2)
    weight = weight / weight.sum() * channel.density
    weight[GRID // 2] += 1.0 - channel.density
    code = np.asarray(
        standardized_code(
            MODEL,
            params["encoder"],
            jnp.asarray(values, jnp.float32),
            jnp.asarray(weight, jnp.float32),
        ),
        np.float64,
    )
    noise, share = np.polynomial.hermite_e.hermegauss(41)
    share = share / share.sum()
    seen = code[:, None] + channel.noise * noise
    decoder = params_to_relu_network(jax.tree.map(np.asarray, params["decoder"]), MODEL)
    read = decoder(seen.reshape(-1, 1)).reshape(seen.shape)
    joint = weight[:, None] * share
    error = float((joint * (read - values[:, None]) ** 2).sum())
    # A linear code of mean square 1 is a / sqrt(v): error v s^2 / (1 + s^2).
    squared = channel.noise**2
    linear = channel.density * squared / (1.0 + squared)
    return (
        error / linear,
        nonlinearity(weight, values, code),
        nonlinearity(joint.ravel(), seen.ravel(), read.ravel()),
    )


def _settings(wanted: Sequence[Channel], repeats: int) -> NoisySetting:
    """Each channel for as many seeds."""
    columns = [
        [0.0 if channel.kind == "binary" else 1.0 for channel in wanted],
        [channel.density for channel in wanted],
        [channel.noise for channel in wanted],
    ]
    return NoisySetting(*(np.repeat(column, repeats) for column in columns))


def _distinct(seeds: Sequence[int], settings: int) -> list[int]:
    """Seeds of all models, no two alike, the same for a seed whatever the others."""
    return [seed * settings + i for i in range(settings) for seed in seeds]
