"""What the atlas knows of one partition: exact polygons with the unit of each side."""

import dataclasses

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

import regions
from experiments.atlas.clipping import clipped_polygons
from regions.domains.shapes import BoundedDomain
from regions.lp.chebyshev import small_batch_balls
from regions.results.cells import Cells
from training.progress import Progress, quiet

_CHUNK = 8192
"""Discs sought at once; one batch stays under 50 MB."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """The activation regions of a network on a 2-D domain, in its chart.

    Corners of all regions are listed one region after the other, counterclockwise.

    Attributes:
        name: What the reader calls the network.
        network: The network as a function of the chart coordinates.
        complete: Whether no region is missing.
        vertices: Positions.
        counts: Corners of each region.
        members: Vertex of each corner.
        sides: What bounds the side from each corner to the next: the bit of a unit in
            the pattern, or `-1 - facet` for a facet of the domain.
        patterns: Packed activation patterns, as in `RegionSet.patterns`.
        linear: Linear region of each activation region.
        centers: Chebyshev center of each region.
        radii: Inradius of each region.
        outputs: The network at the vertices.
        gradients: Euclidean norm of the gradient of each output on each region.
    """

    name: str
    network: regions.ReluNetwork
    complete: bool
    vertices: Float64[np.ndarray, "vertices 2"]
    counts: Int64[np.ndarray, " regions"]
    members: Int64[np.ndarray, " corners"]
    sides: Int64[np.ndarray, " corners"]
    patterns: UInt8[np.ndarray, "regions bytes"]
    linear: Int64[np.ndarray, " regions"]
    centers: Float64[np.ndarray, "regions 2"]
    radii: Float64[np.ndarray, " regions"]
    outputs: Float32[np.ndarray, "vertices outputs"]
    gradients: Float32[np.ndarray, "regions outputs"]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def offsets(self) -> Int64[np.ndarray, " regions_plus_1"]:
        """Region i has the corners `offsets[i]` to `offsets[i + 1] - 1`."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    def polygons(self) -> list[Float64[np.ndarray, "_ 2"]]:
        """Corners of each region, counterclockwise."""
        return np.split(self.vertices[self.members], self.offsets[1:-1])


def same_units(first: Partition, second: Partition) -> bool:
    """Whether the bits of both stand for the same units, so that codes compare."""
    return first.network.units == second.network.units


def find_partition(
    network: regions.ReluNetwork,
    domain: BoundedDomain,
    name: str,
    progress: Progress = quiet,
) -> Partition:
    """Enumerate the regions and gather what the page shows of them.

    Raises:
        ValueError: If the domain is not of dimension 2, or does not fit the network.
    """
    if domain.dim != 2:
        raise ValueError(
            f"`domain` has dimension {domain.dim}: the map shows 2; give a slice."
        )
    found = regions.enumerate_regions(
        network,
        domain,
        progress=lambda done, total: progress(done, total, f"regions of {name}"),
    )
    return from_regions(found, name, progress)


def from_regions(
    found: regions.RegionSet, name: str, progress: Progress = quiet
) -> Partition:
    """The partition of an enumeration that is done.

    Vertices are those of the engine; where it keeps none, as the tree, regions are cut
    out of the domain in float64, out of a polygon around a round one.
    """
    domain = found.domain
    assert not isinstance(domain, regions.WholeSpace)
    if found.has_cells:
        vertices, counts, members = _ordered(found.cells)
        sides = _cell_sides(found.cells, counts, members)
        _label_domain(sides, vertices, counts, members, domain)
    else:
        vertices, counts, members, sides = clipped_polygons(found)
    network = domain.restrict(found.network)

    def tell(done: int) -> None:
        progress(done, 4, f"what is on the regions of {name}")

    tell(0)
    jacobians = found.affine_maps()[0] @ _directions(domain).T
    tell(1)
    centers, radii = _discs(vertices, counts, members)
    tell(2)
    linear = found.linear_regions().labels.astype(np.int64)
    tell(3)
    outputs = network(vertices).astype(np.float32)
    tell(4)
    return Partition(
        name,
        network,
        bool(found.complete),
        vertices,
        counts,
        members,
        sides,
        found.patterns,
        linear,
        centers,
        radii,
        outputs,
        np.linalg.norm(jacobians, axis=2).astype(np.float32),
    )


