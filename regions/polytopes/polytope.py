"""The polytope of one input: its inequalities, its facets, its shape, its affine map.

`polytope_at` is the entry. Facets, Chebyshev ball and bounds are attributes that solve
linear programs when first read, and are kept.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.spatial
from flint import fmpq
from jaxtyping import Bool, Float64, Int, Int8

from regions.domains.shapes import Domain, HPolytope, WholeSpace
from regions.errors import EmptyPolyhedronError, RegionsError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import check
from regions.errors.short_text import short_repr
from regions.lp import exact_lp, recession, redundancy, solve
from regions.lp.blas import one_blas_thread
from regions.lp.farkas import ExactRows, given_rows, slack_signs
from regions.models.arguments import (
    DomainLike,
    NetworkLike,
    network_and_domain,
    read_point,
)
from regions.network import ArrayLike, ReluNetwork, as_numbers
from regions.patterns.halfspaces import (
    NO_UNIT,
    AffineMap,
    Halfspaces,
    affine_map,
)
from regions.patterns.names import facet_name
from regions.polytopes.facet_evidence import RowSystem
from regions.polytopes.facet_search import search_facets
from regions.polytopes.hull_volume import hull_volume
from regions.polytopes.network_rows import NetworkRows
from regions.polytopes.polygons import Polygon, polygon_around, proved_signs
from regions.polytopes.region_facets import (
    RegionFacets,
    given_system,
    recession_rows,
    region_facets,
    searched,
)
from regions.polytopes.shared import shared_rows
from regions.signs.exact import Columns, ExactNetwork, to_fraction
from regions.signs.rounding import are_on

MAX_EXACT_DIM = 12
"""Up to here bounds come from exact programs."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """One facet of a polytope.

    Attributes:
        row: Index of its row; rows of the domain follow those of the units.
        unit: `(layer, unit)` counted from 0, or None for a facet of the domain.
        domain_facet: Number of the domain's facet, or None for a unit's.
        point: A point in its relative interior, rounded to float64.
        beyond: A point across it, inside every other facet.
        distance: Distance from the polytope's `x` to its hyperplane.
    """

    row: int
    unit: tuple[int, int] | None
    domain_facet: int | None
    point: Float64[np.ndarray, " dim"]
    beyond: Float64[np.ndarray, " dim"]
    distance: float

    __repr__ = short_repr

    def __str__(self) -> str:
        return facet_name(self.unit, self.domain_facet)


class Polytope:
    """The closed activation region around a point: `A x <= b`, one row per unit.

    In the chart of the domain, if one is given; its facets then bound the polytope,
    but have no row in `A`. Its numbers are float64, and rows of deep layers rounded;
    whether it has an interior and which rows are facets is decided on the exact rows.

    `facets`, `chebyshev` and `bounds` solve linear programs at first access.

    Attributes:
        x: The point asked about, in chart coordinates.
        pattern: Activation pattern at `x`, one bool per unit with a kink.
        A: Outward normals, not normalized, one row per bit of the pattern.
        b: Right-hand sides.
        units: `(layer, unit)` of each row, counted from 0.
        rows: The rows of `A` followed by those of the domain.
        exact_rows: What `rows` were before rounding; None: they are not rounded.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> corner = polytope_at(net, np.array([0.5, 0.5]))
        >>> corner.pattern, [str(facet) for facet in corner.facets]
        (array([ True,  True]), ['layer 1 unit 1', 'layer 1 unit 2'])
    """

    def __init__(
        self,
        x: Float64[np.ndarray, " dim"],
        pattern: Bool[np.ndarray, " bits"],
        units_only: Halfspaces,
        rows: Halfspaces,
        *,
        affine: AffineMap | None = None,
        exact_rows: Callable[[], ExactRows] | None = None,
        region: "Region | None" = None,
    ):
        self.x = x
        self.pattern = pattern
        self.A: np.ndarray = units_only.A
        self.b: np.ndarray = units_only.b
        self.units: Int[np.ndarray, "bits 2"] = units_only.units
        self.rows = rows
        if affine is not None:
            self.affine_map = affine
        self._exact_rows = exact_rows
        self._region = region

    def __repr__(self) -> str:
        return (
            f"Polytope(dim={self.rows.dim}, units={len(self.b)}, "
            f"domain_rows={len(self.rows) - len(self.b)})"
        )

    def __reduce__(self) -> Any:
        # The rows come from the network; what was found of them is found again.
        if self._region is None:
            return super().__reduce__()
        rows = self._region.rows
        return polytope_at, (rows.network, self.x, rows.domain)

    def contains(self, x: ArrayLike) -> Any:
        """Whether a point lies in it, its boundary included; exactly.

        Args:
            x: A point, or one a row, in chart coordinates of the domain.

        Returns:
            A bool; an array of them for several points.

        Example:
            >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
            >>> corner = polytope_at(net, [0.5, 0.5])
            >>> corner.contains([0.0, 2.0]), corner.contains([[3.0, 1.0], [-1.0, 1.0]])
            (True, array([ True, False]))
        """
        points = as_numbers(x, "x")
        if points.ndim != 2:
            return bool(self.contains(read_point(points, self.dim)[None])[0])
        if points.shape[1] != self.dim or not np.isfinite(points).all():
            raise ValueError(
                f"`x` has shape {points.shape}: finite points of {self.dim} entries, "
                "one a row, are required."
            )
        A, b, region = self.rows.A, self.rows.b, self._region
        inside = np.ones(len(points), bool)
        if region is not None:
            # Where no unit has the other sign, the forms of all units are those here.
            found = region.rows.signs(points).sign[:, region.rows.units]
            inside = ((found == 0) | ((found > 0) == self.pattern)).all(axis=1)
            A, b = A[len(self.b) :], b[len(self.b) :]
        for k in np.flatnonzero(inside):
            inside[k] = bool((slack_signs(A, b, points[k]) >= 0).all())
        return inside

    @functools.cached_property
    def affine_map(self) -> AffineMap:
        """The network on this polytope."""
        assert self._region is not None
        return affine_map(self._region.rows.chart, self.pattern)

    @property
    def signs(self) -> Int8[np.ndarray, " units"]:
        """Signs of all hidden units at `x`, exactly."""
        assert self._region is not None
        return self._region.signs

    @property
    def dim(self) -> int:
        """Dimension of the space, or of the domain's chart."""
        return self.rows.dim

    @functools.cached_property
    def exact_rows(self) -> ExactRows | None:
        """The rows without rounding, or None if none was rounded."""
        if self._exact_rows is None:
            return None
        rows = self._exact_rows()
        return rows if rows.error.any() else None

    @functools.cached_property
    @one_blas_thread()
    def bounds(
        self,
    ) -> tuple[Float64[np.ndarray, " dim"], Float64[np.ndarray, " dim"]]:
        """Lower and upper corner of the smallest box around it; may be infinite.

        Whether an end is infinite is decided exactly, on the rows before rounding.
        Above `MAX_EXACT_DIM` dimensions the solver's tolerance decides, on rows rounded
        anew, which keeps parallel rows parallel.
        """
        if self._polygon is not None:
            return self._polygon.bounds()
        if self.dim > MAX_EXACT_DIM and self.exact_rows is None:
            return solve.bounds(self.rows)
        try:
            facets = np.array([facet.row for facet in self.facets], np.int64)
        except EmptyPolyhedronError:
            facets = np.arange(len(self.rows))
        exact = self.exact_rows or given_rows(self.rows.A, self.rows.b)
        kept = exact.at(facets)
        if self.dim > MAX_EXACT_DIM:
            return solve.bounds(_rounded_once(kept))
        ends = np.empty((2, self.dim))
        for axis, side in itertools.product(range(self.dim), range(2)):
            cost = np.zeros(self.dim)
            cost[axis] = 2.0 * side - 1.0
            optimum = exact_lp.maximize(cost, kept.A, kept.b)
            value = np.inf if optimum.value is None else float(optimum.value)
            ends[side, axis] = value if side else -value
        return ends[0], ends[1]

    @functools.cached_property
    @one_blas_thread()
    def is_bounded(self) -> bool:
        """Whether it is a polytope in the strict sense.

        Decided on the recession cone `A u <= 0`: by a direction along which all rows
        are proved to fall, by weights under which they are proved to cancel out, or by
        an exact program.
        """
        if self._region is not None and self._region.rows.reach is not None:
            return True
        if len(self.rows) <= self.dim:
            return False
        if self.dim > MAX_EXACT_DIM:
            A, error = self.rows.A, self._row_errors()
            if recession.falls_along_a_direction(A, error):
                return False
            if recession.balances(A, error):
                return True
        exact = self.exact_rows or given_rows(self.rows.A, self.rows.b)
        return recession.is_cone_trivial(exact.A)

    def _row_errors(self) -> Float64[np.ndarray, " rows"]:
        """Bound of the rounding of each row's gradient, in the 1-norm."""
        if self._region is None:
            return np.zeros(len(self.rows))
        # Those of `rows`, which are rounded like these, and no more than once again.
        return 2.0 * self._system.error

    @functools.cached_property
    @one_blas_thread()
    def chebyshev(self) -> solve.ChebyshevBall:
        """Largest ball inside; infinite radius, with `x` as center, if there is none.

        The radius 0.0 means that `x` lies on a boundary and its pattern, in which a
        tie is off, belongs to no activation region.
        """
        polygon = self._polygon
        circle = None if polygon is None else polygon.largest_circle()
        if circle is not None and (proved_signs(self._system, circle[0]) > 0.0).all():
            return solve.ChebyshevBall(*circle)
        if self._has_balls_of_any_size():
            return solve.ChebyshevBall(self.x, np.inf)
        cap = 1.0
        while True:
            ball = self._ball(cap)
            if ball.radius < 0.5 * cap:
                return ball
            cap *= 1e3

    def _has_balls_of_any_size(self) -> bool:
        """Whether the recession cone `A u <= 0` has an interior."""
        region = self._region
        if region is not None:
            if region.rows.reach is not None:
                return False
            A, error = self.rows.A, self._row_errors()
            if region.is_whole:
                chart, bits = region.rows.chart, region.bits
                A, error = recession_rows(chart, bits, self._system)
            if recession.falls_along_a_direction(A, error):
                return True
            if recession.balances(A, error):
                return False
        cone = Halfspaces(self.rows.A, np.zeros(len(self.rows)))
        exact = self.exact_rows
        return solve.has_interior(cone, None if exact is None else exact.cone())

    def _ball(self, cap: float) -> solve.ChebyshevBall:
        """The largest ball inside, of radius at most `cap`."""
        if self._region is not None:
            ball = solve.proposed_ball(self.rows, self.x, max_radius=cap)
            if ball.radius > 0.0 and self._is_strictly_inside(ball.center):
                return ball
        return solve.chebyshev_ball(self.rows, max_radius=cap, exact=self.exact_rows)

    def _is_strictly_inside(self, point: Float64[np.ndarray, " dim"]) -> bool:
        """Whether a point lies in the region of `x`, on no boundary; exactly."""
        assert self._region is not None
        rows, pattern = self._region.rows, self._region.bits
        found = rows.signs(point[None])
        same = (found.on[0] == pattern)[rows.units].all()
        return bool(found.strict[0] and same and rows.proves_inside(point))

    @functools.cached_property
    def facets(self) -> list[Facet]:
        """Facets, those of units first, each with a witness.

        Raises:
            EmptyPolyhedronError: If the polytope has no interior.
        """
        result, kept = [], self._found
        order = sorted(kept.points)
        away = _distances(self.rows.A[order], self.rows.b[order], self.x).tolist()
        names = self.rows.units[order].tolist()
        for row, (layer, unit), distance in zip(order, names, away, strict=True):
            result.append(
                Facet(
                    row,
                    None if layer == NO_UNIT else (layer, unit),
                    unit if layer == NO_UNIT else None,
                    kept.points[row],
                    kept.beyond[row],
                    distance,
                )
            )
        return result

    @functools.cached_property
    @one_blas_thread()
    def _found(self) -> RegionFacets:
        """The facets by row."""
        region = self._region
        inside = self.x
        if region is None or not region.is_inside:
            ball = self._ball(1.0)
            if ball.radius == 0.0:
                raise EmptyPolyhedronError(
                    "the polyhedron has no interior, and facets need one: the pattern "
                    "belongs to no activation region."
                )
            inside = ball.center
        if region is None:
            return searched(search_facets(self._system, inside))
        return region_facets(
            region.rows.chart,
            region.rows,
            region.bits,
            inside,
            whole=region.is_whole,
            system=None if region.is_whole else self._system,
        )

    @functools.cached_property
    def _system(self) -> RowSystem:
        """The rows with bounds of their rounding."""
        region = self._region
        return given_system(self.rows) if region is None else region.system

    @functools.cached_property
    def _polygon(self) -> Polygon | None:
        """The sides around `x`, in order; None where it is not known to be a polygon.

        Its numbers are float64, and good where `x` lies well inside.
        """
        region = self._region
        if self.dim != 2 or region is None or not region.is_inside:
            return None
        if region.rows.reach is None:
            return None
        rows = np.array([facet.row for facet in self.facets])
        return polygon_around(self.rows.A[rows], self.rows.b[rows], self.x)

    @functools.cached_property
    def irredundant(self) -> redundancy.Irredundant:
        """A proof for each row that it defines a facet, or follows from others.

        Takes long where rows are many; `facets` says which they are.
        """
        return redundancy.facets(self.rows, self.exact_rows)

    def vertices(self) -> Float64[np.ndarray, "vertices dim"]:
        """Corners in float64; in the plane, in counterclockwise order.

        Raises:
            ValueError: If it is unbounded: give a domain.
            EmptyPolyhedronError: If it has no interior.
        """
        if not self.is_bounded:
            raise ValueError(
                "the polytope is unbounded and its vertices do not span it: give "
                "`polytope_at` a bounded `domain`."
            )
        if self.dim == 1:
            return np.array([[self.bounds[0][0]], [self.bounds[1][0]]])
        if self._polygon is not None:
            return self._polygon.corners
        kept = np.array([facet.row for facet in self.facets])
        center, radius = self.chebyshev
        if radius == 0.0:
            raise EmptyPolyhedronError("the polytope has no interior: it has no hull.")
        # Around the center, in units of the radius, Qhull's tolerances fit its size.
        normals, _, _ = solve.unit_rows(self.rows.A[kept], self.rows.b[kept])
        lengths = np.linalg.norm(self.rows.A[kept], axis=1)
        slack = (self.rows.b[kept] - self.rows.A[kept] @ center) / lengths / radius
        hull = scipy.spatial.HalfspaceIntersection(
            np.column_stack([normals, -slack]), np.zeros(self.dim)
        )
        corners = _without_copies(hull.intersections)
        if self.dim == 2:
            corners = corners[np.argsort(np.arctan2(corners[:, 1], corners[:, 0]))]
        return center + radius * corners

    def volume(self) -> float:
        """Volume (length, area) in chart coordinates, in float64.

        Raises:
            ValueError: If it is unbounded: give a domain.
            EmptyPolyhedronError: If it has no interior.
        """
        corners = self.vertices()
        if self.dim == 1:
            return float(corners[1, 0] - corners[0, 0])
        return hull_volume(corners)


