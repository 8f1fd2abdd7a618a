"""Rows of integers: which are the same halfspace, and which follow from others."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpz_mat, nmod_mat
from jaxtyping import Bool, Float64

from regions.signs.exact import dyadic, to_fraction

IntegerRow = list[int]
"""`(*gradient, right-hand side)`: the halfspace `gradient . x <= right-hand side`."""

_PRIME = 2**61 - 1


def as_fractions(point: Sequence[Fraction] | np.ndarray) -> tuple[Fraction, ...]:
    """The exact values of a point."""
    return tuple(v if isinstance(v, Fraction) else Fraction(float(v)) for v in point)


def equal_rows(
    rows: Sequence[IntegerRow], among: Sequence[int]
) -> dict[int, tuple[int, ...]]:
    """Rows that are the same halfspace, by the first of each set of several."""
    first: dict[tuple[int, ...], int] = {}
    groups: dict[int, tuple[int, ...]] = {}
    for i in sorted(among):
        common = math.gcd(*rows[i]) or 1
        leader = first.setdefault(tuple(v // common for v in rows[i]), i)
        if leader != i:
            groups[leader] = (*groups.get(leader, ()), i)
    return groups


def has_full_rank(rows: Sequence[Sequence[int]]) -> bool:
    """Whether integer rows are proved independent: they are so modulo a prime."""
    if not rows or len(rows) > len(rows[0]):
        return not rows
    entries = [v % _PRIME for row in rows for v in row]
    return nmod_mat(len(rows), len(rows[0]), entries, _PRIME).rank() == len(rows)


def free_axes(
    A: Float64[np.ndarray, "rows dim"],
) -> Bool[np.ndarray, " dim"]:
    """Axes that are proved to be no combination of rows: some `A u = 0` has `u_i != 0`.

    Rows that are independent modulo a prime are so in rationals: so is an axis of
    them, if there are no further rows that are.

    Example:
        >>> free_axes(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
        array([ True,  True, False])
    """
    rows, dim = A.shape
    numbers = [v for row in A for v in dyadic(row)[0]]
    table = nmod_mat(rows, dim, [v % _PRIME for v in numbers], _PRIME)
    reduced, rank = table.rref()
    if rank == dim or (rank < rows and fmpz_mat(rows, dim, numbers).rank() > rank):
        return np.zeros(dim, bool)
    free = np.ones(dim, bool)
    for row in reduced.table()[:rank]:
        used = [k for k, v in enumerate(row) if int(v)]
        free[used[0]] = len(used) > 1
    return free


def _independent_columns(rows: Sequence[Sequence[int]]) -> list[int] | None:
    """As many columns as rows that are independent modulo a prime, if there are."""
    width = len(rows[0])
    table = nmod_mat(
        len(rows), width, [v % _PRIME for row in rows for v in row], _PRIME
    )
    reduced, rank = table.rref()
    if rank < len(rows):
        return None
    columns, column = [], 0
    for i in range(rank):
        while int(reduced[i, column]) == 0:
            column += 1
        columns.append(column)
    return columns


def primitive(row: Sequence[int]) -> IntegerRow:
    """A row of integers divided by their greatest common divisor.

    Example:
        >>> primitive([4, -6, 0])
        [2, -3, 0]
    """
    common = math.gcd(*row) or 1
    return [v // common for v in row]


def proves_redundant(
    rows: Sequence[IntegerRow], row: int, support: Sequence[int]
) -> bool:
    """Whether a row is a nonnegative combination of some independent rows.

    Solves `y A = A_row` in rational arithmetic; checks it in every column, `y >= 0` and
    `y b <= b_row`. False proves nothing.
    """
    if not support:
        return False
    gradients = [rows[i][:-1] for i in support]
    columns = _independent_columns(gradients)
    if columns is None:
        return False
    size = len(support)
    square = fmpz_mat(size, size, [g[c] for c in columns for g in gradients])
    target = fmpz_mat(size, 1, [rows[row][c] for c in columns])
    weights = square.solve(target).entries()
    if any(w < 0 for w in weights):
        return False
    common = math.lcm(*(int(w.q) for w in weights))
    scaled = [int(w.p) * (common // int(w.q)) for w in weights]
    total = [
        sum(w * rows[i][c] for w, i in zip(scaled, support, strict=True))
        for c in range(len(rows[row]))
    ]
    *gradient, bound = total
    *wanted, right = (common * v for v in rows[row])
    return gradient == wanted and bound <= right


def crossing_point(
    row: IntegerRow, start: Sequence[Fraction], end: Sequence[Fraction]
) -> tuple[Fraction, ...]:
    """Where the segment between points on either side of a hyperplane meets it."""
    here, there = (slack_at(row, point) for point in (start, end))
    t = here / (here - there)
    return tuple(a + t * (b - a) for a, b in zip(start, end, strict=True))


def slack_at(row: IntegerRow, point: Sequence[Fraction]) -> Fraction:
    """`right-hand side - gradient . x`."""
    total = fmpq(row[-1])
    for a, x in zip(row[:-1], point, strict=True):
        total -= a * fmpq(x.numerator, x.denominator)
    return to_fraction(total)
