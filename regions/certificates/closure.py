"""Completeness by facets: every facet leads to a member or out of the domain.

The domain is convex, and what is left of it without the faces of codimension 2 is
connected. So a nonempty set of regions that is closed under crossing facets is all.
"""

import functools

import numpy as np
from flint import fmpz
from jaxtyping import Bool

from regions.certificates.ball_gaps import lies_beyond
from regions.certificates.checks import Check
from regions.certificates.clipping import Facet
from regions.certificates.exact_polytopes import ExactPolytopes
from regions.certificates.integer_forms import (
    IntegerForms,
    Row,
    SignedRows,
    domain_rows,
    near,
    near_doubt,
    primitive,
    value,
)
from regions.certificates.multipliers import multipliers
from regions.certificates.watch import Watch
from regions.domains.shapes import BoundedDomain
from regions.patterns.names import unit_name
from regions.results.region_table import RegionTable


class Across:
    """Looks up what is beyond facets in the list itself."""

    def __init__(self, regions: RegionTable):
        self._regions = regions
        self._members = {row.tobytes() for row in regions.patterns}

    @functools.cached_property
    def _forms(self) -> IntegerForms:
        """Forms beyond a facet, apart from those of the regions in sorted order."""
        return IntegerForms(self._regions.network, self._regions.domain)

    def is_member(
        self,
        bits: Bool[np.ndarray, " bits"],
        row: Row,
        vanishing: list[int],
        flat: list[int],
    ) -> bool:
        """Whether the region beyond a facet of a region is a member.

        Args:
            bits: The pattern of the region.
            row: The row of the facet, positive on the region.
            vanishing: The units whose rows are multiples of it,
            flat: and those that are zero all over the region.
        """
        if len(vanishing) == 1 and not flat:
            across = bits.copy()
            across[vanishing[0]] = not across[vanishing[0]]
        else:
            across = self._cross(bits, row, {*vanishing, *flat})
        return np.packbits(across, bitorder="little").tobytes() in self._members

    def _cross(
        self, bits: Bool[np.ndarray, " bits"], row: Row, vanishing: set[int]
    ) -> Bool[np.ndarray, " bits"]:
        """The pattern just beyond a facet.

        Units that do not vanish on the facet keep their sign. The form of another
        one is a multiple of the facet's row there, and that row is negative beyond.
        """
        across = bits.copy()
        place = next(k for k, entry in enumerate(row) if entry)
        for layer in sorted({self._forms.layer_of(bit) for bit in vanishing}):
            forms = self._forms.layer_rows(layer, across)
            start = self._forms.bits_of(layer).start
            for bit in self._forms.bits_of(layer):
                if bit in vanishing:
                    across[bit] = forms[bit - start][place] * row[place] < 0
        return across


class CornerClosure:
    """Looks across the facets of each region, given one by one, by its corners.

    The facets are those of the exact polytope: for bounded domains of dimension 1 to 3.
    """

    def __init__(self, regions: RegionTable, domain: BoundedDomain, watch: Watch):
        self._regions, self._domain, self._watch = regions, domain, watch
        self._is_closed, self._looked_at = True, 0

    @functools.cached_property
    def _polytopes(self) -> ExactPolytopes:
        """Made where a region is left to integers."""
        return ExactPolytopes(self._domain, self._watch)

    @functools.cached_property
    def _across(self) -> Across:
        """Likewise."""
        return Across(self._regions)

    def add(
        self, region: int, bits: Bool[np.ndarray, " bits"], rows: SignedRows, point: Row
    ) -> None:
        """Look across the facets of one region, unless another one was not closed."""
        del region, point
        self._looked_at += 1
        if not self._is_closed:
            return
        facets = self._polytopes.of(bits, rows)
        vertices = list({vertex: None for facet in facets for vertex in facet})
        places = {vertex: k for k, vertex in enumerate(vertices)}
        entries = rows.near.shape[1]
        # Rows of units, then of the domain, that may vanish: by rounded numbers.
        both = np.concatenate([rows.near, self._polytopes.near_walls])
        values = both @ near(vertices, entries).T
        may_vanish = ~(values > near_doubt(entries))
        flat = np.flatnonzero(~rows.near.any(1)).tolist()
        flat = [bit for bit in flat if not any(rows.exact[bit])]
        exact = [*rows.exact, *self._polytopes.walls]
        for facet in facets:
            corners = [places[vertex] for vertex in facet]
            may = np.flatnonzero(may_vanish[:, corners].all(1)).tolist()
            vanishing = [k for k in may if k not in flat and _vanishes(exact[k], facet)]
            if vanishing[-1] < len(bits):  # Others lead out of the domain.
                row = rows.exact[vanishing[0]]
                self._is_closed &= self._across.is_member(bits, row, vanishing, flat)

    def finish(self, claims_complete: bool) -> Check:
        """Whether all facets led to members or out of the domain."""
        del claims_complete
        text = f"all facets of {len(self._regions):,} regions lead to members"
        note = f", {self._looked_at:,} of them by integers" if self._looked_at else ""
        return Check("completeness", self._is_closed, f"{text}{note}")


