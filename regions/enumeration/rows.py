"""Arrays that grow at the end."""

import numpy as np


class Rows:
    """An array with amortised appends; `view` is the part in use."""

    __slots__ = ("_buffer", "_length")

    def __init__(self, rows: np.ndarray):
        self._length = len(rows)
        self._buffer = np.array(rows, order="C")

    def __len__(self) -> int:
        return self._length

    @property
    def view(self) -> np.ndarray:
        """The rows in use, contiguous and writable; stale after an append."""
        return self._buffer[: self._length]

    def append(self, rows: np.ndarray) -> None:
        """Add rows at the end."""
        end = self._length + len(rows)
        if end > len(self._buffer):
            capacity = max(end, len(self._buffer) + len(self._buffer) // 2, 64)
            bigger = np.empty((capacity, *self._buffer.shape[1:]), self._buffer.dtype)
            bigger[: self._length] = self.view
            self._buffer = bigger
        self._buffer[self._length : end] = rows
        self._length = end
