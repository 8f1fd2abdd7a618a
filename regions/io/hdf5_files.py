"""Arrays in HDF5 files of strangers: links are refused, sizes counted first."""

import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from regions.errors import FileFormatError
from regions.files.reading import check_size
from regions.io import hdf5_probe
from regions.network import fits_float64

_SECONDS, _BYTES_A_SECOND = 2, 50_000_000
"""Processor time that the library gets to open a file, and more for a large one."""


_SPARE = 64 * 2**20
"""Memory for the library's own needs."""


def try_apart(path: pathlib.Path, content: bytes, max_bytes: int) -> None:
    """Let a process of its own read a file first.

    Raises:
        FileFormatError: If the HDF5 library crashes, does not come to an end, or takes
            more than `max_bytes`.
    """
    seconds = _SECONDS + len(content) // _BYTES_A_SECOND
    command = [sys.executable, hdf5_probe.__file__]
    done = subprocess.run(
        [*command, str(seconds), str(max_bytes + _SPARE)],
        input=content,
        capture_output=True,
        check=False,
    )
    if done.returncode == hdf5_probe.TOO_LARGE:
        raise FileFormatError(
            f"{path}: its weights take more than {max_bytes} bytes: raise `max_bytes` "
            "if you trust it."
        )
    if done.returncode < 0:
        raise FileFormatError(
            f"{path}: the HDF5 library crashes at its weights, or does not come to an "
            "end: they are damaged; save the model again."
        )


class Hdf5Arrays:
    """Reads members of one open file, and counts what they take in float64.

    Args:
        h5py: The package.
        path: The file, for messages.
        max_bytes: Limit of all arrays together.
    """

    def __init__(self, h5py: Any, path: pathlib.Path, max_bytes: int):
        self._h5py, self._path, self._limit = h5py, path, max_bytes
        self._bytes = 0

    def group(self, group: Any, *keys: str) -> Any:
        """A group inside another, or nothing; each on the way is really there."""
        for key in keys:
            if key not in group:
                return None
            group = self._member(group, key, self._h5py.Group)
        return group

    def children(self, group: Any) -> Iterator[tuple[str, Any]]:
        """Names and groups inside a group."""
        for key in group:
            yield key, self._member(group, key, self._h5py.Group)

    def array(self, group: Any, path: str) -> np.ndarray:
        """An array of real numbers, given by names with slashes between, as float64."""
        *keys, last = [key for key in path.split("/") if key]
        inner = self.group(group, *keys)
        if inner is None or last not in inner:
            raise FileFormatError(
                f"{self._path} lacks the weight {path!r}: save again."
            )
        data = self._member(inner, last, self._h5py.Dataset)
        if data.external or data.is_virtual or data.dtype.kind not in "fiu":
            raise FileFormatError(
                f"{self._path}: a weight {path!r} is stored outside or has dtype "
                f"{data.dtype}; plain real numbers are required."
            )
        self._bytes += 8 * int(data.size or 0)
        check_size(self._path, self._bytes, self._limit)
        array = data[()]
        if data.dtype.kind in "iu" and not fits_float64(np.asarray(array)):
            raise FileFormatError(
                f"{self._path}: a weight {path!r} holds integers beyond 2^53, which "
                "float64 cannot represent: scale them down."
            )
        return np.asarray(array, np.float64)

    def _member(self, group: Any, key: str, kind: type) -> Any:
        """A member of a group that is really there and of the kind."""
        link = group.get(key, getlink=True)
        if not isinstance(link, self._h5py.HardLink) or not isinstance(
            group[key], kind
        ):
            raise FileFormatError(
                f"{self._path}: {key!r} in its weights is a link or no "
                f"{kind.__name__.lower()}: save the model again."
            )
        return group[key]
