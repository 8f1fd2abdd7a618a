"""In which directions a polyhedron recedes, exactly.

The recession cone of `A x <= b` is `A u <= 0`: its lineality space, the directions that
recede with both signs, plus a pointed cone, the hull of its extreme rays.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat
from jaxtyping import Float64

from regions.errors import SolverError
from regions.lp import exact_lp, solve
from regions.lp.exact_rows import IntegerRow, primitive
from regions.lp.farkas import solve_near
from regions.lp.warm_lp import WarmProgram
from regions.signs.exact import dot, to_fmpq, to_fraction
from regions.signs.rounding import SAFETY, SMALLEST, gamma

MAX_SUBSETS = 5000
"""Rays are sought in so many subsets of the rows, or not at all."""

Direction = tuple[int, ...]
"""Integer entries without common divisor."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Recession:
    """The recession cone of a polyhedron.

    Attributes:
        lineality: A basis of the lineality space.
        rays: The extreme rays modulo that space, or None where they are too many to
            look for.
        direction: Some receding direction that is not in the lineality space, or None
            if there is none or it was not found.
    """

    lineality: tuple[Direction, ...]
    rays: tuple[Direction, ...] | None
    direction: Direction | None

    @property
    def is_trivial(self) -> bool:
        """Whether the cone is proved to be the origin, the polyhedron bounded."""
        return not self.lineality and self.rays == ()


def recession_cone(rows: Sequence[IntegerRow], dim: int) -> Recession:
    """The recession cone of rows of integers.

    Args:
        rows: Rows `(*gradient, right-hand side)`; the right-hand sides are not read.
        dim: Number of entries of a gradient.

    Example:
        >>> recession_cone([[-1, 0, 0], [1, 0, 1], [0, -1, 0]], 2).rays
        ((0, 1),)
    """
    gradients = [row[:-1] for row in rows]
    lineality = _null_basis(gradients, dim)
    rank = dim - len(lineality)
    if rank == 0:
        return Recession(lineality, (), None)
    if math.comb(len(gradients), rank - 1) > MAX_SUBSETS:
        return Recession(lineality, None, _one_direction(gradients, dim))
    rays = set()
    for subset in itertools.combinations(gradients, rank - 1):
        # Modulo the lineality space: orthogonal to it.
        line = _null_basis([*subset, *map(list, lineality)], dim)
        if len(line) == 1:
            for sign in (1, -1):
                ray = tuple(sign * v for v in line[0])
                if all(dot(row, ray) <= 0 for row in gradients):
                    rays.add(ray)
    ordered = tuple(sorted(rays))
    return Recession(lineality, ordered, ordered[0] if ordered else None)


def is_cone_trivial(A: np.ndarray) -> bool:
    """Whether `A u <= 0` holds for u = 0 alone, by one exact program.

    Args:
        A: Gradients, float64 numbers or rationals.
    """
    gradients = [
        [v if isinstance(v, fmpq) else to_fmpq(float(v)) for v in row] for row in A
    ]
    rank = fmpq_mat(gradients).rref()[1] if gradients else 0
    if rank < A.shape[1]:
        return False
    # Along a direction of the cone every row falls or is level, and some row falls.
    falls = [-sum(column, fmpq(0)) for column in zip(*gradients, strict=True)]
    sides = [fmpq(0)] * len(gradients)
    best = exact_lp.maximize(falls, [*gradients, falls], [*sides, fmpq(1)])
    return best.value == 0


@np.errstate(all="ignore")
def falls_along_a_direction(
    A: Float64[np.ndarray, "rows dim"], error: Float64[np.ndarray, " rows"]
) -> bool:
    """Whether all rows are proved to fall along some direction, by one program.

    Args:
        A: Gradients.
        error: Bound of the rounding of each, in the 1-norm.
    """
    lengths = np.abs(A).max(axis=1)
    if not (lengths > error).all():
        return False
    A, doubt = A / lengths[:, None], SAFETY * (error / lengths)
    count, dim = A.shape
    cube = np.vstack([np.eye(dim), -np.eye(dim)])
    G = np.hstack([np.vstack([A, cube]), np.zeros((count + 2 * dim, 1))])
    G[:count, -1] = 1.0
    sides = np.concatenate([np.zeros(count), np.ones(2 * dim)])
    try:
        u, _ = WarmProgram(G, sides).optimum(np.append(np.zeros(dim), 1.0))
    except SolverError:
        return False
    u = u[:-1]
    size = np.abs(A) @ np.abs(u)
    # The scaled rows are rounded once more.
    bound = gamma(dim + 3) * size + doubt * np.abs(u).max() + dim * SMALLEST
    return bool((A @ u < -SAFETY * bound).all())


