"""Exact proofs about rows `A x <= b`: strict signs, multipliers, directions.

A floating-point solver proposes; this file turns the proposal into rational numbers and
checks it without rounding. Rows are float64, taken as the dyadic rationals that they
are, or arrays of rationals. Nothing here solves a linear program.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat
from jaxtyping import Float64, Int

from regions.errors.short_text import short_repr
from regions.signs.exact import to_fmpq

Multipliers = dict[int, fmpq]
"""Nonnegative rational weights of rows, by row index; rows left out have weight 0."""


class ExactRows(NamedTuple):
    """What float64 rows were before they were rounded.

    Attributes:
        A: Gradients, an object array of fmpq, `(rows, dim)`.
        b: Right-hand sides, an object array of fmpq.
        error: Upper bound on the 1-norm of the rounding of each gradient, and on that
            of each right-hand side.
    """

    A: np.ndarray
    b: np.ndarray
    error: Float64[np.ndarray, " rows"]

    __repr__ = short_repr

    def at(self, index: np.ndarray) -> "ExactRows":
        """Some of the rows."""
        return ExactRows(self.A[index], self.b[index], self.error[index])

    def cone(self) -> "ExactRows":
        """The rows with right-hand sides 0."""
        zeros = np.full(self.b.shape, fmpq(0), object)
        return ExactRows(self.A, zeros, self.error)


def given_rows(A: np.ndarray, b: np.ndarray) -> ExactRows:
    """float64 rows that nothing was rounded in."""
    return ExactRows(_exact_array(A), _exact_array(b), np.zeros(len(b)))


def _exact_array(values: np.ndarray) -> np.ndarray:
    """An object array of the exact values."""
    result = np.empty(values.size, object)
    result[:] = _rationals(values)
    return result.reshape(values.shape)


def _rational(value: fmpq | float) -> fmpq:
    """The exact value of one entry of an array."""
    return value if isinstance(value, fmpq) else to_fmpq(float(value))


def _rationals(values: np.ndarray) -> list[fmpq]:
    """Exact values of an array, flat."""
    return [_rational(v) for v in values.flat]


@np.errstate(all="ignore")
def slack_signs(
    A: Float64[np.ndarray, "rows dim"],
    b: Float64[np.ndarray, " rows"],
    x: Float64[np.ndarray, " dim"],
    exact: ExactRows | None = None,
) -> Int[np.ndarray, " rows"]:
    """Exact signs (-1, 0, 1) of `b - A x`, for the rows in `exact` if given.

    float64 decides where the slack exceeds the error bound of its own evaluation,
    `(dim + 2) eps (|A| |x| + |b|)`, and rational arithmetic decides the rest.
    """
    slack = b - A @ x
    size = np.abs(A) @ np.abs(x) + np.abs(b)
    eps = float(np.finfo(float).eps)
    # The added constant covers products that underflow.
    bound = (A.shape[1] + 2) * eps * size + (A.shape[1] + 2) * 1e-320
    if exact is not None:
        bound += 1.01 * exact.error * (1.0 + np.abs(x).max(initial=0.0))
    signs = np.sign(slack).astype(np.int64)
    unclear = np.flatnonzero(~(np.abs(slack) > bound))
    point = _rationals(x) if len(unclear) else []
    for row in unclear:
        normals, sides = (A, b) if exact is None else (exact.A, exact.b)
        value = _rational(sides[row])
        for a, t in zip(_rationals(normals[row]), point, strict=True):
            value -= a * t
        signs[row] = (value > 0) - (value < 0)
    return signs


def solve_near(
    matrix: list[list[fmpq]], rhs: list[fmpq], near: Sequence[float]
) -> list[fmpq] | None:
    """A rational solution of `matrix y = rhs`, or None if there is none.

    Unknowns that the equations leave free take the values `near`.
    """
    count = len(near)
    augmented = fmpq_mat(
        [[*row, value] for row, value in zip(matrix, rhs, strict=True)]
    )
    reduced, rank = augmented.rref()
    pivots: list[int] = []
    for i in range(rank):
        start = pivots[-1] + 1 if pivots else 0
        pivots.append(next(j for j in range(start, count + 1) if reduced[i, j] != 0))
    if pivots and pivots[-1] == count:
        return None
    solution = [to_fmpq(float(v)) for v in near]
    free = [j for j in range(count) if j not in set(pivots)]
    for i, pivot in enumerate(pivots):
        value = reduced[i, count]
        for j in free:
            value -= reduced[i, j] * solution[j]
        solution[pivot] = value
    return solution


def combination(
    A: np.ndarray,
    target: np.ndarray,
    near: Float64[np.ndarray, " rows"],
    *,
    total: bool = False,
) -> Multipliers | None:
    """Weights `y >= 0` with `y A = target` exactly, on the rows where `near > 0`.

    Args:
        A: Rows, float64 or rational.
        target: What the rows are to add up to.
        near: Approximate weights, from a solver; its support is taken as it is.
        total: Whether the weights must also sum to 1, as they must for target 0.

    Returns:
        The weights, or None if this support carries none.
    """
    support = np.flatnonzero(near > 0.0)
    rhs = _rationals(target)
    if not len(support):
        return None if total or any(v != 0 for v in rhs) else {}
    matrix = [_rationals(column) for column in A[support].T]
    if total:
        matrix.append([fmpq(1)] * len(support))
        rhs.append(fmpq(1))
    weights = solve_near(matrix, rhs, near[support].tolist())
    if weights is None or any(w < 0 for w in weights):
        return None
    return {int(i): w for i, w in zip(support, weights, strict=True) if w != 0}


def weighted_bound(b: np.ndarray, weights: Multipliers) -> fmpq:
    """`y b`, exactly, for float64 or rational b."""
    return sum((w * _rational(b[i]) for i, w in weights.items()), fmpq(0))


def multipliers_prove_redundant(
    A: np.ndarray,
    b: np.ndarray,
    row: int,
    weights: Multipliers,
) -> bool:
    """Whether `weights` prove that `row` follows from the others (Farkas' lemma).

    Checks `y >= 0`, `y_row = 0`, `y A = A_row` and `y b <= b_row`, all exactly.
    """
    if weights.get(row, fmpq(0)) != 0 or any(w < 0 for w in weights.values()):
        return False
    for k in range(A.shape[1]):
        if weighted_bound(A[:, k], weights) != _rational(A[row, k]):
            return False
    return bool(weighted_bound(b, weights) <= _rational(b[row]))


def recession_direction(
    A: Float64[np.ndarray, "rows dim"],
    near: Float64[np.ndarray, " dim"],
    tight: Int[np.ndarray, " tight_rows"],
) -> list[fmpq] | None:
    """A rational direction u with `A u <= 0`, and `A_i u = 0` for the tight rows.

    Returns:
        The direction, close to `near`, or None if that one does not recede.
    """
    rows = [_rationals(A[i]) for i in tight]
    direction = (
        solve_near(rows, [fmpq(0)] * len(rows), near.tolist())
        if rows
        else _rationals(near)
    )
    if direction is None:
        return None
    for row in A:
        if (
            sum(
                (a * u for a, u in zip(_rationals(row), direction, strict=True)),
                fmpq(0),
            )
            > 0
        ):
            return None
    return direction


def parallel_groups(A: np.ndarray, b: np.ndarray) -> dict[int, Multipliers]:
    """Rows made redundant by one other row of the same direction, with the multiplier.

    Of every set of rows with equal directions the tightest stays; of equal halfspaces
    the one with the lowest index. Rows of zeros are left alone.
    """
    best: dict[tuple, tuple[fmpq, int, fmpq]] = {}
    redundant: dict[int, Multipliers] = {}
    for i, row in enumerate(A):
        numbers = _rationals(row)
        length = next((abs(v) for v in numbers if v != 0), None)
        if length is None:
            continue
        key = tuple((int(v.p), int(v.q)) for v in (a / length for a in numbers))
        bound = _rational(b[i]) / length
        if key not in best:
            best[key] = bound, i, length
            continue
        held, j, other = best[key]
        if bound < held:
            best[key] = bound, i, length
            redundant[j] = {i: other / length}
        else:
            redundant[i] = {j: length / other}
    # A row dropped for one that was dropped later follows from the one that stayed.
    return {i: _follow(redundant, i) for i in redundant}


def _follow(redundant: dict[int, Multipliers], row: int) -> Multipliers:
    """The multiplier of the row that stayed."""
    ((other, weight),) = redundant[row].items()
    while other in redundant:
        ((other, factor),) = redundant[other].items()
        weight = weight * factor
    return {other: weight}
