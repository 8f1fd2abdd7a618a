"""The door through which files of others come in: one line for every failure.

What a damaged or hostile file makes a parser raise has no end of kinds. A reader works
inside `reading`, which turns all of them into a `FileFormatError` of one line, and
asks `check_size` before it allocates what a header declares.
"""

import contextlib
import errno
import lzma
import os
import pathlib
import pickle  # noqa: TID251  (only to name the error of restricted readers)
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from regions.errors import FileFormatError

MAX_BYTES = 4 * 2**30
"""Default limit of the memory that the content of a file may take."""

_LONGEST = 600
"""Characters of a message; a file can hold names of any length."""

_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    pickle.PickleError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What Python's and NumPy's parsers raise on content that is not what it should be."""

_OF_THE_SYSTEM = frozenset(
    getattr(errno, name)
    for name in ("EACCES", "EIO", "EISDIR", "EMFILE", "ENFILE", "ENOENT", "ENOTDIR")
) | {errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors of opening or writing a file, which say nothing of its content."""


def path_of(path: Any) -> pathlib.Path:
    """A path as one, with `~` for the home folder.

    Raises:
        TypeError: If it is something else.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"`path` is a {type(path).__name__}: the path of a file is required; a "
            "model in memory is given to functions as it is."
        )
    return pathlib.Path(os.fspath(path)).expanduser()


@contextlib.contextmanager
def reading(
    path: pathlib.Path | str, what: str, advice: str, *others: type[Exception]
) -> Iterator[None]:
    """Turn every failure of the block into a `FileFormatError` of one line.

    Args:
        path: The file, for the message.
        what: What it should be, e.g. `"an .npz file"`.
        advice: What to do, e.g. `"write it again"`.
        *others: Errors of the library that parses it, which are no subclass of
            Python's own.

    Raises:
        FileFormatError: If the block raises what a damaged file can cause.
    """
    try:
        # Numbers that overflow are found as infinities by whoever takes them over.
        with np.errstate(all="ignore"):
            yield
    except FileFormatError as error:
        text = one_line(error)
        if text == str(error):
            raise
        raise FileFormatError(text) from error
    except (*_DAMAGE, *others) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_SYSTEM:
            raise
        reason = one_line(error).rstrip(".")
        if isinstance(error, MemoryError):
            reason = "it declares more than the memory holds"
        raise FileFormatError(
            f"{path} is not {what}, or is damaged ({reason}): {advice}."
        ) from error


def one_line(error: Exception) -> str:
    """What an error says, without line breaks and of bounded length."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, LookupError | AttributeError | AssertionError):
        text = f"{type(error).__name__}: {text}"  # which alone says little
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def check_size(path: pathlib.Path | str, size: int, max_bytes: int) -> None:
    """Raise when what a file declares would take more bytes than are allowed.

    Raises:
        FileFormatError: If `size` is beyond `max_bytes`.
    """
    if size > max_bytes:
        raise FileFormatError(
            f"{path} declares {size} bytes of content; at most {max_bytes} are "
            "allowed: raise `max_bytes` if you trust it."
        )


def check_file_size(path: pathlib.Path, max_bytes: int) -> None:
    """Raise when a file itself is larger than the limit of its content.

    Raises:
        FileFormatError: If it is.
    """
    size = path.stat().st_size
    if size > max_bytes:
        raise FileFormatError(
            f"{path} has {size} bytes; at most {max_bytes} are allowed: raise "
            "`max_bytes` if you trust it."
        )
