"""Labeled points: the digits of scikit-learn, or a user's files, to be classified."""

import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int, Int64

from regions.errors import FileFormatError
from regions.files.data_files import load_points, read_npy, read_npz
from regions.files.numpy_files import as_float64
from regions.io.optional import require
from training.datasets import Dataset


class Labeled(NamedTuple):
    """Points and the class of each.

    Attributes:
        inputs: One point per row.
        labels: Classes, counted from 0.
    """

    inputs: Float64[np.ndarray, "points dim"]
    labels: Int64[np.ndarray, " points"]

    @property
    def num_classes(self) -> int:
        """One more than the largest label."""
        return int(self.labels.max()) + 1


def load_digits() -> Labeled:
    """The 1797 digits of 8 x 8 pixels in scikit-learn, gray values from 0 to 1.

    The values are multiples of 1/16, exact in every float format.

    Raises:
        ImportError: If scikit-learn is not installed.
    """
    datasets = require("sklearn.datasets", "data", "the digits")
    inputs, labels = datasets.load_digits(return_X_y=True)
    return Labeled(np.asarray(inputs) / 16.0, np.asarray(labels, np.int64))


def load_labeled(inputs: str | pathlib.Path, labels: str | pathlib.Path) -> Labeled:
    """Points and classes from two files, which are never unpickled.

    Args:
        inputs: As `regions.files.data_files.load_points` takes it.
        labels: A `.npy` file of integers `(points,)`, 0 or more.

    Raises:
        FileNotFoundError: If a file does not exist.
        FileFormatError: If a file is no such array; the message names it.
    """
    points, classes = load_points(inputs), read_npy(labels)
    if classes.shape != (len(points),) or classes.dtype.kind not in "iu":
        raise FileFormatError(
            f"{labels} has shape {classes.shape} and dtype {classes.dtype}: one "
            f"integer for each of the {len(points)} points is required."
        )
    if classes.min() < 0:
        raise FileFormatError(f"{labels} holds {classes.min()}: classes count from 0.")
    return Labeled(points, classes.astype(np.int64))


def load_images(path: str | pathlib.Path) -> Labeled:
    """Images and classes from one `.npz` file; bytes become gray values from 0 to 1.

    Args:
        path: With `X`, an array `(images, ...)` of real numbers, and `y`, one class
            each, counted from 0; as `scripts/fetch_digits.py` writes it.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it holds no such arrays; the message names it.
    """
    images, labels = read_npz(path, ("X", "y"))
    if images.ndim < 2 or images.dtype.kind not in "fiub" or 0 in images.shape:
        raise FileFormatError(
            f"{path} has X of shape {images.shape} and dtype {images.dtype}: real "
            "numbers of shape (images, ...) are required."
        )
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise FileFormatError(
            f"{path} has y of shape {labels.shape} and dtype {labels.dtype}: one "
            f"integer for each of the {len(images)} images is required."
        )
    points = as_float64(path, images.reshape(len(images), -1))
    if images.dtype == np.uint8:
        points /= 255.0
    if not np.isfinite(points).all() or labels.min() < 0:
        raise FileFormatError(
            f"{path} holds a number that is not finite or a class below 0: finite "
            "numbers, and classes from 0, are required."
        )
    return Labeled(points, labels.astype(np.int64))


def load_classes(data: str) -> Labeled:
    """`digits` for those of scikit-learn, or the images of an `.npz` file."""
    return load_digits() if data == "digits" else load_images(data)


def split_dataset(
    data: Labeled, num_val: int, seed: int
) -> tuple[Dataset, Int[np.ndarray, " train"], Int[np.ndarray, " val"]]:
    """A random split for training with cross entropy; targets are one-hot.

    Returns:
        The dataset, and the indices in `data` of its training and validation points.

    Raises:
        ValueError: If `num_val` leaves no point to train on, or none is asked for.
    """
    total = len(data.inputs)
    if not 0 < num_val < total:
        raise ValueError(
            f"`num_val` is {num_val}: 1 to {total - 1} of the {total} points are "
            "required."
        )
    order = np.random.default_rng(seed).permutation(total)
    val, train = order[:num_val], order[num_val:]
    inputs = data.inputs.astype(np.float32)
    targets = one_hot(data.labels, data.num_classes)
    parts = (inputs[train], targets[train], inputs[val], targets[val])
    return Dataset(*parts), train, val


def one_hot(
    labels: Int[np.ndarray, " points"], num_classes: int
) -> Float32[np.ndarray, "points classes"]:
    """A 1 in the column of each point's class, 0 elsewhere."""
    return (labels[:, None] == np.arange(num_classes)).astype(np.float32)
