"""Best read-outs of a feature seen through Gaussian noise, in closed form.

The feature a is seen as y = a + noise. Its mean given y is the read-out of least
squared error: linear in y if a is Gaussian, a soft threshold if a is 0 or 1. Integrals
are trapezoidal sums over y, whose density is a sum of Gaussians.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

KINDS = ("gaussian", "binary", "sparse gaussian")
REACH, NODES = 9.0, 8001
"""Half the range of the integrals, in standard deviations; their number of nodes."""


class Channel(NamedTuple):
    """A feature and the noise on it.

    Attributes:
        kind: `gaussian`: standard normal; `binary`: 1 with probability `density`, else
            0; `sparse gaussian`: standard normal with that probability, else 0.
        density: Probability that the feature is not 0; 1 for `gaussian`.
        noise: Standard deviation of the noise.
    """

    kind: str
    density: float
    noise: float


class Quadrature(NamedTuple):
    """Nodes over the seen value y.

    Attributes:
        y: Values seen.
        weight: Their probabilities; they add up to 1.
        best: Mean of the feature given y.
    """

    y: Float64[np.ndarray, " nodes"]
    weight: Float64[np.ndarray, " nodes"]
    best: Float64[np.ndarray, " nodes"]


def quadrature(channel: Channel) -> Quadrature:
    """Density of the seen value, and the best read-out there.

    Raises:
        ValueError: If the kind is unknown.
    """
    kind, p, sigma = channel
    if kind not in KINDS:
        raise ValueError(f"`kind` is {kind!r}: one of {', '.join(KINDS)} is required.")
    wide = sigma if kind == "binary" else np.hypot(1.0, sigma)
    center = 1.0 if kind == "binary" else 0.0
    low = min(-REACH * sigma, center - REACH * wide)
    y = np.linspace(low, center + REACH * wide, NODES)
    active = p * _normal(y - center, wide)
    quiet = (1.0 - p) * _normal(y, sigma)
    given_active = 1.0 if kind == "binary" else y / (1.0 + sigma**2)
    density = active + quiet
    return Quadrature(y, density / density.sum(), active / density * given_active)


def second_moment(channel: Channel) -> float:
    """Mean square of the feature: its density for all kinds."""
    return channel.density if channel.kind != "gaussian" else 1.0


def least_error(channel: Channel) -> float:
    """Mean squared error of the best read-out: E a^2 - E best^2."""
    nodes = quadrature(channel)
    return second_moment(channel) - float(nodes.weight @ nodes.best**2)


def linear_error(channel: Channel) -> float:
    """Mean squared error of the best affine read-out: v - v^2 / (v + noise^2)."""
    mean = channel.density if channel.kind == "binary" else 0.0
    variance = second_moment(channel) - mean**2
    return variance - variance**2 / (variance + channel.noise**2)


def excess_error(channel: Channel, values: Float64[np.ndarray, " nodes"]) -> float:
    """Mean squared error of a read-out, given at the nodes, beyond the least one."""
    nodes = quadrature(channel)
    return float(nodes.weight @ (values - nodes.best) ** 2)


def nonlinearity(
    weight: Float64[np.ndarray, " nodes"],
    x: Float64[np.ndarray, " nodes"],
    values: Float64[np.ndarray, " nodes"],
) -> float:
    """Share of the variance of a function that no affine function of x explains.

    0 for affine functions; of a step over a symmetric density, 1 - 2 / pi.
    """
    dx, df = x - weight @ x, values - weight @ values
    covariance = weight @ (dx * df)
    return float(1.0 - covariance**2 / ((weight @ dx**2) * (weight @ df**2)))


def _normal(x: np.ndarray, sigma: float | np.floating) -> np.ndarray:
    """Density of a normal law."""
    return np.exp(-0.5 * (x / sigma) ** 2) / (sigma * np.sqrt(2.0 * np.pi))
