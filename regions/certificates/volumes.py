"""Completeness by exact volume: distinct regions that fill the domain are all."""

import itertools
import math
from fractions import Fraction

import numpy as np
from flint import fmpq
from jaxtyping import Bool, Float64

from regions.certificates.checks import Check
from regions.certificates.clipping import (
    Facet,
    cut,
    domain_facets,
    exact_sum,
    oriented,
    signed_volume,
)
from regions.certificates.facets import facets
from regions.certificates.integer_forms import (
    Row,
    SignedRows,
    domain_rows,
    homogeneous,
    near,
    near_doubt,
    value,
)
from regions.certificates.watch import Watch
from regions.domains.shapes import Ball, BoundedDomain, HPolytope, Simplex


class VolumeProof:
    """Adds up the exact volumes of polytopes, given one by one.

    A volume is a sum over oriented facets (divergence theorem), and a facet that two
    regions share is seen once from either side. Such pairs cancel when they meet, so
    that only the rest is added up: the boundary of the union.
    """

    def __init__(self, domain: BoundedDomain, watch: Watch):
        self._domain, self._watch = domain, watch
        self._walls = domain_rows(domain)
        # Polytopes after each row of the last pattern: sorted patterns share many.
        self._stack = [_outline(domain, self._walls)]
        self._bits = np.zeros(0, bool)
        self._open: dict[Facet, tuple[int, int]] = {}
        self._doubled: list[tuple[Facet, int, int]] = []

    def add(
        self, region: int, bits: Bool[np.ndarray, " bits"], rows: SignedRows, point: Row
    ) -> None:
        """Clip the domain by a region's rows and take in its facets."""
        del point
        known = min(len(self._bits), len(bits))
        changed = np.flatnonzero(self._bits[:known] != bits[:known])
        shared = int(changed[0]) if len(changed) else known
        del self._stack[shared + 1 :]
        may_cut = _may_cut(self._stack[-1], rows.near[shared:])
        for row, cuts in zip(rows.exact[shared:], may_cut, strict=True):
            self._watch.ask()
            last = self._stack[-1]
            self._stack.append(cut(last, row) if cuts else last)
        self._bits = bits
        for index, facet in enumerate(self._stack[-1]):
            self._take(region, *oriented(facet, index))

    def _take(self, region: int, name: Facet, side: int) -> None:
        """Cancel a facet against the other side of it, or keep it."""
        other = self._open.get(name)
        if other is None:
            self._open[name] = (side, region)
        elif other[0] == -side:
            del self._open[name]
        else:
            self._doubled.append((name, side, region))

    def finish(self, claims_complete: bool) -> Check:
        """Compare the sum with the domain's volume."""
        left = [(name, side) for name, (side, _) in self._open.items()]
        left += [(name, side) for name, side, _ in self._doubled]
        total = exact_sum(self._volume(name) * side for name, side in left)
        whole = (oriented(facet, k) for k, facet in enumerate(self._stack[0]))
        expected = exact_sum(self._volume(name) * side for name, side in whole)
        volume = fmpq_ratio(expected.p, expected.q)
        name = "completeness"
        if total == expected:
            return Check(name, True, f"the exact volumes sum to exactly {volume}")
        share = float(Fraction(int(total.p), int(total.q)) / volume)
        text = f"the exact volumes sum to {share:.12g} of the domain's"
        if total > expected or self._doubled:
            return Check(name, False, f"{text}: regions overlap")
        if not claims_complete:
            return Check(name, None, f"{text}; the set does not claim to be complete")
        return Check(name, False, f"{text}: {self._hole()}")

    def _volume(self, name: Facet) -> fmpq:
        """What a facet adds to the volume."""
        self._watch.ask()
        return signed_volume(name)

    def _hole(self) -> str:
        """Where something is missing: a facet inside the domain with one side only."""
        inner = [
            (region, name)
            for name, (_, region) in self._open.items()
            if not any(all(not value(w, v) for v in name) for w in self._walls)
        ]
        if not inner:
            return "regions are missing"
        region, name = min(inner, key=lambda entry: entry[0])
        corners = [[float(fmpq_ratio(x, v[-1])) for x in v[:-1]] for v in name]
        middle = np.mean(corners, axis=0).tolist()
        return (
            f"a region is missing across the facet of region {region} around {middle} "
            f"({len(inner)} facets have no region beyond them)"
        )


def _may_cut(
    facets: list[Facet], rows: Float64[np.ndarray, "rows entries"]
) -> list[bool]:
    """Which rows are not proved, by rounded numbers, to be positive at all vertices.

    Those that are cut nothing of a part, either.
    """
    vertices = {vertex for facet in facets for vertex in facet}
    if not vertices:
        return [False] * len(rows)
    entries = rows.shape[1]
    values = rows @ near(vertices, entries).T
    is_open = ~(values > near_doubt(entries))
    return np.asarray(is_open.any(axis=1)).tolist()


def fmpq_ratio(top: object, bottom: object) -> Fraction:
    """A quotient of two integers as a fraction."""
    return Fraction(int(top), int(bottom))  # pyright: ignore[reportArgumentType]


def _outline(domain: BoundedDomain, walls: list[Row]) -> list[Facet]:
    """Facets of a domain in its chart; of a polytope a larger box is cut."""
    if not isinstance(domain, HPolytope | Ball):
        return domain_facets(_corners(domain))
    box = domain.chart_box()
    pairs = zip(box.lower.tolist(), box.upper.tolist(), strict=True)
    ends = [(Fraction(math.floor(a) - 1), Fraction(math.ceil(b) + 1)) for a, b in pairs]
    found = domain_facets(list(map(homogeneous, itertools.product(*ends))))
    for wall in walls:
        found = cut(found, wall)
    # What reaches the sides of the larger box may go on beyond them.
    for vertex in {vertex for facet in found for vertex in facet}:
        point = (fmpq_ratio(v, vertex[-1]) for v in vertex[:-1])
        assert all(v not in pair for v, pair in zip(point, ends, strict=True))
    return found


def _corners(domain: BoundedDomain) -> list[Row]:
    """Corners of a box or simplex in its chart, as `domain_facets` wants them."""
    if isinstance(domain, Simplex):
        points = [[Fraction(0)] * domain.dim]
        for k in range(domain.dim):
            points.append([Fraction(int(i == k)) for i in range(domain.dim)])
    else:
        _, b = facets(domain)
        low, high = -b[: domain.dim], b[domain.dim :]
        sides = [(Fraction(float(a)), Fraction(float(c))) for a, c in zip(low, high)]  # noqa: B905
        points = [list(corner) for corner in itertools.product(*sides)]
    return [homogeneous(point) for point in points]