def _rounded_once(rows: ExactRows) -> Halfspaces:
    """Exact rows in float64, each scaled to a largest coefficient of 1 first."""
    A, b = np.empty(rows.A.shape), np.empty(len(rows.b))
    for k, (row, right) in enumerate(zip(rows.A, rows.b, strict=True)):
        largest = max(abs(v) for v in row)
        A[k] = [float(to_fraction(v / largest)) for v in row]
        b[k] = float(to_fraction(right / largest))
    return Halfspaces(A, b)


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def _distances(
    A: Float64[np.ndarray, "rows dim"],
    b: Float64[np.ndarray, " rows"],
    x: Float64[np.ndarray, " dim"],
) -> Float64[np.ndarray, " rows"]:
    """Distances to hyperplanes whose normals may be too small or large to square."""
    largest = np.abs(A).max(axis=1, initial=0.0)
    lengths = np.linalg.norm(A / largest[:, None], axis=1)
    return (b - A @ x) / largest / lengths


def _without_copies(corners: np.ndarray) -> np.ndarray:
    """Corners that Qhull lists once; one where more than dim facets meet comes often.

    Copies differ by rounding, 1e-9 in units of the radius; this affects how often a
    corner is listed and nothing else.
    """
    _, first = np.unique(np.round(corners, 9), axis=0, return_index=True)
    return corners[np.sort(first)]


