"""Polytopes of regions in integers, with those of regions before them kept."""

import itertools
import math
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64

from regions.certificates.clipping import Facet, cut, domain_facets
from regions.certificates.facets import facets
from regions.certificates.integer_forms import (
    Row,
    SignedRows,
    domain_rows,
    homogeneous,
    near,
    near_doubt,
)
from regions.certificates.watch import Watch
from regions.domains.shapes import Ball, BoundedDomain, HPolytope, Simplex


class ExactPolytopes:
    """Clips a domain of dimension 1 to 3 by the rows of regions, given one by one.

    The polytopes after each row of the last pattern are kept: sorted patterns share
    many.
    """

    def __init__(self, domain: BoundedDomain, watch: Watch):
        self._watch, self.walls = watch, domain_rows(domain)
        self.near_walls = near(self.walls, domain.dim + 1)
        self._stack = [_outline(domain, self.walls)]
        self._bits = np.zeros(0, bool)

    @property
    def domain(self) -> list[Facet]:
        """Facets of the domain."""
        return self._stack[0]

    def of(self, bits: Bool[np.ndarray, " bits"], rows: SignedRows) -> list[Facet]:
        """Facets of a region.

        Raises:
            StoppedError: If it is time to stop.
        """
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
        return self._stack[-1]


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
        point = (Fraction(int(v), int(vertex[-1])) for v in vertex[:-1])
        if any(v in pair for v, pair in zip(point, ends, strict=True)):
            raise AssertionError("the domain reaches the sides of the box around it")
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
