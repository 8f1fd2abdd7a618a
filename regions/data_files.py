"""Points and labels in `.npy` and `.npz` files, which are never unpickled."""

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

    Args:
        path: A `.npy` file, or an `.npz` file with one array or one named `X`.

    Raises:
        FileNotFoundError: If there is no such file.
        FileFormatError: If it holds no array of finite real numbers of that shape.
    """
    path = pathlib.Path(path)
    array = _read_npz(path) if path.suffix.lower() == ".npz" else read_npy(path)
    if array.ndim < 2 or array.dtype.kind not in "fiub" or 0 in array.shape:
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


def _check_exists(path: pathlib.Path) -> None:
    """Raise unless there is such a file."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: give a .npy or .npz file.")


def _first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