class Region(NamedTuple):
    """Where a polytope comes from.

    Attributes:
        rows: The rows of the regions of the network.
        bits: The pattern, a bit for every hidden unit.
        signs: Signs of all hidden units at the point asked about.
        system: The rows with bounds of their rounding.
        is_whole: Whether nothing but units bounds the region.
        is_inside: Whether the point is proved to lie on no boundary.
    """

    rows: NetworkRows
    bits: Bool[np.ndarray, " units"]
    signs: Int8[np.ndarray, " units"]
    system: RowSystem
    is_whole: bool
    is_inside: bool


@kinds_checked
def polytope_at(network: NetworkLike, x: ArrayLike, domain: DomainLike = None) -> Any:
    """The closed activation region that contains `x`.

    Args:
        network: Any network.
        x: A point, in chart coordinates of `domain` if one is given. On a boundary
            the tied units count as off, and the polytope may have no interior. Signs
            are exact.
        domain: What else bounds the region; None for the whole space. A ball of the
            norm 2, which has no rows, must hold `x` and leaves the region whole, in
            coordinates around its center.

    Returns:
        A `Polytope`; a list of them where `x` is an array of points, one a row, which
        share what they can.

    Raises:
        ValueError: If `x` or `domain` has another dimension than the network.
        RegionsError: If a row overflows float64.

    Example:
        >>> net = ReluNetwork.from_arrays([[[1.0, 1.0]], [[2.0]]], [[-1.0], [0.0]])
        >>> poly = polytope_at(net, np.array([1.0, 1.0]))
        >>> poly.A, poly.b, [str(f) for f in poly.facets]
        (array([[-1., -1.]]), array([-1.]), ['layer 1 unit 1'])
        >>> len(polytope_at(net, np.array([[1.0, 1.0], [0.0, 0.0]])))
        2
    """
    network, where = network_and_domain(network, domain, or_whole=True, or_round=True)
    chart = not where.is_chart_identity
    x = as_numbers(x, "x")
    if x.ndim == 2 and x.shape[1] == where.dim and np.isfinite(x).all():
        return _polytopes(network, x, where)
    return _polytopes(network, read_point(x, where.dim, chart=chart)[None], where)[0]


