"""Patterns of a list among themselves: in order, and one unit apart."""

import numpy as np
from jaxtyping import Bool, Int, UInt8, UInt64

SEED = 0x5EED
PLACES, MOST_PLACES = 64, 2**26
"""Places of the table for each pattern, and in all."""
AT_ONCE, NEAR = 4096, 256
"""Patterns whose sums are taken at once, and whose neighbors are looked up at once: the
places of these stay near the processor."""


class Members:
    """Looks up patterns by the sum of random numbers, one for each unit that is on.

    (Zobrist hashing.) Whatever the numbers say is confirmed on the patterns themselves.
    """

    def __init__(self, patterns: UInt8[np.ndarray, "regions bytes"], num_bits: int):
        self._patterns = patterns
        rng = np.random.default_rng(SEED)
        self._keys = rng.integers(0, 2**64, num_bits, np.uint64)
        self._sums = _sums(patterns, self._keys)
        self._order = np.argsort(self._sums)
        self._sorted = self._sums[self._order]
        size = min(max(PLACES * len(patterns), 1), MOST_PLACES)
        mask = np.uint64((1 << size.bit_length()) - 1)
        self._places = (self._sums & mask).astype(np.int64)
        self._steps = (self._keys & mask).astype(np.int64)
        self._table = np.zeros(int(mask) + 1, bool)
        self._table[self._places] = True

    def flips(self, regions: Int[np.ndarray, " some"]) -> Bool[np.ndarray, "some bits"]:
        """Whether a region's pattern with one unit changed is a member, unit by unit.

        Of members with one sum, which chance hardly allows, a single one is found.
        """
        found = np.empty((len(regions), len(self._steps)), bool)
        places = self._places[regions]
        for k in range(0, len(regions), NEAR):
            own = places[k : k + NEAR, None] ^ self._steps
            self._table.take(own, out=found[k : k + NEAR], mode="wrap")
        row, bit = true_entries(found)
        wanted = self._sums[regions[row]] ^ self._keys[bit]
        place = np.searchsorted(self._sorted, wanted)
        place = np.minimum(place, len(self._sorted) - 1)
        same = self._sorted[place] == wanted
        row, bit, other = row[same], bit[same], self._order[place[same]]
        found[:] = False
        apart = self._patterns[regions[row]] ^ self._patterns[other]
        apart[np.arange(len(row)), bit // 8] ^= np.left_shift(1, bit % 8).astype("u1")
        found[row, bit] = ~apart.any(1)
        return found


def true_entries(
    table: Bool[np.ndarray, "rows columns"],
) -> tuple[Int[np.ndarray, " some"], Int[np.ndarray, " some"]]:
    """Rows and columns that hold true: `np.nonzero`, which takes ten times as long."""
    row, column = np.divmod(np.flatnonzero(table), max(table.shape[1], 1))
    return row, column


def sorted_order(
    patterns: UInt8[np.ndarray, "regions bytes"],
) -> Int[np.ndarray, " regions"]:
    """The order of patterns, earlier units first."""
    if not patterns.shape[1]:
        return np.arange(len(patterns))
    first_highest = np.packbits(np.unpackbits(patterns, axis=1, bitorder="little"), 1)
    return np.lexsort(first_highest.T[::-1])


def _sums(
    patterns: UInt8[np.ndarray, "regions bytes"], keys: UInt64[np.ndarray, " bits"]
) -> UInt64[np.ndarray, " regions"]:
    """The sum, without carrying, of the keys of the units that are on."""
    count, size = patterns.shape
    values = np.unpackbits(
        np.arange(256, dtype=np.uint8)[:, None], 1, bitorder="little"
    )
    padded = np.zeros((size, 1, 8), np.uint64)
    padded.reshape(-1)[: len(keys)] = keys
    tables = np.bitwise_xor.reduce(values * padded, axis=2)
    return np.concatenate(
        [
            np.bitwise_xor.reduce(tables[np.arange(size), patterns[k : k + AT_ONCE]], 1)
            for k in range(0, max(count, 1), AT_ONCE)
        ]
    )
