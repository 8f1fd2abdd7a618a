"""Operator norms of rational matrices, exact or between proved ends.

The norm of J from a space with norm p to one with norm p: the largest column sum of
absolute values for p = 1, the largest row sum for p = infinity, the largest singular
value for p = 2. For one output these are the dual norms of the gradient.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq_mat
from jaxtyping import Float64

from regions.questions.answer import Interval, Value, ends, square_root
from regions.signs.exact import dot, to_fmpq, to_fraction

Matrix = Sequence[Sequence[Fraction]]

NORMS = (1, 2, math.inf)


def check_norm(norm: float | int) -> None:
    """Raise unless it is a norm that is served.

    Raises:
        ValueError: If it is none of 1, 2 and infinity.
    """
    if norm not in NORMS:
        raise ValueError(f"`norm` is {norm}: 1, 2 or math.inf is required.")


def float_norms(
    J: Float64[np.ndarray, "maps outputs dim"], norm: float | int
) -> np.ndarray:
    """The norms in floating point."""
    if norm == 2:
        # Squares neither overflow nor underflow where they matter.
        sizes = np.abs(J).max((1, 2), initial=0.0)
        scale = np.ldexp(1.0, np.frexp(sizes)[1] - 1)
        J = J / scale[:, None, None]
        if 1 in J.shape[1:]:
            return scale * np.sqrt(np.square(J).sum((1, 2)))
        return scale * np.linalg.svd(J, compute_uv=False)[..., 0]
    return np.abs(J).sum(-1 if norm == math.inf else -2).max(-1)


def operator_norm(J: Matrix, norm: float | int) -> Value:
    """The norm of one matrix.

    Example:
        >>> operator_norm([[Fraction(3), Fraction(-4)]], 2)
        Fraction(5, 1)
    """
    if norm == math.inf:
        return max(sum(map(abs, row), Fraction()) for row in J)
    if norm == 1:
        return max(sum(map(abs, column), Fraction()) for column in zip(*J, strict=True))
    if len(J) > len(J[0]):
        J = [*zip(*J, strict=True)]
    table = fmpq_mat(len(J), len(J[0]), [to_fmpq(v) for row in J for v in row])
    products = (table * table.transpose()).tolist()
    gram = [[to_fraction(v) for v in row] for row in products]
    if len(gram) == 1:
        return square_root(gram[0][0])
    low, high = largest_eigenvalue(gram)
    return Interval(ends(square_root(low))[0], ends(square_root(high))[1])


def largest_eigenvalue(gram: list[list[Fraction]]) -> tuple[Fraction, Fraction]:
    """Proved ends of the largest eigenvalue of a matrix `J J^T`.

    Below by a Rayleigh quotient, above by elimination: `mu` is an upper bound if
    `mu I - G` has no negative pivot.
    """
    size = max(row[i] for i, row in enumerate(gram))
    if size == 0:
        return Fraction(0), Fraction(0)
    # The largest diagonal entry is at most the eigenvalue, so that nothing overflows.
    scaled = np.array([[float(v / size) for v in row] for row in gram])
    values, vectors = np.linalg.eigh(scaled)
    v = [Fraction(float(x)) for x in vectors[:, -1]]
    image = [dot(row, v) for row in gram]
    low = dot(v, image) / dot(v, v)
    step = Fraction(1, 1 << 50)
    high = size * Fraction(float(values[-1])) * (1 + step)
    while high < low or not _is_positive(gram, high):
        step *= 4
        high *= 1 + step
    return low, high


def _is_positive(gram: list[list[Fraction]], mu: Fraction) -> bool:
    """Whether `mu I - G` is positive definite, by exact elimination."""
    table = [[-v for v in row] for row in gram]
    for i, row in enumerate(table):
        row[i] += mu
    for k, pivot in enumerate(table):
        if pivot[k] <= 0:
            return False
        for row in table[k + 1 :]:
            factor = row[k] / pivot[k]
            for j in range(k, len(row)):
                row[j] -= factor * pivot[j]
    return True
