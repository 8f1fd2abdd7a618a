"""Corners of regions in space, and which regions share a facet.

Two regions that differ in the bit of one unit lie on both sides of its hyperplane, and
what else bounds them there is the same for both: deeper units are continuous. So they
share the whole facet of each on it. Facets on which several units vanish are matched by
their corners, exactly. Each region has corners of its own in the table.
"""

import numpy as np
from jaxtyping import Bool, Int, UInt8

from regions.domains.shapes import BoundedDomain
from regions.enumeration.cells.drawing import NONE, Rings, match_bits
from regions.enumeration.cells.space.exact import ExactCorners
from regions.enumeration.cells.space.state import Leaves
from regions.enumeration.cells.space.walk import SpaceTask, walk_all
from regions.network import ReluNetwork
from regions.results.cells import Cells

VAGUE = 2.0**-36
"""Positions with larger bounds are found exactly."""


def draw_space(
    network: ReluNetwork,
    domain: BoundedDomain,
    patterns: UInt8[np.ndarray, "regions bytes"],
) -> Cells:
    """Corners and neighbors of listed regions, by walking over the domain again."""
    task = SpaceTask(network, domain, _keep, worst=VAGUE)
    walks = walk_all(task, lambda: False, None)
    chunks: list[Leaves] = [chunk for walk in walks for chunk in walk.taken]
    exact = ExactCorners(network, domain, task.net)
    for chunk in chunks:
        for q in np.flatnonzero(~(chunk.reach <= VAGUE)).tolist():
            region = int(np.searchsorted(chunk.end, q, side="right"))
            exact.sharpen(chunk, q, exact.leaf_corner(chunk, region, q))
    facets = _facets(network, task, chunks)
    partner = match_bits(facets, patterns)
    _match_corners(exact, chunks, facets, partner)
    words = max(len(chunk.zeros) for chunk in chunks)
    counts = np.concatenate([np.diff(chunk.end, prepend=0) for chunk in chunks])
    points = np.concatenate([chunk.x.T for chunk in chunks]) * task.net.scale
    reach = np.concatenate([chunk.reach for chunk in chunks]) * task.net.scale.max()
    mine = np.flatnonzero(partner != NONE)
    mine = mine[facets.region[mine] < facets.region[partner[mine]]]
    pairs = np.stack([facets.region[mine], facets.region[partner[mine]]], 1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return Cells(
        vertices=points,
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        members=np.arange(len(points)),
        neighbors=pairs[order],
        neighbor_bits=facets.bit[mine][order],
        position_errors=reach,
        zeros=np.concatenate([_in_words(chunk.zeros, words) for chunk in chunks], 1),
    )


def _keep(task: SpaceTask, leaves: Leaves) -> Leaves:
    """The regions as they are."""
    del task
    return leaves


def _in_words(
    zeros: Int[np.ndarray, "some corners"], words: int
) -> Int[np.ndarray, "words corners"]:
    """Zero sets in so many words."""
    return np.pad(zeros, ((0, words - len(zeros)), (0, 0)))


def _facets(network: ReluNetwork, task: SpaceTask, chunks: list[Leaves]) -> Rings:
    """The facets of all regions, region after region, by their rows."""
    kinks = np.concatenate([layer.kinks for layer in network.hidden])
    bit_of = np.where(kinks, np.cumsum(kinks) - 1, NONE)
    bit_of = np.concatenate([np.full(len(task.net.facets), NONE), bit_of])
    region, row, first = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for chunk in chunks:
        where, slot = np.nonzero(facet_slots(chunk))
        region.append(first + where)
        row.append(chunk.row[where, slot].astype(np.int64))
        first += len(chunk.bits)
    regions, rows = np.concatenate(region), np.concatenate(row)
    counts = np.bincount(regions, minlength=first)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return Rings(offsets, regions, np.arange(len(rows)), bit_of[rows], rows)


def facet_slots(leaves: Leaves) -> Bool[np.ndarray, "regions slots"]:
    """Which bits of the zero sets stand for facets of each region.

    A row vanishes on a face. Each face that is no facet has its corners, and others,
    in common with a facet.
    """
    dim, slots = len(leaves.x), 64 * len(leaves.zeros)
    flat = np.ascontiguousarray(leaves.zeros.T).view(np.uint8)
    inside = np.unpackbits(flat, axis=1, bitorder="little")[:, :slots]
    starts = np.concatenate([[0], leaves.end[:-1]])
    counts = np.add.reduceat(inside.astype(np.int32), starts, axis=0)
    result = counts >= dim
    if dim == 3:
        # Three corners of a convex polytope are on no line.
        return result
    for region, (start, end) in enumerate(zip(starts, leaves.end, strict=True)):
        used = np.flatnonzero(result[region])
        table = inside[start:end, used].astype(np.int32)
        common = table.T @ table
        np.fill_diagonal(common, -1)
        result[region, used] = common.max(1) < counts[region, used]
    return result


def _match_corners(
    exact: ExactCorners,
    chunks: list[Leaves],
    facets: Rings,
    partner: Int[np.ndarray, " facets"],
) -> None:
    """Match the facets that are left by their corners, exactly."""
    left = np.flatnonzero((facets.bit != NONE) & (partner == NONE))
    first = np.cumsum([0, *(len(chunk.bits) for chunk in chunks)])
    seen: dict[frozenset[tuple[int, ...]], int] = {}
    for facet in left.tolist():
        region = int(facets.region[facet])
        number = int(np.searchsorted(first, region, side="right")) - 1
        chunk, mine = chunks[number], region - int(first[number])
        slot = int(np.flatnonzero(chunk.row[mine] == facets.row[facet])[-1])
        start = int(chunk.end[mine - 1]) if mine else 0
        corners = []
        for q in range(start, int(chunk.end[mine])):
            if (int(chunk.zeros[slot >> 6, q]) >> (slot & 63)) & 1:
                corners.append(tuple(exact.leaf_corner(chunk, mine, q)))
        other = seen.pop(frozenset(corners), NONE)
        if other == NONE:
            seen[frozenset(corners)] = facet
        else:
            partner[facet], partner[other] = other, facet
