"""The two commonest proofs of the tree, compiled: one cell after another.

Both are those of `regions.lp.batch_proofs`, inequality by inequality, without its other
attempts: what is not proved here is asked there.
"""

import numpy as np

from regions.compiled.jit import compiled

EPS = 2.0**-52
UNDERFLOW = 1e-290
"""Above the sum of all that products lose by underflow."""


@compiled
def inside(
    A: np.ndarray,
    b: np.ndarray,
    doubt: np.ndarray,
    points: np.ndarray,
    proved: np.ndarray,
) -> None:
    """Whether points are proved to lie strictly inside `A x < b`; NaN is not.

    `doubt` bounds the error of a row: of its gradient in the 1-norm, and of b.
    """
    count, rows, dim = A.shape
    for k in range(count):
        reach = 1.0
        for c in range(dim):
            reach = max(reach, abs(points[k, c]))
        fine = True
        for i in range(rows):
            value, size = 0.0, abs(b[k, i])
            for c in range(dim):
                term = A[k, i, c] * points[k, c]
                value += term
                size += abs(term)
            bound = 2 * (dim + 3) * EPS * size + (dim + 3) * 1e-320
            bound += doubt[k, i] * (reach + 1.0) * (1.0 + 8 * EPS)
            # So written, a value that is no number fails.
            fine = fine and b[k, i] - value > bound
            if not fine:
                break
        proved[k] = fine


@compiled
def excluded(
    A: np.ndarray,
    b: np.ndarray,
    doubt: np.ndarray,
    weights: np.ndarray,
    radius: float,
    proved: np.ndarray,
) -> None:
    """Whether `A x < b` is proved to have no point with all `|x_c| <= radius`.

    For weights `y >= 0`, not all zero, every point has `0 < y (b - A x) = beta - e x`,
    which fails if `-beta > |e|_1 radius`. All rounding counts against the proof.
    """
    count, rows, dim = A.shape
    total, size = np.empty(dim), np.empty(dim)
    rounding = 4 * (rows + dim + 4) * EPS
    for k in range(count):
        total[:] = 0.0
        size[:] = 0.0
        beta, right, lost = 0.0, 0.0, 0.0
        used = False
        for i in range(rows):
            y = weights[k, i]
            if not y > 0.0:
                continue
            used = True
            for c in range(dim):
                term = y * A[k, i, c]
                total[c] += term
                size[c] += abs(term)
            beta += y * b[k, i]
            right += abs(y * b[k, i])
            lost += y * doubt[k, i]
        gradient = lost + UNDERFLOW
        for c in range(dim):
            gradient += abs(total[c]) + rounding * size[c]
        margin = lost + rounding * right + gradient * radius + UNDERFLOW
        proved[k] = used and -beta > margin * (1.0 + 2 * rounding)
