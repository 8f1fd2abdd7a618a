"""The least-index criss-cross method on integer rows: exact linear programs, raw.

Rows are lists of Python integers, the right-hand side last. A basis is a set of rows
that hold with equality; every step takes one exact inverse and two integer products, so
that nothing accumulates and any basis may be the first. `regions.lp.exact_lp` scales
rational rows to this form, and checks what comes back.

Reference: S. Zhang and T. Terlaky, "Pivot rules for linear programming: a survey",
Annals of Operations Research 46, 1993, section 4: the method needs no feasible start
and ends after finitely many pivots.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat, fmpz, fmpz_mat, nmod_mat

from regions.errors.limits import check

COLD_PIVOTS = 12
"""Pivots made without a hint before a floating-point solver is asked for one."""

NO_LIMIT = -1

PRIME = 2**61 - 1
LARGE = 1000
"""Entries of a table whose rank is asked modulo the prime first."""

COLUMNS = 16
"""So many columns of an inverse are found between two looks at the limits."""


class Vertex(NamedTuple):
    """Where the criss-cross method ended: an optimum, or an open ray.

    Attributes:
        basis: Rows that hold with equality.
        x: Coordinates times `scale`.
        scale: Positive denominator.
        duals: Weights of the basis, times `scale`; empty unless optimal.
        farkas: Weights of an infeasible system; empty unless there are some.
        ray: A recession direction with growing cost; empty unless there is one.
    """

    basis: list[int]
    x: list[fmpz]
    scale: fmpz
    duals: list[fmpz]
    farkas: dict[int, fmpz]
    ray: list[fmpz]


def criss_cross(
    table: list[list[int]], cost: list[int], basis: list[int], max_pivots: int
) -> Vertex | list[int]:
    """Least-index criss-cross method from any basis; the basis reached if cut short."""
    rows, n = len(table), len(cost)
    A = fmpz_mat(rows, n, [v for row in table for v in row[:n]])
    b = fmpz_mat(rows, 1, [row[n] for row in table])
    c = fmpz_mat(1, n, cost)
    for _ in itertools.count() if max_pivots == NO_LIMIT else range(max_pivots):
        check()
        square = fmpz_mat(n, n, [v for i in basis for v in table[i][:n]])
        inverse, scale = _inverse(square)
        x = inverse * fmpz_mat(n, 1, [table[i][n] for i in basis])
        slack = (b * scale - A * x).entries()
        duals = (c * inverse).entries()
        low = next((i for i, s in enumerate(slack) if s < 0), rows)
        out = min((i for i, y in zip(basis, duals, strict=True) if y < 0), default=rows)
        if low == out:
            return Vertex(basis, x.entries(), scale, duals, {}, [])
        if low < out:
            row = (fmpz_mat(1, n, table[low][:n]) * inverse).entries()
            leaving = [i for i, a in zip(basis, row, strict=True) if a > 0]
            if not leaving:
                weights = {low: scale}
                weights |= {i: -a for i, a in zip(basis, row, strict=True) if a}
                return Vertex(basis, x.entries(), scale, [], weights, [])
            out = min(leaving)
        else:
            k = basis.index(out)
            column = fmpz_mat(n, 1, [inverse[i, k] for i in range(n)])
            rates = (A * column).entries()
            low = next((i for i, r in enumerate(rates) if r < 0), rows)
            if low == rows:
                ray = [-v for v in column.entries()]
                return Vertex(basis, x.entries(), scale, [], {}, ray)
        basis = [low if i == out else i for i in basis]
    return basis


def _inverse(matrix: fmpz_mat) -> tuple[fmpz_mat, fmpz]:
    """Integer numerators and the positive denominator of the inverse.

    Some columns at a time, between which limits are heard; no slower than all at once.
    """
    n, exact = matrix.nrows(), fmpq_mat(matrix)
    if n <= COLUMNS:
        return exact.inv().numer_denom()
    parts, bottom = [], fmpz(1)
    for first in range(0, n, COLUMNS):
        check()
        unit = fmpz_mat(n, min(COLUMNS, n - first))
        for k in range(unit.ncols()):
            unit[first + k, k] = 1
        parts.append(exact.solve(fmpq_mat(unit)).numer_denom())
        bottom = bottom.lcm(parts[-1][1])
    rows = [(part * (bottom // own)).transpose().entries() for part, own in parts]
    return fmpz_mat(n, n, [v for row in rows for v in row]).transpose(), bottom


def pivot_columns(matrix: fmpz_mat) -> list[int]:
    """Lexicographically first independent columns, but for one chance in 10^18.

    What is independent modulo a prime is so in rationals: in large tables, whose
    integers grow long, as many columns as there are rows are found there.
    """
    if matrix.nrows() * matrix.ncols() > LARGE:
        reduced, rank = nmod_mat(matrix, PRIME).rref()
        if rank == matrix.nrows():
            return _pivots(reduced, rank)
    reduced, _, rank = matrix.rref()
    return _pivots(reduced, rank)


def _pivots(reduced: fmpz_mat | nmod_mat, rank: int) -> list[int]:
    """Columns of the first entries of the rows of a reduced matrix."""
    pivots: list[int] = []
    for i in range(rank):
        start = pivots[-1] + 1 if pivots else 0
        pivots.append(
            next(j for j in range(start, reduced.ncols()) if reduced[i, j] != 0)
        )
    return pivots


def first_basis(
    table: list[list[int]], columns: int, prefer: Iterable[int]
) -> list[int]:
    """Independent rows, those preferred first; fewer than `columns` if rank lacks."""
    preferred = list(dict.fromkeys(int(i) for i in prefer))
    chosen = set(preferred)
    order = preferred + [i for i in range(len(table)) if i not in chosen]
    flat = [table[i][k] for k in range(columns) for i in order]
    return [order[j] for j in pivot_columns(fmpz_mat(columns, len(order), flat))]


class Deepest(NamedTuple):
    """A point that maximizes the smallest weighted slack t, and the proof.

    Attributes:
        x: The point.
        sign: Sign of t.
        weights: Weights of the integer rows with `y A = 0` and `y b = t sum(y w)`,
            not all zero; empty if t is positive.
    """

    x: list[fmpq]
    sign: int
    weights: dict[int, fmpz]


def deepest_point(table: list[list[int]], dim: int, tight: Sequence[int]) -> Deepest:
    """Maximize t subject to `A x + w t <= b` and `t <= 1`, where w scales the rows.

    Always feasible and bounded, so that the criss-cross method ends in an optimum.
    """
    columns = pivot_columns(
        fmpz_mat(len(table), dim, [v for row in table for v in row[:dim]])
    )
    heights = [max(map(abs, row[:dim]), default=1).bit_length() for row in table]
    wide = [
        [*(row[k] for k in columns), 1 << height, row[dim]]
        for row, height in zip(table, heights, strict=True)
    ]
    n = len(columns) + 1
    wide.append([*[0] * (n - 1), 1, 1])
    cost = [*[0] * (n - 1), 1]
    basis = first_basis(wide, n, tight)
    # Given a hint there is no need for another one.
    end = criss_cross(wide, cost, basis, NO_LIMIT if len(tight) else COLD_PIVOTS)
    if isinstance(end, list):
        hint = suggested_tight(wide, cost)
        basis = first_basis(wide, n, hint) if hint else end
        end = criss_cross(wide, cost, basis, NO_LIMIT)
    assert isinstance(end, Vertex)
    x = [fmpq(0)] * dim
    for k, v in zip(columns, end.x[:-1], strict=True):
        x[k] = fmpq(v, end.scale)
    depth = end.x[-1]
    sign = (depth > 0) - (depth < 0)
    weights = {i: y for i, y in zip(end.basis, end.duals, strict=True) if y > 0}
    return Deepest(x, sign, {} if sign > 0 else weights)


def suggested_tight(table: list[list[int]], cost: list[int]) -> list[int]:
    """Rows in the order in which HiGHS finds them tight; empty if it does not."""
    n = len(cost)
    try:
        rows = np.array([_float_row(row, n) for row in table])
        goal = np.array(_float_row(cost, n))
    except OverflowError:
        return []
    # Loading SciPy's optimizers takes longer than most programs here.
    from scipy.optimize import linprog

    answer = linprog(-goal, rows[:, :n], rows[:, n], bounds=(None, None))
    if answer.status != 0:
        return []
    return np.lexsort((answer.slack, answer.ineqlin.marginals)).tolist()


def _float_row(row: list[int], n: int) -> list[float]:
    """A row over a power of two near its largest coefficient."""
    unit = 1 << max(map(abs, row[:n])).bit_length()
    return [v / unit for v in row]