def _vanishes(row: Row, facet: Facet) -> bool:
    """Whether a row is zero at all corners of a facet."""
    return not any(value(row, corner) for corner in facet)


class ClosureProof:
    """Looks across every row of every region, given one by one.

    If the region across a row is a member, it does not matter whether the row is a
    facet. Otherwise the row must be redundant, which multipliers prove.
    """

    def __init__(self, regions: RegionTable, watch: Watch):
        self._regions, self._watch = regions, watch
        self._walls = domain_rows(regions.domain)
        self._across = Across(regions)
        self._crossed = self._redundant = self._beyond_ball = 0
        self._square = regions.domain.squared_radius
        self._holes: list[tuple[int, int]] = []

    def add(
        self, region: int, bits: Bool[np.ndarray, " bits"], rows: SignedRows, point: Row
    ) -> None:
        """Look across the rows of one region."""
        groups: dict[Row, list[int]] = {}
        flat = []
        for bit, row in enumerate(rows.exact):
            if any(row[:-1]):
                groups.setdefault(primitive(row), []).append(bit)
            elif not row[-1]:
                flat.append(bit)
        walls = set(self._walls)
        for row, members in groups.items():
            self._watch.ask()
            if row in walls:
                continue
            if self._across.is_member(bits, row, members, flat):
                self._crossed += 1
            elif self._follows(row, groups, point):
                self._redundant += 1
            elif self._square is not None and self._is_beyond(row, groups):
                self._beyond_ball += 1
            else:
                self._holes.append((region, members[0]))

    def _follows(self, row: Row, groups: dict[Row, list[int]], point: Row) -> bool:
        """Whether a row is implied by the others, by multipliers checked exactly."""
        others = list({**groups, **dict.fromkeys(self._walls)})
        others.remove(row)
        constant = (*(fmpz(0) for _ in row[:-1]), fmpz(1))
        return multipliers([*others, constant], row, point) is not None

    def _is_beyond(self, row: Row, groups: dict[Row, list[int]]) -> bool:
        """Whether the facet is proved to have no point in a round domain."""
        assert self._square is not None
        return lies_beyond(row, [r for r in groups if r != row], self._square)

    def finish(self, claims_complete: bool) -> Check:
        """What was found across all facets."""
        del claims_complete
        name = "completeness"
        if not len(self._regions):
            return Check(name, False, "no region at all: every domain has one")
        if self._holes:
            region, bit = min(self._holes)
            unit = unit_name(self._regions.network.units[bit])
            return Check(
                name,
                False,
                f"a region is missing: the facet of region {region} on {unit} leads to "
                f"no member ({len(self._holes)} such facets)",
            )
        return Check(
            name,
            True,
            f"{self._crossed:,} rows lead to members, {self._redundant:,} others are "
            "redundant by exact multipliers"
            + (f", {self._beyond_ball:,} end beyond the ball" if self._square else ""),
        )
