"""Read all of an HDF5 file from the standard input, in a process of its own.

The HDF5 library loops without end on some damaged files, and no thread or signal
reaches into it. Whoever wants to read a stranger's file lets this program try first,
under a limit of processor time: `python hdf5_probe.py SECONDS < file`.
"""

import contextlib
import io
import resource
import sys
from typing import Any

_DEPTH = 16
_LARGEST = 2**26
"""Numbers of an array that is read here."""


def _visit(h5py: Any, group: Any, depth: int) -> None:
    """Ask for every attribute and every array below a group."""
    for name in group.attrs:
        with contextlib.suppress(Exception):
            group.attrs[name]
    for key in group:
        with contextlib.suppress(Exception):
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                continue
            member = group[key]
            if isinstance(member, h5py.Group):
                if depth < _DEPTH:
                    _visit(h5py, member, depth + 1)
            elif not (member.external or member.is_virtual or member.size > _LARGEST):
                member[()]


def main() -> None:
    """Read the file; the exit code does not matter, a signal does."""
    seconds = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    import h5py  # under the limit, too

    content = io.BytesIO(sys.stdin.buffer.read())
    with contextlib.suppress(Exception), h5py.File(content, "r") as file:
        _visit(h5py, file, 0)


if __name__ == "__main__":
    main()
