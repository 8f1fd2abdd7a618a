"""The polytopes that some rows of each region leave, and boxes around them.

Few regions touch the domain's facets: the rows of these are taken where corners lie
beyond, and all of them where that did not help.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.certificates.bounded_forms import (
    BOUND_ROUNDING,
    Level,
    SharedRows,
)
from regions.certificates.corners import Corners, doubt, find_corners, volumes
from regions.certificates.floats import chunks
from regions.certificates.members import true_entries
from regions.certificates.watch import Watch

MOST_AT_ONCE = 2**15
"""Choices of rows for corners at a time: they stay near the processor."""


class Polytopes(NamedTuple):
    """What the chosen rows of each region leave of the domain.

    Attributes:
        found: Whether all corners are proved to be found, inside the domain.
        corners: Corners of those found, those of a region one after another.
        first: Where a region's corners begin,
        number: and how many it has; 0 unless found.
        reach: By how much any point of the polytope is away from the point given, at
            most, in each coordinate; 0 unless found.
        volumes: Volumes of those whose corners are well known; NaN elsewhere.
    """

    found: Bool[np.ndarray, " regions"]
    corners: Corners
    first: Int[np.ndarray, " regions"]
    number: Int[np.ndarray, " regions"]
    reach: Float64[np.ndarray, "regions dim"]
    volumes: Float64[np.ndarray, " regions"]


def polytopes_of(
    rows: SharedRows,
    chosen: Bool[np.ndarray, "regions bits"],
    points: Float64[np.ndarray, "regions dim"],
    well_known: float | None,
    watch: Watch,
) -> Polytopes:
    """The polytopes of the chosen rows of units, and of as many of the domain's.

    Args:
        rows: The rows of some regions.
        chosen: Which rows of units are taken.
        points: A point of each region.
        well_known: By how much corners may be off in a volume; None for no volumes.
        watch: Asked often.
    """
    found, corners = _all_corners(rows, chosen, watch)
    (count, dim), owners = points.shape, corners.owners
    sizes, reach = np.full(count, np.nan), np.zeros((count, dim))
    number = np.bincount(owners, minlength=count)
    first = np.zeros(count, np.int64)
    if not len(owners):
        return Polytopes(found, corners, first, number, reach, sizes)
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    first[owners[starts]] = starts
    bottom = corners.points[-1]
    places = corners.points[:-1] / bottom
    far = 1.0 + np.abs(places).max(0)
    off = 2.0 * corners.errors * far / (bottom - corners.errors)
    away = BOUND_ROUNDING * (np.abs(places - points[owners].T) + off)
    reach[owners[starts]] = np.maximum.reduceat(away, starts, axis=1).T
    if well_known is not None:
        vague = np.bincount(owners, ~(off <= well_known), count) > 0.0
        sizes = np.where(found & ~vague, volumes(corners, points), np.nan)
    return Polytopes(found, corners, first, number, reach, sizes)


def _all_corners(
    rows: SharedRows, chosen: Bool[np.ndarray, "regions bits"], watch: Watch
) -> tuple[Bool[np.ndarray, " regions"], Corners]:
    """Which polytopes have corners that are proved to be all, and these."""
    count, walls = len(chosen), rows.levels[-1]
    facets = walls.forms.shape[2]
    owners, taken = true_entries(chosen)
    own, errors = _to_unit_size(rows, owners, taken)
    # The rows of each region, by their places among all that were chosen, and then
    # among the domain's.
    number = np.bincount(owners, minlength=count)
    places = np.zeros((count, int(number.max(initial=0)) + facets), np.int64)
    rank = np.arange(len(owners)) - (np.cumsum(number) - number)[owners]
    places[owners, rank] = np.arange(len(owners))
    has_wall = np.zeros((count, facets), bool)
    found, left, parts = np.zeros(count, bool), np.arange(count), []
    for last in (False, False, True):
        new = np.zeros_like(has_wall)
        for some in _alike(number, left, len(own) - 1):
            watch.ask()
            those = places[some, : number[some[0]]].T
            off = errors.take(those).max(0, initial=0.0)
            part = find_corners(own.take(those, 1), off)
            beyond = _beyond(walls, part, len(some)) & ~has_wall[some]
            inside = part.found & ~beyond.any(1)
            found[some] = inside
            new[some] = (beyond | ~part.found[:, None] | last) & ~inside[:, None]
            kept = np.flatnonzero(inside[part.owners])
            arrays = (array.take(kept, -1) for array in part[2:])
            parts.append(Corners(inside, some[part.owners[kept]], *arrays))
        new &= ~has_wall
        left = np.flatnonzero(new.any(1))
        for wall in range(facets):
            some = np.flatnonzero(new[:, wall])
            places[some, number[some]] = len(owners) + wall
            number[some] += 1
        has_wall |= new
    _, *arrays = zip(*parts, strict=True)
    return found, Corners(found, *(np.concatenate(each, axis=-1) for each in arrays))


def _to_unit_size(
    rows: SharedRows,
    regions: Int[np.ndarray, " some"],
    taken: Int[np.ndarray, " some"],
) -> tuple[Float64[np.ndarray, "dim_plus_1 rows"], Float64[np.ndarray, " rows"]]:
    """Some rows of units and all of the domain's, with entries of at most 1.

    Returns:
        The rows, and what they are off by.
    """
    own, walls = rows.single(regions, taken), rows.levels[-1]
    table = np.concatenate([own.rows, walls.forms[0]], axis=1)
    errors = np.concatenate([own.errors, walls.errors[0]])
    scale = -np.frexp(np.concatenate([own.sizes, walls.sizes[0]]))[1]
    return np.ldexp(table, scale), np.ldexp(errors, scale)


def _alike(
    number: Int[np.ndarray, " regions"], left: Int[np.ndarray, " some"], dim: int
) -> Iterator[Int[np.ndarray, " some"]]:
    """Regions that are left, those with as many rows together: not too many at once."""
    for size in np.unique(number[left]).tolist():
        alike = left[number[left] == size]
        choices = max(math.comb(size, dim), 1)
        for part in chunks(len(alike), max(MOST_AT_ONCE // choices, 1)):
            yield alike[part]


def _beyond(
    walls: Level, corners: Corners, count: int
) -> Bool[np.ndarray, "regions walls"]:
    """Facets of the domain inside which the corners of a region may not all lie."""
    values = corners.points.T @ walls.forms[0]
    doubts = doubt(0.0, walls.sizes, corners.errors[:, None], len(corners.points) - 1)
    corner, wall = true_entries(~(values > doubts))
    beyond = np.zeros((count, values.shape[1]), bool)
    beyond[corners.owners[corner], wall] = True
    return beyond
