"""Arrays that grow at the end."""

import numpy as np


class Rows:
    """An array with amortised appends; `view` is the part in use."""

    __slots__ = ("_buffer", "_length")

    def __init__(self, rows: np.ndarray):
        self._length = len(rows)
        self._buffer = np.array(rows, order="C")

    @classmethod
    def empty(cls, length: int, shape: tuple[int, ...], dtype: type) -> "Rows":
        """Rows whose entries are still to be written."""
        rows = cls(np.empty((0, *shape), dtype))
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
            bigger = np.empty((capacity, *self._buffer.shape[1:]), self._buffer.dtype)
            bigger[: self._length] = self.view
            self._buffer = bigger
