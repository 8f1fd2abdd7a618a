"""What lies around a point: facets by distance, the nearest boundary, another class.

Which inequalities are facets is decided exactly, in `regions.polytopes.report`. How far
away a facet is, is another question than how far its hyperplane is: the foot of the
perpendicular may lie outside. Distances of hyperplanes are lower bounds, so that few
facets have to be looked at where few are asked for.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float64

from regions.domains.domain_vectors import finite_number
from regions.domains.shapes import Ball, Box, Domain
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.lp.blas import one_blas_thread
from regions.lp.exact_rows import IntegerRow, primitive
from regions.lp.least_distance import nearest_to_origin, nearest_weights
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ArrayLike, Layer, ReluNetwork
from regions.patterns.halfspaces import Halfspaces
from regions.polytopes.report import Inequality, PolytopeReport, describe_polytope
from regions.questions.answer import Answer, decimals, ends
from regions.questions.pieces import MAX_DIM
from regions.questions.radius import robust_radius
from regions.signs.exact import to_fraction

SHOWN = 8
"""Entries of a point that are written."""
FEASIBLE = 1e-9
"""Of a row's size: what a point of float64 may violate before rationals decide."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class NearFacet:
    """A facet as seen from the point asked about.

    Attributes:
        facet: The inequality, its unit and the neighbor beyond.
        point: The nearest point of the facet, rounded.
        distance: Its Euclidean distance.
    """

    facet: Inequality
    point: Float64[np.ndarray, " dim"]
    distance: float

    def __str__(self) -> str:
        where = _place(self.point.tolist())
        return f"{self.facet.name}, {self.distance:.6g} away at {where}"

    def __repr__(self) -> str:
        return f"NearFacet({self})"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What lies around a point.

    Attributes:
        report: All that holds in its region: inequalities, map, neighbors.
        facets: Facets by distance, the nearest first; none where the point lies on a
            boundary, as `report.meeting` then says.
        other_class: How far another class is, as `robust_radius` answers; the witness
            is a point of it. None where it was not asked for.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> found = around(net, [0.5, 0.25], threshold=1.0)
        >>> str(found.boundary)
        'layer 1 unit 2, 0.25 away at (0.5, 0)'
    """

    report: PolytopeReport
    facets: list[NearFacet]
    other_class: Answer | None

    @property
    def boundary(self) -> NearFacet | None:
        """The nearest boundary that a unit makes; None if there is none."""
        return next((f for f in self.facets if f.facet.unit is not None), None)

    def __str__(self) -> str:
        if self.report.meeting is not None:
            lines = [f"{self.report.meeting.units} are zero at the point"]
        else:
            total, shown = len(self.report.inequalities), len(self.facets)
            which = "the nearest" if shown == total else f"the {shown} nearest, nearest"
            lines = [f"{total} facets, {which} first:"]
            lines += [f"  {facet}" for facet in self.facets]
        if self.other_class is not None:
            lines.append(f"another class: {_distance(self.other_class)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Surroundings({len(self.facets)} facets, boundary={self.boundary})"


def _distance(answer: Answer) -> str:
    """How far another class is, in words."""
    norm = f"in norm {answer.stats.get('norm', '')}".rstrip()
    if answer.value is None:
        return f"farther than {float(answer.stats['at_least']):.6g} {norm}"
    low, high = (decimals(end, 6) for end in ends(answer.value))
    text = low if low == high else f"between {low} and {high}"
    where = _place([float(v) for v in answer.witness])
    settled = "proved" if answer.proved else "not settled"
    return f"{text} away {norm}, at {where} ({settled})"


def _place(point: Sequence[float]) -> str:
    """A point, cut after a few entries."""
    more = ", ..." if len(point) > SHOWN else ""
    return f"({', '.join(f'{v:.6g}' for v in point[:SHOWN])}{more})"


@kinds_checked
@one_blas_thread()
def around(
    network: NetworkLike,
    x: ArrayLike,
    domain: DomainLike = None,
    *,
    nearest: int | None = None,
    threshold: float = 0.0,
    max_seconds: float | None = 10.0,
    stop: Callable[[], bool] = never,
) -> Surroundings:
    """The region of a point with its facets by distance, and the nearest other class.

    Args:
        network: Any network.
        x: A point, in chart coordinates of `domain` if one is given.
        domain: What else bounds the region, as `polytope_at` says.
        nearest: How many facets; None for all.
        threshold: Of one output: class 1 lies above, class 0 elsewhere.
        max_seconds: For the search of the other class, which goes as far as a box or
            ball around the point does; 0 leaves it out.
        stop: Asked often in that search; says whether to stop it.

    Returns:
        Facets, their nearest points, and the answer of `robust_radius`: in the norm 2
        up to six inputs, beyond in the norm infinity, within 1 %.

    Raises:
        ValueError: If `x` has the wrong shape or lies outside the domain.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> found = around(net, [0.5, 0.25], threshold=1.0)
        >>> [f.facet.name for f in found.facets], found.facets[0].distance
        (['layer 1 unit 2', 'layer 1 unit 1'], 0.25)
        >>> found.other_class.proved
        True
    """
    if nearest is not None and nearest < 1:
        raise ValueError(f"`nearest` is {nearest}: 1 or more, or None, is required.")
    where, threshold = domain, finite_number(threshold, "threshold")
    network, domain = network_and_domain(network, domain, or_whole=True, or_round=True)
    report = describe_polytope(network, x, where)
    other = None
    if max_seconds is None or max_seconds > 0:
        given = domain.embed(report.x[None])[0]
        limits = {"max_seconds": max_seconds, "stop": stop}
        limits |= _reach(domain, report.x)
        other = _other_class(network, given, threshold, limits)
    return Surroundings(report, _by_distance(report, nearest), other)


def _reach(domain: Domain, x: Float64[np.ndarray, " dim"]) -> dict[str, float]:
    """As far as a box or ball goes from a point of its chart; of others without end."""
    if not isinstance(domain, Box | Ball):
        return {}
    if domain.squared_radius is not None and isinstance(domain, Ball):
        return {"max_radius": domain.radius + float(np.linalg.norm(x))}
    box = domain.chart_box()
    return {"max_radius": float(np.maximum(x - box.lower, box.upper - x).max())}


def _other_class(
    network: ReluNetwork,
    x: Float64[np.ndarray, " dim"],
    threshold: float,
    limits: dict[str, Any],
) -> Answer:
    """Distance of the nearest input of another class."""
    if network.output_dim == 1:
        network = _with_threshold(network, threshold)
    norm = 2 if network.input_dim <= MAX_DIM else math.inf
    found = robust_radius(network, x, norm, **limits)
    return dataclasses.replace(found, stats={**found.stats, "norm": norm})


def _with_threshold(network: ReluNetwork, threshold: float) -> ReluNetwork:
    """Two outputs in place of one: the threshold, and what it was."""
    *hidden, last = network.layers
    skips = [(source, _below_zeros(matrix)) for source, matrix in last.skips]
    bias = np.array([threshold, last.bias[0]])
    layer = Layer(_below_zeros(last.weight), bias, np.ones(2), tuple(skips))
    return ReluNetwork(tuple(hidden), layer)


def _below_zeros(row: np.ndarray) -> np.ndarray:
    return np.vstack([np.zeros_like(row), row])


def _by_distance(report: PolytopeReport, nearest: int | None) -> list[NearFacet]:
    """The facets that are nearest, in order."""
    hyperplanes = sorted(report.inequalities, key=lambda f: f.distance)
    count = len(hyperplanes) if nearest is None else min(nearest, len(hyperplanes))
    if not count or report.polytope is None:
        return []
    rows = report.polytope.rows
    found: list[NearFacet] = []
    for facet in hyperplanes:
        # A facet is not nearer than its hyperplane.
        if len(found) >= count and found[count - 1].distance <= facet.distance:
            break
        found.append(_seen(report, facet, rows))
        found.sort(key=lambda near: near.distance)
    return found[:count]


def _seen(report: PolytopeReport, facet: Inequality, rows: Halfspaces) -> NearFacet:
    """The nearest point of a facet."""
    x, a = report.x, facet.unit_row[:-1]
    slack = rows.b - rows.A @ x
    foot = (facet.unit_row[-1] - a @ x) / (a @ a) * a
    if not _satisfies(rows.A, slack, foot):
        own = report.inequalities.index(facet)
        A = np.vstack([rows.A, -rows.A[own]])
        b = np.append(slack, -slack[own])
        weights = nearest_weights(A, b)
        rest = 1.0 + weights @ b
        foot = -(weights @ A) / rest if rest > 0.0 else np.full_like(x, np.nan)
        if not _satisfies(A, b, foot):
            foot = _exact_foot(report, facet)
    return NearFacet(facet, x + foot, float(np.linalg.norm(foot)))


def _satisfies(A: np.ndarray, b: np.ndarray, t: np.ndarray) -> bool:
    """Whether a point satisfies rows, but for rounding."""
    sizes = np.abs(A) @ np.abs(t) + np.abs(b)
    return bool((A @ t - b <= FEASIBLE * sizes).all())


def _exact_foot(report: PolytopeReport, facet: Inequality) -> np.ndarray:
    """The way to the nearest point of a facet, by rationals; rounded."""
    x = [Fraction(v) for v in report.x.tolist()]
    rows = [_moved(f.integers, x) for f in report.inequalities]
    rows.append([-v for v in _moved(facet.integers, x)])
    found = nearest_to_origin(rows, len(x))
    assert found is not None
    return np.array([float(to_fraction(v)) for v in found])


def _moved(row: IntegerRow, x: list[Fraction]) -> list[int]:
    """A row with the origin at a point, in integers again."""
    *a, b = row
    rest = b - sum((v * w for v, w in zip(a, x, strict=True)), Fraction())
    return primitive([*(v * rest.denominator for v in a), rest.numerator])