@one_blas_thread()
def _polytopes(
    network: ReluNetwork, points: Float64[np.ndarray, "points dim"], domain: Domain
) -> list[Polytope]:
    """The regions of some points."""
    rows = shared_rows(network, domain)
    found = rows.signs(points)
    return [
        _polytope(rows, x, sign, bool(strict))
        for x, sign, strict in zip(points, found.sign, found.strict, strict=True)
    ]


def _polytope(
    shared: NetworkRows,
    x: Float64[np.ndarray, " dim"],
    signs: Int8[np.ndarray, " units"],
    strict: bool,
) -> Polytope:
    """The region of one point."""
    check()
    domain = shared.domain
    here = shared.sides(x)
    outside = np.flatnonzero(here < 0)
    if len(outside):
        raise ValueError(outside_text(domain, x, int(outside[0])))
    bits, count = are_on(signs), shared.num_units
    with np.errstate(over="ignore", invalid="ignore"):
        system = shared.system(bits)
    if not (np.isfinite(system.A).all() and np.isfinite(system.b).all()):
        raise RegionsError(
            "a row of the polytope overflows float64, which must hold its numbers: "
            "scale the weights of the network down."
        )
    rows = Halfspaces(system.A, system.b, shared.names)
    inside = strict and bool((here > 0).all())
    whole = isinstance(domain, WholeSpace)
    return Polytope(
        x.copy(),
        bits[shared.units],
        Halfspaces(rows.A[:count], rows.b[:count], rows.units[:count]),
        rows,
        exact_rows=lambda: _exact_rows(shared.exact, bits, shared.network.kinks, rows),
        region=Region(shared, bits, signs, system, whole, inside),
    )


