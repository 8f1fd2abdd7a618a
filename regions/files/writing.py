"""Files that are whole or absent: written without a name, then given theirs."""

import contextlib
import errno
import os
import pathlib
import re
from collections.abc import Iterator
from typing import IO, BinaryIO

import numpy as np

from regions.files.numpy_files import ArrayHeader, load_npz
from regions.files.reading import MAX_BYTES

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors of a disk, a quota or a limit of file sizes that is reached."""


@contextlib.contextmanager
def open_atomically(path: str | pathlib.Path) -> Iterator[BinaryIO]:
    """A binary file that takes its name when the block ends without an error.

    Until then it has no name where the system can do that (Linux), so that nothing
    stays behind even of a process that is killed; elsewhere it has a temporary one in
    the same folder. An error leaves an older `path` as it was.

    Raises:
        FileNotFoundError: If the folder does not exist.
        IsADirectoryError: If it is a folder.
        OSError: If there is no room; the message names the file.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the name of a file in it.")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(
            f"{path} cannot be written: the folder {path.parent} does not exist."
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _open_nameless(path, temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not temporary.exists():
                _give_name(file.fileno(), temporary)
        temporary.replace(path)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise OSError(
            error.errno,
            f"{os.strerror(error.errno)}: nothing was written; make room, or write "
            "elsewhere",
            str(path),
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _open_nameless(path: pathlib.Path, temporary: pathlib.Path) -> BinaryIO:
    """A file without a name in the folder of `path`, or the temporary one."""
    flag = getattr(os, "O_TMPFILE", None)
    if flag is not None and os.path.isdir("/proc/self/fd"):
        try:
            handle = os.open(path.absolute().parent, flag | os.O_RDWR, 0o666)
        except OSError as error:
            # File systems without nameless files, NFS say, answer in these ways.
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT):
                raise
        else:
            return os.fdopen(handle, "w+b")
    return temporary.open("wb")


def _give_name(handle: int, path: pathlib.Path) -> None:
    """Link a nameless file; its entry in /proc is the only one that it has."""
    # Only with a handle of a folder, which an absolute name makes void, does Python
    # call what follows that entry to the file.
    os.link(f"/proc/self/fd/{handle}", path, src_dir_fd=handle)


LOCK = ".lock"
"""Name of the file by which a run keeps others out of a folder that takes no lock."""

_LEFT = re.compile(r"\..+\.(\d+)\.tmp")
"""What `open_atomically` calls a file before it is whole; the number is its process."""


def lock(file: IO[bytes] | int, path: pathlib.Path) -> None:
    """Take an open file for this run, until it is closed, or the process ends.

    Does nothing where the system has no such locks.

    Raises:
        BlockingIOError: If another run has it; the error names `path`.
    """
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(
            error.errno,
            "another run is writing there: wait for it, or give another place",
            str(path),
        ) from error


@contextlib.contextmanager
def locked_folder(folder: pathlib.Path) -> Iterator[None]:
    """Keep other runs out of a folder, which is made if it is missing.

    Raises:
        BlockingIOError: If another run has the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            lock(handle, folder)
        except BlockingIOError:
            raise
        except OSError:
            # Windows opens no folders, and NFS locks none. A file of the lock stays:
            # were it removed, two runs could each lock one.
            lock(stack.enter_context((folder / LOCK).open("ab")), folder)
        yield


def remove_left(folder: pathlib.Path) -> None:
    """Remove what killed processes left half-written below a folder of our own."""
    for path in folder.rglob(".*.tmp"):
        match = _LEFT.fullmatch(path.name)
        if match is not None and path.is_file() and not _is_alive(int(match[1])):
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    """Whether there is such a process, as far as can be told."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # it is another user's
    return True


def write_text(path: str | pathlib.Path, text: str) -> None:
    """Write `text` in UTF-8, whole or not at all."""
    with open_atomically(path) as file:
        file.write(text.encode())


def write_arrays(path: str | pathlib.Path, **arrays: np.ndarray) -> None:
    """Write named arrays as a compressed `.npz`, whole or not at all."""
    with open_atomically(path) as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def read_arrays(path: str | pathlib.Path) -> dict[str, np.ndarray]:
    """What `write_arrays` wrote, by name; texts, too.

    Raises:
        FileFormatError: If the file is damaged.
    """
    found = load_npz(
        path,
        max_bytes=MAX_BYTES,
        accept=_accept_plain,
        advice="remove it, and run again with --force",
    )
    return {name: array.copy() for name, array in found.items()}


def _accept_plain(name: str, header: ArrayHeader) -> None:
    """Raise for an array of objects, which would have to be unpickled."""
    if header.dtype.hasobject:
        raise ValueError(f"{name} is an array of objects")
