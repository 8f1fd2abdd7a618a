"""Which facets of two regions are the same, and which of their corners.

A corner of a region is the one point where the facets through it meet. Two regions that
share a facet see the same units vanish on it, as deeper units are continuous; so
corners of both through which the same rows lead as facets are the same point. Where a
corner is on more rows than it has to be, the two regions may keep others of them.

There, and where several units vanish on a facet, positions decide by elimination: each
facet in the interior has a partner, and each of its corners a twin. Where only one
candidate is near enough, given the bounds of all positions, it is that one. Else
rational coordinates decide.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, UInt64

from regions.enumeration.cells.drawing import Rings
from regions.enumeration.cells.space.exact import ExactCorners
from regions.enumeration.cells.space.state import Leaves
from regions.topology.corners import NONE
from regions.topology.ragged import ranges

SEED = 0xC0_27E5


class Facets(NamedTuple):
    """Facets of all regions with their corners, and rows of the corners.

    Attributes:
        region: Region of each facet.
        row: Its row.
        offsets: Where the corners of each facet start.
        corners: Corners of the facets, ascending in each.
    """

    region: Int[np.ndarray, " facets"]
    row: Int[np.ndarray, " facets"]
    offsets: Int[np.ndarray, " facets_plus_1"]
    corners: Int[np.ndarray, " incidences"]

    def corners_of(self, facet: int) -> list[int]:
        """The corners of one facet."""
        return self.corners[self.offsets[facet] : self.offsets[facet + 1]].tolist()


class Places(NamedTuple):
    """Positions of all corners, and bounds of what they are off by.

    Attributes:
        points: Positions in chart coordinates.
        errors: Bounds, in every coordinate.
    """

    points: Float64[np.ndarray, "corners dim"]
    errors: Float64[np.ndarray, " corners"]


class ExactPlaces:
    """Rational coordinates of corners that are numbered over all chunks."""

    def __init__(self, corners: ExactCorners, chunks: list[Leaves]):
        self.corners = corners
        self._chunks = chunks
        self._first = np.cumsum([0, *(len(chunk.reach) for chunk in chunks)])
        self._known: dict[int, tuple[int, ...]] = {}

    def homogeneous(self, corner: int) -> tuple[int, ...]:
        """A corner as coprime integers over the last of them, which is positive."""
        if corner not in self._known:
            number = int(np.searchsorted(self._first, corner, side="right")) - 1
            chunk, q = self._chunks[number], corner - int(self._first[number])
            region = int(np.searchsorted(chunk.end, q, side="right"))
            point = self.corners.leaf_corner(chunk, region, q)
            self._known[corner] = tuple(point)
        return self._known[corner]

    def point(self, corner: int) -> tuple[Fraction, ...]:
        """The chart coordinates of a corner."""
        *point, over = self.homogeneous(corner)
        return tuple(Fraction(v, over) for v in point)


def match_facets(
    facets: Facets,
    rings: Rings,
    partner: Int[np.ndarray, " facets"],
    places: Places,
    exact: ExactPlaces,
) -> None:
    """Write the partners of facets that are left, on which several units vanish."""
    left = np.flatnonzero((rings.bit != NONE) & (partner == NONE))
    one, other = _nearest_pairs(facets, left, places)
    partner[one], partner[other] = other, one
    seen: dict[frozenset[tuple[int, ...]], int] = {}
    for facet in left[partner[left] == NONE].tolist():
        corners = frozenset(exact.homogeneous(q) for q in facets.corners_of(facet))
        twin = seen.pop(corners, NONE)
        if twin == NONE:
            seen[corners] = facet
        else:
            partner[facet], partner[twin] = twin, facet
    assert not seen, f"{len(seen)} facets of regions have no other side"


def _nearest_pairs(
    facets: Facets, left: Int[np.ndarray, " some"], places: Places
) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """Facets that have only each other as candidates, by the means of their corners."""
    from scipy.spatial import KDTree

    none = np.zeros(0, np.int64)
    if not len(left):
        return none, none
    sizes = np.diff(facets.offsets)[left]
    starts = np.cumsum(sizes) - sizes
    corners = facets.corners[np.repeat(facets.offsets[left], sizes) + ranges(sizes)]
    means = np.add.reduceat(places.points[corners], starts, axis=0) / sizes[:, None]
    # Equal facets have equal means, up to the errors of the corners and of the sums.
    rounding = 4.0 * np.finfo(float).eps * sizes.max() * np.abs(places.points).max()
    reach = 2.0 * (places.errors[corners].max() + rounding)
    if not np.isfinite(reach):
        return none, none
    pairs = KDTree(means).query_pairs(1.001 * reach, p=np.inf, output_type="ndarray")
    degree = np.bincount(pairs.ravel(), minlength=len(left))
    alone = pairs[(degree[pairs] == 1).all(1)]
    return left[alone[:, 0]], left[alone[:, 1]]


def same_vertices(
    facets: Facets,
    partner: Int[np.ndarray, " facets"],
    places: Places,
    exact: ExactPlaces,
) -> Int[np.ndarray, " corners"]:
    """The vertex that each corner is: corners of shared facets are matched."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    num_corners = len(places.points)
    sizes = np.diff(facets.offsets)
    facet = np.repeat(np.arange(len(sizes)), sizes)
    rows = _RowsOfCorners(facets.corners, facets.row[facet], num_corners)
    # Corners of each facet in the order of their keys: those of partners side by side.
    ordered = facets.corners[np.lexsort((rows.keys[facets.corners], facet))]
    mine = np.flatnonzero((partner != NONE) & (np.arange(len(partner)) < partner))
    assert (sizes[mine] == sizes[partner[mine]]).all()
    within = ranges(sizes[mine])
    one = ordered[np.repeat(facets.offsets[mine], sizes[mine]) + within]
    other = ordered[np.repeat(facets.offsets[partner[mine]], sizes[mine]) + within]
    same = rows.are_equal(one, other)
    # One corner that is left open leaves its whole facet to positions.
    is_open = np.zeros(len(partner), bool)
    is_open[np.repeat(mine, sizes[mine])[~same]] = True
    pairs = [np.stack([one[same], other[same]], 1)]
    for number in np.flatnonzero(is_open).tolist():
        twin = facets.corners_of(int(partner[number]))
        pairs.append(_match_corners(facets.corners_of(number), twin, places, exact))
    a, b = np.concatenate(pairs).T
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), (num_corners, num_corners))
    return connected_components(graph, directed=False)[1]


