"""Labels of the points of a grid on a plane, proved at the ends of their runs.

A region meets a line in an interval, so it holds a run of points if it holds both ends.
An end of which it is not known already is decided by the exact signs of all units, and
so is every point that seems to be in no region.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64, UInt8

from regions.domains.shapes import Box
from regions.grid.kernel import Axes
from regions.patterns.packing import pack_bits
from regions.results.region_set import RegionSet
from regions.signs.predicate import Predicate

NO_REGION = -1
"""Label of a point where boundaries meet, if its pattern is that of no region."""

_PATIENCE = 4
"""Rounds in which only the ends of a run are looked at again, not all of it."""


def prove_labels(
    labels: Int32[np.ndarray, "x y"],
    known: Bool[np.ndarray, "x y"],
    found: RegionSet,
    box: Box,
    axes: Axes,
) -> None:
    """Put the labels right, in place, until both ends of every run are proved."""
    finder = _PatternFinder(found, box)
    known, flat = known.reshape(-1), labels.reshape(-1)
    rounds = 0
    while len(open_ := open_points(labels, known, all_of_run=rounds > _PATIENCE)):
        x, y = np.divmod(open_, len(axes[1]))
        points = np.stack([axes[0][x], axes[1][y]], axis=1)
        flat[open_] = finder.find(points)
        known[open_] = True
        rounds += 1


def open_points(
    labels: Int32[np.ndarray, "x y"],
    known: Bool[np.ndarray, " points"],
    all_of_run: bool,
) -> Int64[np.ndarray, " open"]:
    """Points to decide: unknown ends of runs, or all of the runs that have one.

    What lies between points in no region proves nothing: they are all ends.
    """
    begins = np.ones(labels.shape, bool)
    begins[:, 1:] = labels[:, 1:] != labels[:, :-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:], labels.size) - 1
    if all_of_run:
        doubt = ~(known[first] & known[last])
        inside = np.repeat(doubt, last - first + 1)
        return np.flatnonzero(inside & ~known)
    ends = labels.reshape(-1) == NO_REGION
    ends[first] = ends[last] = True
    return np.flatnonzero(ends & ~known)


class _PatternFinder:
    """The region of a point by its exact pattern."""

    def __init__(self, found: RegionSet, box: Box):
        self._predicate = Predicate(found.network, box)
        self._kinks = found.network.kinks
        self._patterns = found.patterns
        self._index: dict[bytes, int] = {}

    def find(
        self, points: Float64[np.ndarray, "points 2"]
    ) -> Int32[np.ndarray, " points"]:
        """Labels of points."""
        on = self._predicate.signs(points).on[:, self._kinks]
        packed: UInt8[np.ndarray, "points bytes"] = pack_bits(on)
        return np.array([self._label(row.tobytes()) for row in packed], np.int32)

    def _label(self, pattern: bytes) -> int:
        """Index of the region with a packed pattern."""
        if not self._index:
            self._index = {row.tobytes(): i for i, row in enumerate(self._patterns)}
        return self._index.get(pattern, NO_REGION)
