"""The polyhedral complex of a partition: all faces of all regions, each once.

Regions meet face to face: a unit cuts all cells that contain a face, or none. So a face
is known by its vertices. Faces of dimension k are intersections of faces of dimension
k + 1 with facets of one of the regions around; those that are too small or lie in
another are faces of lower dimension.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int, UInt64

from regions.topology.corners import NONE, CornerTable
from regions.topology.ragged import Ragged

SEED = 0xFACE5


class FaceComplex(NamedTuple):
    """Faces of dimension 0 to `dim`; those of dimension `dim` are the regions.

    Attributes:
        members: Vertices of the faces of each dimension, ascending.
        boundaries: For each dimension, the faces of one dimension less in each face;
            none of a vertex.
        outer: Which faces of each dimension lie in the boundary of the domain.
        owner: One of the regions that have each face.
        corner: A corner, in the table of corners, that is each vertex.
    """

    members: list[Ragged]
    boundaries: list[Ragged]
    outer: list[Bool[np.ndarray, " _"]]
    owner: list[Int[np.ndarray, " _"]]
    corner: Int[np.ndarray, " vertices"]

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return len(self.members) - 1

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of faces of each dimension."""
        return tuple(len(faces) for faces in self.members)


class _Faces(NamedTuple):
    """Faces of one dimension, each as corners of one of the regions that have it.

    Attributes:
        corners: Corners of each, of one region.
        region: That region.
    """

    corners: Ragged
    region: Int[np.ndarray, " faces"]


def face_complex(table: CornerTable) -> FaceComplex:
    """All faces of the regions of a table of corners."""
    dim, region = table.dim, table.region
    corner = np.unique(table.vertex, return_index=True)[1]
    facets, of_regions = _distinct_facets(table)
    members = [_vertex_lists(Ragged(table.offsets, np.arange(len(region))), table)]
    members.append(_vertex_lists(facets.corners, table))
    boundaries, owner = [of_regions], [np.arange(table.num_regions), facets.region]
    every = _Faces(Ragged(table.facet_offsets, table.facet_corners), table.facet_region)
    faces = facets
    for k in range(dim - 2, 0, -1):
        parts, parents = _intersections(faces, every, k, len(region))
        lists = _vertex_lists(parts.corners, table)
        number, first = _distinct(lists)
        boundaries.append(_unique_pairs(parents, number, len(faces.region)))
        faces = _Faces(parts.corners.take(first), parts.region[first])
        members.append(lists.take(first))
        owner.append(faces.region)
    # An edge is bounded by its two vertices.
    boundaries.append(members[-1])
    members.append(Ragged(np.arange(len(corner) + 1), np.arange(len(corner))))
    none = np.zeros(0, np.int64)
    boundaries.append(Ragged(np.zeros(len(corner) + 1, np.int64), none))
    owner.append(region[corner])
    for lists in (members, boundaries, owner):
        lists.reverse()
    outer = _outer(table, boundaries)
    complex_ = FaceComplex(members, boundaries, outer, owner, corner)
    # A convex domain: whatever was lost or found twice would show.
    euler = sum((-1) ** k * n for k, n in enumerate(complex_.counts))
    assert euler == 1, f"the faces of a convex domain have Euler characteristic {euler}"
    return complex_


def _distinct_facets(table: CornerTable) -> tuple[_Faces, Ragged]:
    """Each facet once, and the facets of each region."""
    number = np.arange(len(table.partner))
    kept = np.flatnonzero((table.partner == NONE) | (number < table.partner))
    place = np.full(len(number), NONE)
    place[kept] = np.arange(len(kept))
    beyond = place == NONE
    place[beyond] = place[table.partner[beyond]]
    lists = Ragged(table.facet_offsets, table.facet_corners).take(kept)
    order = np.argsort(table.facet_region, kind="stable")
    sizes = np.bincount(table.facet_region, minlength=table.num_regions)
    faces = _Faces(lists, table.facet_region[kept])
    return faces, Ragged.of_sizes(sizes, place[order])


