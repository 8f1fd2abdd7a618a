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

from regions.domains.shapes import Domain
from regions.errors import NotGenericError
from regions.errors.limits import check
from regions.network import ReluNetwork
from regions.polytopes.facet_sharing import Side, Wall, share_facet
from regions.polytopes.network_rows import NetworkRows
from regions.results.cells import Cells
from regions.results.region_table import RegionTable
from regions.signs.exact import Columns, ExactNetwork

MODULI = (2097143, 2097133, 2097131)
"""Odd, below 2^21: products of two fit 42 bits, and 2,048 of them add up in float64."""

TERMS = 2048
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
    exact = ExactNetwork(regions.network, regions.domain)
    rows = NetworkRows(regions.network, regions.domain)
    width = exact.dim + 1
    for start in range(0, len(which), EXACT_CHUNK):
        part = which[start : start + EXACT_CHUNK]
        bits = rows.all_bits(regions.pattern_bits(part))
        columns = Columns.identity(exact.dim, len(part))
        # The common power of two is that of the layers, the same for every region.
        numerators, _ = exact.forward(columns, np.repeat(bits, width, axis=0).T)
        for k in range(len(part)):
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
        remainders = _Remainders(network, modulus)
        point = _random_point(regions.domain, modulus, rng)
        mixture = rng.integers(1, modulus, network.output_dim).astype(float)
        for start in range(0, len(regions), step):
            check()
            part = slice(start, start + step)
            values = remainders.outputs(regions.pattern_bits(part), point)
            result[part, column] = remainders.product(values, mixture[None])[:, 0]
    return result


def _random_point(
    domain: Domain, modulus: int, rng: np.random.Generator
) -> Float64[np.ndarray, " ambient_dim"]:
    """A random point of the domain's chart, in the input space, modulo an integer."""
    origin, directions = domain.rational_chart()
    t = rng.integers(0, modulus, len(directions)).tolist()
    point = []
    for i, start in enumerate(origin):
        value = start + sum(
            (c * row[i] for c, row in zip(t, directions, strict=True)), Fraction(0)
        )
        inverse = pow(value.denominator, -1, modulus)
        point.append(float(value.numerator * inverse % modulus))
    return np.array(point)


def remainder(
    numbers: Float64[np.ndarray, "*some"], modulus: int
) -> Float64[np.ndarray, "*some"]:
    """Remainders of whole numbers from 0 to 2^53 - 2^22, ten times as fast as fmod.

    The computed quotient is off by at most 1, and all products and differences of whole
    numbers below 2^53 are exact.

    Example:
        >>> remainder(np.array([0.0, 6.0, 7.0, 20.0]), 7)
        array([0., 6., 0., 6.])
    """
    rest = numbers - np.floor(numbers * (1.0 / modulus)) * modulus
    rest += modulus * (rest < 0.0)
    rest -= modulus * (rest >= modulus)
    return rest


class _Remainders:
    """The network modulo an odd integer: dyadic weights have remainders."""

    def __init__(self, network: ReluNetwork, modulus: int):
        self._modulus = modulus
        self._hidden = len(network.hidden)
        self._kinks = [layer.kinks for layer in network.hidden]
        self._layers = [
            (
                [(s, self._of(matrix)) for s, matrix in layer.blocks(index)],
                self._of(layer.bias),
                self._of(layer.slopes),
            )
            for index, layer in enumerate(network.layers)
        ]

    def _of(self, values: np.ndarray) -> np.ndarray:
        """Remainders of float64 numbers, as floats."""
        fraction, exponent = np.frexp(values)
        numerator = np.ldexp(fraction, 53).astype(np.int64) % self._modulus
        powers, which = np.unique(exponent - 53, return_inverse=True)
        table = np.array([pow(2, int(k), self._modulus) for k in powers], np.int64)
        factor = table[which].reshape(values.shape)
        return (numerator * factor % self._modulus).astype(float)

    def product(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """`left @ right.T`; no sum of products exceeds 2^53."""
        total = np.zeros((len(left), len(right)))
        for start in range(0, left.shape[1], TERMS):
            part = slice(start, start + TERMS)
            total += remainder(left[:, part] @ right[:, part].T, self._modulus)
        return remainder(total, self._modulus)

    def outputs(
        self, bits: Bool[np.ndarray, "regions bits"], point: np.ndarray
    ) -> np.ndarray:
        """Values at one point of the affine maps of regions, `(regions, outputs)`."""
        held = {0: np.broadcast_to(point, (len(bits), len(point)))}
        first = 0
        for index, (blocks, bias, slopes) in enumerate(self._layers):
            total = bias + sum(self.product(held[s], matrix) for s, matrix in blocks)
            total = remainder(total, self._modulus)
            if index == self._hidden:
                return total
            on = np.ones(total.shape, bool)
            kinks = self._kinks[index]
            stop = first + int(kinks.sum())
            on[:, kinks] = bits[:, first:stop]
            first = stop
            bent = 0.0
            if slopes.any():
                bent = remainder(slopes * total, self._modulus)
            held[index + 1] = np.where(on, total, bent)
        raise AssertionError("the last layer is the output")


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
    bits = regions.pattern_bits(members)
    sides = [
        Side.of(rows.integers(full), rows.num_units, _inside(regions, int(member)))
        for full, member in zip(rows.all_bits(bits), members, strict=True)
    ]
    for k, other, wall in _candidates(bits, sides):
        check()
        a, b = int(members[k]), int(members[other])
        if joined.root(a) == joined.root(b):
            continue
        if share_facet(sides[k], sides[other], wall):
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
