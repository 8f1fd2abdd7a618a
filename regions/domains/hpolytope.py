"""Polytopes as domains: all points with `A x <= b`, bounded or not.

What a domain must be is proved when it is made, by one exact linear program for the
largest slack that all rows have together: where it is positive there is a point inside;
where it is zero the rows with weights in the dual hold with equality all over the
polytope, which is flat; where it is negative they contradict each other (Farkas).
"""

import dataclasses
import functools
import math
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from regions.domains.boxes import Box, DomainBase
from regions.domains.corners import Cell, box_cell, clipped
from regions.domains.domain_vectors import (
    check_input_dim,
    dyadic,
    exact_numbers,
    fractions,
    unit_directions,
)
from regions.domains.simple_polytope import SimplePolytope
from regions.domains.simplices import cell_volume
from regions.errors import EmptyPolyhedronError
from regions.network import ArrayLike, ReluNetwork

if TYPE_CHECKING:
    from flint import fmpz

MANY_INPUTS = 12
"""From so many on a float64 solver is asked for a point inside first."""
MAX_CORNERS_DIM = 8
"""In more dimensions a polytope has too many corners."""
KEPT = 64

IntegerRows = list[list[int]]
"""Rows `A x <= b` times powers of two, b last."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class HPolytope(DomainBase):
    """The points with `A x <= b`, one inequality a row; bounded or not.

    Args:
        A: Outward normals, `(rows, dim)`, taken as the numbers that they are.
        b: Right-hand sides, one a row.

    Raises:
        ValueError: If the shapes do not fit, a number is not finite, or the polytope
            is flat: on some rows equality holds all over it, so that it has no point
            inside.
        EmptyPolyhedronError: If no point satisfies all rows; this is proved.

    Example:
        >>> wedge = HPolytope([[-1.0, 0.0], [1.0, 1.0]], [0.0, 1.0])
        >>> wedge, wedge.is_bounded
        (HPolytope([[-1, 0], [1, 1]], [0, 1]), False)
        >>> triangle = HPolytope([[-1, 0], [1, 1], [0, -1]], [0, 1, 0])
        >>> triangle.rational_volume()
        Fraction(1, 2)
    """

    A: np.ndarray
    b: np.ndarray

    def __init__(self, A: ArrayLike, b: ArrayLike):
        normals, right = _checked(A, b)
        normals.setflags(write=False)
        right.setflags(write=False)
        object.__setattr__(self, "A", normals)
        object.__setattr__(self, "b", right)
        _inside_of(self)

    @property
    def dim(self) -> int:
        """Dimension of the domain."""
        return self.A.shape[1]

    @property
    def ambient_dim(self) -> int:
        """Dimension of the space in which the domain lies."""
        return self.dim

    @property
    def is_chart_identity(self) -> bool:
        """Whether `t` and `x` are the same."""
        return True

    @property
    def is_bounded(self) -> bool:
        """Whether the polytope is bounded, proved."""
        return _is_bounded(self)

    @property
    def is_simple(self) -> bool:
        """Whether the domain has a `polytope()`: its corners may be no float64."""
        return False

    def restrict(self, network: ReluNetwork) -> ReluNetwork:
        """The network itself."""
        check_input_dim(self.ambient_dim, network)
        return network

    def embed(self, t: np.ndarray) -> np.ndarray:
        """Points of the ambient space for chart coordinates `t`: the same."""
        return t

    def rational_chart(self) -> tuple[list[Fraction], list[list[Fraction]]]:
        """Origin and directions of the chart, exactly."""
        return [Fraction(0)] * self.dim, unit_directions(self.dim)

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows `A x <= b`."""
        return self.A, self.b

    def inside(self) -> tuple[Fraction, ...]:
        """A point strictly inside, exactly."""
        return _inside_of(self)

    def chart_box(self) -> Box:
        """A box around the polytope, its ends rounded outwards.

        Raises:
            ValueError: If the polytope is unbounded.
        """
        _require_bounded(self, "box around it")
        return _box_of(self)

    def cell(self) -> Cell:
        """The exact corners, with the rows through each.

        Raises:
            ValueError: If the polytope is unbounded or has too many dimensions.
        """
        _require_bounded(self, "end at which corners could lie")
        if self.dim > MAX_CORNERS_DIM:
            raise ValueError(
                f"the polytope has {self.dim} dimensions: corners are found in at most "
                f"{MAX_CORNERS_DIM}."
            )
        return _cell_of(self)

    def corners(self) -> np.ndarray:
        """The corners, rounded to float64."""
        return np.array([[_nearest(v) for v in p] for p in self.cell().points()])

    def polytope(self) -> SimplePolytope:
        """Refused: corners of a polytope need not be float64 numbers."""
        raise ValueError(
            "the domain is an HPolytope, and a Box, Segment, Slice or Simplex is "
            "required here."
        )

    def rational_volume(self) -> Fraction:
        """Exact volume.

        Raises:
            ValueError: If the polytope is unbounded or has too many dimensions.
        """
        return cell_volume(self.cell())

    def to_dict(self) -> dict[str, Any]:
        """A JSON form, from which `domain_from_dict` rebuilds the domain exactly."""
        return {"kind": "polytope", "A": self.A.tolist(), "b": self.b.tolist()}