def _vertex_lists(corners: Ragged, table: CornerTable) -> Ragged:
    """Vertices of faces that are given by corners, ascending in each."""
    vertices = table.vertex[corners.items]
    order = np.lexsort((vertices, corners.owner))
    return Ragged(corners.offsets, vertices[order])


def _intersections(
    faces: _Faces, facets: _Faces, k: int, num_corners: int
) -> tuple[_Faces, Int[np.ndarray, " parts"]]:
    """The faces of dimension k of faces of dimension k + 1, and whose each is."""
    left = _incidence(faces.corners, num_corners)
    right = _incidence(facets.corners, num_corners)
    common = (left @ right.T).tocoo()
    face, facet = common.row, common.col
    # A face of dimension k has k + 1 vertices; the whole face is no part of itself.
    proper = (common.data > k) & (common.data < faces.corners.sizes[face])
    face, facet = face[proper].astype(np.int64), facet[proper].astype(np.int64)
    parts = left[face].multiply(right[facet]).tocsr()
    parts.sort_indices()
    corners = Ragged(parts.indptr.astype(np.int64), parts.indices.astype(np.int64))
    if k > 2:
        # Faces of lower dimension may have as many vertices.
        largest = np.flatnonzero(_are_largest(corners, face))
        corners, face = corners.take(largest), face[largest]
    return _Faces(corners, faces.region[face]), face


def _incidence(lists: Ragged, columns: int):
    """Lists as the rows of a sparse matrix of ones."""
    from scipy.sparse import csr_array

    ones = np.ones(len(lists.items), np.int32)
    return csr_array((ones, lists.items, lists.offsets), (len(lists), columns))


def _are_largest(
    parts: Ragged, parents: Int[np.ndarray, " parts"]
) -> Bool[np.ndarray, " parts"]:
    """Which parts of each parent lie in no larger one of it."""
    keep = np.ones(len(parts), bool)
    order = np.argsort(parents, kind="stable")
    starts = np.flatnonzero(np.diff(parents[order], prepend=-1))
    for group in np.split(order, starts[1:]):
        sets = [frozenset(parts.row(p).tolist()) for p in group.tolist()]
        for p, mine in zip(group, sets, strict=True):
            keep[p] = not any(mine < other for other in sets)
    return keep


def _distinct(
    lists: Ragged,
) -> tuple[Int[np.ndarray, " lists"], Int[np.ndarray, " distinct"]]:
    """The number of each list among the distinct ones, and where these first occur."""
    keys = _keys(lists)
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    twin = first[number]
    # Keys can be met by chance: the lists decide.
    assert (lists.sizes == lists.sizes[twin]).all()
    assert (lists.items == lists.take(twin).items).all()
    return number, first


def _keys(lists: Ragged) -> UInt64[np.ndarray, " lists"]:
    """For each list, the sum of a random word for each of its numbers."""
    rng = np.random.default_rng(SEED)
    words = rng.integers(0, 2**64, int(lists.items.max(initial=0)) + 1, np.uint64)
    return np.add.reduceat(words[lists.items], lists.offsets[:-1])


def _unique_pairs(
    owner: Int[np.ndarray, " pairs"], item: Int[np.ndarray, " pairs"], num_owners: int
) -> Ragged:
    """Lists of the distinct items of each owner."""
    width = int(item.max(initial=0)) + 1
    pairs = np.unique(owner * width + item)
    sizes = np.bincount(pairs // width, minlength=num_owners)
    return Ragged.of_sizes(sizes, pairs % width)


def _outer(
    table: CornerTable, boundaries: list[Ragged]
) -> list[Bool[np.ndarray, " _"]]:
    """Which faces lie in the boundary of the domain: in facets of one region only."""
    regions_around = np.bincount(boundaries[-1].items)
    outer = [np.zeros(table.num_regions, bool), regions_around == 1]
    for faces in boundaries[-2:0:-1]:
        found = np.zeros(len(boundaries[len(boundaries) - len(outer) - 1]), bool)
        found[faces.take(np.flatnonzero(outer[-1])).items] = True
        outer.append(found)
    outer.reverse()
    return outer
