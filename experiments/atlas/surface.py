"""The decision surface of a classifier of three inputs, as a mesh."""

import itertools
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, Int64

import regions
from experiments.atlas.clipping import clip
from experiments.atlas.contents import Surface
from experiments.atlas.partition import next_corners
from experiments.atlas.solids import Solid, sorted_around
from regions.files.reading import reading
from regions.files.writing import open_atomically


class _Pieces(NamedTuple):
    """Where a function that is affine on every region vanishes: a polygon in each.

    Attributes:
        points: Corners.
        counts: Corners of each polygon.
        members: Point of each corner, in order around its polygon.
    """

    points: Float64[np.ndarray, "points 3"]
    counts: Int64[np.ndarray, " pieces"]
    members: Int64[np.ndarray, " corners"]

    def polygons(self) -> list[Int64[np.ndarray, " corners"]]:
        """The corners of each polygon."""
        return np.split(self.members, np.cumsum(self.counts)[:-1])


def decision_surface(solid: Solid, threshold: float = 0.0) -> Surface:
    """Where the class changes.

    Of a network of one output it is where the output is `threshold`; of several, where
    the two largest are equal. Outputs are affine on every region: the surface is found
    where they change sign along the edges of the complex, and nothing is sampled.
    """
    outputs = solid.network(solid.vertices)
    if outputs.shape[1] == 1:
        pieces = _zeros(solid, outputs[:, 0] - threshold)
        return _mesh(pieces.points, pieces.polygons())
    pairs = itertools.combinations(range(outputs.shape[1]), 2)
    polygons = [
        polygon
        for i, j in pairs
        for polygon in _leading(
            _zeros(solid, outputs[:, i] - outputs[:, j]), solid.network, (i, j)
        )
    ]
    ends = np.cumsum([len(polygon) for polygon in polygons])
    points = np.concatenate([np.zeros((0, 3)), *polygons])
    return _mesh(points, np.split(np.arange(len(points)), ends[:-1]))


def _zeros(solid: Solid, values: Float64[np.ndarray, " vertices"]) -> _Pieces:
    """The zero set of a function that is given at the vertices.

    A facet that is crossed is crossed by two of its edges; the crossings on the facets
    of a region are the corners of its polygon.
    """
    facets, above = solid.facets, values >= 0.0
    after = facets.corners[next_corners(facets.counts)]
    crossed = above[facets.corners] != above[after]
    starts = np.cumsum(facets.counts) - facets.counts
    twice = np.add.reduceat(crossed.astype(np.int64), starts) == 2
    crossed &= np.repeat(twice, facets.counts)
    ends = np.sort(np.stack([facets.corners[crossed], after[crossed]], 1), axis=1)
    # A vertex at which the function is zero is where all of its edges are crossed.
    zero = values[ends] == 0.0
    ends = np.where(zero.any(1)[:, None], (ends * zero).max(1)[:, None], ends)
    edges, points = np.unique(ends, axis=0, return_inverse=True)
    start, end = solid.vertices[edges[:, 0]], solid.vertices[edges[:, 1]]
    low, high = values[edges].T
    share = low / np.where(low == high, 1.0, low - high)
    return _around_regions(
        start + share[:, None] * (end - start),
        points.reshape(-1, 2),
        facets.regions[twice],
    )


def _around_regions(
    points: Float64[np.ndarray, "points 3"],
    segments: Int64[np.ndarray, "segments 2"],
    owners: Int64[np.ndarray, "segments 2"],
) -> _Pieces:
    """Polygons of the regions, given their sides; two regions share each."""
    corners = np.concatenate([segments[:, [k, k]].ravel() for k in (0, 1)])
    region = np.tile(owners.ravel(), 2)
    pairs = np.unique(np.stack([region, corners], axis=1)[region >= 0], axis=0)
    _, counts = np.unique(pairs[:, 0], return_counts=True)
    # A region that the zero set only touches has an edge or a corner in it.
    whole = counts >= 3
    members = pairs[np.repeat(whole, counts), 1]
    if not whole.any():
        return _Pieces(points, counts[whole], members)
    ordered = sorted_around(points, counts[whole], members)
    return _Pieces(points, counts[whole], ordered)


def _leading(
    pieces: _Pieces, network: regions.ReluNetwork, pair: tuple[int, int]
) -> Iterator[Float64[np.ndarray, "corners 3"]]:
    """The parts of polygons, on which two outputs are equal, where both are ahead."""
    values = network(pieces.points)
    for corners in pieces.polygons() if len(pieces.counts) else []:
        polygon = np.column_stack([pieces.points[corners], values[corners]])
        for other in range(values.shape[1]):
            if other not in pair and len(polygon):
                ahead = polygon[:, 3 + pair[0]] - polygon[:, 3 + other]
                polygon, _ = clip(polygon, np.zeros(len(polygon), np.int64), ahead, 0)
        if len(polygon) >= 3:
            yield polygon[:, :3]


def _mesh(points: np.ndarray, pieces: list[np.ndarray]) -> Surface:
    """Fans of triangles over the points that occur."""
    fans = [
        np.column_stack([np.full(len(p) - 2, p[0]), p[1:-1], p[2:]])
        for p in pieces
        if len(p) >= 3
    ]
    triangles = np.concatenate([np.zeros((0, 3), np.int64), *fans])
    used, flat = np.unique(triangles, return_inverse=True)
    return Surface(points[used], flat.reshape(-1, 3).astype(np.int32))


def write_ply(path: str | pathlib.Path, surface: Surface) -> None:
    """Write a mesh as binary PLY with float64 corners, whole or not at all."""
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(surface.vertices)}\n"
        "property double x\nproperty double y\nproperty double z\n"
        f"element face {len(surface.triangles)}\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    faces = np.empty(len(surface.triangles), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, surface.triangles
    with open_atomically(path) as file:
        file.write(header.encode("ascii"))
        file.write(surface.vertices.astype("<f8").tobytes())
        file.write(faces.tobytes())


def read_ply(
    path: str | pathlib.Path,
) -> tuple[Float64[np.ndarray, "vertices 3"], Int32[np.ndarray, "triangles 3"]]:
    """Corners and triangles of a file of `write_ply`.

    Raises:
        FileFormatError: If the file is damaged.
    """
    with reading(path, "a .ply file of a surface", "write it again"):
        data = pathlib.Path(path).read_bytes()
        start = data.index(b"end_header\n") + len(b"end_header\n")
        words = data[:start].decode("ascii").split()
        vertices = int(words[words.index("vertex") + 1])
        faces = int(words[words.index("face") + 1])
        corners = np.frombuffer(data, "<f8", 3 * vertices, start).reshape(-1, 3)
        kind = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
        rows = np.frombuffer(data, kind, faces, start + 24 * vertices)
    return corners.astype(np.float64), rows["corners"].astype(np.int32)
