"""Points and labels in `.npy`, `.npz` and `.csv` files, which are never unpickled."""

import csv
import pathlib
import zipfile
import zlib

import numpy as np
from jaxtyping import Float64

from regions.errors import FileFormatError

_DAMAGE = (
    EOFError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy and zipfile raise at a damaged file."""


def load_points(path: str | pathlib.Path) -> Float64[np.ndarray, "points dim"]:
    """Points from a file: array `(points, ...)`, each point flattened.

    An array of one axis holds one number a point.

    Args:
        path: A `.npy` file, an `.npz` file with one array or one named `X`, or a
            `.csv` file of numbers, one point a line, with or without a line of names.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        FileFormatError: If it holds no array of finite real numbers of that shape.
    """
    path = pathlib.Path(path)
    readers = {".npz": _read_npz, ".csv": _read_csv}
    array = readers.get(path.suffix.lower(), read_npy)(path)
    if array.ndim < 1 or array.dtype.kind not in "fiub" or 0 in array.shape:
        raise FileFormatError(
            f"{path} has shape {array.shape} and dtype {array.dtype}: real numbers of "
            "shape (points, dim) are required."
        )
    points = array.reshape(len(array), -1).astype(np.float64)
    if not np.isfinite(points).all():
        raise FileFormatError(f"{path} holds NaN or infinity: remove those points.")
    return points


def read_npy(path: str | pathlib.Path) -> np.ndarray:
    """The array of a `.npy` file.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        FileFormatError: If it is no such file, is damaged, or holds objects.
    """
    path = pathlib.Path(path)
    _check_exists(path)
    try:
        with path.open("rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except _DAMAGE as error:
        raise FileFormatError(
            f"{path} is no .npy file of numbers ({_first_line(error)}): write it with "
            "numpy.save."
        ) from error


def read_npz(path: str | pathlib.Path, names: tuple[str, ...]) -> list[np.ndarray]:
    """The arrays of these names in an `.npz` file.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        FileFormatError: If it is no such file, is damaged, lacks a name, or holds
            objects.
    """
    path = pathlib.Path(path)
    _check_exists(path)
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            there = {name.removesuffix(".npy"): name for name in archive.namelist()}
            arrays = []
            for name in (name for name in names if name in there):
                with archive.open(there[name]) as content:
                    array = np.lib.format.read_array(content, allow_pickle=False)
                    arrays.append(array)
    except _DAMAGE as error:
        raise FileFormatError(
            f"{path} is no .npz file of numbers ({_first_line(error)}): write it with "
            "numpy.savez."
        ) from error
    if len(arrays) < len(names):
        raise FileFormatError(
            f"{path} holds {', '.join(there) or 'nothing'}: arrays named "
            f"{' and '.join(names)} are required."
        )
    return arrays


def _read_npz(path: pathlib.Path) -> np.ndarray:
    """The array `X` of an archive, or its only one."""
    _check_exists(path)
    try:
        # Opened here, since numpy leaves the file open when the archive is damaged.
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            if "X" in names or len(names) == 1:
                member = archive.namelist()[names.index("X") if "X" in names else 0]
                with archive.open(member) as content:
                    return np.lib.format.read_array(content, allow_pickle=False)
    except _DAMAGE as error:
        raise FileFormatError(
            f"{path} is no .npz file of numbers ({_first_line(error)}): write it with "
            "numpy.savez."
        ) from error
    raise FileFormatError(
        f"{path} holds {len(names)} arrays and none is named X: save the points as X."
    )


def _read_csv(path: pathlib.Path) -> np.ndarray:
    """The numbers of a text file, after a first line of names if it is one."""
    _check_exists(path)
    rows: list[tuple[int, list[str]]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            rows += ((reader.line_num, row) for row in reader if row)
    except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        raise FileFormatError(
            f"{path} is no table of numbers ({_first_line(error)}): write one point a "
            "line, numbers separated by commas."
        ) from error
    if rows and not _are_numbers(rows[0][1]):
        rows = rows[1:]
    return np.array([_numbers_of(path, line, row, rows[0]) for line, row in rows])


def _numbers_of(
    path: pathlib.Path, line: int, row: list[str], first: tuple[int, list[str]]
) -> list[float]:
    """The numbers of a line, as many as in the first one."""
    if len(row) != len(first[1]):
        entries = "1 entry" if len(row) == 1 else f"{len(row)} entries"
        raise FileFormatError(
            f"{path} is no table of numbers: line {line} has {entries} and line "
            f"{first[0]} has {len(first[1])}: write one point a line, all of them "
            "with as many numbers."
        )
    try:
        return [float(entry) for entry in row]
    except ValueError as error:
        raise FileFormatError(
            f"{path} is no table of numbers (line {line}: {_first_line(error)}): write "
            "one point a line, numbers separated by commas."
        ) from error


def _are_numbers(row: list[str]) -> bool:
    """Whether every entry is a number."""
    try:
        return bool([float(entry) for entry in row])
    except ValueError:
        return False


def _check_exists(path: pathlib.Path) -> None:
    """Raise unless there is such a file."""
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder: give a .npy, .npz or .csv file in it."
        )
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist: give a .npy, .npz or .csv file."
        )


def _first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
