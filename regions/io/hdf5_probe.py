"""Read all of an HDF5 file from the standard input, in a process of its own.

The HDF5 library loops without end on some damaged files, and takes any amount of memory
for some texts; no thread or signal reaches into it. Whoever wants to read a stranger's
file lets this program try first, under limits of processor time and memory:
`python hdf5_probe.py SECONDS BYTES < file`.
"""

import io
import pathlib
import re
import resource
import sys
from typing import Any

TOO_LARGE = 3
"""Exit code if the file takes more memory than is allowed."""

_DEPTH = 16


def _visit(h5py: Any, group: Any, depth: int) -> None:
    """Ask for every attribute and every array below a group."""
    for name in group.attrs:
        _try(lambda name=name: group.attrs[name])
    for key in group:
        _try(lambda key=key: _visit_member(h5py, group, key, depth))


def _visit_member(h5py: Any, group: Any, key: str, depth: int) -> None:
    """Ask for one member, if it is really there."""
    if not isinstance(group.get(key, getlink=True), h5py.HardLink):
        return
    member = group[key]
    if isinstance(member, h5py.Group):
        if depth < _DEPTH:
            _visit(h5py, member, depth + 1)
    elif not (member.external or member.is_virtual):
        member[()]


def _try(action: Any) -> None:
    """Do something that may fail, but for want of memory.

    Raises:
        MemoryError: If that is why it failed.
    """
    try:
        action()
    except MemoryError:
        raise
    except Exception as error:
        if "alloc" in str(error):
            raise MemoryError from error


def _limit_memory(size: int) -> None:
    """Let this process take so much more, where the system can say what it has."""
    status = pathlib.Path("/proc/self/status")
    found = (
        re.search(r"VmData:\s+(\d+) kB", status.read_text())
        if status.exists()
        else None
    )
    if found is not None:
        limit = 1024 * int(found[1]) + size
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def main() -> int:
    """Read the file; its exit code or a signal says what is wrong with it."""
    seconds, size = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    import h5py  # under the limit, too

    content = io.BytesIO(sys.stdin.buffer.read())
    _limit_memory(size)

    def read() -> None:
        with h5py.File(content, "r") as file:
            _visit(h5py, file, 0)

    try:
        _try(read)
    except MemoryError:
        return TOO_LARGE
    return 0


if __name__ == "__main__":
    sys.exit(main())
