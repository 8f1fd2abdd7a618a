"""Networks as `.npz` files: `W0, b0, W1, b1, ...`, never pickled.

Keys: `W{i}` of shape `(fan_out, fan_in)` and `b{i}` per layer, the affine last one
included; `slope{i}`, a number or a vector, for hidden layers that are not ReLU;
`skip{layer}_{source}` for skip blocks, counted as in `ReluNetwork.from_arrays`.
"""

import pathlib
import re
import tokenize
import zipfile

import numpy as np

from regions.errors import FileFormatError
from regions.files import open_atomically
from regions.io.archives import open_archive
from regions.network import ReluNetwork

_KEY = re.compile(r"(W|b|slope)(0|[1-9]\d*)|skip(0|[1-9]\d*)_(0|[1-9]\d*)")
_AXES = {"W": (2,), "b": (1,), "slope": (0, 1), "skip": (2,)}


def load_npz(path: pathlib.Path, *, max_bytes: int) -> ReluNetwork:
    """The network in an `.npz` file; see the module for its keys.

    Raises:
        FileFormatError: If the file is no such archive. Shapes and types are checked
            before anything is allocated.
    """
    arrays = read_arrays(path, max_bytes=max_bytes)
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
    """Write `network` to a temporary file beside `path`, then rename it.

    Raises:
        ValueError: If `path` does not end in `.npz`.
    """
    if path.suffix != ".npz":
        raise ValueError(f"`path` is {path}: networks are saved as .npz; rename it.")
    arrays: dict[str, np.ndarray] = {}
    for index, layer in enumerate(network.layers):
        arrays[f"W{index}"], arrays[f"b{index}"] = layer.weight, layer.bias
        for source, matrix in layer.skips:
            arrays[f"skip{index}_{source}"] = matrix
    for index, layer in enumerate(network.hidden):
        if layer.slopes.any():
            arrays[f"slope{index}"] = layer.slopes
    with open_atomically(path) as file:
        np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]


def read_arrays(path: pathlib.Path, *, max_bytes: int) -> dict[str, np.ndarray]:
    """Every array of the archive by its key, each checked before it is read."""
    with open_archive(path, "an .npz file", max_bytes) as archive:
        return {
            info.filename.removesuffix(".npy"): _read_member(path, archive, info)
            for info in archive.infolist()
        }


def _read_member(
    path: pathlib.Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> np.ndarray:
    """One `.npy` member, refused when its header is not that of a network's array."""
    key = info.filename.removesuffix(".npy")
    match = _KEY.fullmatch(key)
    if match is None or not info.filename.endswith(".npy"):
        raise FileFormatError(
            f"{path} holds {info.filename!r}; only W0, b0, slope0, skip1_0 and the "
            "like belong there: remove it."
        )
    with archive.open(info) as file:
        try:
            version = np.lib.format.read_magic(file)
            shape, fortran, dtype = _read_header(file, version)
        except (ValueError, tokenize.TokenError) as error:
            raise FileFormatError(
                f"{path}: the header of {key} cannot be read ({error}): write the "
                "file again with numpy.savez."
            ) from error
        if dtype.kind not in "fiub" or dtype.itemsize > 8:
            raise FileFormatError(
                f"{path}: {key} has dtype {dtype}; real numbers of at most 64 bits "
                "are required."
            )
        if len(shape) not in _AXES[match[1] or "skip"] or min(shape, default=1) < 1:
            raise FileFormatError(
                f"{path}: {key} has shape {shape}; W and skip need two axes, b one, "
                "slope none or one, and none may be empty."
            )
        size = dtype.itemsize
        for axis in shape:
            size *= int(axis)
        left = info.file_size - file.tell()
        if left != size:
            raise FileFormatError(
                f"{path}: {key} declares shape {shape} of {dtype}, {size} bytes, but "
                f"{left} follow: the file is damaged; write it again."
            )
        flat = np.frombuffer(file.read(), dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _read_header(
    file, version: tuple[int, int]
) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order and dtype of an `.npy` file after its magic string."""
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"version {version} of the format")


def _numbered(
    path: pathlib.Path, arrays: dict[str, np.ndarray], letter: str
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
    path: pathlib.Path, arrays: dict[str, np.ndarray], layers: int
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
