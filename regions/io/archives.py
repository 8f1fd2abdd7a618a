"""Zip archives from strangers: sizes are compared with a limit before reading."""

import contextlib
import errno
import lzma
import pathlib
import struct
import zipfile
import zlib
from collections.abc import Iterator

from regions.errors import FileFormatError

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,  # a compression that zipfile does not know
    ValueError,
)
"""What zipfile raises on files that are not what they should be."""


@contextlib.contextmanager
def open_archive(
    path: pathlib.Path, what: str, max_bytes: int
) -> Iterator[zipfile.ZipFile]:
    """An open zip file whose members together declare at most `max_bytes`.

    A member that inflates beyond its declared size fails its checksum, so the
    declared sizes can be trusted as limits.

    Args:
        path: The file.
        what: What the file should be, for messages, e.g. `"an .npz file"`.
        max_bytes: Limit of the sum of the uncompressed sizes.

    Raises:
        FileFormatError: If it is no zip file, is damaged (also while the caller
            reads it), repeats a name, is encrypted, or is larger than the limit.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive, max_bytes)
            yield archive
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise  # not the file's content, which can only lead to a bad position
        raise FileFormatError(
            f"{path} is not {what}, or is truncated ({error}): write it again."
        ) from error


def _check_members(
    path: pathlib.Path, archive: zipfile.ZipFile, max_bytes: int
) -> None:
    """Raise for members that repeat, are encrypted, or are too large together."""
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if total > max_bytes:
        raise FileFormatError(
            f"{path} declares {total} bytes of content; at most {max_bytes} are "
            "allowed: raise `max_bytes` if you trust it."
        )
    if len({member.filename for member in members}) < len(members):
        raise FileFormatError(f"{path} holds two members of one name: write it again.")
    if any(member.flag_bits & 1 for member in members):
        raise FileFormatError(f"{path} is encrypted: decrypt it first.")
