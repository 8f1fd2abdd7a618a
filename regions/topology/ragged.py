"""Lists of different lengths, one after another in one array."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int


def ranges(sizes: Int[np.ndarray, " lists"]) -> Int[np.ndarray, " entries"]:
    """0, 1, ... up to each size, one range after another.

    Example:
        >>> ranges(np.array([2, 0, 3]))
        array([0, 1, 0, 1, 2])
    """
    ends = np.cumsum(sizes)
    return np.arange(int(sizes.sum())) - np.repeat(ends - sizes, sizes)


class Ragged(NamedTuple):
    """Lists of numbers.

    Attributes:
        offsets: List k is `items[offsets[k]:offsets[k + 1]]`.
        items: All entries.
    """

    offsets: Int[np.ndarray, " lists_plus_1"]
    items: Int[np.ndarray, " entries"]

    @classmethod
    def of_sizes(
        cls, sizes: Int[np.ndarray, " lists"], items: Int[np.ndarray, " entries"]
    ) -> "Ragged":
        """Lists of these sizes."""
        return cls(np.concatenate([[0], np.cumsum(sizes)]), items)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> Int[np.ndarray, " lists"]:
        """Length of each list."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> Int[np.ndarray, " entries"]:
        """In which list each entry is."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def row(self, index: int) -> Int[np.ndarray, " entries"]:
        """One list."""
        return self.items[self.offsets[index] : self.offsets[index + 1]]

    def take(self, lists: Int[np.ndarray, " some"]) -> "Ragged":
        """Some of the lists."""
        sizes = self.sizes[lists]
        places = np.repeat(self.offsets[lists], sizes) + ranges(sizes)
        return Ragged.of_sizes(sizes, self.items[places])

    def any_in(self, marked: Bool[np.ndarray, " values"]) -> Bool[np.ndarray, " lists"]:
        """Which lists hold a marked number."""
        found = np.zeros(len(self), bool)
        found[self.owner[marked[self.items]]] = True
        return found
