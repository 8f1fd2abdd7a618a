"""The regions that meet at a point of a boundary, exactly.

Around a point x every region whose closure contains x is a cone, and the cones of all
of them cover the directions at x. They are found by walking across the facets of the
cones; each cone's pattern is that of the network just beyond x, in rational arithmetic.
"""

import dataclasses
from collections import deque
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import Domain, WholeSpace
from regions.errors import UndecidedError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import check, telling
from regions.lp.exact_lp import Point
from regions.lp.exact_rows import IntegerRow, as_fractions, crossing_point, slack_at
from regions.models.arguments import (
    DomainLike,
    NetworkLike,
    network_and_domain,
    read_point,
)
from regions.network import ArrayLike
from regions.polytopes.crossing import bits_just_beyond, point_along
from regions.polytopes.facet_evidence import RowSystem
from regions.polytopes.facet_search import search_facets
from regions.polytopes.network_rows import NetworkRows
from regions.polytopes.polytope import outside_text
from regions.signs.rounding import are_on

MAX_MEETING = 4096


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Meeting:
    """The regions whose closure contains a point.

    Attributes:
        units: `(layer, unit)`, counted from 0, of the units that are zero at the point.
        patterns: Their patterns, one row per region; a single one if the point lies
            inside a region (units that vanish all around it make no boundary).
        directions: Moving from the point along row k leads into region k; rounded.

    Example:
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> meeting = regions_meeting_at(net, np.array([0.0, 1.0]))
        >>> meeting.units, len(meeting.patterns)
        ([(0, 0)], 2)
    """

    units: list[tuple[int, int]]
    patterns: Bool[np.ndarray, "regions bits"]
    directions: Float64[np.ndarray, "regions dim"]

    def __repr__(self) -> str:
        return f"Meeting({len(self.patterns)} regions)"


@kinds_checked
def regions_meeting_at(
    network: NetworkLike,
    x: ArrayLike,
    domain: DomainLike = None,
    *,
    max_regions: int = MAX_MEETING,
) -> Meeting:
    """All regions whose closure contains `x`, in exact arithmetic.

    Args:
        network: Any network.
        x: A point, in chart coordinates of `domain` if one is given.
        domain: Regions outside it do not count; None for the whole space. In a ball of
            the norm 2 the point must lie strictly inside.
        max_regions: The most regions to list.

    Raises:
        ValueError: If `x` has the wrong shape or lies outside the domain.
        UndecidedError: If more than `max_regions` regions meet at `x`.

    Example:
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> len(regions_meeting_at(net, np.zeros(2)).patterns)
        4
    """
    network, domain = network_and_domain(network, domain, or_whole=True, or_round=True)
    rows = NetworkRows(network, domain, past_ball=True)
    here = read_point(x, domain.dim, chart=not domain.is_chart_identity)
    cones = _Cones(rows, here, domain)
    found = _walk(cones, domain, max_regions)
    return Meeting(
        [network.units[k] for k in cones.tied if k < rows.num_units],
        np.array([bits[rows.units] for bits, _ in found], bool),
        np.array([[float(v) for v in u] for _, u in found]),
    )


def _walk(
    cones: "_Cones", domain: Domain, max_regions: int
) -> list[tuple[Bool[np.ndarray, " units"], Point]]:
    """All cones, by walking across facets: pattern and a direction of each."""
    first = cones.first(domain)
    found, queue = {first[0].tobytes(): first}, deque([first])
    while queue:
        with telling(lambda: f"{len(found)} regions meet at least", lambda: len(found)):
            check()
        for bits, direction in cones.neighbors(*queue.popleft()):
            if bits.tobytes() in found:
                continue
            if len(found) >= max_regions:
                raise UndecidedError(
                    f"more than {max_regions} regions meet at the point: raise "
                    "`max_regions`",
                    margin=0.0,
                    tolerance=0.0,
                )
            found[bits.tobytes()] = bits, direction
            queue.append((bits, direction))
    return list(found.values())


