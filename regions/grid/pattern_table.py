"""Numbers for packed patterns: a hash table that believes no hash.

Patterns are found by a 64-bit key, and every lookup compares the packed words with
those stored. Two patterns with one key are a collision: the later one moves to another
key, made from its words by an independent hash (open addressing). Nothing is ever
removed, so that a pattern is found again along the same chain of keys.
"""

import numpy as np
from jaxtyping import Int64, UInt32, UInt64

from regions.patterns.kernel import hash_patterns


class PatternTable:
    """Gives each distinct pattern a number: 0, 1, ... as they come.

    Attributes:
        collisions: Patterns that found their key taken by another pattern.
    """

    def __init__(
        self, words_per_pattern: int, hash_words: UInt32[np.ndarray, "bits lanes"]
    ):
        self.collisions = 0
        self._hash_words = hash_words
        self._keys = np.empty(0, np.uint64)
        self._labels = np.empty(0, np.int64)
        self._words = np.empty((64, words_per_pattern), np.uint32)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def words(self) -> UInt32[np.ndarray, "patterns words"]:
        """The patterns, by number."""
        return self._words[: len(self)]

    @property
    def index(
        self,
    ) -> tuple[UInt64[np.ndarray, " patterns"], Int64[np.ndarray, " patterns"]]:
        """The keys, sorted, and the number of the pattern of each."""
        return self._keys, self._labels

    def locate(
        self, words: UInt32[np.ndarray, "patterns words"]
    ) -> Int64[np.ndarray, " patterns"]:
        """The number of each pattern; patterns not seen before are added."""
        lanes = hash_patterns(words, self._hash_words).astype(np.uint64)
        keys = (lanes[:, 0] << np.uint64(32)) | lanes[:, 1]
        labels = np.empty(len(words), np.int64)
        rows, attempt = np.arange(len(words)), 0
        while len(rows):
            before = len(self)
            labels[rows] = self._owners(keys[rows], words[rows])
            self.collisions += (len(self) - before) * (attempt > 0)
            same = (self._words[labels[rows]] == words[rows]).all(1)
            rows, attempt = rows[~same], attempt + 1
            keys[rows] = _rehash(keys[rows], words[rows], attempt)
        return labels

    def _owners(
        self,
        keys: UInt64[np.ndarray, " patterns"],
        words: UInt32[np.ndarray, "patterns words"],
    ) -> Int64[np.ndarray, " patterns"]:
        """Numbers of the patterns that own the keys.

        A free key goes to the first pattern in order that asks for it.
        """
        distinct, first, inverse = np.unique(
            keys, return_index=True, return_inverse=True
        )
        slots = np.searchsorted(self._keys, distinct)
        taken = np.zeros(len(distinct), bool)
        inside = slots < len(self)
        taken[inside] = self._keys[slots[inside]] == distinct[inside]
        owners = np.empty(len(distinct), np.int64)
        owners[taken] = self._labels[slots[taken]]
        free = np.flatnonzero(~taken)
        order = np.argsort(first[free])
        owners[free[order]] = len(self) + np.arange(len(free))
        self._append(words[first[free[order]]])
        self._keys = np.insert(self._keys, slots[free], distinct[free])
        self._labels = np.insert(self._labels, slots[free], owners[free])
        return owners[inverse.reshape(-1)]

    def _append(self, words: UInt32[np.ndarray, "new words"]) -> None:
        """Store the words of the next patterns, doubling the room when it is full."""
        needed = len(self) + len(words)
        if needed > len(self._words):
            grown = np.empty((2 * needed, self._words.shape[1]), np.uint32)
            grown[: len(self)] = self.words
            self._words = grown
        self._words[len(self) : needed] = words


def _rehash(
    keys: UInt64[np.ndarray, " patterns"],
    words: UInt32[np.ndarray, "patterns words"],
    attempt: int,
) -> UInt64[np.ndarray, " patterns"]:
    """Other keys for the patterns, by multipliers that differ for each attempt."""
    rng = np.random.default_rng(attempt)
    odd = rng.integers(0, 2**64, words.shape[1] + 2, dtype=np.uint64) | np.uint64(1)
    # The constant moves even the pattern of no bits, whose words and key are zero.
    mixed = keys * odd[-1] + (words * odd[:-2]).sum(1, dtype=np.uint64) + odd[-2]
    return (mixed ^ (mixed >> np.uint64(29))) * odd[-1]