def _checked(A: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Rows as float64 numbers, without rows of zeros, which hold or contradict."""
    normals, right = exact_numbers(A, "A"), exact_numbers(b, "b")
    if normals.ndim != 2 or right.shape != normals.shape[:1] or not normals.size:
        raise ValueError(
            f"`A` has shape {normals.shape} and `b` {right.shape}: (rows, dim) and one "
            "right-hand side for each row are required."
        )
    for array, name in ((normals, "A"), (right, "b")):
        if not np.isfinite(array).all():
            advice = "; leave out a row without a bound" if name == "b" else ""
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise ValueError(
                f"`{name}` is {array[where]} at {where}: every entry must be finite"
                f"{advice}."
            )
    flat = np.flatnonzero(~normals.any(axis=1))
    if len(flat):
        raise ValueError(
            f"`A[{flat[0]}]` has zeros only and says 0 <= {right[flat[0]]:g}: "
            "leave it out"
            + ("." if right[flat[0]] >= 0.0 else ", or see why nothing is left.")
        )
    return normals + 0.0, right + 0.0


def _integer_rows(polytope: HPolytope) -> IntegerRows:
    """The rows as integers, which changes no inequality."""
    return [
        dyadic([*row, right])[0]
        for row, right in zip(polytope.A.tolist(), polytope.b.tolist(), strict=True)
    ]


@functools.lru_cache(KEPT)
def _inside_of(polytope: HPolytope) -> tuple[Fraction, ...]:
    """A point strictly inside.

    Raises:
        EmptyPolyhedronError: If there is no point at all.
        ValueError: If there is none inside.
    """
    from regions.domains.criss_cross import deepest_point

    table = _integer_rows(polytope)
    near = _suggested(polytope) if polytope.dim > MANY_INPUTS else None
    if near is not None and _holds_strictly(table, near):
        return near
    deepest = deepest_point(table, polytope.dim, ())
    rows = sorted(deepest.weights)
    names = ", ".join(f"A[{row}]" for row in rows[:6])
    names += ", ..." if len(rows) > 6 else ""
    if deepest.sign < 0:
        raise EmptyPolyhedronError(
            f"the polytope is empty: its rows {names} contradict each other (positive "
            "multiples of them add up to 0 <= a negative number)."
        )
    if deepest.sign == 0:
        raise ValueError(
            f"the polytope is flat: equality holds on its rows {names} all over it, "
            "and a point strictly inside is required: widen a row (a plane of inputs "
            "may be given as a Slice; outputs y = c as c - e <= y <= c + e with e > 0)."
        )
    exact = tuple(Fraction(int(v.p), int(v.q)) for v in deepest.x)
    rounded = tuple(Fraction(_nearest(v)) for v in exact)
    return rounded if _holds_strictly(table, rounded) else exact


def _suggested(polytope: HPolytope) -> tuple[Fraction, ...] | None:
    """The center of the largest ball inside, as HiGHS finds it: a hint."""
    from scipy.optimize import linprog

    A, b = polytope.rows()
    dim = polytope.dim
    # By powers of two first: squares of huge and tiny numbers are none.
    _, exponent = np.frexp(np.abs(A).max(axis=1))
    with np.errstate(over="ignore"):
        A, b = np.ldexp(A, -exponent[:, None]), np.ldexp(b, -exponent)
    if not np.isfinite(b).all():
        return None
    lengths = np.linalg.norm(A, axis=1)
    found = linprog(
        np.append(np.zeros(dim), -1.0),
        np.column_stack([A / lengths[:, None], np.ones(len(b))]),
        b / lengths,
        bounds=[(None, None)] * dim + [(None, 1.0)],
    )
    return tuple(fractions(found.x[:-1])) if found.status == 0 else None


def _holds_strictly(table: IntegerRows, point: Sequence[Fraction]) -> bool:
    """Whether a point satisfies all rows strictly."""
    bottom = math.lcm(*(v.denominator for v in point))
    top = [v.numerator * (bottom // v.denominator) for v in point]
    return all(sum(map(int.__mul__, row[:-1], top)) < row[-1] * bottom for row in table)


@functools.lru_cache(KEPT)
def _is_bounded(polytope: HPolytope) -> bool:
    """Whether no direction but zero recedes, by one exact program."""
    from flint import fmpz_mat

    if all(v is not None for ends in _plain_ends(polytope) for v in ends):
        return True
    dim = polytope.dim
    gradients = [row[:-1] for row in _integer_rows(polytope)]
    if fmpz_mat(gradients).rank() < dim:
        return False
    # Along a direction of the cone every row falls or is level, and some row falls.
    falls = [-sum(column) for column in zip(*gradients, strict=True)]
    table = [*([*row, 0] for row in gradients), [*falls, 1]]
    return not _maximum(table, falls)


def _maximum(table: IntegerRows, cost: list[int]) -> Fraction:
    """The maximum of a cost over rows whose rank is full, where it is bounded."""
    from regions.domains.criss_cross import (
        NO_LIMIT,
        Vertex,
        criss_cross,
        first_basis,
    )

    end = criss_cross(table, cost, first_basis(table, len(cost), ()), NO_LIMIT)
    assert isinstance(end, Vertex)
    # An optimum, and no proof of the contrary.
    assert end.duals
    value: fmpz = sum((c * x for c, x in zip(cost, end.x, strict=True)), 0 * end.scale)
    return Fraction(int(value), int(end.scale))


def _plain_ends(polytope: HPolytope) -> list[list[Fraction | None]]:
    """Bounds of each coordinate that a row says by itself: lower, upper."""
    ends: list[list[Fraction | None]] = [[None, None] for _ in range(polytope.dim)]
    alone = np.flatnonzero((polytope.A != 0.0).sum(axis=1) == 1)
    for row in alone.tolist():
        (axis,) = np.flatnonzero(polytope.A[row]).tolist()
        slope = Fraction(float(polytope.A[row, axis]))
        bound = Fraction(float(polytope.b[row])) / slope
        side, better = (1, min) if slope > 0 else (0, max)
        held = ends[axis][side]
        ends[axis][side] = bound if held is None else better(held, bound)
    return ends


@functools.lru_cache(KEPT)
def _box_of(polytope: HPolytope) -> Box:
    """The smallest box around a bounded polytope, rounded outwards.

    In many dimensions where rows bound every coordinate, the box of these rows.
    """
    plain, dim = _plain_ends(polytope), polytope.dim
    if dim > MANY_INPUTS and all(v is not None for ends in plain for v in ends):
        lower, upper = zip(*plain, strict=True)
    else:
        table = _integer_rows(polytope)
        unit = [[int(i == k) for i in range(dim)] for k in range(dim)]
        upper = [_maximum(table, row) for row in unit]
        lower = [-_maximum(table, [-v for v in row]) for row in unit]
    return Box([_below(v) for v in lower], [-_below(-v) for v in upper])


@functools.lru_cache(KEPT)
def _cell_of(polytope: HPolytope) -> Cell:
    """The corners: a larger box, clipped by row after row."""
    box, table = polytope.chart_box(), _integer_rows(polytope)
    lower = [math.floor(v) - 1 for v in box.lower.tolist()]
    upper = [math.ceil(v) + 1 for v in box.upper.tolist()]
    cell = box_cell(lower, upper, len(table))
    for number, row in enumerate(table):
        cell = clipped(cell, row, number)
    return cell


def _require_bounded(polytope: HPolytope, what: str) -> None:
    """Raise for an unbounded polytope."""
    if not polytope.is_bounded:
        raise ValueError(
            f"the polytope is unbounded and has no {what}: add rows that bound it."
        )


def _nearest(value: Fraction) -> float:
    """The nearest finite float64 number."""
    largest = sys.float_info.max
    return float(max(-largest, min(largest, value)))


def _below(value: Fraction | None) -> float:
    """The largest float64 number that is not above."""
    assert value is not None
    near = _nearest(value)
    return near if near <= value else math.nextafter(near, -math.inf)