@np.errstate(all="ignore")
def balances(
    A: Float64[np.ndarray, "rows dim"], error: Float64[np.ndarray, " rows"]
) -> bool:
    """Whether positive multiples of all rows are proved to cancel out, and to span.

    Then `A u <= 0` holds for u = 0 alone. Positive weights w with a small sum
    `r = A' w` are a proof where the least eigenvalue of `N = A' diag(w) A` is large:
    for `N v = r` the weights `w_i (1 - A_i v)` cancel out exactly, and they are
    positive as `|v| <= |r| / eigenvalue` is below 1 for rows of unit length.

    Args:
        A: Gradients.
        error: Bound of the rounding of each, in the 1-norm.
    """
    lengths = np.linalg.norm(A, axis=1)
    if len(A) <= A.shape[1] or not (lengths > 2.0 * error).all():
        return False
    A, doubt = A / lengths[:, None], 2.0 * (error / lengths)
    count, dim = A.shape
    weights = _even_weights(A)
    if weights is None:
        return False
    # Every entry of a row of unit length is off by `off`, rounding included.
    off = doubt + gamma(dim + 4)
    rest = np.linalg.norm(A.T @ weights) + SAFETY * (
        weights @ off + gamma(count + 2) * weights.sum() * math.sqrt(dim)
    )
    normal = (A.T * weights) @ A
    # The trace of N bounds what rounding and the rows' errors change, each part once.
    change = weights @ (2.0 * off + off**2) + gamma(count + 4) * dim * weights.sum()
    least = np.linalg.eigvalsh(normal)[0]
    least -= SAFETY * change + gamma(8 * dim * dim) * np.trace(normal)
    return bool(weights.min() > 0.0 and SAFETY * rest * (1.0 + off.max()) < least)


def _even_weights(A: np.ndarray) -> Float64[np.ndarray, " rows"] | None:
    """Weights of sum 1 under which rows cancel out, the smallest as large as can be."""
    count, dim = A.shape
    # The dual program: the least v with `A_i u + v >= 0` for all rows, 1 in the sum.
    G = np.zeros((count + 1, dim + 1))
    G[:count, :dim], G[:count, -1] = -A, -1.0
    G[-1] = G[:count].sum(axis=0)
    sides = np.append(np.zeros(count), -1.0)
    try:
        _, duals = WarmProgram(G, sides).optimum(np.append(np.zeros(dim), -1.0))
    except SolverError:
        return None
    return duals[:count] + duals[-1]


def _null_basis(rows: Sequence[Sequence[int]], dim: int) -> tuple[Direction, ...]:
    """A basis of the vectors orthogonal to all rows, as primitive integer vectors."""
    if not rows:
        return tuple(tuple(int(i == j) for j in range(dim)) for i in range(dim))
    matrix = fmpz_mat(len(rows), dim, [int(v) for row in rows for v in row])
    basis, nullity = matrix.nullspace()
    return tuple(
        tuple(primitive([int(basis[i, k]) for i in range(dim)])) for k in range(nullity)
    )


def _one_direction(gradients: list[list[int]], dim: int) -> Direction | None:
    """A direction that strictly decreases some row and increases none, if found."""
    scaled = [
        [float(Fraction(v, max(map(abs, row)))) for v in row] for row in gradients
    ]
    normals, _, _ = solve.unit_rows(np.array(scaled), np.zeros(len(scaled)))
    cube = np.concatenate([np.eye(dim), -np.eye(dim)])
    G = np.concatenate([normals, cube])
    h = np.concatenate([np.zeros(len(normals)), np.ones(2 * dim)])
    answer = solve.maximize_by_solver(-normals.sum(axis=0), G, h)
    if answer.status != solve.OPTIMAL or not (normals @ answer.x < -1e-9).any():
        return None
    return _repaired(gradients, answer.x, normals @ answer.x > -1e-9)


def _repaired(
    gradients: list[list[int]], near: Float64[np.ndarray, " dim"], tight: np.ndarray
) -> Direction | None:
    """The nearby direction along which the tight rows are exactly level."""
    rows = [[to_fmpq(v) for v in gradients[k]] for k in np.flatnonzero(tight)]
    if rows:
        solution = solve_near(rows, [to_fmpq(0)] * len(rows), near.tolist())
        exact = [to_fraction(v) for v in solution or []]
    else:
        exact = [Fraction(float(v)) for v in near]
    if not exact:
        return None
    common = math.lcm(*(v.denominator for v in exact))
    direction = tuple(primitive([int(v * common) for v in exact]))
    values = [dot(row, direction) for row in gradients]
    return direction if max(values) <= 0 and min(values) < 0 else None
