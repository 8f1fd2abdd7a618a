"""Betti numbers by deletion and restriction in compiled loops."""

from collections.abc import Callable, Sequence

import numpy as np
from flint import fmpz_mat

from regions.enumeration.restriction import field
from regions.enumeration.restriction.hyperplanes import Row, minor_bound

QUOTA = 1 << 22
"""Entries of traces between two questions whether to stop: some 20 ms."""
MAX_CLAIMS = 1 << 16


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
        room = 0 if self._exact else MAX_CLAIMS + count
        claims = np.zeros((room, self._rank + 3), np.int64)
        level, status = (0 if self._rank > 1 else -1), field.PAUSED
        while status != field.DONE:
            if stop():
                return
            before = self._betti.copy()
            status, level, found = field.advance(
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
            self._check(claims[:found], before)
            self.done = (int(self._index[0]) / max(count, 1)) ** self._rank
            tell(self.done)
        self.complete = True

    def _check(self, claims: np.ndarray, before: np.ndarray) -> None:
        """Prove dependences in integers; what is not proved is not counted."""
        self.claims += len(claims)
        proved = self.claims <= MAX_CLAIMS and all(map(self._holds, claims.tolist()))
        if not proved:
            self._betti[:] = before
            raise UnprovedError

    def _holds(self, claim: list[int]) -> bool:
        """Whether two hyperplanes have one trace on a flat, or one is parallel."""
        one, two, *rest = claim
        flat = [self._rows[k] for k in rest if k != field.EMPTY]
        if two == field.EMPTY:
            return _rank([row[:-1] for row in [*flat, self._rows[one]]]) == len(flat)
        both = [*flat, self._rows[one], self._rows[two]]
        return _rank(both) == len(flat) + 1


def _rank(rows: Sequence[Row]) -> int:
    """Rank of integer rows."""
    return fmpz_mat(len(rows), len(rows[0]), [v for row in rows for v in row]).rank()


def residues(rows: Sequence[Row]) -> np.ndarray:
    """The rows modulo the prime, times what makes their first nonzero entry 1."""
    result = []
    for row in rows:
        head = next(v for v in row if v)
        scale = pow(head, -1, field.PRIME)
        result.append([v * scale % field.PRIME for v in row])
    return np.array(result, np.uint64)
