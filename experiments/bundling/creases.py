"""Creases of a one-layer network on the plane as lines, and how they bunch.

A crease is the line where one unit's pre-activation is zero. A line is a point of the
strip of (angle, offset): the direction of its normal, modulo half a turn, and its
signed distance from the center of the unit square. Turning by half a turn is the same
line with the offset's sign changed, so the strip is a Moebius band. Distances on it are
taken in half turns and in sides of the square.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse.csgraph
import scipy.spatial
from jaxtyping import Bool, Float64

from regions.network import ReluNetwork

MODES = 8
"""Fourier modes of the angles that a Rayleigh test is made of."""


class Creases(NamedTuple):
    """The creases of all units whose weights are not zero.

    Attributes:
        turns: Direction of the normal in half turns, in [0, 1).
        offsets: Signed distance from the square's center, in sides.
        meets: Which of them meet the inside of the square.
    """

    turns: Float64[np.ndarray, " creases"]
    offsets: Float64[np.ndarray, " creases"]
    meets: Bool[np.ndarray, " creases"]


def network_creases(
    network: ReluNetwork, corner: tuple[float, float] = (0.0, 0.0)
) -> Creases:
    """Creases of the first layer.

    Args:
        network: A network of two inputs.
        corner: Lower corner of the square of side 1.
    """
    layer = network.layers[0]
    norms = np.linalg.norm(layer.weight, axis=1)
    weight, norms = layer.weight[norms > 0.0], norms[norms > 0.0]
    bias = layer.bias[np.linalg.norm(layer.weight, axis=1) > 0.0]
    at_center = weight @ (np.array(corner) + 0.5) + bias
    turns = np.arctan2(weight[:, 1], weight[:, 0]) / np.pi
    offsets = -at_center / norms
    # Half a turn and the other sign: the same line.
    offsets = np.where((turns < 0.0) | (turns >= 1.0), -offsets, offsets)
    reach = np.abs(weight).sum(axis=1) / (2.0 * norms)
    return Creases(turns % 1.0, offsets, np.abs(offsets) < reach)


def strip_points(
    turns: Float64[np.ndarray, " creases"], offsets: Float64[np.ndarray, " creases"]
) -> Float64[np.ndarray, "copies 2"]:
    """Creases as points, then their copies half a turn to the left and to the right."""
    return np.concatenate(
        [
            np.stack([turns, offsets], axis=1),
            np.stack([turns - 1.0, -offsets], axis=1),
            np.stack([turns + 1.0, -offsets], axis=1),
        ]
    )


def nearest_distances(
    turns: Float64[np.ndarray, " creases"], offsets: Float64[np.ndarray, " creases"]
) -> Float64[np.ndarray, " creases"]:
    """Distance of each crease to the nearest other one."""
    points = strip_points(turns, offsets)
    tree = scipy.spatial.KDTree(points)
    distances, _ = tree.query(points[: len(turns)], k=2)
    return distances[:, 1]


def pair_counts(
    turns: Float64[np.ndarray, " creases"],
    offsets: Float64[np.ndarray, " creases"],
    radii: Float64[np.ndarray, " radii"],
) -> Float64[np.ndarray, " radii"]:
    """Ordered pairs of different creases within each distance (at most half a turn)."""
    points = strip_points(turns, offsets)
    real, all_points = (
        scipy.spatial.KDTree(points[: len(turns)]),
        scipy.spatial.KDTree(points),
    )
    counts = real.count_neighbors(all_points, radii)
    return np.asarray(counts, np.float64) - len(turns)


def effective_number(
    turns: Float64[np.ndarray, " creases"],
    offsets: Float64[np.ndarray, " creases"],
    reach: float,
) -> float:
    """Effective number of bundles: exp of the entropy of the sizes of the clusters.

    Clusters are the connected components of creases within `reach` of each other; the
    number of creases if all are alone.
    """
    count = len(turns)
    points = strip_points(turns, offsets)
    pairs = scipy.spatial.KDTree(points).query_pairs(reach, output_type="ndarray")
    ends = pairs % count
    graph = scipy.sparse.coo_array(
        (np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count)
    )
    _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
    shares = np.bincount(labels) / count
    return float(np.exp(-(shares * np.log(shares)).sum()))


def rayleigh(turns: Float64[np.ndarray, " creases"]) -> Float64[np.ndarray, " modes"]:
    """Length of the mean of exp(2 pi i p turn) for p = 1, ..., MODES."""
    modes = np.arange(1, MODES + 1)[:, None]
    return np.abs(np.exp(2j * np.pi * modes * turns).mean(axis=1))


def rayleigh_p(turns: Float64[np.ndarray, " creases"]) -> float:
    """Bonferroni-corrected p-value of the Rayleigh tests of all modes."""
    square = len(turns) * rayleigh(turns).max() ** 2
    return float(min(1.0, MODES * np.exp(-square)))


class Bunching(NamedTuple):
    """How the creases that meet the square bunch, against a matched null.

    The null: uniform directions, and the same offsets in another order.

    Attributes:
        creases: Creases that meet the square.
        nearest: Median distance to the nearest other crease.
        ratio: That over the median of the null's.
        p_value: Share of null draws that are at least as close, add-one corrected.
        effective: Effective number of bundles over the number of creases.
        rayleigh: Largest of the first Fourier modes of the directions.
        rayleigh_p: p-value of that.
        pairs: Pairs within each radius over the null's mean.
    """

    creases: int
    nearest: float
    ratio: float
    p_value: float
    effective: float
    rayleigh: float
    rayleigh_p: float
    pairs: Float64[np.ndarray, " radii"]


def measure_bunching(
    creases: Creases,
    radii: Float64[np.ndarray, " radii"],
    *,
    reach: float,
    draws: int,
    rng: np.random.Generator,
) -> Bunching:
    """Statistics of one network.

    Args:
        creases: At least two of them meet the square.
        radii: Distances up to which pairs are counted.
        reach: Distance within which creases are one bundle; see `effective_number`.
        draws: How many times the random creases of the null are drawn.
        rng: Draws the random creases of the null.

    Raises:
        ValueError: If fewer than two creases meet the square.
    """
    turns, offsets = creases.turns[creases.meets], creases.offsets[creases.meets]
    if len(turns) < 2:
        raise ValueError(
            f"{len(turns)} creases meet the square: at least two are required."
        )
    nearest = float(np.median(nearest_distances(turns, offsets)))
    null_nearest, null_pairs = np.empty(draws), np.zeros(len(radii))
    for i in range(draws):
        random = rng.uniform(0.0, 1.0, len(turns))
        shuffled = rng.permutation(offsets)
        null_nearest[i] = np.median(nearest_distances(random, shuffled))
        null_pairs += pair_counts(random, shuffled, radii) / draws
    return Bunching(
        creases=len(turns),
        nearest=nearest,
        ratio=nearest / float(np.median(null_nearest)),
        p_value=float((1 + (null_nearest <= nearest).sum()) / (1 + draws)),
        effective=effective_number(turns, offsets, reach) / len(turns),
        rayleigh=float(rayleigh(turns).max()),
        rayleigh_p=rayleigh_p(turns),
        pairs=pair_counts(turns, offsets, radii) / np.maximum(null_pairs, 1e-12),
    )
