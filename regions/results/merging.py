"""Linear regions: activation regions merged where the network is one affine map.

A linear region is here a maximal connected open set on which the network is one affine
map, with the boundaries inside it taken away: the *open connected regions* of
Stargalla, Hertrich and Reichman (NeurIPS 2025, arXiv 2505.16716). A path in an open set
can avoid faces of codimension 2, so these are the unions of activation regions that are
connected through shared facets and have equal affine maps. Regions of equal maps that
touch only in a smaller face stay apart.

Maps are told apart by their value at a random point modulo primes: different values are
different maps. Equal values are compared again in exact arithmetic. Whether two regions
share a facet comes from the cells of the engine; where it keeps none it is decided by
the regions' exact rows, in regions of equal maps only.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.errors import NotGenericError
from regions.errors.limits import check
from regions.polytopes.facet_sharing import Side, Wall, share_facet
from regions.polytopes.network_rows import NetworkRows
from regions.results.cells import Cells
from regions.results.region_table import RegionTable
from regions.results.remainders import MODULI, Remainders, random_point
from regions.signs.exact import Columns, ExactNetwork

CHUNK_NUMBERS = 1 << 17
"""Entries of an array that is worked on at a time: larger ones leave the cache."""
EXACT_CHUNK = 64


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class LinearRegions:
    """Which activation regions form one linear region.

    Attributes:
        labels: Linear region of each activation region, numbered from 0 in the order
            of their first activation regions.
        count: Number of linear regions.
        complete: Whether all activation regions are there. If not, the count is no
            bound: two linear regions found may be joined by a region that is missing.

    Example:
        >>> LinearRegions(np.array([0, 1, 0]), 2, True).members(0)
        array([0, 2])
    """

    labels: Int[np.ndarray, " regions"]
    count: int
    complete: bool

    def __repr__(self) -> str:
        return f"LinearRegions({self})"

    @property
    def activation_regions(self) -> int:
        """Number of activation regions."""
        return len(self.labels)

    def members(self, region: int) -> Int[np.ndarray, " some"]:
        """The activation regions of one linear region."""
        return np.flatnonzero(self.labels == region)

    def __int__(self) -> int:
        return self.count

    def __str__(self) -> str:
        found = "all of them" if self.complete else "not complete"
        return (
            f"{self.count} linear regions of {self.activation_regions} activation "
            f"regions ({found})"
        )


def merge_linear_regions(regions: RegionTable) -> LinearRegions:
    """Merge activation regions that share a facet and have exactly equal affine maps.

    On a slice the maps are those of the network restricted to it.
    """
    labels, count = connected_parts(regions, _equal_maps(regions))
    return LinearRegions(labels, count, regions.complete)


def connected_parts(
    regions: RegionTable, groups: Int[np.ndarray, " regions"]
) -> tuple[Int[np.ndarray, " regions"], int]:
    """Parts of groups of regions that are connected through shared facets.

    Args:
        regions: The regions.
        groups: A number per region; regions of different groups stay apart.

    Returns:
        The part of each region, numbered from 0 in the order of their first regions,
        and the number of parts.
    """
    if len(np.unique(groups)) == len(regions):
        # All differ.
        return np.arange(len(regions)), len(regions)
    cells = _cells_of(regions)
    if cells is not None:
        pairs = cells.neighbors
        return _parts_of(
            len(regions), pairs[groups[pairs[:, 0]] == groups[pairs[:, 1]]]
        )
    joined = _Components(len(regions))
    _join_neighbors(regions, groups, joined)
    _, first, labels = np.unique(
        [joined.root(k) for k in range(len(regions))],
        return_index=True,
        return_inverse=True,
    )
    rank = np.argsort(np.argsort(first))
    return rank[labels], len(first)


def _cells_of(regions: RegionTable) -> Cells | None:
    """The cells of regions, if they are known or can be made."""
    if not (regions.has_cells or regions.can_make_cells):
        return None
    try:
        return regions.cells
    except NotGenericError:
        # More corners than cells can hold: facets are decided by programs.
        return None


def _parts_of(
    number: int, pairs: Int[np.ndarray, "pairs 2"]
) -> tuple[Int[np.ndarray, " regions"], int]:
    """Connected parts of a graph, numbered in the order of their first members."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(pairs), np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), (number, number))
    count, labels = connected_components(graph, directed=False)
    first = np.unique(labels, return_index=True)[1]
    return np.argsort(np.argsort(first))[labels], int(count)


class _Components:
    """Sets of regions that grow together."""

    def __init__(self, count: int):
        self._parent = list(range(count))

    def root(self, region: int) -> int:
        """The region that stands for the set of a region."""
        parent = self._parent
        while parent[region] != region:
            parent[region] = region = parent[parent[region]]
        return region

    def join(self, a: int, b: int) -> None:
        """Make one set of two."""
        self._parent[self.root(a)] = self.root(b)


def _equal_maps(regions: RegionTable) -> Int[np.ndarray, " regions"]:
    """Groups of regions with exactly equal affine maps, as one number per region."""
    prints = map_fingerprints(regions)
    _, groups, sizes = np.unique(
        prints, axis=0, return_inverse=True, return_counts=True
    )
    groups = groups.reshape(len(regions))
    shared = np.flatnonzero(sizes[groups] > 1)
    numbers: dict[tuple[Any, ...], int] = {}
    result = len(regions) + groups
    for region, key in zip(shared.tolist(), _exact_maps(regions, shared), strict=True):
        result[region] = numbers.setdefault(key, len(numbers))
    return result


