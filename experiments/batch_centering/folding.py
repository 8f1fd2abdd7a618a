"""Networks with batch normalization in training, as ReLU networks given the batch.

A unit w h + b becomes (w h - m) / s + beta, with m and s the mean and the deviation of
w h over the batch: the raw bias b is gone, and for beta = 0 the hyperplane leads
through the mean of h over the batch.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.network import ReluNetwork

EPSILON = 1e-5
"""What is added to the variance, as is usual."""


class Draw(NamedTuple):
    """Weights and raw biases of the hidden layers, and the batch's offsets.

    Attributes:
        weights: He normal.
        biases: Uniform, within 1 / sqrt(fan-in).
        betas: Normal, of standard deviation one: to be scaled.
        batch: Normal points, whose mean is the origin up to rounding.
        mean: Where that mean is in the coordinates of the raw network.
    """

    weights: list[Float64[np.ndarray, "units inputs"]]
    biases: list[Float64[np.ndarray, " units"]]
    betas: list[Float64[np.ndarray, " units"]]
    batch: Float64[np.ndarray, "points dim"]
    mean: Float64[np.ndarray, " dim"]


def draw_layers(
    widths: tuple[int, ...], dim: int, points: int, distance: float, seed: int
) -> Draw:
    """Random layers, and a batch at a distance from the origin."""
    rng = np.random.default_rng([seed, len(widths)])
    weights, biases, betas, fan_in = [], [], [], dim
    for width in widths:
        weights.append(rng.standard_normal((width, fan_in)) * np.sqrt(2.0 / fan_in))
        biases.append(rng.uniform(-1.0, 1.0, width) / np.sqrt(fan_in))
        betas.append(rng.standard_normal(width))
        fan_in = width
    batch = rng.standard_normal((points, dim))
    direction = rng.standard_normal(dim)
    mean = distance * direction / np.linalg.norm(direction)
    return Draw(weights, biases, betas, batch - batch.mean(0), mean)


def raw_network(draw: Draw) -> ReluNetwork:
    """Without normalization, in coordinates whose origin is the batch's mean."""
    first = draw.biases[0] + draw.weights[0] @ draw.mean
    return _with_output(draw.weights, [first, *draw.biases[1:]])


def batch_network(draw: Draw, spread: float) -> ReluNetwork:
    """With batch normalization in training, in the same coordinates.

    The first layer's mean over the batch is zero there: nothing is rounded, and for
    `spread` 0 all its lines meet in the origin.

    Args:
        draw: Layers and batch.
        spread: Standard deviation of the offsets beta.
    """
    weights, biases, hidden = [], [], draw.batch
    for index, (W, beta) in enumerate(zip(draw.weights, draw.betas, strict=True)):
        pre = hidden @ W.T
        mean = pre.mean(0) if index else np.zeros(len(W))
        scale = 1.0 / np.sqrt(pre.var(0) + EPSILON)
        weights.append(scale[:, None] * W)
        biases.append(spread * beta - scale * mean)
        hidden = np.maximum(hidden @ weights[-1].T + biases[-1], 0.0)
    return _with_output(weights, biases)


def plain_offsets(draw: Draw, raw_bias: float) -> tuple[np.ndarray, np.ndarray]:
    """First-layer rows and offsets, in the raw coordinates and by the plain formula.

    Args:
        draw: Layers and batch.
        raw_bias: A number that is added to all raw biases.
    """
    points = draw.batch + draw.mean
    pre = points @ draw.weights[0].T + draw.biases[0] + raw_bias
    scale = 1.0 / np.sqrt(pre.var(0) + EPSILON)
    offsets = scale * (draw.biases[0] + raw_bias - pre.mean(0))
    return scale[:, None] * draw.weights[0], offsets


def _with_output(weights: list[np.ndarray], biases: list[np.ndarray]) -> ReluNetwork:
    """Hidden layers, and an output that plays no part."""
    output = np.ones((1, len(weights[-1])))
    return ReluNetwork.from_arrays([*weights, output], [*biases, np.zeros(1)])
