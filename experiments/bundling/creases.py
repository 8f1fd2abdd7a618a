"""Creases of a one-layer network on the plane as lines, and how they bunch.

A crease is the line where one unit's pre-activation is zero. A line is a point of the
strip of (angle, offset): the direction of its normal, modulo half a turn, and its
signed distance from the center of the unit square. Turning by half a turn is the same
line with the offset's sign changed, so the strip is a Moebius band. Distances on it are
taken in half turns and in sides of the square. A line is tangent to the circle around
the center whose radius is the size of its offset.
"""

from typing import NamedTuple

import numpy as np
import scipy.spatial
from jaxtyping import Bool, Float64

from regions.network import ReluNetwork


class Creases(NamedTuple):
    """The creases of all units whose weights are not zero.

    Attributes:
        turns: Direction of the normal in half turns, in [0, 1).
        offsets: Signed distance from the square's center, in sides.
        meets: Which of them meet the inside of the square.
        ridges: Where the output folds down: the weight of the unit in the (first)
            output is negative. The other creases are valleys.
    """

    turns: Float64[np.ndarray, " creases"]
    offsets: Float64[np.ndarray, " creases"]
    meets: Bool[np.ndarray, " creases"]
    ridges: Bool[np.ndarray, " creases"]

    def inside(self) -> "Creases":
        """Those that meet the square."""
        return Creases(*(column[self.meets] for column in self))


def network_creases(
    network: ReluNetwork, corner: tuple[float, float] = (0.0, 0.0)
) -> Creases:
    """Creases of the first layer.

    Args:
        network: A network of two inputs and one hidden layer.
        corner: Lower corner of the square of side 1.
    """
    layer = network.layers[0]
    norms = np.linalg.norm(layer.weight, axis=1)
    some = norms > 0.0
    weight, bias, norms = layer.weight[some], layer.bias[some], norms[some]
    at_center = weight @ (np.array(corner) + 0.5) + bias
    turns = np.arctan2(weight[:, 1], weight[:, 0]) / np.pi
    offsets = -at_center / norms
    # Half a turn and the other sign: the same line.
    offsets = np.where((turns < 0.0) | (turns >= 1.0), -offsets, offsets)
    reach = np.abs(weight).sum(axis=1) / (2.0 * norms)
    ridges = network.layers[1].weight[0, some] < 0.0
    return Creases(turns % 1.0, offsets, np.abs(offsets) < reach, ridges)


def nearest_distances(
    turns: Float64[np.ndarray, " creases"], offsets: Float64[np.ndarray, " creases"]
) -> Float64[np.ndarray, " creases"]:
    """Distance of each crease to the nearest other one."""
    # Each crease, then its copies half a turn to the left and to the right.
    points = np.concatenate(
        [
            np.stack([turns, offsets], axis=1),
            np.stack([turns - 1.0, -offsets], axis=1),
            np.stack([turns + 1.0, -offsets], axis=1),
        ]
    )
    distances, _ = scipy.spatial.KDTree(points).query(points[: len(turns)], k=2)
    return distances[:, 1]


def closeness(
    creases: Creases, others: list[Creases], *, draws: int, rng: np.random.Generator
) -> float:
    """Median distance to the nearest crease, over that among independent ones.

    Args:
        creases: Of one network, all in the square; at least two.
        others: Of other networks, likewise: together they show the law that a single
            crease follows, and creases drawn from many of them are independent but for
            the few of one network.
        draws: How many times as many creases are drawn from all others.
        rng: Draws them.

    Returns:
        Under 1 if the creases of one network are closer to each other than their law
        explains.

    Raises:
        ValueError: If there are fewer than two creases, or fewer others.
    """
    count = len(creases.turns)
    turns = np.concatenate([other.turns for other in others])
    offsets = np.concatenate([other.offsets for other in others])
    if count < 2 or len(turns) < count:
        raise ValueError(
            f"{count} creases meet the square, and {len(turns)} of other networks: at "
            "least two, and as many others, are required."
        )
    medians = []
    for _ in range(draws):
        chosen = rng.choice(len(turns), count, replace=False)
        medians.append(np.median(nearest_distances(turns[chosen], offsets[chosen])))
    own = np.median(nearest_distances(creases.turns, creases.offsets))
    return float(own / np.median(medians))


def share_tangent(creases: Creases, radii: tuple[float, float]) -> float:
    """Share of the creases that are tangent to a circle of a radius between two."""
    sizes = np.abs(creases.offsets)
    return float(((sizes >= radii[0]) & (sizes <= radii[1])).mean())
