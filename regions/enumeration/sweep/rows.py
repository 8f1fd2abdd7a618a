"""Arrays that grow at the end."""

import numpy as np

from regions.enumeration.reused_memory import allocate


class Rows:
    """An array with amortised appends; `view` is the part in use."""

    __slots__ = ("_buffer", "_length")

    def __init__(self, rows: np.ndarray, room: int = 0):
        """Start with a copy of some rows.

        Args:
            rows: The rows.
            room: Rows to make room for; memory that is never used costs nothing.
        """
        self._length = len(rows)
        capacity = max(room, len(rows))
        self._buffer = allocate((capacity, *rows.shape[1:]), rows.dtype)
        self._buffer[: len(rows)] = rows

    @classmethod
    def empty(
        cls, length: int, shape: tuple[int, ...], dtype: type, room: int = 0
    ) -> "Rows":
        """Rows whose entries are still to be written."""
        rows = cls(np.empty((0, *shape), dtype), max(room, length))
        rows.extend(length)
        return rows

    def __len__(self) -> int:
        return self._length

    @property
    def view(self) -> np.ndarray:
        """The rows in use, contiguous and writable; stale after an append."""
        return self._buffer[: self._length]

    @property
    def buffer(self) -> np.ndarray:
        """All rows there is room for; stale after `reserve` and `append`."""
        return self._buffer

    def append(self, rows: np.ndarray) -> None:
        """Add rows at the end."""
        start = self._length
        self.extend(start + len(rows))
        self._buffer[start:][: len(rows)] = rows

    def extend(self, length: int) -> None:
        """Make `length` rows the ones in use; new ones are still to be written."""
        self.reserve(length)
        self._length = length

    def reserve(self, length: int) -> None:
        """Make room for `length` rows."""
        if length > len(self._buffer):
            capacity = max(length, len(self._buffer) + len(self._buffer) // 2, 64)
            shape = (capacity, *self._buffer.shape[1:])
            bigger = allocate(shape, self._buffer.dtype)
            bigger[: self._length] = self.view
            self._buffer = bigger
