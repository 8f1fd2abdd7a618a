"""Files that are whole or absent: written under a temporary name, then renamed."""

import contextlib
import os
import pathlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np


@contextlib.contextmanager
def open_atomically(path: str | pathlib.Path) -> Iterator[BinaryIO]:
    """A binary file that takes its name when the block ends without an error.

    The temporary file lies in the same folder, so that the renaming is one step of
    the file system; an error removes it and leaves an older `path` as it was.

    Raises:
        FileNotFoundError: If the folder does not exist.
    """
    path = pathlib.Path(path)
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(
            f"{path} cannot be written: the folder {path.parent} does not exist."
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | pathlib.Path, text: str) -> None:
    """Write `text` in UTF-8, whole or not at all."""
    with open_atomically(path) as file:
        file.write(text.encode())


def write_arrays(path: str | pathlib.Path, **arrays: np.ndarray) -> None:
    """Write named arrays as a compressed `.npz`, whole or not at all."""
    with open_atomically(path) as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def read_arrays(path: str | pathlib.Path) -> dict[str, np.ndarray]:
    """What `write_arrays` wrote, by name; never unpickles."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
