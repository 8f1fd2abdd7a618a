"""Integrals over all regions from their corners in float64, between proved ends.

Every region is cut into simplices that share its corners, as `domains.simplices` does
it exactly: here all regions at once. In general position each of the rows that meet at
a corner is a facet of the region, so that faces are groups of corners with rows in
common. The simplices do not overlap; that nothing is missing their volumes say.
"""

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from jaxtyping import Float64, Int

from regions.enumeration.sweep.corners import Corners
from regions.questions.answer import Value, known
from regions.signs.rounding import SAFETY, SMALLEST, gamma

MAX_DIM = 4
"""Determinants are expanded: in more dimensions they have too many terms."""

CHUNK = 1 << 11
"""Regions that are cut at once."""

SUM_TERMS = 256
"""NumPy adds in pairs: so many roundings, at most, of any number that memory holds."""


def integral_between(
    corners: Corners,
    values: Float64[np.ndarray, " corners"],
    doubt: Float64[np.ndarray, " corners"],
    volume: Fraction,
) -> Value | None:
    """The integral of a function that is affine on every region; None if it overflows.

    Args:
        corners: All corners of the domain's regions.
        values: The function there, in float64.
        doubt: How far its exact values may be from these.
        volume: Volume of the domain.
    """
    dim = corners.positions.shape[1]
    sums = np.zeros(5)  # integral, its size, its error; volume, its error
    for simplices in all_simplices(corners):
        part, error = _volumes(corners, simplices)
        held, around = values[simplices.T], doubt[simplices.T].max(0)
        mean = held.sum(0) / (dim + 1)
        size = np.abs(held).max(0) + around
        sums += [
            (part * mean).sum(),
            (part * size).sum(),
            (error * size + part * around).sum(),
            part.sum(),
            error.sum(),
        ]
    total, size, error, filled, open_ = sums.tolist()
    if not np.isfinite(sums).all():
        return None
    error = SAFETY * (
        error + gamma(SUM_TERMS + 4 * dim) * size + SMALLEST * len(values)
    )
    open_ = SAFETY * (open_ + gamma(SUM_TERMS) * filled)
    # What volumes leave open may lie in none of the simplices.
    missing = volume - Fraction(filled) + Fraction(open_)
    if not 0 <= missing <= 2 * Fraction(open_):
        raise AssertionError("the simplices of the regions do not fill the domain.")
    largest = float(np.abs(values).max() + doubt.max())
    error = Fraction(error) + missing * Fraction(largest)
    return known(Fraction(total) - error, Fraction(total) + error)


def all_simplices(corners: Corners) -> Iterator[Int[np.ndarray, "simplices dim_1"]]:
    """Corners of simplices that fill the regions, some regions at a time."""
    offsets, members = corners.members()
    for start in range(0, len(offsets) - 1, CHUNK):
        own = offsets[start : start + CHUNK + 1]
        face = np.repeat(np.arange(len(own) - 1), np.diff(own))
        yield _cut(face, members[own[0] : own[-1]], corners.zeros)


def _cut(
    face: Int[np.ndarray, " all"],
    vertex: Int[np.ndarray, " all"],
    zeros: Int[np.ndarray, "corners dim"],
) -> Int[np.ndarray, "simplices dim_1"]:
    """Simplices of some regions: cones from a corner over the facets without it.

    Args:
        face: Regions, each as often as it has corners, in order.
        vertex: Their corners.
        zeros: The rows that meet at each corner.
    """
    rows, most = zeros[vertex].astype(np.int64), int(zeros.max()) + 1
    first = np.flatnonzero(np.diff(face, prepend=-1))
    chain = vertex[first][:, None]
    while rows.shape[1] > 1:
        # Every corner of a face stands once on each of the rows through it.
        width = rows.shape[1]
        on = rows.ravel()
        before = np.repeat(face, width)
        kept = np.ones(len(on), bool)
        for own in rows[first].T:
            kept &= on != own[before]
        place = np.flatnonzero(kept)
        key = before[place] * most + on[place]
        place = place[np.argsort(key)]
        key = before[place] * most + on[place]
        at, column = place // width, place % width
        rest = np.arange(width) != column[:, None]
        rows = rows[at][rest].reshape(-1, width - 1)
        vertex = vertex[at]
        starts = np.diff(key, prepend=-1) != 0
        first = np.flatnonzero(starts)
        chain = np.concatenate(
            [chain[before[place[first]]], vertex[first][:, None]], axis=1
        )
        face = np.cumsum(starts) - 1
    # Faces are edges now, the first end of which stands in the chain.
    last = np.append(first[1:], len(vertex)) - 1
    return np.concatenate([chain, vertex[last][:, None]], axis=1)


@np.errstate(all="ignore")
def _volumes(
    corners: Corners, simplices: Int[np.ndarray, "simplices dim_1"]
) -> tuple[Float64[np.ndarray, " simplices"], Float64[np.ndarray, " simplices"]]:
    """Volumes in the chart, and bounds of their errors.

    A determinant is at most the product of the 1-norms of its rows, and so is what a
    change of one row adds, with the norm of the change in the place of that row's.
    """
    dim = corners.positions.shape[1]
    # Coordinates first, so that every number of all simplices lies in one row.
    points = np.ascontiguousarray(corners.positions.T)[:, simplices.T]
    errors = corners.errors[simplices.T]
    edges = points[:, 1:] - points[:, :1]
    moved = dim * (errors[1:] + errors[:1])
    norms = np.abs(edges).sum(0) + moved + SMALLEST
    size = norms.prod(0)
    error = size * ((moved / norms).sum(0) + gamma(8 * dim)) + dim**2 * SMALLEST
    scale = 1.0 / math.factorial(dim)
    return scale * np.abs(_determinants(edges)), 2.0 * SAFETY * scale * error


def _determinants(
    rows: Float64[np.ndarray, "dim dim matrices"],
) -> Float64[np.ndarray, " matrices"]:
    """Determinants, expanded by their first rows."""
    if len(rows) == 1:
        return rows[0, 0]
    if len(rows) == 2:
        return rows[0, 0] * rows[1, 1] - rows[0, 1] * rows[1, 0]
    total = np.zeros(rows.shape[2])
    for k, first in enumerate(rows[0]):
        others = [j for j in range(len(rows)) if j != k]
        total += (-1) ** k * first * _determinants(rows[1:, others])
    return total