def outside_text(domain: Domain, x: Float64[np.ndarray, " dim"], facet: int) -> str:
    """What to say of a point beyond a facet of its domain.

    Args:
        domain: The domain.
        x: The point, in chart coordinates.
        facet: Number of the facet.

    Example:
        >>> from regions.domains.shapes import Box
        >>> outside_text(Box([0], [1]), np.array([3.0]), 1)
        '`x[0]` is 3.0 and the domain ends at 1.0 there: give a point inside.'
    """
    if domain.squared_radius is not None:
        far = math.hypot(*x.tolist())
        return (
            f"`x` lies {far:.6g} from the center of the domain, a ball of the norm 2 "
            "that ends there or before: give a point inside, in coordinates of the "
            "domain."
        )
    A, b = domain.rows()
    axes = np.flatnonzero(A[facet])
    if len(axes) == 1:
        axis = int(axes[0])
        side = "ends" if A[facet, axis] > 0 else "begins"
        bound = b[facet] / A[facet, axis] + 0.0
        text = f"`x[{axis}]` is {x[axis]} and the domain {side} at {bound} there"
    elif isinstance(domain, HPolytope):
        text = f"`x` violates row {facet} of the domain"
    else:
        text = f"`x` has the sum {x.sum()} and the domain ends where it is {b[facet]}"
    chart = "" if domain.is_chart_identity else ", in coordinates of the domain"
    return f"{text}: give a point inside{chart}."