def _exact_maps(
    regions: RegionTable, which: Int[np.ndarray, " some"]
) -> Iterator[tuple[Any, ...]]:
    """The affine map of each region as integers over one common denominator."""
    if not len(which):
        return
    rows = NetworkRows(regions.network, regions.domain)
    for start in range(0, len(which), EXACT_CHUNK):
        bits = regions.pattern_bits(which[start : start + EXACT_CHUNK])
        yield from exact_maps(rows.exact, rows.all_bits(bits))


def exact_maps(
    exact: ExactNetwork, bits: Bool[np.ndarray, "regions units"]
) -> Iterator[tuple[Any, ...]]:
    """Affine maps of patterns as integers over one common denominator.

    Args:
        exact: The network, in the chart of its domain.
        bits: A bit for every hidden unit.
    """
    width = exact.dim + 1
    columns = Columns.identity(exact.dim, len(bits))
    # The common power of two is that of the layers, the same for every region.
    numerators, _ = exact.forward(columns, np.repeat(bits, width, axis=0).T)
    for k in range(len(bits)):
        entries = slice(k * width, (k + 1) * width)
        yield tuple(v for row in numerators[-1] for v in row[entries])


def map_fingerprints(
    regions: RegionTable, seed: int = 0
) -> Float64[np.ndarray, "regions moduli"]:
    """A number modulo each of several integers for each region's affine map.

    Equal maps have equal numbers. Different ones differ but for about one pair in 2^60.
    """
    network = regions.network
    rng = np.random.default_rng(seed)
    result = np.empty((len(regions), len(MODULI)))
    step = max(1, CHUNK_NUMBERS // max([1, *network.widths, network.output_dim]))
    for column, modulus in enumerate(MODULI):
        remainders = Remainders(network, modulus)
        point = random_point(regions.domain, modulus, rng)
        mixture = rng.integers(1, modulus, network.output_dim).astype(float)
        for start in range(0, len(regions), step):
            check()
            part = slice(start, start + step)
            values = remainders.outputs(regions.pattern_bits(part), point)
            result[part, column] = remainders.product(values, mixture[None])[:, 0]
    return result


def _join_neighbors(
    regions: RegionTable, groups: Int[np.ndarray, " regions"], joined: _Components
) -> None:
    """Join regions of one group that share a facet, by their exact rows."""
    rows = NetworkRows(regions.network, regions.domain)
    order = np.argsort(groups, kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    for members in np.split(order, cuts):
        if len(members) > 1:
            _join_group(regions, rows, members, joined)


def _join_group(
    regions: RegionTable,
    rows: NetworkRows,
    members: Int[np.ndarray, " some"],
    joined: _Components,
) -> None:
    """Join the regions of one group that share a facet.

    Two regions may share one if they lie on either side of a common hyperplane and
    differ only in units that vanish on it.
    """
    bits, square = regions.pattern_bits(members), regions.domain.squared_radius
    sides = [
        Side.of(rows.integers(full), rows.num_units, _inside(regions, int(member)))
        for full, member in zip(rows.all_bits(bits), members, strict=True)
    ]
    for k, other, wall in _candidates(bits, sides):
        check()
        a, b = int(members[k]), int(members[other])
        if joined.root(a) == joined.root(b):
            continue
        if share_facet(sides[k], sides[other], wall, square):
            joined.join(a, b)


def _candidates(
    bits: Bool[np.ndarray, "some bits"], sides: Sequence[Side]
) -> Iterator[tuple[int, int, Wall]]:
    """Pairs of regions on either side of a wall, that only what vanishes there parts.

    Beside the units of the wall these are units that are zero on all of a region. If
    there are none and the wall has one unit, one pattern alone comes into question.
    """
    number = {row.tobytes(): k for k, row in enumerate(bits)}
    beyond: defaultdict[Wall, list[int]] = defaultdict(list)
    for k, side in enumerate(sides):
        for wall in side.walls:
            beyond[wall].append(k)
    for k, side in enumerate(sides):
        check()
        simple = not side.flat.any()
        for wall, units in side.walls.items():
            opposite = tuple(-v for v in wall)
            if opposite not in beyond:
                continue
            may_differ = side.flat.copy()
            may_differ[list(units)] = True
            if simple and len(units) == 1:
                other = number.get((bits[k] ^ may_differ).tobytes(), k)
                if other != k and opposite in sides[other].walls:
                    yield k, other, wall
                continue
            others = np.array(beyond[opposite], np.int64)
            changed = bits[others] != bits[k]
            for other in others[~(changed & ~may_differ).any(axis=1)].tolist():
                yield k, other, wall


def _inside(regions: RegionTable, region: int) -> tuple[Fraction, ...]:
    """The witness of a region in the chart, exactly."""
    exact = regions.exact_witnesses.get(region)
    if exact is not None:
        return tuple(exact)
    return tuple(Fraction(float(v)) for v in regions.coordinates[region])
