"""Corners of plane regions, told apart exactly, and which regions share an edge.

Two regions that differ in the bit of one unit lie on both sides of its line, and what
else bounds them on the line is the same for both: deeper units are continuous. So they
share the whole edge of each on it. Edges along which several units vanish are matched
by their ends in rational arithmetic. Corners of matched edges are the same vertices,
and no others are: around a vertex, edges lead from each region to all others.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int, UInt8, UInt64

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.answers import PatternForms, Row, meeting_point
from regions.enumeration.cells.flat import FlatNetwork
from regions.enumeration.cells.plane import DRAW
from regions.enumeration.cells.plane_walk import UNLIMITED, Task, walk_all
from regions.network import ReluNetwork
from regions.results.cells import Cells

SEED = 0x5EED_CE11
NONE = -1
BATCH = 1 << 13
"""Patterns that are compared at a time: few enough for a cache."""


class Rings(NamedTuple):
    """The edges of all regions, region after region, in cyclic order.

    Attributes:
        offsets: Where the edges of each region start, and their number.
        region: Region of each edge.
        after: The next edge of the region.
        bit: Bit of the unit on whose line it lies; `NONE` on the domain's boundary.
        row: Its row.
    """

    offsets: Int[np.ndarray, " regions_plus_1"]
    region: Int[np.ndarray, " edges"]
    after: Int[np.ndarray, " edges"]
    bit: Int[np.ndarray, " edges"]
    row: Int[np.ndarray, " edges"]


def draw_cells(
    network: ReluNetwork,
    domain: BoundedDomain,
    net: FlatNetwork,
    patterns: UInt8[np.ndarray, "regions bytes"],
) -> Cells:
    """Corners and neighbors of listed regions, by walking over the domain again."""
    walks = walk_all(Task(network, domain, net, UNLIMITED, DRAW), lambda: False)
    chunks = [chunk for walk in walks for chunk in walk.chunks]
    sizes = np.concatenate([chunk.ring_sizes for chunk in chunks])
    corners = np.concatenate([chunk.corners for chunk in chunks])
    rings = rings_of(net, sizes, np.concatenate([chunk.rows for chunk in chunks]))
    partner = match_bits(rings, patterns)
    match_ends(network, domain, net, rings, patterns, partner)
    vertex = begin_vertices(rings, partner)
    first = np.unique(vertex, return_index=True)[1]
    points = net.middle + net.scale * corners[first, :2]
    errors = corners[first, 2] * net.scale.max()
    errors += 4.0 * np.finfo(float).eps * (np.abs(points).max(1) + net.scale.max())
    edge = np.flatnonzero((partner != NONE) & (rings.region < rings.region[partner]))
    pairs = np.stack([rings.region[edge], rings.region[partner[edge]]], 1)
    return Cells(
        vertices=points,
        offsets=rings.offsets,
        members=vertex,
        neighbors=pairs,
        neighbor_bits=_first_bits(patterns[pairs[:, 0]] ^ patterns[pairs[:, 1]]),
        position_errors=errors,
    )


def rings_of(net: FlatNetwork, sizes: np.ndarray, row: np.ndarray) -> Rings:
    """The edges by their rows."""
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    after = np.arange(1, len(row) + 1)
    after[offsets[1:] - 1] = offsets[:-1]
    bits = np.concatenate([np.full(len(net.facets), NONE), net.bit.ravel()])
    return Rings(
        offsets, np.repeat(np.arange(len(sizes)), sizes), after, bits[row], row
    )


def match_bits(
    rings: Rings, patterns: UInt8[np.ndarray, "regions bytes"]
) -> Int[np.ndarray, " edges"]:
    """For each edge, that of the region whose pattern differs in its bit alone.

    A line bounds a convex region along one edge, if any: so the two sides of an edge
    are known by its bit and the pattern without it.
    """
    rng = np.random.default_rng(SEED)
    words = rng.integers(0, 2**64, (2, 8 * patterns.shape[1]), np.uint64)
    partner = np.full(len(rings.row), NONE)
    inner = np.flatnonzero(rings.bit != NONE)
    region, bit = rings.region[inner], rings.bit[inner]
    is_on = (patterns[region, bit >> 3] >> (bit & 7).astype(np.uint8)) & 1 != 0
    key = _keys(patterns, words[0])[region] ^ words[1][bit]
    key[is_on] ^= words[0][bit[is_on]]
    order = np.argsort(key)
    equal = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    # Keys can be met by chance: the patterns decide.
    for start in range(0, len(equal), BATCH):
        few = equal[start : start + BATCH]
        one, other = order[few], order[few + 1]
        differ = patterns[region[one]] ^ patterns[region[other]]
        differ[np.arange(len(few)), bit[one] >> 3] ^= (1 << (bit[one] & 7)).astype(
            np.uint8
        )
        same = (bit[one] == bit[other]) & ~differ.any(1)
        one, other = inner[one[same]], inner[other[same]]
        partner[one], partner[other] = other, one
    return partner


def _keys(
    patterns: UInt8[np.ndarray, "regions bytes"], words: UInt64[np.ndarray, " bits"]
) -> UInt64[np.ndarray, " regions"]:
    """For each pattern, the sum without carry of the words of its bits."""
    every = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], 1, bitorder="little")
    by_byte = np.where(every, words.reshape(-1, 1, 8), np.uint64(0))
    tables = np.bitwise_xor.reduce(by_byte, 2)
    result = np.zeros(len(patterns), np.uint64)
    for start in range(0, len(patterns), BATCH):
        some = slice(start, start + BATCH)
        for table, column in zip(tables, patterns[some].T, strict=True):
            result[some] ^= table[column]
    return result


def match_ends(
    network: ReluNetwork,
    domain: BoundedDomain,
    net: FlatNetwork,
    rings: Rings,
    patterns: UInt8[np.ndarray, "regions bytes"],
    partner: Int[np.ndarray, " edges"],
) -> None:
    """Match the edges that are left by their ends, exactly."""
    left = np.flatnonzero((rings.bit != NONE) & (partner == NONE))
    if not len(left):
        return
    exact = PatternForms(network, domain, net)
    before = np.empty_like(rings.after)
    before[rings.after] = np.arange(len(rings.after))
    seen: dict[frozenset[tuple[Fraction, Fraction]], int] = {}
    for edge in left.tolist():
        forms = exact.of_bits(unit_bits(network, net, patterns[rings.region[edge]]))
        line = exact.row(int(rings.row[edge]), forms)
        sides: list[Row] = [
            exact.row(int(rings.row[e]), forms)
            for e in (before[edge], rings.after[edge])
        ]
        ends = frozenset(meeting_point(line, side) for side in sides)
        other = seen.pop(ends, NONE)
        if other == NONE:
            seen[ends] = edge
        else:
            partner[edge], partner[other] = other, edge
    if seen:
        raise AssertionError(f"{len(seen)} edges of regions have no other side")


def unit_bits(
    network: ReluNetwork, net: FlatNetwork, pattern: UInt8[np.ndarray, " bytes"]
) -> Bool[np.ndarray, " units"]:
    """A pattern with a bit for every unit."""
    bits = np.unpackbits(pattern, bitorder="little")
    places = np.concatenate(
        [net.bit[k, :width] for k, width in enumerate(network.widths)]
    )
    return (places != NONE) & (np.append(bits, 0)[places] != 0)


def begin_vertices(
    rings: Rings, partner: Int[np.ndarray, " edges"]
) -> Int[np.ndarray, " edges"]:
    """Vertex at which each edge begins: where matched edges meet, they are one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edge = np.flatnonzero(partner != NONE)
    # All rings turn the same way: the two sides of an edge run against each other.
    one, other = edge, rings.after[partner[edge]]
    size = len(rings.row)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), (size, size))
    return connected_components(graph, directed=False)[1]


def _first_bits(
    differences: UInt8[np.ndarray, "pairs bytes"],
) -> Int[np.ndarray, " pairs"]:
    """The lowest bit that is set in each row."""
    if not differences.size:
        return np.zeros(len(differences), np.int64)
    byte = np.argmax(differences != 0, axis=1)
    lowest = differences[np.arange(len(byte)), byte]
    lowest = lowest & (~lowest + np.uint8(1))
    return 8 * byte + np.log2(lowest).astype(np.int64)
