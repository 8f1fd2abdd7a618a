"""Betti numbers by deletion and restriction in compiled loops."""

from collections.abc import Callable, Sequence

import numpy as np

from regions.enumeration.restriction.claims import are_true
from regions.enumeration.restriction.hyperplanes import Row, minor_bound
from regions.enumeration.restriction.kernels import chains, field

QUOTA = 1 << 22
"""Entries of traces between two questions whether to stop: some 20 ms."""
MAX_CLAIMS, CLAIMS_ROOM = 1 << 18, 1 << 13
"""Dependences to prove, at most and at once: some 20 us each."""


class UnprovedError(Exception):
    """Too many dependences modulo the prime to check; never leaves this package."""


class FastChains:
    """What `regions.enumeration.restriction.plain.Chains` does, compiled.

    Attributes:
        betti: Chains found by their length; all of them once `complete`.
        complete: Whether all are counted.
        done: Share of the chains that are counted, roughly.
        claims: How many dependences were checked in integer arithmetic.
    """

    def __init__(self, rows: Sequence[Row], rank: int):
        self.complete = False
        self.done = 0.0
        self.claims = 0
        self._rows, self._rank, count = list(rows), rank, len(rows)
        self._exact = minor_bound(rows) < field.PRIME
        self._betti = np.zeros(rank + 2, np.int64)
        self._betti[:2] = 1, count
        self._levels = np.zeros((rank + 1, max(count, 1), rank + 1), np.uint64)
        self._ids = np.zeros((rank + 1, max(count, 1)), np.int64)
        self._ids[0, :count] = np.arange(count)
        self._counts = np.zeros(rank + 1, np.int64)
        self._index = np.zeros(rank + 1, np.int64)
        self._counts[0], self._index[0] = count, min(1, count)
        if count:
            self._levels[0] = residues(rows)

    @property
    def betti(self) -> list[int]:
        """Chains found by their length."""
        return self._betti[: self._rank + 1].tolist()

    def count(self, stop: Callable[[], bool], tell: Callable[[float], None]) -> None:
        """Count until all is counted or `stop` says so, which is asked often.

        Raises:
            UnprovedError: If dependences modulo the prime are no proof, and too many
                to be checked, or false.
        """
        count = len(self._rows)
        scratch = np.zeros((2, 4 * count + 8), np.int64)
        words = np.zeros(count, np.uint64)
        pairs = np.zeros((count, 2), np.int64)
        room = 0 if self._exact else CLAIMS_ROOM + count
        claims = np.zeros((room, self._rank + 4), np.int64)
        level, status = (0 if self._rank > 1 else -1), field.PAUSED
        while status != field.DONE:
            if stop():
                return
            before = self._betti.copy()
            status, level, found = chains.advance(
                self._levels,
                self._ids,
                self._counts,
                self._index,
                level,
                self._rank,
                self._betti,
                scratch,
                words,
                pairs,
                claims,
                0,
                QUOTA,
            )
            self.claims += found
            if self.claims > MAX_CLAIMS or not are_true(claims[:found], self._rows):
                # What is not proved is not counted.
                self._betti[:] = before
                raise UnprovedError
            self.done = (int(self._index[0]) / max(count, 1)) ** self._rank
            tell(self.done)
        self.complete = True


def residues(rows: Sequence[Row]) -> np.ndarray:
    """The rows modulo the prime, times what makes their first nonzero entry 1."""
    result = []
    for row in rows:
        head = next(v for v in row if v)
        scale = pow(head, -1, field.PRIME)
        result.append([v * scale % field.PRIME for v in row])
    return np.array(result, np.uint64)
