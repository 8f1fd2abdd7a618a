"""Facets of 3-D regions of which only the patterns are known, cut out of the domain.

Float64, as in `clipping`: which regions there are was decided before.
"""

import itertools
from typing import NamedTuple

import numpy as np

import regions
from experiments.atlas.clipping import MERGE, clip
from regions.domains.shapes import BoundedDomain
from regions.patterns.halfspaces import halfspaces_batch

_CHUNK = 256


class _Face(NamedTuple):
    """A convex polygon in space, and what its plane is the zero set of."""

    corners: np.ndarray
    side: int


def clipped_facets(found: regions.RegionSet) -> tuple[np.ndarray, ...]:
    """Vertices, corner counts, corners, regions and sides of all facets."""
    domain = found.domain
    assert not isinstance(domain, regions.WholeSpace)
    start = _domain_faces(domain)
    size = float(np.ptp(np.concatenate([f.corners for f in start]), axis=0).max())
    network = domain.restrict(found.network)
    faces: list[_Face] = []
    owners: list[int] = []
    for first in range(0, len(found), _CHUNK):
        bits = found.pattern_bits(slice(first, first + _CHUNK))
        rows = zip(*halfspaces_batch(network, bits), strict=True)
        for region, (A, b) in enumerate(rows, first):
            kept = _cut(start, A, b, size * MERGE)
            faces += kept
            owners += [region] * len(kept)
    return _joined(faces, owners, size * MERGE * 8.0)


def _domain_faces(domain: BoundedDomain) -> list[_Face]:
    """The facets of the domain, as polygons."""
    A, b = domain.rows()
    corners = domain.corners()
    reach = 1e-9 * float(np.ptp(corners, axis=0).max())
    slack = (b - corners @ A.T) / np.linalg.norm(A, axis=1)
    return [
        _Face(_around(corners[np.abs(slack[:, k]) < reach]), -1 - k)
        for k in range(len(A))
    ]


def _cut(faces: list[_Face], A: np.ndarray, b: np.ndarray, near: float) -> list[_Face]:
    """The polyhedron within the rows `A x <= b`; rows that no corner breaks are not.

    A face cut down to less than `near` is the rounding of a corner or an edge.
    """
    lengths = np.linalg.norm(A, axis=1)
    for row in np.flatnonzero(lengths > 0.0):
        normal, bound = A[row] / lengths[row], b[row] / lengths[row]
        slacks = [bound - face.corners @ normal for face in faces]
        low = min(slack.min() for slack in slacks)
        high = max(slack.max() for slack in slacks)
        # What lies within, and what rounding alone puts without, is left whole.
        if low >= -near or high <= near:
            continue
        kept, rim = [], []
        for face, slack in zip(faces, slacks, strict=True):
            labels = np.zeros(len(slack), np.int64)
            corners, cut = clip(face.corners, labels, slack, 1)
            # The corner before a side that the cut made, and the one after it.
            rim += [corners[cut == 1], np.roll(corners, -1, axis=0)[cut == 1]]
            kept.append(_Face(_without_short(corners, near), face.side))
        cap = _without_short(_around(np.concatenate(rim)), near)
        faces = [face for face in (*kept, _Face(cap, int(row))) if len(face[0]) >= 3]
    return faces


def _around(corners: np.ndarray) -> np.ndarray:
    """Points of a convex polygon in space, in order around it."""
    away = corners - corners.mean(axis=0)
    _, _, axes = np.linalg.svd(away, full_matrices=False)
    flat = away @ axes[:2].T
    return corners[np.argsort(np.arctan2(flat[:, 1], flat[:, 0]))]


def _without_short(corners: np.ndarray, near: float) -> np.ndarray:
    """A polygon without the corners that lie on the one before them."""
    if len(corners) == 0:
        return corners
    long = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1) > near
    return corners[long]


def _joined(
    faces: list[_Face], owners: list[int], step: float
) -> tuple[np.ndarray, ...]:
    """One list of vertices, and one facet where two regions have the same."""
    stacked = np.concatenate([face.corners for face in faces])
    grid = np.round(stacked / step).astype(np.int64)
    _, first_at, members = np.unique(
        grid, axis=0, return_index=True, return_inverse=True
    )
    ends = itertools.accumulate(len(face.corners) for face in faces)
    known: dict[tuple[int, ...], int] = {}
    lists: list[np.ndarray] = []
    pairs: list[list[int]] = []
    sides: list[int] = []
    for face, owner, end in zip(faces, owners, ends, strict=True):
        corners = members.reshape(-1)[end - len(face.corners) : end]
        key = tuple(sorted(set(corners.tolist())))
        if key in known and pairs[known[key]][1] == -1:
            pairs[known[key]][1] = owner
            continue
        known[key] = len(lists)
        lists.append(corners.astype(np.int64))
        pairs.append([owner, -1])
        sides.append(face.side)
    counts = np.array([len(corners) for corners in lists], np.int64)
    return (
        stacked[first_at],
        counts,
        np.concatenate(lists),
        np.array(pairs, np.int64),
        np.array(sides, np.int64),
    )
