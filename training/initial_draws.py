"""Random parameters of many small networks at once, by NumPy.

`training.models` builds a network of Flax for each seed, ten milliseconds each, and
compiles what draws its weights. Here thousands take no longer than one there.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from training.config import ModelConfig
from training.models import BIAS, OUTPUT_NORM, SMALL_BIAS

TRUNCATED_SD = 0.87962566103423978
"""Standard deviation of a standard normal number cut off beyond 2."""


def draw_params(config: ModelConfig, seeds: Sequence[int]) -> dict[str, Any]:
    """Parameters of one network per seed, as `models.to_params` gives them.

    They have the law of those of `models.init_model`, and not their values.

    Returns:
        The parameters, float32, with a leading axis of seeds.

    Example:
        >>> params = draw_params(ModelConfig(widths=(4,)), [0, 1, 2])
        >>> params["layers"]["0"]["kernel"].shape
        (3, 2, 4)
    """
    sizes = [config.input_dim, *config.widths, config.output_dim]
    shapes = list(itertools.pairwise(sizes))
    drawn = [_layers(config, shapes, np.random.default_rng(seed)) for seed in seeds]
    layers: dict[str, dict[str, np.ndarray]] = {}
    for i in range(len(shapes)):
        kernels, biases = zip(*(layer[i] for layer in drawn), strict=True)
        layers[str(i)] = {"kernel": np.stack(kernels)}
        if config.use_bias:
            layers[str(i)]["bias"] = np.stack(biases)
    params: dict[str, Any] = {"layers": layers}
    if config.activation == "prelu":
        params["slopes"] = {
            str(i): np.full((len(seeds), width), config.slope, np.float32)
            for i, width in enumerate(config.widths)
        }
    return params


def _layers(
    config: ModelConfig, shapes: list[tuple[int, int]], rng: np.random.Generator
) -> list[
    tuple[Float32[np.ndarray, "fan_in fan_out"], Float32[np.ndarray, " fan_out"]]
]:
    """Kernels and biases of one network."""
    result = []
    for i, shape in enumerate(shapes):
        is_output = i == len(shapes) - 1
        scale = 1.0 if is_output else config.init_scale
        kernel = scale * _kernel(config.initializer, shape, is_output, rng)
        bias = _bias(config.initializer, shape[1], is_output, rng)
        result.append((kernel.astype(np.float32), bias.astype(np.float32)))
    return result


def _kernel(
    initializer: str, shape: tuple[int, int], is_output: bool, rng: np.random.Generator
) -> np.ndarray:
    """A kernel, but for the factor of a configuration."""
    if initializer == "unit_columns":
        columns = rng.standard_normal(shape)
        square = min(shape)
        # Of the signs of R's diagonal, that which makes the law uniform.
        q, r = np.linalg.qr(columns[:, :square])
        columns[:, :square] = q * np.where(np.diag(r) < 0.0, -1.0, 1.0)
        columns /= np.linalg.norm(columns, axis=0)
        return columns * (OUTPUT_NORM if is_output else 1.0)
    if initializer == "flax":
        drawn = rng.standard_normal(shape)
        while (far := np.abs(drawn) > 2.0).any():
            drawn[far] = rng.standard_normal(int(far.sum()))
        return drawn / (TRUNCATED_SD * math.sqrt(shape[0]))
    return rng.standard_normal(shape) * math.sqrt(2.0 / shape[0])


def _bias(
    initializer: str, width: int, is_output: bool, rng: np.random.Generator
) -> np.ndarray:
    """The biases of a layer."""
    if initializer == "he_normal":
        return np.full(width, BIAS)
    if initializer == "flax" or (initializer == "unit_columns" and is_output):
        return np.zeros(width)
    if initializer == "unit_columns":
        return rng.uniform(-1.0, 1.0, width)
    sd = {"he_normal_small_bias": SMALL_BIAS, "he_normal_unit_bias": 1.0}[initializer]
    return sd * rng.standard_normal(width)
