"""Networks as `.npz` files: `W0, b0, W1, b1, ...`, never pickled.

Keys: `W{i}` of shape `(fan_out, fan_in)` and `b{i}` per layer, the affine last one
included; `slope{i}`, a number or a vector, for hidden layers that are not ReLU;
`skip{layer}_{source}` for skip blocks, counted as in `ReluNetwork.from_arrays`.
"""

import pathlib
import re
from typing import Any

import numpy as np

from regions.errors import FileFormatError
from regions.files.numpy_files import (
    ArrayHeader,
    accept_real,
    load_npz as load_npz_arrays,
)
from regions.files.writing import open_atomically
from regions.network import ReluNetwork

_KEY = re.compile(r"(W|b|slope)(0|[1-9]\d*)|skip(0|[1-9]\d*)_(0|[1-9]\d*)")
_AXES = {"W": (2,), "b": (1,), "slope": (0, 1), "skip": (2,)}


def load_npz(
    path: pathlib.Path | str, *, max_bytes: int, content: bytes | None = None
) -> ReluNetwork:
    """The network in an `.npz` file; see the module for its keys.

    With `content` the archive is that, and `path` is its name in messages.

    Raises:
        FileFormatError: If the file is no such archive. Shapes and types are checked
            before anything is allocated.
    """
    arrays = load_npz_arrays(path, max_bytes=max_bytes, accept=_accept, content=content)
    weights = _numbered(path, arrays, "W")
    if not weights:
        raise FileFormatError(f"{path} has no W0: keys W0, b0, W1, ... are required.")
    biases = _numbered(path, arrays, "b")
    if len(biases) != len(weights):
        raise FileFormatError(
            f"{path} has {len(weights)} weights W0, ... and {len(biases)} biases "
            "b0, ...: one of each per layer is required."
        )
    slopes: list[np.ndarray | float] = [
        arrays.get(f"slope{i}", 0.0) for i in range(len(weights) - 1)
    ]
    _refuse_late_slopes(path, arrays, len(weights))
    try:
        return ReluNetwork.from_arrays(weights, biases, slopes, skips=_skips(arrays))
    except ValueError as error:
        raise FileFormatError(f"{path}: {error}") from error


def save_npz(path: pathlib.Path, network: ReluNetwork) -> None:
    """Write `network` to a temporary file beside `path`, then rename it."""
    with open_atomically(path) as file:
        write_npz(file, network)


def write_npz(file: Any, network: ReluNetwork) -> None:
    """Write `network` as the content of an `.npz` file."""
    arrays: dict[str, np.ndarray] = {}
    for index, layer in enumerate(network.layers):
        arrays[f"W{index}"], arrays[f"b{index}"] = layer.weight, layer.bias
        for source, matrix in layer.skips:
            arrays[f"skip{index}_{source}"] = matrix
    for index, layer in enumerate(network.hidden):
        if layer.slopes.any():
            arrays[f"slope{index}"] = layer.slopes
    np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]


def _accept(name: str, header: ArrayHeader) -> None:
    """Raise unless the name and the header are those of a network's array."""
    match = _KEY.fullmatch(name)
    if match is None:
        raise ValueError("only W0, b0, slope0, skip1_0 and the like belong there")
    accept_real(name, header)
    if len(header.shape) not in _AXES[match[1] or "skip"] or 0 in header.shape:
        raise ValueError(
            f"{name} has shape {header.shape}; W and skip need two axes, b one, slope "
            "none or one, and none may be empty"
        )


def _numbered(
    path: pathlib.Path | str, arrays: dict[str, np.ndarray], letter: str
) -> list[np.ndarray]:
    """Arrays `letter0, letter1, ...` in order, refused when a number is missing."""
    pattern = re.compile(rf"{letter}(\d+)")
    numbers = sorted(int(m[1]) for key in arrays if (m := pattern.fullmatch(key)))
    for expected, number in enumerate(numbers):
        if number != expected:
            raise FileFormatError(
                f"{path} has {letter}{number} but no {letter}{expected}: layers are "
                "numbered from 0 without gaps."
            )
    return [arrays[f"{letter}{i}"] for i in numbers]


def _refuse_late_slopes(
    path: pathlib.Path | str, arrays: dict[str, np.ndarray], layers: int
) -> None:
    """Raise for a slope of the affine last layer or beyond."""
    for key in arrays:
        if key.startswith("slope") and int(key.removeprefix("slope")) >= layers - 1:
            raise FileFormatError(
                f"{path} has {key}, but only {layers - 1} hidden layers: the last "
                "layer is affine and takes no slope."
            )


def _skips(arrays: dict[str, np.ndarray]) -> dict[int, dict[int, np.ndarray]]:
    """Skip blocks by layer and source."""
    skips: dict[int, dict[int, np.ndarray]] = {}
    for key, array in arrays.items():
        if match := re.fullmatch(r"skip(\d+)_(\d+)", key):
            skips.setdefault(int(match[1]), {})[int(match[2])] = array
    return skips
