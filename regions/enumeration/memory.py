"""How much memory this process has, and how much there is for it."""

import os
import pathlib

STATM = pathlib.Path("/proc/self/statm")
MEMINFO = pathlib.Path("/proc/meminfo")
CGROUP = pathlib.Path("/sys/fs/cgroup")


def resident_bytes() -> int:
    """Bytes of memory that this process holds now; at its peak where that is unknown.

    Systems without /proc only tell the peak, in kilobytes (in bytes on macOS).
    """
    try:
        pages = int(STATM.read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return _peak_bytes()
    return pages * os.sysconf("SC_PAGE_SIZE")


def _peak_bytes() -> int:
    """Bytes that this process held at most; 0 where the system does not tell."""
    try:
        import resource
        import sys
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def available_bytes() -> int | None:
    """Bytes that this process can still get; None where the system does not tell.

    The least of what the machine has free and what its control group allows.
    """
    found = [n for n in (_machine_bytes(), _group_bytes()) if n is not None]
    return min(found, default=None)


def _machine_bytes() -> int | None:
    """Bytes that the machine can give; all that it has where no more is known."""
    try:
        for line in MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None


def _group_bytes() -> int | None:
    """Bytes that the control group of this process leaves, as in a container."""
    try:
        limit = (CGROUP / "memory.max").read_text(encoding="ascii")
        used = (CGROUP / "memory.current").read_text(encoding="ascii")
        return max(0, int(limit) - int(used))
    except (OSError, ValueError):
        # No such group, or the word `max` in place of a number.
        return None
