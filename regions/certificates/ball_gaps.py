"""Faces of regions that do not reach into a ball of the norm 2, proved exactly.

Rows are `a . t + c`, not negative on the region, and the center is 0. On the face where
one row vanishes, weights `w >= 0` of other rows and any weight of that row give
`g . t + e >= 0`, with `g = sum w a` and `e = sum w c`. In the open ball
`g . t < r |g|`: if `e <= -r |g|`, and not both are 0, the face has no point in it.

Weights are those of the point nearest to the center, from the rows that float64 finds
active; whatever they are, they are checked as above.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat, fmpz, fmpz_mat
from scipy.optimize import nnls

from regions.certificates.integer_forms import Row

TRIES = 8
"""How often rows with negative weights are left out, and the rest tried again."""


def lies_beyond(row: Row, others: Sequence[Row], square: Fraction) -> bool:
    """Whether the face of a row is proved to have no point in an open ball.

    Args:
        row: The row that vanishes on the face.
        others: The other rows of the region.
        square: The square of the radius.
    """
    if _holds_nowhere(row, square) or _holds_nowhere(tuple(-v for v in row), square):
        return True
    near = [r for r in others if not _holds_nowhere(tuple(-v for v in r), square)]
    if any(_holds_nowhere(r, square) for r in near):
        return True
    active = _suggested(row, near, square)
    for _ in range(TRIES):
        weights = _weights([row, *(near[k] for k in active)])
        if weights is None:
            return False
        wrong = [k for k, w in zip(active, weights[1:], strict=True) if w < 0]
        if not wrong:
            return _proves([row, *(near[k] for k in active)], weights, square)
        active = [k for k in active if k not in wrong]
    return False


def _holds_nowhere(row: Row, square: Fraction) -> bool:
    """Whether a row is negative all over the open ball, or zero on its rim at most."""
    length = sum((v * v for v in row[:-1]), fmpz(0))
    far = row[-1] * row[-1] * square.denominator >= length * square.numerator
    return bool(row[-1] < 0 and far)


def _suggested(row: Row, others: Sequence[Row], square: Fraction) -> list[int]:
    """Rows that hold with equality at the nearest point of the face, in float64.

    In units of about the radius, which may be huge or tiny.
    """
    top, bottom = (v.bit_length() for v in square.as_integer_ratio())
    up, down = max(0, (top - bottom) // 2), max(0, (bottom - top) // 2)
    table = [row, tuple(-v for v in row), *others]
    scaled = []
    for line in table:
        entries = [*(int(v) << up for v in line[:-1]), int(line[-1]) << down]
        unit = max(map(abs, entries))
        scaled.append([v / unit for v in entries])
    columns = np.array(scaled).T
    target = np.append(np.zeros(len(row) - 1), -1.0)
    try:
        weights = nnls(columns, target)[0]
    except (RuntimeError, ValueError):
        return []
    return [k for k in range(len(others)) if weights[k + 2] > 0.0]


def _weights(rows: Sequence[Row]) -> list[fmpq] | None:
    """Weights that give the point nearest to 0 where all rows vanish."""
    normals = fmpz_mat([list(row[:-1]) for row in rows])
    right = fmpq_mat(len(rows), 1, [fmpq(-row[-1]) for row in rows])
    try:
        return fmpq_mat(normals * normals.transpose()).solve(right).entries()
    except ZeroDivisionError:
        return None


def _proves(rows: Sequence[Row], weights: Sequence[fmpq], square: Fraction) -> bool:
    """Whether weights, of the first row of any sign, show that the face lies beyond."""
    if any(w < 0 for w in weights[1:]):
        return False
    *gradient, offset = (
        sum((w * v for w, v in zip(weights, column, strict=True)), fmpq(0))
        for column in zip(*rows, strict=True)
    )
    length = sum((v * v for v in gradient), fmpq(0))
    radius = fmpq(square.numerator, square.denominator)
    return bool(offset < 0 and offset * offset >= radius * length)