def _directions(domain: BoundedDomain) -> Float64[np.ndarray, "2 dim"]:
    """What a step of one along each chart coordinate is in the input space."""
    steps = domain.embed(np.eye(2)) - domain.embed(np.zeros((2, 2)))
    return np.asarray(steps, np.float64)


def next_corners(counts: np.ndarray) -> Int64[np.ndarray, " corners"]:
    """Index of the corner after each corner, around its region."""
    ends = np.cumsum(counts)
    after = np.arange(1, ends[-1] + 1)
    after[ends - 1] = ends - counts
    return after


def _ordered(cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, corner counts, and members sorted by angle around each region."""
    counts = np.diff(cells.offsets).astype(np.int64)
    region = np.repeat(np.arange(len(counts)), counts)
    away = cells.vertices[cells.members] - cells.centroids()[region]
    order = np.lexsort((np.arctan2(away[:, 1], away[:, 0]), region))
    return cells.vertices, counts, cells.members[order].astype(np.int64)


def _cell_sides(
    cells: Cells, counts: np.ndarray, members: np.ndarray
) -> Int64[np.ndarray, " corners"]:
    """Bit across each side, by the region on its other side; -1 where there is none."""
    region = np.repeat(np.arange(len(counts)), counts)
    ends, size = members[next_corners(counts)], len(cells.vertices)
    keys = members * size + ends
    order = np.argsort(keys)
    twin_keys = ends * size + members
    at = np.minimum(np.searchsorted(keys[order], twin_keys), len(keys) - 1)
    twin = np.where(keys[order[at]] == twin_keys, order[at], -1)
    other = region[twin]
    low, high = np.minimum(region, other), np.maximum(region, other)
    pairs = cells.neighbors[:, 0] * len(counts) + cells.neighbors[:, 1]
    by_pair = np.argsort(pairs)
    wanted = low * len(counts) + high
    at = np.searchsorted(pairs[by_pair], wanted)
    at = by_pair[np.minimum(at, max(len(pairs) - 1, 0))] if len(pairs) else at
    bits = cells.neighbor_bits[at] if len(pairs) else np.zeros(len(members), int)
    return np.where(twin >= 0, bits, -1).astype(np.int64)


def _label_domain(
    sides: np.ndarray,
    vertices: np.ndarray,
    counts: np.ndarray,
    members: np.ndarray,
    domain: BoundedDomain,
) -> None:
    """Write the facet of the domain into the sides that no unit makes, in place."""
    rim = np.flatnonzero(sides < 0)
    ends = members[next_corners(counts)]
    middles = (vertices[members[rim]] + vertices[ends[rim]]) / 2.0
    A, b = domain.rows()
    slack = (b - middles @ A.T) / np.linalg.norm(A, axis=1)
    sides[rim] = -1 - np.abs(slack).argmin(axis=1)


def _discs(
    vertices: np.ndarray, counts: np.ndarray, members: np.ndarray
) -> tuple[Float64[np.ndarray, "regions 2"], Float64[np.ndarray, " regions"]]:
    """Largest disc in each region, in float64 and in units of the region's size."""
    starts = np.cumsum(counts) - counts
    centers, radii = np.empty((len(counts), 2)), np.empty(len(counts))
    for corners in np.unique(counts):
        same = np.flatnonzero(counts == corners)
        for part in np.split(same, range(_CHUNK, len(same), _CHUNK)):
            rows = starts[part, None] + np.arange(corners)
            points = vertices[members[rows]]
            middle = points.mean(axis=1)
            away = points - middle[:, None]
            size = np.abs(away).max(axis=(1, 2))
            away = away / size[:, None, None]
            along = np.roll(away, -1, axis=1) - away
            normals = np.stack([along[..., 1], -along[..., 0]], axis=2)
            ball, radius, _ = small_batch_balls(
                normals, (normals * away).sum(axis=2), max_radius=2.0
            )
            centers[part] = middle + size[:, None] * ball
            radii[part] = size * radius
    return centers, radii
