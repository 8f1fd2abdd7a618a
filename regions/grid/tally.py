"""What is known of each pattern while a grid streams by."""

import numpy as np
from jaxtyping import Int64

NEVER = np.iinfo(np.int64).max
"""First point of a label that was not met."""


class Tally:
    """Points, first point and longest run of each label.

    Attributes:
        points: Number of grid points of each label.
        first: The first of them.
        longest: Points in the longest run of it.
        witness: The point in the middle of that run.
    """

    def __init__(self):
        self.points = np.empty(0, np.int64)
        self.first = np.empty(0, np.int64)
        self.longest = np.empty(0, np.int64)
        self.witness = np.empty(0, np.int64)

    def _grow(self, size: int) -> None:
        """Make room for the labels that are new."""
        zeros = np.zeros(size - len(self.points), np.int64)
        self.points = np.append(self.points, zeros)
        self.first = np.append(self.first, zeros + NEVER)
        self.longest = np.append(self.longest, zeros)
        self.witness = np.append(self.witness, zeros)

    def add(
        self,
        found: Int64[np.ndarray, " runs"],
        begins: Int64[np.ndarray, " runs"],
        lengths: Int64[np.ndarray, " runs"],
        size: int,
    ) -> None:
        """Count runs of label `found`, from grid point `begins` on.

        Args:
            found: Label of each run.
            begins: First grid point of each run, in order.
            lengths: Points of each run.
            size: Number of labels so far.
        """
        self._grow(size)
        seen, first = np.unique(found, return_index=True)
        self.first[seen] = np.minimum(self.first[seen], begins[first])
        np.add.at(self.points, found, lengths)
        by_length = np.argsort(-lengths, kind="stable")
        seen, best = np.unique(found[by_length], return_index=True)
        best = by_length[best]
        self._keep_longest(seen, lengths[best], begins[best] + lengths[best] // 2)

    def add_tally(
        self, found: Int64[np.ndarray, " labels"], other: "Tally", size: int
    ) -> None:
        """Count what another tally knows of later points.

        Args:
            found: Label here of each label there.
            other: The other tally.
            size: Number of labels so far.
        """
        self._grow(size)
        self.points[found] += other.points
        self.first[found] = np.minimum(self.first[found], other.first)
        self._keep_longest(found, other.longest, other.witness)

    def _keep_longest(
        self, labels: np.ndarray, lengths: np.ndarray, witnesses: np.ndarray
    ) -> None:
        """Take longer runs of distinct labels; the first of equal ones stays."""
        longer = lengths > self.longest[labels]
        self.longest[labels[longer]] = lengths[longer]
        self.witness[labels[longer]] = witnesses[longer]

    def to_array(self) -> Int64[np.ndarray, "labels 4"]:
        """All of it as one table."""
        return np.stack([self.points, self.first, self.longest, self.witness], 1)

    @classmethod
    def from_array(cls, table: Int64[np.ndarray, "labels 4"]) -> "Tally":
        """What `to_array` gave."""
        tally = cls()
        tally.points, tally.first, tally.longest, tally.witness = table.T
        return tally