class _Cones:
    """The cones of directions at a point, one per region."""

    def __init__(
        self, rows: NetworkRows, x: Float64[np.ndarray, " dim"], domain: Domain
    ):
        self._rows = rows
        self._x: Point = as_fractions(x)
        if domain.squared_radius is not None and rows.sides(x)[0] <= 0:
            raise ValueError(outside_text(domain, x, 0))
        signs = rows.signs(x[None]).sign[0]
        table = rows.integers(are_on(signs))[rows.num_units :]
        slack = [slack_at(row, self._x) for row in table]
        if min(slack, default=Fraction(1)) < 0:
            assert not isinstance(domain, WholeSpace)
            outside = next(k for k, value in enumerate(slack) if value < 0)
            raise ValueError(outside_text(domain, x, outside))
        tight = [rows.num_units + k for k, value in enumerate(slack) if value == 0]
        self.tied = [*np.flatnonzero(signs[rows.units] == 0).tolist(), *tight]

    def _cone(self, bits: Bool[np.ndarray, " units"]) -> list[IntegerRow]:
        """Rows of a region that are tight at x, as rows for directions."""
        table = self._rows.integers(bits)
        return [[*table[k][:-1], 0] for k in self.tied]

    def _bits(self, *directions: Point) -> Bool[np.ndarray, " units"]:
        """Pattern just beyond x."""
        bits = bits_just_beyond(self._rows.exact, self._x, *directions)
        bits[np.setdiff1d(np.arange(len(bits)), self._rows.units)] = False
        return bits

    def first(self, domain: Domain) -> tuple[Bool[np.ndarray, " units"], Point]:
        """A region at x, and a direction strictly inside its cone."""
        rng = np.random.default_rng(0)
        start = _inward(domain, self._x)
        for power in range(4, 64):
            noise = rng.integers(-1024, 1025, len(start)).tolist()
            direction = tuple(
                u + Fraction(n, 1 << (power + 10))
                for u, n in zip(start, noise, strict=True)
            )
            bits = self._bits(direction)
            cone = [row for row in self._cone(bits) if any(row)]
            if all(slack_at(row, direction) > 0 for row in cone):
                return bits, direction
        raise UndecidedError(
            "no generic direction was found", margin=0.0, tolerance=0.0
        )

    def neighbors(
        self, bits: Bool[np.ndarray, " units"], inside: Point
    ) -> list[tuple[Bool[np.ndarray, " units"], Point]]:
        """Regions across the facets of a cone."""
        cone = self._cone(bits)
        A, _, error = (part[0] for part in self._rows.batch(bits[None]))
        tied: Int[np.ndarray, " tied"] = np.array(self.tied, np.int64)
        system = RowSystem(A[tied], np.zeros(len(tied)), error[tied], lambda: cone)
        search = search_facets(system, inside, max_radius=1.0)
        result = []
        for k, evidence in search.facets.items():
            if any(self.tied[j] >= self._rows.num_units for j in (k, *evidence.same)):
                continue
            start, end = as_fractions(search.center), as_fractions(evidence.beyond)
            wall = crossing_point(cone[k], start, end)
            across = tuple(b - a for a, b in zip(start, end, strict=True))
            other = self._bits(wall, across)
            rows = [row for row in self._cone(other) if any(row)]
            result.append((other, _shortened(rows, point_along(rows, wall, across))))
        return result


def _inward(domain: Domain, x: Point) -> Point:
    """A direction from x into the interior of the domain; zero in the whole space."""
    if isinstance(domain, WholeSpace):
        return (Fraction(0),) * domain.dim
    return tuple(c - v for c, v in zip(domain.inside(), x, strict=True))


def _shortened(cone: list[IntegerRow], direction: Point) -> Point:
    """A direction of few digits inside the cone, near the one given."""
    largest = max(abs(v) for v in direction)
    rounded = as_fractions(np.array([float(v / largest) for v in direction]))
    return rounded if all(slack_at(row, rounded) > 0 for row in cone) else direction
