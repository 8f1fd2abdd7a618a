"""The point of a polyhedron nearest to the origin, exactly.

Least distance programming (C. L. Lawson and R. J. Hanson, Solving Least Squares
Problems, 1974, chapter 23): the nearest point of `A t <= b` follows from the weights
u >= 0 that bring `sum u_i (a_i, b_i)` nearest to (0, -1). In rational arithmetic their
active set method ends after finitely many steps; floats at most suggest where to begin.
"""

from collections.abc import Sequence

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat
from jaxtyping import Float64

from regions.lp.exact_rows import IntegerRow

Weights = dict[int, fmpq]


def nearest_to_origin(rows: Sequence[IntegerRow], dim: int) -> list[fmpq] | None:
    """The point of `a . t <= b` nearest to 0; None if there is no point.

    Args:
        rows: Integer rows `(*a, b)`.
        dim: Number of coordinates.

    Example:
        >>> nearest_to_origin([[-1, -1, -2], [1, 0, 5]], 2)
        [1, 1]
    """
    table = fmpz_mat([list(row) for row in rows]) if rows else fmpz_mat(0, dim + 1)
    sizes = [max(map(abs, row)).bit_length() for row in rows]
    weights = _suggested(table, rows)
    while True:
        rest = _rest(table, weights, dim)
        if rest[dim] == 0:
            return None
        # Rows that the point violates have positive entries.
        values = (fmpq_mat(table) * fmpq_mat(dim + 1, 1, rest)).entries()
        worst = max(
            (k for k, v in enumerate(values) if v < 0),
            key=lambda k: -values[k] / (1 << sizes[k]),
            default=None,
        )
        if worst is None:
            return [-v / rest[dim] for v in rest[:dim]]
        assert worst not in weights
        weights = _pulled_back(table, {**weights, worst: fmpq(0)})


def _rest(table: fmpz_mat, weights: Weights, dim: int) -> list[fmpq]:
    """What the weighted rows leave of (0, -1), with the sign turned."""
    total = [fmpq(0)] * dim + [fmpq(1)]
    for k, weight in weights.items():
        total = [t + weight * table[k, i] for i, t in enumerate(total)]
    return total


def _pulled_back(table: fmpz_mat, weights: Weights) -> Weights:
    """The best weights of the rows chosen, or of fewer of them, all positive."""
    while True:
        target = _best(table, list(weights))
        assert target is not None  # what is added is independent of the others
        if all(v > 0 for v in target.values()):
            return target
        step = min(u / (u - target[k]) for k, u in weights.items() if target[k] <= 0)
        moved = {k: u + step * (target[k] - u) for k, u in weights.items()}
        weights = {k: u for k, u in moved.items() if u > 0}


def _best(table: fmpz_mat, chosen: list[int]) -> Weights | None:
    """The weights of some rows that come nearest; None if the rows are dependent."""
    width = table.ncols()
    part = fmpz_mat([[table[k, i] for i in range(width)] for k in chosen])
    right = fmpq_mat(len(chosen), 1, [-table[k, width - 1] for k in chosen])
    try:
        found = fmpq_mat(part * part.transpose()).solve(right)
    except ZeroDivisionError:
        return None
    return dict(zip(chosen, found.entries(), strict=True))


def _suggested(table: fmpz_mat, rows: Sequence[IntegerRow]) -> Weights:
    """The weights of the rows that float64 finds active; none where it fails."""
    if not rows:
        return {}
    try:
        floats = np.array(
            [[v / (1 << max(map(abs, row)).bit_length()) for v in row] for row in rows]
        )
    except OverflowError:
        return {}
    active = np.flatnonzero(nearest_weights(floats[:, :-1], floats[:, -1]))
    best = _best(table, active.tolist()) if len(active) else None
    if best is None or not all(v > 0 for v in best.values()):
        return {}
    return best


def nearest_weights(
    A: Float64[np.ndarray, "rows dim"], b: Float64[np.ndarray, " rows"]
) -> Float64[np.ndarray, " rows"]:
    """Weights of the rows `A t <= b` that float64 finds, zeros where it fails: a hint.

    The nearest point is `-u A / (1 + u b)`.
    """
    from scipy.optimize import nnls

    if not len(b):
        # SciPy's routine writes outside its arrays where there are no columns.
        return np.zeros(0)
    columns = -np.vstack([A.T, b])
    target = np.append(np.zeros(A.shape[1]), 1.0)
    try:
        return nnls(columns, target)[0]
    except (RuntimeError, ValueError):
        return np.zeros(len(b))
