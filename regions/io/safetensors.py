"""State dicts in `.safetensors` files."""

import math
import pathlib

import numpy as np

from regions.errors import FileFormatError
from regions.files.reading import check_size, reading
from regions.io.optional import require

_REAL = ("F64", "F32", "F16", "BF16")
_COUNTER = "num_batches_tracked"
"""An integer of batch normalization, which has a message of its own."""


def load_safetensors(path: pathlib.Path, *, max_bytes: int) -> dict[str, np.ndarray]:
    """The arrays of a `.safetensors` file by name, as they are.

    Raises:
        FileFormatError: If the file is damaged or holds other than real numbers.
        ImportError: If `safetensors` is not installed.
    """
    safetensors = require("safetensors", "safetensors", ".safetensors files")
    error = safetensors.SafetensorError
    with (
        reading(path, "a .safetensors file", "write it again", error),
        safetensors.safe_open(str(path), framework="np") as file,
    ):
        names = list(file.keys())
        _check_headers(path, {n: file.get_slice(n) for n in names}, max_bytes)
        return {n: np.asarray(file.get_tensor(n)) for n in names}


def _check_headers(path: pathlib.Path, headers: dict, max_bytes: int) -> None:
    """Raise for types that are not real, and for too many bytes in float64."""
    total = 0
    for name, header in headers.items():
        if header.get_dtype() not in _REAL and not name.endswith(_COUNTER):
            raise FileFormatError(
                f"{path}: {name!r} has dtype {header.get_dtype()}; one of "
                f"{', '.join(_REAL)} is required."
            )
        total += 8 * math.prod(header.get_shape())
    check_size(path, total, max_bytes)
