"""Length of curves and of directions through random ReLU networks of many layers."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float64

from experiments.running.claims import Claim, claim_exact, claim_median

RAGHU = "Raghu et al., ICML 2017 (1606.05336)"
LENGTH = "Hanin, Jeong & Rolnick, ICLR 2022 (2102.10492)"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A great circle, and the random networks that it goes through.

    Attributes:
        width: Number of units of every layer, and of inputs.
        depth: Number of layers.
        variances: Variances of the weights, times fan-in.
        bias_variance: Variance of the biases.
        seeds: Networks per variance.
        points: Number of points of the circle between which its length is taken.
    """

    width: int = 100
    depth: int = 12
    variances: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    bias_variance: float = 0.01
    seeds: int = 20
    points: int = 2000


def all_circle_lengths(
    circle: Circle,
) -> Float64[np.ndarray, "variances seeds layers"]:
    """Lengths of the images of the circle, of all networks."""
    return np.array(
        [
            [circle_lengths(circle, s, seed) for seed in range(circle.seeds)]
            for s in circle.variances
        ]
    )


def circle_lengths(
    circle: Circle, variance: float, seed: int
) -> Float64[np.ndarray, " layers"]:
    """Length of the image of a great circle after each layer, the input first."""
    rng = np.random.default_rng([seed, int(1000 * variance)])
    k = circle.width
    frame = np.linalg.qr(rng.standard_normal((k, 2)))[0]
    angles = np.linspace(0.0, 2.0 * np.pi, circle.points + 1)
    hidden = math.sqrt(k) * np.stack([np.cos(angles), np.sin(angles)], 1) @ frame.T
    lengths = [_length(hidden)]
    for _ in range(circle.depth):
        W = rng.standard_normal((k, k)) * math.sqrt(variance / k)
        b = rng.standard_normal(k) * math.sqrt(circle.bias_variance)
        hidden = np.maximum(hidden @ W.T + b, 0.0)
        lengths.append(_length(hidden))
    return np.array(lengths)


def _length(points: Float64[np.ndarray, "points dim"]) -> float:
    """Length of a polygon."""
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def stretch_factors(
    layers: int, width: int, seeds: int
) -> Float64[np.ndarray, " seeds"]:
    """`|J u|` of random networks of He variance, at a random point and direction.

    J is the Jacobian of the hidden layers, all of one width, as the input. Only the
    Gaussian pre-activations at the point and along the direction are drawn, which have
    the law of those of all the weights.
    """
    rng = np.random.default_rng([layers, width])
    x = rng.standard_normal((seeds, width))
    u = rng.standard_normal((seeds, width))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    for _ in range(layers):
        along, off = _components(u, x)
        first = rng.standard_normal((seeds, width))
        second = rng.standard_normal((seeds, width))
        scale = math.sqrt(2.0 / width)
        pre = scale * np.linalg.norm(x, axis=1)[:, None] * first
        change = scale * (along[:, None] * first + off[:, None] * second)
        active = pre > 0.0
        x, u = np.where(active, pre, 0.0), np.where(active, change, 0.0)
    return np.linalg.norm(u, axis=1)


def _components(
    u: Float64[np.ndarray, "seeds width"], x: Float64[np.ndarray, "seeds width"]
) -> tuple[Float64[np.ndarray, " seeds"], Float64[np.ndarray, " seeds"]]:
    """Lengths of u along x and across it."""
    sizes = np.linalg.norm(x, axis=1)
    along = np.einsum("sw,sw->s", u, x) / np.where(sizes > 0.0, sizes, 1.0)
    squared = np.einsum("sw,sw->s", u, u) - along**2
    return along, np.sqrt(np.maximum(squared, 0.0))


def growth_rates(
    lengths: Float64[np.ndarray, "variances seeds layers"],
) -> Float64[np.ndarray, "variances seeds"]:
    """Factor of the length per layer, geometric mean over all layers."""
    depth = lengths.shape[2] - 1
    return (lengths[..., -1] / lengths[..., 0]) ** (1.0 / depth)


def leading_order(layers: float, width: int) -> float:
    """`exp(-(5/8) sum 1/n_l)`, the expected stretch to first order in 1 / width."""
    return math.exp(-0.625 * layers / width)


def length_claims(
    circle: Circle, lengths: Float64[np.ndarray, "variances seeds layers"]
) -> list[Claim]:
    """The length of the circle over depth."""
    return [
        claim_median(
            f"The circle grows by sqrt(s / 2) = {math.sqrt(s / 2.0):.3f} a layer, s = "
            f"{s:g}",
            f"{RAGHU}: exponential growth; the factor is derived",
            "factor per layer over sqrt(s / 2) (0.9 to 1.1)",
            rates / math.sqrt(s / 2.0),
            low=0.9,
            high=1.1,
        )
        for s, rates in zip(circle.variances, growth_rates(lengths), strict=True)
        if s > 2.0
    ] + [
        claim_median(
            "The circle does not grow at variance 2 / fan-in",
            LENGTH,
            f"length after {circle.depth} layers over the first (at most 1)",
            lengths[circle.variances.index(2.0), :, -1]
            / lengths[circle.variances.index(2.0), :, 0],
            high=1.0,
        )
    ]


def stretch_claims(stretches: Float64[np.ndarray, "shapes seeds"]) -> list[Claim]:
    """Mean stretches: not above 1, and near their leading order where it is large."""
    means = stretches.mean(axis=1)
    errors = stretches.std(axis=1) / math.sqrt(stretches.shape[1])
    above = int((means - 3.0 * errors > 1.0).sum())
    return [
        claim_exact(
            "Expected length is not stretched at variance 2 / fan-in",
            LENGTH,
            f"of {len(means)} shapes ({stretches.shape[1]:,} networks each), those "
            "whose mean stretch is above 1 by three standard errors",
            above,
            holds=above == 0,
        )
    ]