class _RowsOfCorners:
    """The rows of the facets through each corner."""

    def __init__(
        self,
        corners: Int[np.ndarray, " incidences"],
        rows: Int[np.ndarray, " incidences"],
        num_corners: int,
    ):
        order = np.lexsort((rows, corners))
        self._rows = rows[order]
        self._sizes = np.bincount(corners, minlength=num_corners)
        self._starts = np.cumsum(self._sizes) - self._sizes
        rng = np.random.default_rng(SEED)
        words = rng.integers(0, 2**64, int(rows.max()) + 1, np.uint64)
        self.keys: UInt64[np.ndarray, " corners"] = np.add.reduceat(
            words[self._rows], self._starts
        )

    def are_equal(
        self, one: Int[np.ndarray, " pairs"], other: Int[np.ndarray, " pairs"]
    ) -> Bool[np.ndarray, " pairs"]:
        """Whether the same rows lead through two corners."""
        same = self._sizes[one] == self._sizes[other]
        a, b = one[same], other[same]
        sizes = self._sizes[a]
        within = ranges(sizes)
        left = self._rows[np.repeat(self._starts[a], sizes) + within]
        right = self._rows[np.repeat(self._starts[b], sizes) + within]
        differ = np.repeat(np.flatnonzero(same), sizes)[left != right]
        same[differ] = False
        return same


def _match_corners(
    mine: list[int], twin: list[int], places: Places, exact: ExactPlaces
) -> Int[np.ndarray, "pairs 2"]:
    """Pairs of equal corners of a facet and its partner."""
    gap = np.abs(places.points[mine][:, None] - places.points[twin][None]).max(2)
    reach = places.errors[mine][:, None] + places.errors[twin][None]
    # Not more than so far apart, or nothing is known.
    near = ~(gap > 1.001 * reach)
    if (near.sum(0) == 1).all() and (near.sum(1) == 1).all():
        return np.stack([np.array(mine), np.array(twin)[near.argmax(1)]], 1)
    known = {exact.homogeneous(q): q for q in twin}
    return np.array([(q, known[exact.homogeneous(q)]) for q in mine])
