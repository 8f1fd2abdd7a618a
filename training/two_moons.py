"""Two interleaved half moons of points, and the same moons turned and shifted.

Moons that are turned about their center and shifted are a new task, whose distance from
the old one is a knob.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import Box
from regions.io.optional import require
from training.datasets import Dataset
from training.labeled import Labeled, one_hot

CENTER = (0.5, 0.25)
"""Center of the two half circles of radius 1, about which moons are turned."""

NUM_CLASSES = 2


class Move(NamedTuple):
    """How moons are moved.

    Attributes:
        degrees: Angle of the turn about `CENTER`, counterclockwise.
        shift: Added to both coordinates afterwards.
    """

    degrees: float
    shift: float


def two_moons(num_points: int, noise: float, seed: int) -> Labeled:
    """Points on two half moons with normal noise; half of them of each class.

    Args:
        num_points: In all.
        noise: Standard deviation of the noise in each coordinate.
        seed: Seed of the noise and the order.

    Raises:
        ImportError: If scikit-learn is not installed.
    """
    datasets = require("sklearn.datasets", "data", "the two moons")
    inputs, labels = datasets.make_moons(num_points, noise=noise, random_state=seed)
    return Labeled(np.asarray(inputs, np.float64), np.asarray(labels, np.int64))


def move_points(
    points: Float64[np.ndarray, "points 2"], move: Move
) -> Float64[np.ndarray, "points 2"]:
    """Points turned about the center of the moons, then shifted."""
    angle = np.radians(move.degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    center = np.array(CENTER)
    return (points - center) @ turn.T + center + move.shift


def moved_moons(moons: Labeled, move: Move) -> Labeled:
    """The same moons in another place, with the same classes."""
    return Labeled(move_points(moons.inputs, move), moons.labels)


def moons_dataset(train: Labeled, val: Labeled) -> Dataset:
    """Points for training and validation, targets one-hot, for the cross entropy."""
    return Dataset(
        train.inputs.astype(np.float32),
        one_hot(train.labels, NUM_CLASSES),
        val.inputs.astype(np.float32),
        one_hot(val.labels, NUM_CLASSES),
    )


def moons_box(margin: float) -> Box:
    """The box around the half circles without noise, with a margin on every side."""
    return Box([-1.0 - margin, -0.5 - margin], [2.0 + margin, 1.0 + margin])
