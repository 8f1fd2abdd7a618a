"""Memory that is used again: touching new memory costs more than the work on it.

A thread that counts one part after another takes the memory of the last one again,
once nobody else holds an array in it.
"""

import contextlib
import math
import mmap
import sys
import threading
from collections.abc import Iterator

import numpy as np

SMALL = 1 << 18
"""Arrays of fewer bytes are not worth it."""
LARGE = 1 << 25
"""Arrays of more bytes are not kept by the allocator, but given back and cleared."""


class _Memory(threading.local):
    """Blocks of bytes that this thread uses again; None if it does not."""

    blocks: list[np.ndarray] | None = None


_memory = _Memory()


def reuse_memory() -> None:
    """From now on, this thread uses the memory of arrays again until it ends."""
    if _memory.blocks is None:
        _memory.blocks = []


@contextlib.contextmanager
def reused_memory() -> Iterator[None]:
    """What runs inside, in this thread, uses the memory of arrays again."""
    before = _memory.blocks
    reuse_memory()
    try:
        yield
    finally:
        _memory.blocks = before


def allocate(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array whose entries are still to be written."""
    size = math.prod(shape) * dtype.itemsize
    if size < SMALL:
        return np.empty(shape, dtype)
    blocks = _memory.blocks
    raw = _bytes(size) if blocks is None else _block(blocks, size)
    return raw[:size].view(dtype).reshape(shape)


def _bytes(size: int) -> np.ndarray:
    """So many bytes; many of them page by page, as they are touched.

    NumPy would ask for pages of 2 MB, which take longer to clear than they save where
    there is more room than is used.
    """
    if size < LARGE:
        return np.empty(size, np.uint8)
    return np.frombuffer(mmap.mmap(-1, size), np.uint8)


def _block(blocks: list[np.ndarray], size: int) -> np.ndarray:
    """The smallest free block of at least so many bytes, or a new one."""
    # Held by the list and by the argument: any array in it would hold it, too.
    free = [k for k in range(len(blocks)) if sys.getrefcount(blocks[k]) == 2]
    fitting = [k for k in free if blocks[k].nbytes >= size]
    if fitting:
        return blocks[min(fitting, key=lambda k: blocks[k].nbytes)]
    if free:
        # In the place of one that is too small.
        del blocks[max(free, key=lambda k: blocks[k].nbytes)]
    blocks.append(_bytes(size))
    return blocks[-1]
