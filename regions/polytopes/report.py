"""All there is to say about the region around a point, with proofs, in any dimension.

`describe_polytope` is behind `scripts/polytope.py`. Facets come from
`regions.polytopes.facet_search` on rows that stand for the exact ones.
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import Domain, WholeSpace
from regions.errors.arguments import kinds_checked
from regions.errors.short_text import short_repr
from regions.lp.blas import one_blas_thread
from regions.lp.exact_rows import IntegerRow
from regions.lp.recession import Recession, recession_cone
from regions.models.arguments import (
    DomainLike,
    NetworkLike,
    network_and_domain,
    read_point,
)
from regions.network import ArrayLike, ReluNetwork
from regions.patterns.halfspaces import NO_UNIT, AffineMap, Halfspaces, affine_map
from regions.patterns.names import facet_name
from regions.polytopes.crossing import exact_crossing
from regions.polytopes.facet_evidence import FacetSearch
from regions.polytopes.meeting import Meeting, regions_meeting_at
from regions.polytopes.network_rows import NetworkRows
from regions.polytopes.polytope import Polytope, polytope_at
from regions.polytopes.region_facets import region_facets
from regions.polytopes.shared import shared_rows
from regions.signs.rounding import are_on

SHAPE_DIM = 32
"""Bounds are sought up to this dimension: two linear programs per axis."""
HULL_DIM = 6
"""Vertices and volume are listed up to this dimension."""
MAX_LINEALITY = 64
"""Above this dimension the recession cone is left out."""

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Inequality:
    """One facet of the polytope, and what lies beyond.

    Attributes:
        unit: `(layer, unit)` counted from 0; None for a facet of the domain.
        domain_facet: Number of the domain's facet; None for a unit's.
        a: Gradient: the inequality is `a . x <= b`.
        b: Right-hand side.
        make_integers: Gives the same without rounding, times a positive number.
        distance: Distance of the point asked about from the hyperplane.
        point: A point in the relative interior of the facet, rounded.
        neighbor: Pattern beyond; None at the edge of the domain.
        jump: Change of the Jacobian across the facet, Frobenius norm; the maps agree on
            the facet.
        rank: Rank of that change.
    """

    unit: tuple[int, int] | None
    domain_facet: int | None
    a: Float64[np.ndarray, " dim"]
    b: float
    make_integers: Callable[[], IntegerRow]
    distance: float
    point: Float64[np.ndarray, " dim"]
    neighbor: Bool[np.ndarray, " bits"] | None
    jump: float | None
    rank: int | None

    __repr__ = short_repr

    @property
    def integers(self) -> IntegerRow:
        """The inequality without rounding, times a positive number."""
        return self.make_integers()

    @property
    def unit_row(self) -> Float64[np.ndarray, " dim_plus_1"]:
        """`(a, b)` times a positive number, rounded once: parallel rows stay so."""
        *a, b = self.integers
        common, largest = math.gcd(*a), max(map(abs, a))
        parts = [(v // common) / (largest // common) for v in a]
        return np.array([*parts, b / largest])

    @property
    def name(self) -> str:
        """`layer 2 unit 5` or `domain facet 3`, counted from 1."""
        return facet_name(self.unit, self.domain_facet)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PolytopeReport:
    """The region around a point.

    Attributes:
        network: The network.
        x: The point, in chart coordinates of the domain.
        pattern: Its pattern, a tie being off.
        affine_map: The map there.
        meeting: The regions that meet at the point, if it is on a boundary: all that
            follows is empty then.
        inequalities: The facets.
        num_rows: Rows before the redundant ones were left out.
        recession: The recession cone, where the dimension allows.
        counts: How the facets were decided.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> report = describe_polytope(net, np.array([0.5, 0.5]))
        >>> report.num_rows, [facet.name for facet in report.inequalities]
        (2, ['layer 1 unit 1', 'layer 1 unit 2'])
    """

    network: ReluNetwork
    x: Float64[np.ndarray, " dim"]
    pattern: Bool[np.ndarray, " bits"]
    affine_map: AffineMap
    meeting: Meeting | None
    inequalities: list[Inequality]
    num_rows: int
    recession: Recession | None
    counts: dict[str, int]

    def __repr__(self) -> str:
        if self.meeting is not None:
            return f"PolytopeReport({len(self.meeting.patterns)} regions meet at x)"
        facets = len(self.inequalities)
        dim = len(self.x)
        return f"PolytopeReport({facets} facets of {self.num_rows} rows, dim={dim})"

    @functools.cached_property
    def polytope(self) -> Polytope | None:
        """Bounds, ball and hull, from the facets, each rounded once.

        None on a boundary.
        """
        if self.meeting is not None:
            return None
        return _from_facets(self)


@kinds_checked
@one_blas_thread()
def describe_polytope(
    network: NetworkLike,
    x: ArrayLike,
    domain: DomainLike = None,
    *,
    progress: Progress | None = None,
) -> PolytopeReport:
    """The region around `x`: facets, neighbors, recession cone.

    Args:
        network: Any network.
        x: A point, in chart coordinates of `domain` if one is given.
        domain: What else bounds the region, as `polytope_at` says.
        progress: Called with (rows decided, rows).

    Raises:
        ValueError: If `x` has the wrong shape or lies outside the domain.
        SolverError: If a solver stops without an answer.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> [f.name for f in describe_polytope(net, np.array([0.5, -0.5])).inequalities]
        ['layer 1 unit 1', 'layer 1 unit 2']
    """
    whole = domain is None
    network, domain = network_and_domain(network, domain, or_whole=True, or_round=True)
    x = read_point(x, domain.dim, chart=not domain.is_chart_identity)
    polytope = polytope_at(network, x, None if whole else domain)
    chart = domain.restrict(network)
    rows, signs = shared_rows(network, domain), polytope.signs
    pattern = are_on(signs[rows.units])
    inside, meeting = (signs[rows.units] != 0).all(), None
    if not inside or not _in_interior(polytope):
        meeting = regions_meeting_at(network, x, domain)
        if len(meeting.patterns) == 1 and _in_interior(polytope):
            meeting = None
    if meeting is not None:
        here, count = affine_map(chart, pattern), len(polytope.rows)
        return PolytopeReport(network, x, pattern, here, meeting, [], count, None, {})
    found = _Facets(chart, rows, rows.all_bits(pattern[None])[0], x, domain)
    inequalities = found.inequalities(progress)
    return PolytopeReport(
        network,
        x,
        pattern,
        affine_map(chart, pattern),
        None,
        inequalities,
        len(polytope.rows),
        _recession(inequalities, chart.input_dim),
        dict(found.counts),
    )


def _recession(facets: list[Inequality], dim: int) -> Recession | None:
    """The recession cone, where the dimension allows."""
    if dim > MAX_LINEALITY:
        return None
    return recession_cone([facet.integers for facet in facets], dim)


def _from_facets(report: PolytopeReport) -> Polytope:
    """The polytope of the facets alone."""
    dim, facets = len(report.x), report.inequalities
    table = np.array([f.unit_row for f in facets]).reshape(-1, dim + 1)
    units = np.array(
        [(NO_UNIT, f.domain_facet) if f.unit is None else f.unit for f in facets],
        np.int64,
    ).reshape(-1, 2)
    rows = Halfspaces(table[:, :-1], table[:, -1], units)
    own = units[:, 0] != NO_UNIT
    inner = Halfspaces(rows.A[own], rows.b[own], units[own])
    return Polytope(report.x, report.pattern, inner, rows, affine=report.affine_map)


def _in_interior(polytope: Polytope) -> bool:
    """Whether no facet of the domain goes through the point."""
    own = len(polytope.b)
    return bool((polytope.rows.A[own:] @ polytope.x != polytope.rows.b[own:]).all())


@dataclasses.dataclass(slots=True)
class _Integers:
    """The exact rows of a region, made when one is first asked for; it pickles."""

    rows: NetworkRows
    bits: Bool[np.ndarray, " units"]
    made: list[IntegerRow] | None = None

    def __call__(self, row: int) -> IntegerRow:
        if self.made is None:
            self.made = self.rows.integers(self.bits)
        return self.made[row]


class _Facets:
    """Facets of one region and what they say."""

    def __init__(
        self,
        chart: ReluNetwork,
        rows: NetworkRows,
        bits: Bool[np.ndarray, " units"],
        x: Float64[np.ndarray, " dim"],
        domain: Domain,
    ):
        self._chart, self._rows, self._bits, self._x = chart, rows, bits, x
        self._whole = isinstance(domain, WholeSpace)
        self._A, self._b, _ = (part[0] for part in rows.batch(bits[None]))
        self._search: FacetSearch | None = None
        self.counts: dict[str, int] = {}

    def inequalities(self, progress: Progress | None) -> list[Inequality]:
        """All facets, in the order of the rows."""
        found = region_facets(
            self._chart,
            self._rows,
            self._bits,
            self._x,
            whole=self._whole,
            progress=progress,
        )
        self._search, self.counts = found.search, found.counts
        table = _Integers(self._rows, self._bits)
        sensitivity = output_sensitivity(self._chart, self._bits)
        return [
            self._inequality(row, point, table, sensitivity)
            for row, point in sorted(found.points.items())
        ]

    def _inequality(
        self,
        row: int,
        point: np.ndarray,
        table: _Integers,
        sensitivity: Float64[np.ndarray, "outputs units"],
    ) -> Inequality:
        """One facet with its neighbor."""
        a, b = self._A[row], float(self._b[row])
        integers = functools.partial(table, row)
        length = float(np.linalg.norm(a))
        distance = (b - float(a @ self._x)) / length
        own = row - self._rows.num_units
        if own >= 0:
            return Inequality(
                None, own, a, b, integers, distance, point, None, None, None
            )
        unit = int(self._rows.units[row])
        same = self._search.facets[row].same if self._search else ()
        if any(other >= self._rows.num_units for other in same):
            neighbor, jump, rank = None, None, None
        elif same or (self._search and self._search.vanishing):
            neighbor, jump, rank = self._across(row)
        else:
            neighbor = self._bits.copy()
            neighbor[unit] ^= True
            slope = np.concatenate([h.slopes for h in self._chart.hidden])[unit]
            change = abs(1.0 - slope) * np.linalg.norm(sensitivity[:, unit]) * length
            jump, rank = float(change), int(change > 0.0)
        pattern = None if neighbor is None else neighbor[self._rows.units]
        name = self._chart.units[row]
        return Inequality(
            name, None, a, b, integers, distance, point, pattern, jump, rank
        )

    def _across(self, row: int) -> tuple[Bool[np.ndarray, " units"], float, int]:
        """The neighbor where several units share a hyperplane, and the change."""
        assert self._search is not None
        across = exact_crossing(
            self._rows,
            self._bits,
            row,
            self._search.center,
            self._search.facets[row].beyond,
        )
        units = self._rows.units
        here, there = (
            affine_map(self._chart, bits[units]).jacobian
            for bits in (self._bits, across.bits)
        )
        change = there - here
        return (
            across.bits,
            float(np.linalg.norm(change)),
            int(np.linalg.matrix_rank(change)) if change.any() else 0,
        )


def output_sensitivity(
    network: ReluNetwork, bits: Bool[np.ndarray, " units"]
) -> Float64[np.ndarray, "outputs units"]:
    """Derivative of every output by the activation of every hidden unit.

    Reverse mode under the gates of a pattern over all hidden units. Across a facet of
    unit j alone the Jacobian changes by (1 - slope) times column j times the gradient
    of j's pre-activation: by a matrix of rank 1.
    """
    adjoint: dict[int, np.ndarray] = {}
    stops: Int[np.ndarray, " layers"] = network.unit_starts
    for index in reversed(range(len(network.layers))):
        layer = network.layers[index]
        if index == len(network.hidden):
            rows = np.eye(network.output_dim)
        else:
            on = bits[stops[index] : stops[index + 1]]
            rows = adjoint[index + 1] * np.where(on, 1.0, layer.slopes)
        for source, matrix in layer.blocks(index):
            adjoint[source] = adjoint.get(source, 0.0) + rows @ matrix
    parts = [adjoint[k + 1] for k in range(len(network.hidden))]
    return np.concatenate([np.zeros((network.output_dim, 0)), *parts], axis=1)
