"""Points and labels in `.npy`, `.npz` and `.csv` files, which are never unpickled."""

import array
import csv
import io
import pathlib
import re
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from regions.errors import FileFormatError
from regions.files.numpy_files import as_float64, load_npy, load_npz
from regions.files.reading import MAX_BYTES, check_size, reading

_NUMBER_LIKE = re.compile(r"\s*[\d+.-]")
"""How a number begins, and no name of a column."""

_TABLE = "write one point a line, numbers separated by commas"


def load_points(
    path: str | pathlib.Path, *, max_bytes: int = MAX_BYTES
) -> Float64[np.ndarray, "points dim"]:
    """Points from a file: array `(points, ...)`, each point flattened.

    An array of one axis holds one number a point.

    Args:
        path: A `.npy` file, an `.npz` file with one array or one named `X`, or a
            `.csv` file of numbers, one point a line, with or without a line of names.
        max_bytes: Refuse files whose points would take more memory than this.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        FileFormatError: If it holds no array of finite real numbers of that shape.
    """
    path = pathlib.Path(path)
    _check_exists(path, ".npy, .npz or .csv")
    readers = {".npz": _read_npz, ".csv": _read_csv}
    array = readers.get(path.suffix.lower(), _read_npy)(path, max_bytes)
    if array.ndim < 1 or array.dtype.kind not in "fiub" or 0 in array.shape:
        raise FileFormatError(
            f"{path} has shape {array.shape} and dtype {array.dtype}: real numbers of "
            "shape (points, dim) are required."
        )
    points = as_float64(path, array.reshape(len(array), -1))
    if not np.isfinite(points).all():
        raise FileFormatError(f"{path} holds NaN or infinity: remove those points.")
    return points


def read_npy(path: str | pathlib.Path, *, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """The array of real numbers in a `.npy` file.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        FileFormatError: If it is no such file, is damaged, holds other entries, or
            would take more than `max_bytes` in float64.
    """
    path = pathlib.Path(path)
    _check_exists(path, ".npy")
    return _read_npy(path, max_bytes)


def read_npz(
    path: str | pathlib.Path, names: tuple[str, ...], *, max_bytes: int = MAX_BYTES
) -> list[np.ndarray]:
    """The arrays of real numbers of these names in an `.npz` file.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        FileFormatError: If it is no such file, is damaged, lacks a name, holds other
            entries, or would take more than `max_bytes` in float64.
    """
    path = pathlib.Path(path)
    _check_exists(path, ".npz")

    def wanted(there: list[str]) -> list[str]:
        if not set(names) <= set(there):
            raise FileFormatError(
                f"{path} holds {', '.join(there) or 'nothing'}: arrays named "
                f"{' and '.join(names)} are required."
            )
        return list(names)

    arrays = load_npz(path, max_bytes=max_bytes, wanted=wanted)
    return [arrays[name] for name in names]


def _read_npy(path: pathlib.Path, max_bytes: int) -> np.ndarray:
    """The array of a `.npy` file."""
    return load_npy(path, max_bytes=max_bytes)


def _read_npz(path: pathlib.Path, max_bytes: int) -> np.ndarray:
    """The array `X` of an archive, or its only one."""

    def wanted(there: list[str]) -> list[str]:
        if "X" in there:
            return ["X"]
        if len(there) != 1:
            raise FileFormatError(
                f"{path} holds {len(there)} arrays and none is named X: save the "
                "points as X."
            )
        return there

    (points,) = load_npz(path, max_bytes=max_bytes, wanted=wanted).values()
    return points


def _read_csv(path: pathlib.Path, max_bytes: int) -> np.ndarray:
    """The numbers of a text file, after a first line of names if it is one."""
    numbers, width, first = array.array("d"), 0, 0
    with (
        reading(path, "a table of numbers", _TABLE, csv.Error),
        path.open("rb") as file,
    ):
        for line, row in _rows(path, file, max_bytes):
            if not width and not first and _are_names(row):
                first = -1
                continue
            if not width:
                first, width = line, len(row)
            numbers.extend(_numbers_of(path, line, row, first, width))
            check_size(path, 8 * len(numbers), max_bytes)
    table = np.frombuffer(numbers, np.float64) if numbers else np.zeros(0)
    return table.reshape(-1, max(width, 1))


def _rows(
    path: pathlib.Path, file: io.BufferedIOBase, max_bytes: int
) -> Iterator[tuple[int, list[str]]]:
    """Number and entries of each line that is not empty."""
    longest = max(max_bytes // 16, 1 << 16)  # entries take more than their text
    number = 0
    while text := file.readline(longest + 1):
        number += 1
        if len(text) > longest:
            raise FileFormatError(
                f"{path} is no table of numbers: line {number} has more than "
                f"{longest} bytes: {_TABLE}."
            )
        line = text.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        if line:
            yield number, next(csv.reader([line]))


def _numbers_of(
    path: pathlib.Path, line: int, row: list[str], first: int, width: int
) -> list[float]:
    """The numbers of a line, as many as in the first one."""
    if len(row) != width:
        entries = "1 entry" if len(row) == 1 else f"{len(row)} entries"
        raise FileFormatError(
            f"{path} is no table of numbers: line {line} has {entries} and line "
            f"{first} has {width}: write one point a line, all of them with as many "
            "numbers."
        )
    try:
        return [float(entry) for entry in row]
    except ValueError as error:
        raise FileFormatError(
            f"{path} is no table of numbers (line {line}: {error}): {_TABLE}; a first "
            "line of names may have no entry that begins as a number does."
        ) from error


def _are_names(row: list[str]) -> bool:
    """Whether no entry is a number, or begins as one that was mistyped."""
    try:
        return not [float(entry) for entry in row]  # "nan" begins as a name does
    except ValueError:
        return not any(map(_NUMBER_LIKE.match, row))


def _check_exists(path: pathlib.Path, kinds: str) -> None:
    """Raise unless there is such a file."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give a {kinds} file in it.")
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a {kinds} file.")
