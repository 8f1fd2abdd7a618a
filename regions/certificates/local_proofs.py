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

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.certificates.bounded_forms import (
    BOUND_ROUNDING,
    ROUNDING,
    BoundedForms,
    BoundedRows,
    Level,
    SharedRows,
)
from regions.certificates.chosen_rows import Polytopes, polytopes_of
from regions.certificates.corners import doubt
from regions.certificates.floats import chunks
from regions.certificates.members import Members, sorted_order, true_entries
from regions.certificates.watch import Watch
from regions.domains.shapes import Domain, WholeSpace
from regions.results.region_table import RegionTable

MAX_DIM = 3
"""Dimensions in which corners are looked for."""
ROOM, MOST_REGIONS = 2**21, 4096
"""Numbers in the rows of some regions, and regions, at a time."""
AT_ONCE = 2**17
"""Numbers in the rows that are looked at together: they stay near the processor."""
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
    rows: SharedRows
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
        some = order[part]
        flips, points = members.flips(some), regions.coordinates[some]
        rows = forms.of(regions.pattern_bits(some))
        polytopes = polytopes_of(rows, flips, points, reach, watch)
        signs = _Signs(points, polytopes)
        chosen = np.column_stack([flips, rows.bits[:, flips.shape[1] :]])
        for level, own in rows.parts():
            signs.take(level, rows.bits[:, own], chosen[:, own])
        sound = signs.sound & ~np.isin(some, list(regions.exact_witnesses))
        sizes = np.where(signs.closed, polytopes.volumes, np.nan)
        yield Proved(some, rows, sound, signs.closed, sizes)


class _Signs:
    """Signs of rows at the witnesses of regions, and on their polytopes.

    A row with gradient g is at least v - |g| r on a polytope, where v is its value at
    the witness and r how far the polytope goes from there, coordinate by coordinate.
    Where this is not positive, corners are asked one by one.

    Attributes:
        sound: Whether all rows so far are proved to be positive at the witness,
        closed: and, but for those chosen, on the polytope.
    """

    def __init__(
        self, points: Float64[np.ndarray, "regions dim"], polytopes: Polytopes
    ):
        count, dim = points.shape
        self._polytopes = polytopes
        self.sound, self.closed = np.ones(count, bool), polytopes.found.copy()
        self._size = 1.0 + np.abs(points).sum(1)
        # What multiplies a form, and then its absolute values and its error.
        self._factors = np.zeros((count, 2, 2 * dim + 2))
        self._factors[:, 0, :dim], self._factors[:, 0, dim] = points, 1.0
        self._factors[:, 1, dim + 1 : -1] = polytopes.reach
        self._factors[:, 1, -1] = self._size + polytopes.reach.sum(1)

    def take(
        self,
        level: Level,
        bits: Bool[np.ndarray, "regions units"],
        chosen: Bool[np.ndarray, "regions units"],
    ) -> None:
        """Take in the rows of a level, of which some are chosen."""
        # Sums of both kinds, each with its rounding, and what is lost in comparing.
        relative = (2 * level.forms.shape[1] + 4) * ROUNDING
        errors = BOUND_ROUNDING * (level.errors + relative * level.sizes)
        steep = np.abs(level.forms[:, :-1])
        table = np.concatenate([level.forms, steep, errors[:, None]], axis=1)
        asked, width = [], table.shape[1] * max(table.shape[2], 1)
        for block in chunks(len(bits), max(AT_ONCE // width, 1)):
            regions, units = self._left_open(
                table, level.owners[block], bits[block], self._factors[block], block
            )
            is_asked = self.closed[regions] & ~chosen[regions, units]
            asked.append((regions[is_asked], units[is_asked]))
        regions, units = (np.concatenate(part) for part in zip(*asked, strict=True))
        owners = level.owners[regions]
        forms = level.forms[owners, :, units]
        forms[~bits[regions, units]] *= -1.0
        part = level.sizes[owners, units], level.errors[owners, units]
        self._ask_corners(regions, BoundedRows(forms.T, *part))

    def _left_open(
        self,
        table: Float64[np.ndarray, "groups factors units"],
        owners: Int[np.ndarray, " some"],
        bits: Bool[np.ndarray, "some units"],
        factors: Float64[np.ndarray, "some 2 factors"],
        block: slice,
    ) -> tuple[Int[np.ndarray, " open"], Int[np.ndarray, " open"]]:
        """Rows not yet proved to be positive on the polytope of their region.

        Of them it is seen whether they are at the witness.
        """
        if len(table) > 1:
            products = factors @ table[owners]
        else:  # One product for all.
            products = factors.reshape(-1, factors.shape[2]) @ table[0]
            products = products.reshape(len(bits), 2, -1)
        right = (products[:, 0] > 0.0) == bits
        values = np.abs(products[:, 0])
        row, units = true_entries(~(right & (values > products[:, 1])))
        regions = row + block.start
        needed = table[owners[row], -1, units] * self._size[regions]
        is_sound = right[row, units] & (values[row, units] > needed)
        self.sound[regions[~is_sound]] = False
        return regions, units

    def _ask_corners(
        self, regions: Int[np.ndarray, " some"], rows: BoundedRows
    ) -> None:
        """Whether a row is positive at all corners of its region, for some regions."""
        first, number = (part[regions] for part in self._polytopes[2:4])
        row = np.repeat(np.arange(len(regions)), number)
        corner = np.arange(len(row)) + (first - np.cumsum(number) + number)[row]
        _, _, _, points, off = self._polytopes.corners
        values = (rows.rows[:, row] * points[:, corner]).sum(0)
        dim = len(points) - 1
        doubts = doubt(rows.errors[row], rows.sizes[row], off[corner], dim)
        self.closed[regions[row[~(values > doubts)]]] = False