def _exact_rows(
    exact: ExactNetwork, signs: np.ndarray, kinks: np.ndarray, rows: Halfspaces
) -> ExactRows:
    """Rows before rounding, those of units by the signs of all hidden units."""
    true = given_rows(rows.A, rows.b)
    wide = np.repeat(signs[:, None], exact.dim + 1, axis=1)
    columns = Columns.identity(exact.dim)
    numerators, scales = exact.forward(columns, wide, layers=len(exact.widths))
    forms = [
        [fmpq(v, scale[0]) for v in form]
        for layer, scale in zip(numerators, scales, strict=True)
        for form in layer
    ]
    error = np.zeros(len(rows))
    for row, unit in enumerate(np.flatnonzero(kinks)):
        check()
        sign = -1 if signs[unit] else 1
        *gradient, offset = (sign * v for v in forms[unit])
        pairs = zip(gradient, true.A[row], strict=True)
        gap = sum((abs(p - q) for p, q in pairs), fmpq(0))
        gap = max(gap, abs(true.b[row] + offset))
        # Twice the error is above it however the quotient is rounded.
        error[row] = 2.0 * float(to_fraction(gap)) + (1e-300 if gap != 0 else 0.0)
        true.A[row], true.b[row] = gradient, -offset
    return true._replace(error=error)
