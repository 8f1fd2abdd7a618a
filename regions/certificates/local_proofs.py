"""What float64 proves of regions one by one: their witnesses, and their neighbors.

A nonempty list of regions is complete if each facet of each leads to a member or out of
the domain: the domain is convex, and what is left of it without the faces of
codimension 2 is connected.

So take the units of a region whose change alone gives another member. Their rows and
the domain's leave a polytope that holds the region. If each of its corners lies on as
many of these rows as there are dimensions, and all other rows are positive at all
corners, a facet lies on one row alone, which is one of those: across it the unit
changes, and no other. Every sign is proved, or the region is left to integers.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, UInt8

from regions.certificates.bounded_forms import BoundedForms, BoundedRows, wall_rows
from regions.certificates.corners import Corners, doubt, find_corners, volumes
from regions.certificates.floats import chunks
from regions.certificates.members import Members
from regions.certificates.watch import Watch
from regions.domains.shapes import Domain, WholeSpace
from regions.results.region_table import RegionTable

MAX_DIM = 3
"""Dimensions in which corners are looked for."""
IN_CACHE = 512
"""Regions at a time, whose rows stay near the processor."""
MOST_AT_ONCE = 2**15
"""Choices of rows at a time, likewise."""
CORNER_ERROR = 1e-10
"""Part of the domain's shortest side by which corners may be off in a volume."""


class Proved(NamedTuple):
    """What is known of some regions.

    Attributes:
        regions: Which.
        rows: Their rows.
        sound: Whether the witness is proved to be strictly inside region and domain.
        closed: Whether all facets are proved to lead to members or out of the domain,
            if there is a point inside.
        volumes: Volumes of those that are closed and whose corners are well known; NaN
            elsewhere.
    """

    regions: Int[np.ndarray, " some"]
    rows: BoundedRows
    sound: Bool[np.ndarray, " some"]
    closed: Bool[np.ndarray, " some"]
    volumes: Float64[np.ndarray, " some"]


def has_corners(domain: Domain) -> bool:
    """Whether regions of a domain are polytopes with few enough corners."""
    return (
        not isinstance(domain, WholeSpace)
        and domain.is_bounded
        and domain.squared_radius is None
        and domain.dim <= MAX_DIM
    )


def proved_regions(regions: RegionTable, watch: Watch) -> Iterator[Proved]:
    """All regions in sorted order, some at a time.

    Raises:
        StoppedError: If it is time to stop.
    """
    domain, count = regions.domain, len(regions)
    forms = BoundedForms(regions.network, domain)
    members = Members(regions.patterns, regions.network.num_bits)
    walls = wall_rows(domain)
    walls = np.ldexp(walls, -np.frexp(np.abs(walls).max(0))[1])
    box = domain.chart_box()  # pyright: ignore[reportAttributeAccessIssue]
    reach = CORNER_ERROR * float((box.upper - box.lower).min())
    order = sorted_order(regions.patterns)
    for part in chunks(count, IN_CACHE):
        some = order[part]
        rows = forms.of(regions.pattern_bits(some))
        points = regions.coordinates[some]
        sound = _are_inside(rows, walls, points)
        sound &= ~np.isin(some, list(regions.exact_witnesses))
        flips = members.flips(some)
        closed, sizes = np.zeros(len(some), bool), np.full(len(some), np.nan)
        for chosen, number in _alike(flips.sum(1), walls.shape[1], domain.dim):
            watch.ask()
            closed[chosen], sizes[chosen] = _closed(
                BoundedRows(*(array[chosen] for array in rows)),
                flips[chosen],
                number,
                walls,
                points[chosen],
                reach,
            )
        yield Proved(some, rows, sound, closed, sizes)


