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
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.certificates.bounded_forms import BoundedForms, BoundedRows
from regions.certificates.corners import Corners, doubt, find_corners, volumes
from regions.certificates.floats import chunks
from regions.certificates.members import Members, sorted_order
from regions.certificates.watch import Watch
from regions.domains.shapes import Domain, WholeSpace
from regions.results.region_table import RegionTable

MAX_DIM = 3
"""Dimensions in which corners are looked for."""
ROOM, MOST_REGIONS = 2**19, 4096
"""Numbers in the rows of some regions, and regions, at a time."""
MOST_AT_ONCE = 2**15
"""Choices of rows for corners at a time: they stay near the processor."""
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


def proved_regions(
    regions: RegionTable, watch: Watch, *, with_volumes: bool
) -> Iterator[Proved]:
    """All regions, some at a time.

    Raises:
        StoppedError: If it is time to stop.
    """
    domain, count = regions.domain, len(regions)
    forms = BoundedForms(regions.network, domain)
    members = Members(regions.patterns, regions.network.num_bits)
    box = domain.chart_box()  # pyright: ignore[reportAttributeAccessIssue]
    side = float((box.upper - box.lower).min())
    reach = CORNER_ERROR * side if with_volumes else None
    order = sorted_order(regions.patterns)
    width = (domain.dim + 1) * (regions.network.num_bits + 1)
    at_once = min(max(ROOM // width, 1), MOST_REGIONS)
    for part in chunks(count, at_once):
        flips = members.flips(order[part])
        # Those with as many neighbors stand together.
        alike = np.argsort(flips.sum(1), kind="stable")
        rows = forms.of(regions.pattern_bits(order[part]), alike)
        some, flips = order[part][alike], flips[alike]
        points = regions.coordinates[some]
        sound = _are_inside(rows, points)
        sound &= ~np.isin(some, list(regions.exact_witnesses))
        closed, sizes = _closed(rows, flips, points, reach, watch)
        yield Proved(some, rows, sound, closed, sizes)


def _are_inside(
    rows: BoundedRows, points: Float64[np.ndarray, "regions dim"]
) -> Bool[np.ndarray, " regions"]:
    """Whether points are proved to be where all rows are positive."""
    whole = np.column_stack([points, np.ones(len(points))])
    whole = np.ldexp(whole, -np.frexp(np.abs(whole).max(1))[1][:, None])
    values = (whole[:, None] @ rows.rows)[:, 0]
    positive = values > doubt(rows.errors, rows.sizes, 0.0, points.shape[1])
    return np.asarray(positive.all(1))


def _closed(
    rows: BoundedRows,
    flips: Bool[np.ndarray, "regions bits"],
    points: Float64[np.ndarray, "regions dim"],
    reach: float | None,
    watch: Watch,
) -> tuple[Bool[np.ndarray, " regions"], Float64[np.ndarray, " regions"]]:
    """Whether facets of regions lead to members or out of the domain, and volumes.

    Few regions touch the domain's facets: their rows are taken where corners lie
    beyond, and all of them where that did not help.
    """
    (count, bits), dim = flips.shape, points.shape[1]
    closed, sizes = np.zeros(count, bool), np.full(count, np.nan)
    chosen = np.zeros(rows.sizes.shape, bool)
    chosen[:, :bits] = flips
    for last in (False, False, True):
        left = np.flatnonzero(~closed)
        chosen[left, bits:] |= last
        for some, number in _alike(chosen[left].sum(1), dim):
            watch.ask()
            those = _as_slice(left[some])
            part = BoundedRows(*(array[those] for array in rows))
            positive, found, sizes[those] = _cornered(
                part, chosen[those], number, points[those], reach
            )
            closed[those] = found & (positive | chosen[those]).all(1)
            chosen[those, bits:] |= ~(positive[:, bits:] & found[:, None])
    return closed, np.where(closed, sizes, np.nan)


def _as_slice(places: Int[np.ndarray, " some"]) -> Any:
    """Places in a row as a slice, which copies nothing."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first + 1 == len(places) else places


def _alike(
    counts: Int[np.ndarray, " regions"], dim: int
) -> Iterator[tuple[Int[np.ndarray, " some"], int]]:
    """Regions with as many chosen rows each, and this number: not too many at once."""
    for number in np.unique(counts).tolist():
        alike = np.flatnonzero(counts == number)
        choices = max(math.comb(number, dim), 1)
        for part in chunks(len(alike), max(MOST_AT_ONCE // choices, 1)):
            yield alike[part], number


def _cornered(
    rows: BoundedRows,
    chosen: Bool[np.ndarray, "regions rows"],
    number: int,
    points: Float64[np.ndarray, "regions dim"],
    reach: float | None,
) -> tuple[
    Bool[np.ndarray, "regions rows"],
    Bool[np.ndarray, " regions"],
    Float64[np.ndarray, " regions"],
]:
    """The polytopes of so many chosen rows of regions.

    Returns:
        Whether rows are proved to be positive on them, whether all corners are proved
        to be found, and their volumes, NaN where corners are not known well.
    """
    count, dim = points.shape
    places = np.nonzero(chosen)[1].reshape(count, number)
    scale = -np.frexp(np.take_along_axis(rows.sizes, places, 1))[1]
    own = np.take_along_axis(rows.rows, places[:, None], 2)
    table = np.ldexp(own, scale[:, None]).transpose(2, 1, 0).copy()
    errors = np.ldexp(np.take_along_axis(rows.errors, places, 1), scale)
    corners = find_corners(table, errors.max(1, initial=0.0))
    if not len(corners.owners):
        return chosen & False, corners.found, np.full(count, np.nan)
    sizes = np.full(count, np.nan)
    if reach is not None:
        bottom = corners.points[-1]
        far = 1.0 + np.abs(corners.points[:-1] / bottom).max(0)
        is_vague = ~(corners.errors * far / bottom <= reach)
        vague = np.bincount(corners.owners, is_vague, count) > 0.0
        sizes = np.where(vague, np.nan, volumes(table, corners, points))
    return _are_positive(rows, corners, dim), corners.found, sizes


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
