"""Zip archives from strangers: sizes are compared with a limit before reading."""

import contextlib
import io
import pathlib
import zipfile
from collections.abc import Iterator

from regions.errors import FileFormatError
from regions.files.reading import check_size, reading

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Compressions that need no memory of their own; a header of LZMA asks for 4 GB."""


@contextlib.contextmanager
def open_archive(
    path: pathlib.Path | str,
    what: str,
    max_bytes: int,
    *,
    content: bytes | None = None,
) -> Iterator[zipfile.ZipFile]:
    """An open zip file whose members together declare at most `max_bytes`.

    A member that inflates beyond its declared size fails its checksum, so the
    declared sizes can be trusted as limits.

    Args:
        path: The file.
        what: What the file should be, for messages, e.g. `"an .npz file"`.
        max_bytes: Limit of the sum of the uncompressed sizes.
        content: The archive itself, if it lies inside another file; then `path` is
            its name in messages.

    Raises:
        FileFormatError: If it is no zip file, is damaged (also while the caller
            reads it), repeats a name, is encrypted, or is larger than the limit.
    """
    # Opened here, since zipfile leaves the file open when the archive is damaged.
    with (
        reading(path, what, "write it again"),
        _source(path, content) as file,
        zipfile.ZipFile(file) as archive,
    ):
        _check_members(path, archive, max_bytes)
        yield archive


def _source(path: pathlib.Path | str, content: bytes | None) -> io.BufferedIOBase:
    """The bytes of an archive."""
    return pathlib.Path(path).open("rb") if content is None else io.BytesIO(content)


def _check_members(
    path: pathlib.Path | str, archive: zipfile.ZipFile, max_bytes: int
) -> None:
    """Raise for members that repeat, are encrypted, or are too large together."""
    members = archive.infolist()
    check_size(path, sum(member.file_size for member in members), max_bytes)
    if len({member.filename for member in members}) < len(members):
        raise FileFormatError(f"{path} holds two members of one name: write it again.")
    if any(member.flag_bits & 1 for member in members):
        raise FileFormatError(f"{path} is encrypted: decrypt it first.")
    odd = [m.compress_type for m in members if m.compress_type not in _METHODS]
    if odd:
        raise FileFormatError(
            f"{path} is compressed by method {odd[0]} of zip; none or deflate is "
            "required: write it again."
        )