def sorted_order(
    patterns: UInt8[np.ndarray, "regions bytes"],
) -> Int[np.ndarray, " regions"]:
    """The order of patterns, earlier units first."""
    if not patterns.shape[1]:
        return np.arange(len(patterns))
    first_highest = np.packbits(np.unpackbits(patterns, axis=1, bitorder="little"), 1)
    return np.lexsort(first_highest.T[::-1])


def _alike(
    counts: Int[np.ndarray, " regions"], walls: int, dim: int
) -> Iterator[tuple[Int[np.ndarray, " some"], int]]:
    """Regions with as many neighbors each, and this number: not too many at once."""
    for number in np.unique(counts).tolist():
        alike = np.flatnonzero(counts == number)
        choices = math.comb(number + walls, dim)
        for part in chunks(len(alike), max(MOST_AT_ONCE // choices, 1)):
            yield alike[part], number


def _are_inside(
    rows: BoundedRows,
    walls: Float64[np.ndarray, "dim_plus_1 walls"],
    points: Float64[np.ndarray, "regions dim"],
) -> Bool[np.ndarray, " regions"]:
    """Whether points are proved to be where all rows and walls are positive."""
    dim = points.shape[1]
    whole = np.column_stack([points, np.ones(len(points))])
    whole = np.ldexp(whole, -np.frexp(np.abs(whole).max(1))[1][:, None])
    values = (whole[:, None] @ rows.rows)[:, 0]
    within = whole @ walls > doubt(0.0, 1.0, 0.0, dim)
    positive = values > doubt(rows.errors, rows.sizes, 0.0, dim)
    return np.asarray(positive.all(1) & within.all(1))


def _closed(
    rows: BoundedRows,
    flips: Bool[np.ndarray, "regions bits"],
    number: int,
    walls: Float64[np.ndarray, "dim_plus_1 walls"],
    points: Float64[np.ndarray, "regions dim"],
    reach: float,
) -> tuple[Bool[np.ndarray, " regions"], Float64[np.ndarray, " regions"]]:
    """Whether regions with so many neighbors have no others, and volumes."""
    count, entries, dim = len(flips), *walls.shape[:1], points.shape[1]
    bits = np.nonzero(flips)[1].reshape(count, number)
    scale = -np.frexp(np.take_along_axis(rows.sizes, bits, 1))[1]
    own = np.take_along_axis(rows.rows, bits[:, None], 2)
    own = np.ldexp(own, scale[:, None])
    errors = np.ldexp(np.take_along_axis(rows.errors, bits, 1), scale)
    table = np.empty((number + walls.shape[1], entries, count))
    table[:number] = own.transpose(2, 1, 0)
    table[number:] = walls.T[:, :, None]
    corners = find_corners(table, errors.max(1, initial=0.0))
    if not len(corners.owners):
        return corners.found & False, np.full(count, np.nan)
    positive = _are_positive(rows, corners, dim)
    closed = corners.found & (positive | flips).all(1)
    w = corners.points[-1]
    off = corners.errors * (1.0 + np.abs(corners.points[:-1] / w).max(0)) / w
    vague = np.bincount(corners.owners, ~(off <= reach), count) > 0.0
    sizes = volumes(table, corners, points)
    return closed, np.where(closed & ~vague, sizes, np.nan)


def _are_positive(
    rows: BoundedRows, corners: Corners, dim: int
) -> Bool[np.ndarray, "regions bits"]:
    """Whether rows are proved to be positive at all corners of their regions."""
    count = len(rows.rows)
    sizes = np.bincount(corners.owners, minlength=count)
    first = np.cumsum(sizes) - sizes
    # Those with fewer corners than others have their last one again.
    slots = np.minimum(np.arange(sizes.max()), sizes[:, None] - 1) + first[:, None]
    slots = np.clip(slots, 0, len(corners.owners) - 1)
    values = (corners.points.T[slots] @ rows.rows).min(1)
    off = corners.errors[slots].max(1)
    return np.asarray(values > doubt(rows.errors, rows.sizes, off[:, None], dim))
