"""The polyhedral complex of a network of three inputs: facets that any plane cuts.

The page cuts it: the section of a facet by a plane is a side of a region on that plane,
with the same unit. Which facets there are is what the enumeration found; only positions
are float64. So every plane is as exact as the complex, and none has to be chosen here.
"""

import dataclasses

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

import regions
from experiments.atlas.solid_clipping import clipped_facets
from regions.patterns.packing import places_of
from regions.topology.corners import NONE
from regions.topology.find_corners import corner_table
from regions.topology.ragged import Ragged
from training.progress import Progress, quiet


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Facets:
    """Convex polygons in space, corners of one after those of the other.

    Attributes:
        counts: Corners of each facet.
        corners: Vertex of each corner, in order around its facet.
        regions: The regions on both sides; the second is -1 at the rim of the domain.
        sides: Bit of the unit whose zero set holds the facet, or `-1 - facet` for a
            facet of the domain.
    """

    counts: Int64[np.ndarray, " facets"]
    corners: Int64[np.ndarray, " corners"]
    regions: Int64[np.ndarray, "facets 2"]
    sides: Int64[np.ndarray, " facets"]

    def __len__(self) -> int:
        return len(self.counts)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """The activation regions of a network on a 3-D domain, in its chart.

    Attributes:
        name: What the reader calls the network.
        network: The network as a function of the chart coordinates.
        complete: Whether no region is missing.
        vertices: Positions.
        facets: What bounds the regions.
        patterns: Packed activation patterns, as in `RegionSet.patterns`.
        linear: Linear region of each activation region.
        outputs: The network at the vertices.
        gradients: Gradient of each output on each region.
    """

    name: str
    network: regions.ReluNetwork
    complete: bool
    vertices: Float64[np.ndarray, "vertices 3"]
    facets: Facets
    patterns: UInt8[np.ndarray, "regions bytes"]
    linear: Int64[np.ndarray, " regions"]
    outputs: Float32[np.ndarray, "vertices outputs"]
    gradients: Float32[np.ndarray, "regions outputs 3"]

    def __len__(self) -> int:
        return len(self.patterns)


def find_solid(
    network: regions.ReluNetwork,
    box: regions.Box,
    name: str,
    progress: Progress = quiet,
) -> Solid:
    """Enumerate the regions in a box and gather what the page cuts.

    Raises:
        ValueError: If the box is not of dimension 3, or does not fit the network.
    """
    if box.dim != 3:
        raise ValueError(
            f"`box` has dimension {box.dim}: planes are cut through dimension 3."
        )
    found = regions.enumerate_regions(
        network,
        box,
        progress=lambda done, total: progress(done, total, f"regions of {name}"),
    )
    vertices, facets = facets_of(found)
    return Solid(
        name,
        network,
        bool(found.complete),
        vertices,
        facets,
        found.patterns,
        found.linear_regions().labels.astype(np.int64),
        network(vertices).astype(np.float32),
        found.affine_maps()[0].astype(np.float32),
    )


def facets_of(
    found: regions.RegionSet,
) -> tuple[Float64[np.ndarray, "vertices 3"], Facets]:
    """Vertices and facets of all regions of a 3-D domain.

    Vertices of a complete list are those of the complex, told apart exactly; those of a
    list that was stopped are cut out of the domain in float64.
    """
    domain = found.domain
    assert not isinstance(domain, regions.WholeSpace)
    if not found.complete:
        vertices, counts, corners, pairs, sides = clipped_facets(found)
        return vertices, Facets(counts, corners, pairs, sides)
    table = corner_table(found.network, domain)
    mine = np.empty(len(found), np.int64)
    mine[places_of(table.patterns, found.patterns)] = np.arange(len(found))
    number, partner = np.arange(len(table.partner)), table.partner
    facets = np.flatnonzero((partner == NONE) | (number < partner))
    lists = Ragged(table.facet_offsets, table.facet_corners).take(facets)
    vertices = table.points[np.unique(table.vertex, return_index=True)[1]]
    beyond = table.facet_region[partner[facets]]
    pairs = np.column_stack([mine[table.facet_region[facets]], mine[beyond]])
    pairs[partner[facets] == NONE, 1] = -1
    inner = pairs[:, 1] >= 0
    pairs[inner] = np.sort(pairs[inner], axis=1)
    corners = table.vertex[lists.items].astype(np.int64)
    counts = lists.sizes.astype(np.int64)
    middles = np.add.reduceat(vertices[corners], lists.offsets[:-1], axis=0)
    A, b = domain.rows()
    slack = np.abs(b - middles / counts[:, None] @ A.T) / np.linalg.norm(A, axis=1)
    sides = np.where(inner, table.facet_bit[facets], -1 - slack.argmin(1))
    return vertices, Facets(
        counts, sorted_around(vertices, counts, corners), pairs, sides
    )


def sorted_around(
    vertices: Float64[np.ndarray, "vertices 3"],
    counts: Int64[np.ndarray, " polygons"],
    corners: Int64[np.ndarray, " corners"],
) -> Int64[np.ndarray, " corners"]:
    """Corners of planar convex polygons, sorted by angle around each.

    Angles are taken in two oblique directions of the polygon's plane, each scaled to
    one: an affine map keeps the order, and thin polygons keep their precision.
    """
    facet = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    points = vertices[corners]
    middle = np.add.reduceat(points, starts, axis=0) / counts[:, None]
    away = points - middle[facet]
    first = away[_farthest(away, facet, starts)]
    along = _along(away, first, facet)
    rest = away - along[:, None] * first[facet]
    second = rest[_farthest(rest, facet, starts)]
    angles = np.arctan2(_along(rest, second, facet), along)
    return corners[np.lexsort((angles, facet))]


def _farthest(
    away: np.ndarray, facet: np.ndarray, starts: np.ndarray
) -> Int64[np.ndarray, " facets"]:
    """Index of the longest of each facet's vectors."""
    order = np.lexsort((-(away**2).sum(axis=1), facet))
    return order[starts]


def _along(
    away: np.ndarray, direction: np.ndarray, facet: np.ndarray
) -> Float64[np.ndarray, " corners"]:
    """Component of each vector along its facet's direction, in its lengths."""
    square = np.maximum((direction**2).sum(axis=1), np.finfo(np.float64).tiny)
    return (away * direction[facet]).sum(axis=1) / square[facet]
