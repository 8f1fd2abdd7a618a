"""The decision surface of a classifier of three inputs, as a mesh, exactly."""

import pathlib

import numpy as np
from jaxtyping import Float64, Int32, Int64

import regions
from experiments.atlas.contents import Surface
from training.files import open_atomically


def decision_surface(
    network: regions.ReluNetwork, box: regions.Box, threshold: float = 0.0
) -> Surface | None:
    """Where the only output is `threshold`; None for a network of several outputs.

    The output, less the threshold, is given to the enumeration as one more unit: the
    facets that this unit makes are the pieces of the surface.
    """
    if network.output_dim != 1:
        return None
    last = network.output
    marked = regions.ReluNetwork(
        (
            *network.hidden,
            regions.Layer(last.weight, last.bias - threshold, np.zeros(1), last.skips),
        ),
        regions.Layer(np.ones((1, 1)), np.zeros(1), np.ones(1)),
    )
    found = regions.enumerate_regions(marked, box)
    if found.method != "sweep":
        return None
    cells = found.cells
    pieces = []
    for low, high in cells.neighbors[cells.neighbor_bits == network.num_bits]:
        ends = cells.offsets
        shared = np.intersect1d(
            cells.members[ends[low] : ends[low + 1]],
            cells.members[ends[high] : ends[high + 1]],
        )
        pieces.append(_around(cells.vertices, shared))
    return _mesh(cells.vertices, pieces)


def _around(
    vertices: Float64[np.ndarray, "vertices 3"], corners: Int64[np.ndarray, " corners"]
) -> Int64[np.ndarray, " corners"]:
    """Corners of a planar convex polygon in the order in which they lie around it."""
    away = vertices[corners] - vertices[corners].mean(axis=0)
    _, _, axes = np.linalg.svd(away, full_matrices=False)
    flat = away @ axes[:2].T
    return corners[np.argsort(np.arctan2(flat[:, 1], flat[:, 0]))]


def _mesh(vertices: np.ndarray, pieces: list[np.ndarray]) -> Surface:
    """Fans of triangles over the vertices that occur."""
    fans = [
        np.column_stack([np.full(len(p) - 2, p[0]), p[1:-1], p[2:]]) for p in pieces
    ]
    triangles = np.concatenate([np.zeros((0, 3), np.int64), *fans])
    used, flat = np.unique(triangles, return_inverse=True)
    return Surface(vertices[used], flat.reshape(-1, 3).astype(np.int32))


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
    """Corners and triangles of a file of `write_ply`."""
    data = pathlib.Path(path).read_bytes()
    start = data.index(b"end_header\n") + len(b"end_header\n")
    words = data[:start].decode("ascii").split()
    vertices = int(words[words.index("vertex") + 1])
    faces = int(words[words.index("face") + 1])
    corners = np.frombuffer(data, "<f8", 3 * vertices, start).reshape(-1, 3)
    kind = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
    rows = np.frombuffer(data, kind, faces, start + 24 * vertices)
    return corners.astype(np.float64), rows["corners"].astype(np.int32)
