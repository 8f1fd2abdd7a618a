"""Exact linear programs over the rationals: interiors, optima, and their proofs.

For small dense programs (a dozen variables, a few hundred rows) whose numbers may have
thousands of bits. Rows are scaled to integers, so that every step is an integer product
or an exact inverse. Nothing here has a tolerance: a floating-point solver at most
suggests where to start, and every answer carries a certificate that is checked again.

The pivots are those of `regions.domains.criss_cross`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq, fmpz, fmpz_mat

from regions.domains.criss_cross import (
    NO_LIMIT,
    Vertex,
    criss_cross,
    deepest_point,
    first_basis,
    pivot_columns,
    suggested_tight,
)
from regions.lp.batch_proofs import (
    prove_empty_batch as prove_empty_batch,
    prove_witness_batch as prove_witness_batch,
)
from regions.signs.exact import dot, dyadic, to_fmpq, to_fraction

Point = tuple[Fraction, ...]
"""Rational coordinates."""

Multipliers = dict[int, fmpq]
"""Positive rational weights of rows, by row index; rows left out have weight 0."""


@dataclasses.dataclass(frozen=True, slots=True)
class Interior:
    """Whether `A x < b` has a solution, with the proof.

    Attributes:
        witness: A point strictly inside every row; None if there is none.
        multipliers: Else weights `y > 0` of some rows with `y A = 0`, `y b <= 0`
            (Gordan's theorem).
    """

    witness: Point | None
    multipliers: Multipliers | None

    @property
    def is_empty(self) -> bool:
        """Whether no point satisfies every row strictly."""
        return self.witness is None


@dataclasses.dataclass(frozen=True, slots=True)
class Optimum:
    """The exact answer to `max c.x` subject to `A x <= b`.

    Attributes:
        status: `"optimal"`, `"unbounded"` or `"infeasible"`.
        x: A maximizer, or any feasible point if unbounded.
        value: The maximum.
        multipliers: Optimal: `y >= 0` with `y A = c` and `y b = value`. Infeasible:
            `y >= 0` with `y A = 0` and `y b < 0`.
        direction: Unbounded: u with `A u <= 0` and `c.u > 0`.
    """

    status: str
    x: Point | None = None
    value: Fraction | None = None
    multipliers: Multipliers | None = None
    direction: Point | None = None


class Start(NamedTuple):
    """Where to look first: a hint, never trusted.

    Attributes:
        point: A point that may be strictly inside.
        tight: Rows expected to be tight at the optimum, most likely first.
    """

    point: Sequence[float] | np.ndarray | None = None
    tight: Sequence[int] = ()


class _Rows(NamedTuple):
    """Rows `A x <= b` scaled by positive numbers to integers, b last in each row."""

    table: list[list[int]]
    scales: list[fmpq]
    dim: int


def _integers(values: Sequence[Any]) -> tuple[list[int], fmpq]:
    """Integers that are a positive multiple of numbers, and the factor."""
    if all(type(v) is int for v in values):
        return list(values), fmpq(1)
    if all(isinstance(v, float) for v in values):
        numbers, shift = dyadic(values)
        return numbers, fmpq(1 << shift)
    exact = [to_fmpq(v) if isinstance(v, float) else _rational(v) for v in values]
    common = fmpz(1)
    for v in exact:
        common = common.lcm(v.q)
    return [int((v * common).p) for v in exact], fmpq(common)


def _rational(value: Any) -> fmpq:
    """A flint number, Fraction or integer of any kind as a flint rational."""
    if isinstance(value, fmpq):
        return value
    return fmpq(value) if isinstance(value, fmpz) else to_fmpq(value)


def _integer_rows(A: Any, b: Any) -> _Rows:
    """Every row with its right-hand side as integers.

    Raises:
        ValueError: If the numbers of rows or columns differ.
    """
    dim = A.shape[1] if isinstance(A, np.ndarray) else (len(A[0]) if len(A) else 0)
    A = A.tolist() if isinstance(A, np.ndarray) else A
    b = b.tolist() if isinstance(b, np.ndarray) else b
    if len(A) != len(b) or any(len(row) != dim for row in A):
        raise ValueError(
            f"`A` has {len(A)} rows and `b` {len(b)} entries: they must be equal, and "
            f"every row must have {dim} entries as the first one has."
        )
    table, scales = [], []
    for row, bound in zip(A, b, strict=True):
        numbers, scale = _integers([*row, bound])
        table.append(numbers)
        scales.append(scale)
    return _Rows(table, scales, dim)


def check_witness(A: Any, b: Any, x: Sequence[Any]) -> bool:
    """Whether `A x < b` in every row, exactly. Numbers of any exact kind, or floats."""
    return _strictly_inside(_integer_rows(A, b), x)


def _strictly_inside(rows: _Rows, x: Sequence[Any]) -> bool:
    """`check_witness` on integer rows."""
    point, scale = _integers([*x, 1])
    point[-1] = -int(scale.p)
    return all(
        sum(a * t for a, t in zip(row, point, strict=True)) < 0 for row in rows.table
    )


def check_multipliers(A: Any, b: Any, multipliers: Mapping[int, fmpq]) -> bool:
    """Whether the weights prove that no x has `A x < b`: Gordan's certificate.

    Checks exactly `y >= 0`, `y != 0`, `y A = 0` and `y b <= 0`.
    """
    if not multipliers or not all(0 <= i < len(b) for i in multipliers):
        return False
    rows = _integer_rows(A, b)
    *gradient, bound = _combined(rows, multipliers)
    return (
        min(multipliers.values()) >= 0
        and max(multipliers.values()) > 0
        and not any(gradient)
        and bound <= 0
    )


def _combined(rows: _Rows, multipliers: Mapping[int, fmpq]) -> list[fmpq]:
    """`y [A b]`, exactly."""
    total = [fmpq(0)] * (rows.dim + 1)
    for i, weight in multipliers.items():
        factor = weight / rows.scales[i]
        total = [t + factor * v for t, v in zip(total, rows.table[i], strict=True)]
    return total


def interior(A: Any, b: Any, *, start: Start | None = None) -> Interior:
    """Decide exactly whether the open polyhedron `A x < b` is empty.

    Args:
        A: Rows of ints, fmpq, Fractions or floats (taken as the numbers they are), as
            nested sequences or an array. Rows of zeros are constants: `b > 0` or not.
        b: Right-hand sides.
        start: A hint; without one HiGHS may be asked for one.

    Returns:
        A point strictly inside, or multipliers that prove that there is none.

    Example:
        >>> interior([[1], [-1]], [1, 0]).witness
        (Fraction(1, 2),)
        >>> interior([[2], [-1]], [0, 0]).multipliers
        {0: 1/2, 1: 1}
    """
    start = start or Start()
    rows = _integer_rows(A, b)
    # The hint may be an answer already: checking it costs one product a row.
    if start.point is not None:
        point = tuple(Fraction(float(v)) for v in start.point)
        if _strictly_inside(rows, point):
            return Interior(point, None)
    # A row of zeros that says 0 < 0 or less is a certificate by itself.
    for i, row in enumerate(rows.table):
        if row[-1] <= 0 and not any(row[:-1]):
            return Interior(None, {i: fmpq(1)})
    # Else the largest common slack of all rows decides, by its sign.
    deepest = deepest_point(rows.table, rows.dim, start.tight)
    if deepest.sign > 0:
        exact = tuple(to_fraction(v) for v in deepest.x)
        return Interior(_simplified(rows, exact), None)
    # No positive slack: the dual weights combine the rows to 0 < 0 or less. Checked.
    proof = _weights(rows, deepest.weights)
    *gradient, bound = _combined(rows, proof)
    assert proof
    assert bound <= 0
    assert not any(gradient)
    return Interior(None, proof)


def _weights(rows: _Rows, weights: Mapping[int, fmpz]) -> Multipliers:
    """Weights of integer rows as weights of the rows given, the largest being 1."""
    proof = {i: y * rows.scales[i] for i, y in sorted(weights.items()) if y != 0}
    largest = max(proof.values(), default=fmpq(1))
    return {i: y / largest for i, y in proof.items()}


def _simplified(rows: _Rows, exact: Point) -> Point:
    """The float64 neighbor of a witness if it is one too, else the witness."""
    try:
        rounded = tuple(Fraction(float(v)) for v in exact)
    except OverflowError:
        rounded = exact
    if _strictly_inside(rows, rounded):
        return rounded
    assert _strictly_inside(rows, exact)
    return exact


def maximize(
    c: Sequence[Any] | np.ndarray, A: Any, b: Any, *, start: Start | None = None
) -> Optimum:
    """Solve `max c.x` subject to `A x <= b` exactly; x is free, A may be any matrix.

    Args:
        c: Costs.
        A: Rows, as in `interior`.
        b: Right-hand sides.
        start: A hint; only `tight` is used.
    """
    rows = _integer_rows(A, b)
    cost, cost_scale = _integers(c.tolist() if isinstance(c, np.ndarray) else c)
    # Without any row the dimension is that of the cost.
    rows = rows._replace(dim=len(cost))
    # A row of zeros that says 0 <= b with b < 0 is never satisfied.
    for i, row in enumerate(rows.table):
        if row[-1] < 0 and not any(row[:-1]):
            return Optimum("infeasible", multipliers={i: fmpq(1)})
    return _maximize_integers(rows, cost, cost_scale, (start or Start()).tight)


def _maximize_integers(
    rows: _Rows, cost: list[int], cost_scale: fmpq, tight: Sequence[int]
) -> Optimum:
    """`maximize` on integers, for systems without impossible constants."""
    dim, table = rows.dim, rows.table
    flat = [v for row in table for v in row[:dim]]
    A = fmpz_mat(len(table), dim, flat)
    columns = pivot_columns(A)
    # A cost outside the span of the rows grows along a direction that no row sees.
    if fmpz_mat(len(table) + 1, dim, [*flat, *cost]).rank() > len(columns):
        return _feasible_ray(rows, _null_direction(A, cost), cost)
    if not columns:
        return Optimum("optimal", (Fraction(0),) * dim, Fraction(0), {})
    # In independent columns the feasible set has vertices; the others stay 0.
    narrow = [[*(row[k] for k in columns), row[dim]] for row in table]
    short = [cost[k] for k in columns]
    tight = tight if len(tight) else suggested_tight(narrow, short)
    # Criss-cross needs no feasible start and cannot cycle; a good one saves pivots.
    basis = first_basis(narrow, len(columns), tight)
    end = criss_cross(narrow, short, basis, NO_LIMIT)
    assert isinstance(end, Vertex)
    if end.farkas:
        return Optimum("infeasible", multipliers=_farkas(rows, end.farkas))
    # A ray of growth from some basis, or the optimal vertex, in all columns again.
    x = [fmpq(0)] * dim
    for k, v in zip(columns, end.ray or end.x, strict=True):
        x[k] = fmpq(v, end.scale)
    if end.ray:
        return _feasible_ray(rows, x, cost)
    # Duals of scaled integer rows, as those of the rows and the cost given.
    pairs = zip(end.basis, end.duals, strict=True)
    proof = {
        i: fmpq(y, end.scale) * rows.scales[i] / cost_scale for i, y in pairs if y != 0
    }
    # The proof of the answer: x satisfies all rows, positive weights of them give the
    # cost, and both have the same value.
    *gradient, value = _combined(rows, proof)
    assert all(y > 0 for y in proof.values())
    assert all(g * cost_scale == v for g, v in zip(gradient, cost, strict=True))
    assert dot(cost, x) == value * cost_scale
    assert _satisfies(table, x)
    point = tuple(to_fraction(v) for v in x)
    return Optimum("optimal", point, to_fraction(value), dict(sorted(proof.items())))


def _satisfies(table: list[list[int]], x: list[fmpq]) -> bool:
    """Whether `A x <= b`, exactly."""
    return all(dot(row[:-1], x) <= row[-1] for row in table)


def _farkas(rows: _Rows, weights: Mapping[int, fmpz]) -> Multipliers:
    """Checked weights with `y A = 0` and `y b < 0`."""
    proof = _weights(rows, weights)
    *gradient, bound = _combined(rows, proof)
    assert min(proof.values()) > 0
    assert bound < 0
    assert not any(gradient)
    return proof


def _null_direction(A: fmpz_mat, cost: list[int]) -> list[fmpq]:
    """A direction u with `A u = 0` and `cost.u > 0`, which must exist."""
    if A.nrows() == 0:
        return [fmpq(v) for v in cost]
    basis, nullity = A.nullspace()
    for k in range(nullity):
        u = [fmpq(basis[i, k]) for i in range(A.ncols())]
        growth = dot(cost, u)
        if growth != 0:
            return u if growth > 0 else [-v for v in u]
    raise AssertionError("the cost is a combination of the rows")


def _feasible_ray(rows: _Rows, ray: list[fmpq], cost: list[int]) -> Optimum:
    """Unbounded along `ray` from a feasible point, or infeasible if there is none."""
    deepest = deepest_point(rows.table, rows.dim, ())
    if deepest.sign < 0:
        return Optimum("infeasible", multipliers=_farkas(rows, deepest.weights))
    assert all(dot(row[:-1], ray) <= 0 for row in rows.table)
    assert dot(cost, ray) > 0
    assert _satisfies(rows.table, deepest.x)
    return Optimum(
        "unbounded",
        tuple(to_fraction(v) for v in deepest.x),
        direction=tuple(to_fraction(v) for v in ray),
    )
