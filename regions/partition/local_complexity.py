"""How many kinks lie close to points: two measures of local complexity.

One asks how many units change their sign over a small neighborhood, the corners of a
random cross-polytope, pushed through the network layer by layer. The other is a
density: units whose hyperplane passes within a distance, per unit of length.
"""

import numpy as np
from jaxtyping import Float64, Int64

from regions.network import ReluNetwork
from regions.patterns.halfspaces import halfspaces_batch

BATCH_NUMBERS = 1 << 23
"""Entries of rows held at a time."""


def orthonormal_frame(
    dim: int, count: int, rng: np.random.Generator
) -> Float64[np.ndarray, "count dim"]:
    """Random orthonormal directions.

    Raises:
        ValueError: If more are asked for than there are dimensions.
    """
    if not 1 <= count <= dim:
        raise ValueError(
            f"`count` is {count}: 1 to {dim} orthonormal directions exist."
        )
    frame, _ = np.linalg.qr(rng.standard_normal((dim, count)))
    return frame.T


def cross_polytope_complexity(
    network: ReluNetwork,
    points: Float64[np.ndarray, "points dim"],
    directions: Float64[np.ndarray, "directions dim"],
    radius: float,
) -> Int64[np.ndarray, "points layers"]:
    """Units of each layer that change sign over the corners `x +- radius v`.

    It is 0 in all layers if and only if all corners have one pattern. In the first
    layer it is at most the number of hyperplanes within the radius.

    Args:
        network: The network.
        points: Centers of the neighborhoods.
        directions: Orthonormal, as `orthonormal_frame` gives them.
        radius: From center to corner.

    References:
        A. I. Humayun, R. Balestriero, R. Baraniuk, Deep networks always grok and here
        is why, ICML 2024, arXiv 2402.15555.
    """
    steps = radius * np.concatenate([directions, -directions])
    corners = (points[:, None, :] + steps).reshape(-1, points.shape[1])
    result = np.zeros((len(points), len(network.hidden)), np.int64)
    for index, pre in enumerate(network.pre_activations(corners)[:-1]):
        on = np.reshape(pre > 0.0, (len(points), len(steps), -1))
        changes = np.asarray(on.any(axis=1) & ~on.all(axis=1))
        result[:, index] = changes[:, network.hidden[index].kinks].sum(axis=1)
    return result


def boundary_density(
    network: ReluNetwork, points: Float64[np.ndarray, "points dim"], radius: float
) -> Float64[np.ndarray, " points"]:
    """Units whose hyperplane passes within `radius` of a point, over `2 radius`.

    The hyperplane is that of the point's own region, continued beyond it: the sum over
    units of the share of biases that would bring the kink through the point, as the
    radius goes to 0. Averaged over data it is a density of kinks.

    Args:
        network: The network.
        points: Where to look.
        radius: Positive.

    Raises:
        ValueError: If the radius is not positive.

    References:
        N. Patel, G. Montufar, On the local complexity of linear regions in deep ReLU
        networks, ICML 2025, arXiv 2412.18283, where the biases carry noise.
    """
    if not radius > 0.0:
        raise ValueError(f"`radius` is {radius}: a positive length is required.")
    near = np.zeros(len(points))
    step = max(1, BATCH_NUMBERS // max(1, network.num_bits * network.input_dim))
    for start in range(0, len(points), step):
        part = points[start : start + step]
        A, b = halfspaces_batch(network, network.patterns(part))
        lengths = np.linalg.norm(A, axis=2)
        gaps = b - np.einsum("prd,pd->pr", A, part)
        close = (gaps <= radius * lengths) & (lengths > 0.0)
        near[start : start + step] = close.sum(axis=1)
    return near / (2.0 * radius)
