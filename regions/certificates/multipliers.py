"""Whether a row follows from others: Farkas' lemma over the integers, with proof."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.optimize
from flint import fmpq, fmpz, fmpz_mat

from regions.certificates.integer_forms import Row, value


def multipliers(
    columns: Sequence[Row], target: Row, point: Row
) -> dict[int, fmpq] | None:
    """Weights `y >= 0` with `sum y_j columns_j = target`; None if there are none.

    Floating-point least squares suggest where to start; the answer, either way, is
    that of the exact algorithm.

    Args:
        columns: Integer vectors.
        target: Integer vector.
        point: Homogeneous point at which the rows are positive: it sets their scale.
    """
    pivots = _pivots(fmpz_mat([list(c) for c in columns]))
    short = [[c[k] for k in pivots] for c in columns]
    start = _independent(short, _suggested(columns, target, point), len(pivots))
    found = _walk(short, [target[k] for k in pivots], start)
    if found is None:
        return None
    for k in range(len(target)):
        total = sum((y * columns[j][k] for j, y in found.items()), fmpq(0))
        if total != target[k]:
            return None  # The target lies outside the span of the columns.
    return found


def _walk(
    columns: list[list[fmpz]], target: list[fmpz], basis: list[int]
) -> dict[int, fmpq] | None:
    """Schrijver's proof of the fundamental theorem of linear inequalities, as it is.

    (Theory of Linear and Integer Programming, theorem 7.1; the smallest indices are
    chosen, so that no basis comes back.)
    """
    while True:
        matrix = fmpz_mat([columns[j] for j in basis])
        weights = matrix.transpose().solve(fmpz_mat([[v] for v in target])).entries()
        negative = [j for j, y in zip(basis, weights, strict=True) if y < 0]
        if not negative:
            return {j: y for j, y in zip(basis, weights, strict=True) if y}
        out = min(negative)
        unit = fmpz_mat([[int(j == out)] for j in basis])
        solution: Any = matrix.solve(unit)
        normal = solution.numer_denom()[0].entries()
        below = (
            j
            for j, column in enumerate(columns)
            if sum((a * x for a, x in zip(column, normal, strict=True)), fmpz(0)) < 0
        )
        entering = next(below, None)
        if entering is None:
            return None  # `normal` separates the target from the cone.
        basis = sorted({*basis, entering} - {out})


def _pivots(matrix: fmpz_mat) -> list[int]:
    """Columns of the matrix that span its column space, the first ones."""
    reduced, _, rank = matrix.rref()
    pivots, row = [], 0
    for k in range(matrix.ncols()):
        if row < rank and reduced[row, k]:
            pivots.append(k)
            row += 1
    return pivots


def _independent(columns: list[list[fmpz]], first: list[int], rank: int) -> list[int]:
    """A basis that takes as many of the columns named first as it can."""
    if len(first) == rank and fmpz_mat([columns[j] for j in first]).rank() == rank:
        return sorted(first)
    rest = [j for j in range(len(columns)) if j not in set(first)]
    order = [*first, *rest]
    chosen = _pivots(fmpz_mat([columns[j] for j in order]).transpose())
    return sorted(order[k] for k in chosen)


def _suggested(columns: Sequence[Row], target: Row, point: Row) -> list[int]:
    """Columns with positive weight in a nonnegative least-squares fit."""
    table = np.array([_float_row(c, point) for c in [*columns, target]])
    spread = np.abs(table[:, :-1]).max(0)
    table[:, :-1] /= np.where(spread > 0.0, spread, 1.0)
    try:
        weights, _ = scipy.optimize.nnls(table[:-1].T, table[-1])
    except RuntimeError:  # It ran out of steps; any start will do.
        return []
    return np.flatnonzero(weights > 1e-12).tolist()


def _float_row(row: Row, point: Row) -> list[float]:
    """A row in coordinates around `point`, where it is scaled to 1."""
    height = value(row, point)
    slopes = [a * point[-1] for a in row[:-1]]
    entries = [*slopes, height]
    shift = max(max(abs(v).bit_length() for v in entries) - 1000, 0)
    floats = np.array([float(int(v >> shift)) for v in entries])
    if floats[-1] == 0.0:
        return floats.tolist()
    with np.errstate(over="ignore"):
        scaled = floats / floats[-1]
    return np.nan_to_num(scaled).tolist()
