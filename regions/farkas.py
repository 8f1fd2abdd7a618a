"""Exact proofs about rows `A x <= b`: strict signs, multipliers, directions.

A floating-point solver proposes; this file turns the proposal into rational numbers and
checks it without rounding. Rows are taken as the float64 numbers that they are, each a
dyadic rational. Nothing here solves a linear program.
"""

from collections.abc import Sequence

import numpy as np
from flint import fmpq, fmpq_mat
from jaxtyping import Float64, Int

from regions.errors import UndecidedError
from regions.exact import to_fmpq

Multipliers = dict[int, fmpq]
"""Nonnegative rational weights of rows, by row index; rows left out have weight 0."""


def _rationals(values: np.ndarray) -> list[fmpq]:
    """Exact values of an array, flat."""
    return [to_fmpq(float(v)) for v in values.flat]


def slack_signs(
    A: Float64[np.ndarray, "rows dim"],
    b: Float64[np.ndarray, " rows"],
    x: Float64[np.ndarray, " dim"],
) -> Int[np.ndarray, " rows"]:
    """Exact signs (-1, 0, 1) of `b - A x`.

    float64 decides where the slack exceeds the error bound of its own evaluation,
    `(dim + 2) eps (|A| |x| + |b|)`, and rational arithmetic decides the rest.
    """
    slack = b - A @ x
    size = np.abs(A) @ np.abs(x) + np.abs(b)
    eps = float(np.finfo(float).eps)
    # The added constant covers products that underflow.
    bound = (A.shape[1] + 2) * eps * size + (A.shape[1] + 2) * 1e-320
    signs = np.sign(slack).astype(np.int64)
    unclear = np.flatnonzero(~(np.abs(slack) > bound))
    point = _rationals(x) if len(unclear) else []
    for row in unclear:
        value = to_fmpq(float(b[row]))
        for a, t in zip(_rationals(A[row]), point, strict=True):
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
    A: Float64[np.ndarray, "rows dim"],
    target: Float64[np.ndarray, " dim"],
    near: Float64[np.ndarray, " rows"],
    *,
    total: bool = False,
) -> Multipliers | None:
    """Weights `y >= 0` with `y A = target` exactly, on the rows where `near > 0`.

    Args:
        A: Rows.
        target: What the rows are to add up to.
        near: Approximate weights, from a solver; its support is taken as it is.
        total: Whether the weights must also sum to 1, as they must for target 0.

    Returns:
        The weights, or None if this support carries none.
    """
    support = np.flatnonzero(near > 0.0)
    if not len(support):
        return None if total or target.any() else {}
    matrix = [_rationals(column) for column in A[support].T]
    rhs = _rationals(target)
    if total:
        matrix.append([fmpq(1)] * len(support))
        rhs.append(fmpq(1))
    weights = solve_near(matrix, rhs, near[support].tolist())
    if weights is None or any(w < 0 for w in weights):
        return None
    return {int(i): w for i, w in zip(support, weights, strict=True) if w != 0}


def repaired(
    A: Float64[np.ndarray, "rows dim"],
    row: int,
    near: Float64[np.ndarray, " rows"],
    axes: Sequence[Multipliers | None],
) -> Multipliers | None:
    """Weights `y >= 0` with `y A = A_row` and `y_row = 0`, from approximate ones.

    What `near A` lacks of the row is added along the axes, each of which is itself a
    combination of rows: exact, and dearer than necessary by about that difference.

    Args:
        A: Rows.
        row: The row to combine.
        near: Approximate weights.
        axes: Weights that give `-e_0, e_0, -e_1, e_1, ...`, None where unbounded.

    Returns:
        The weights, or None if an axis that is needed is unbounded.
    """
    weights = {int(i): to_fmpq(float(near[i])) for i in np.flatnonzero(near > 0.0)}
    for k in range(A.shape[1]):
        lacking = to_fmpq(float(A[row, k])) - weighted_bound(A[:, k], dict(weights))
        if lacking == 0:
            continue
        axis = axes[2 * k + (1 if lacking > 0 else 0)]
        if axis is None:
            return None
        # The combination is exactly a unit vector: the other coordinates stay.
        for i, weight in axis.items():
            weights[i] = weights.get(i, fmpq(0)) + abs(lacking) * weight
    own = weights.pop(row, fmpq(0))
    if own >= 1:
        return None
    return {i: w / (1 - own) for i, w in weights.items()}


def weighted_bound(b: Float64[np.ndarray, " rows"], weights: Multipliers) -> fmpq:
    """`y b`, exactly."""
    return sum((w * to_fmpq(float(b[i])) for i, w in weights.items()), fmpq(0))


def proves_redundant(
    A: Float64[np.ndarray, "rows dim"],
    b: Float64[np.ndarray, " rows"],
    row: int,
    weights: Multipliers,
) -> bool:
    """Whether `weights` prove that `row` follows from the others (Farkas' lemma).

    Checks `y >= 0`, `y_row = 0`, `y A = A_row` and `y b <= b_row`, all exactly.
    """
    if weights.get(row, fmpq(0)) != 0 or any(w < 0 for w in weights.values()):
        return False
    for k in range(A.shape[1]):
        if weighted_bound(A[:, k], weights) != to_fmpq(float(A[row, k])):
            return False
    return bool(weighted_bound(b, weights) <= to_fmpq(float(b[row])))


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


def parallel_groups(
    A: Float64[np.ndarray, "rows dim"], b: Float64[np.ndarray, " rows"]
) -> dict[int, Multipliers]:
    """Rows made redundant by one other row of the same direction, with the multiplier.

    Of every set of rows with equal directions the tightest stays; of equal halfspaces
    the one with the lowest index. Rows of zeros are left alone.
    """
    best: dict[tuple, tuple[fmpq, int, fmpq]] = {}
    redundant: dict[int, Multipliers] = {}
    for i, row in enumerate(A):
        nonzero = np.flatnonzero(row)
        if not len(nonzero):
            continue
        length = to_fmpq(abs(float(row[nonzero[0]])))
        key = tuple((int(v.p), int(v.q)) for v in (a / length for a in _rationals(row)))
        bound = to_fmpq(float(b[i])) / length
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


def undecided(question: str, margin: float, tolerance: float) -> UndecidedError:
    """The error for a question that neither proof settles.

    The one place where an exact linear program would be called instead.
    """
    return UndecidedError(
        f"{question}: neither the point nor the multipliers proposed by the solver "
        "stand up to exact arithmetic, and only an exact linear program can tell",
        margin=margin,
        tolerance=tolerance,
    )
