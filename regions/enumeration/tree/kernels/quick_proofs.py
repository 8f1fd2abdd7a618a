"""The commonest proofs of the tree, compiled: one cell after another.

They are those of `regions.lp.batch_proofs`, inequality by inequality, without its other
attempts: what is not proved here is asked there.
"""

import math

import numpy as np

from regions.compiled.jit import compiled

EPS = 2.0**-52
UNDERFLOW = 1e-290
"""Above the sum of all that products lose by underflow."""
SUPPORT = 1e-7
"""Weights below this part of the largest are dropped."""


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
        # Largest coordinate: what an error of a gradient is multiplied with.
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
            # Rounding and underflow of the arithmetic, then the error of the row
            # itself.
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
        # The weighted sum of all rows, and the sizes of its terms.
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
        # What the sum may still be where it should be zero.
        gradient = lost + UNDERFLOW
        for c in range(dim):
            gradient += abs(total[c]) + rounding * size[c]
        margin = lost + rounding * right + gradient * radius + UNDERFLOW
        proved[k] = used and -beta > margin * (1.0 + 2 * rounding)


@compiled
def excluded_cones(
    A: np.ndarray,
    b: np.ndarray,
    doubt: np.ndarray,
    weights: np.ndarray,
    proved: np.ndarray,
) -> None:
    """Whether `A x < 0` is proved to be empty, for cones whose rows have exact zeros b.

    Exact weights near those given balance the rows: with `N = A' diag(y) A` they are
    `y_i (1 - A_i u)`, where `N u = A' y`, and positive if every `|A_i u| < 1`. A
    verified inverse of N bounds u. Rows whose b is not zero must have no weight.
    """
    count, rows, dim = A.shape
    R, y, error = np.empty((rows, dim)), np.empty(rows), np.empty(rows)
    normal, inverse = np.empty((dim, dim)), np.empty((dim, dim))
    total, u = np.empty(dim), np.empty(dim)
    for k in range(count):
        proved[k] = False
        used = _scaled_support(A[k], b[k], doubt[k], weights[k], R, y, error)
        if used == 0:
            continue
        _normal_matrix(R, y, error, used, normal)
        if not _invert(normal, inverse):
            continue
        # Twice: take out of the weights what their sum still shows.
        for _ in range(2):
            _weighted_sum(R, y, used, total)
            for c in range(dim):
                u[c] = 0.0
                for e in range(dim):
                    u[c] += inverse[c, e] * total[e]
            for i in range(used):
                factor = 1.0
                for c in range(dim):
                    factor -= R[i, c] * u[c]
                if factor > 0.1:
                    y[i] *= factor
        _normal_matrix(R, y, error, used, normal)
        proved[k] = _is_balanced(R, y, error, used, normal, inverse, total)


@compiled
def _scaled_support(
    A: np.ndarray,
    b: np.ndarray,
    doubt: np.ndarray,
    weights: np.ndarray,
    R: np.ndarray,
    y: np.ndarray,
    error: np.ndarray,
) -> int:
    """Rows with weight, divided by powers of two without rounding; 0 if that fails."""
    rows, dim = A.shape
    used, largest = 0, 0.0
    for i in range(rows):
        if not weights[i] > 0.0:
            continue
        size = 0.0
        for c in range(dim):
            size = max(size, abs(A[i, c]))
        if not (size > 0.0 and math.isfinite(size)):
            return 0
        # Rows of size about one, by powers of two: nothing is rounded.
        shift = math.frexp(size)[1]
        y[used] = math.ldexp(weights[i], shift)
        largest = max(largest, y[used])
        used += 1
    if used == 0 or not (largest > 0.0 and math.isfinite(largest)):
        return 0
    kept, seen = 0, 0
    for i in range(rows):
        if not weights[i] > 0.0:
            continue
        # Tiny weights are dropped: the exact ones near them might be negative.
        weight = y[seen] / largest
        seen += 1
        if not weight > SUPPORT:
            continue
        if b[i] != 0.0:
            return 0
        size = 0.0
        for c in range(dim):
            size = max(size, abs(A[i, c]))
        shift = math.frexp(size)[1]
        for c in range(dim):
            R[kept, c] = math.ldexp(A[i, c], -shift)
            # An underflow would make this another row.
            if math.ldexp(R[kept, c], shift) != A[i, c]:
                return 0
        error[kept] = 0.0
        if doubt[i] != 0.0:
            error[kept] = math.ldexp(doubt[i], -shift) * (1.0 + EPS) + UNDERFLOW
        y[kept] = weight
        kept += 1
    return kept


@compiled
def _weighted_sum(R: np.ndarray, y: np.ndarray, used: int, total: np.ndarray) -> None:
    """`y R`."""
    total[:] = 0.0
    for i in range(used):
        for c in range(R.shape[1]):
            total[c] += y[i] * R[i, c]


@compiled
def _normal_matrix(
    R: np.ndarray, y: np.ndarray, error: np.ndarray, used: int, normal: np.ndarray
) -> None:
    """`R' diag(y) R`, with ones on the diagonal for columns that are exactly zero."""
    dim = R.shape[1]
    normal[:] = 0.0
    known = True
    for i in range(used):
        known = known and error[i] == 0.0
        for c in range(dim):
            for e in range(dim):
                normal[c, e] += R[i, c] * y[i] * R[i, e]
    for c in range(dim):
        zero = known
        for i in range(used):
            zero = zero and R[i, c] == 0.0
        if zero:
            normal[c, c] += 1.0


@compiled
def _invert(normal: np.ndarray, inverse: np.ndarray) -> bool:
    """An approximate inverse, of which nothing is assumed; False if there is none."""
    dim = len(normal)
    table = np.zeros((dim, 2 * dim))
    trace = 0.0
    for c in range(dim):
        trace += normal[c, c]
    for c in range(dim):
        for e in range(dim):
            table[c, e] = normal[c, e]
        table[c, c] += 1e-15 * trace + 1e-300
        table[c, dim + c] = 1.0
    # Gauss and Jordan, with the largest pivot of each column.
    for c in range(dim):
        best = c
        for r in range(c + 1, dim):
            if abs(table[r, c]) > abs(table[best, c]):
                best = r
        if not abs(table[best, c]) > 0.0:
            return False
        if best != c:
            for e in range(2 * dim):
                table[c, e], table[best, e] = table[best, e], table[c, e]
        pivot = table[c, c]
        for e in range(2 * dim):
            table[c, e] /= pivot
        for r in range(dim):
            factor = table[r, c]
            if r != c and factor != 0.0:
                for e in range(2 * dim):
                    table[r, e] -= factor * table[c, e]
    inverse[:] = table[:, dim:]
    return True


@compiled
def _is_balanced(
    R: np.ndarray,
    y: np.ndarray,
    error: np.ndarray,
    used: int,
    normal: np.ndarray,
    inverse: np.ndarray,
    total: np.ndarray,
) -> bool:
    """Whether positive weights near y are proved to exist with `y R = 0` exactly."""
    dim = R.shape[1]
    rounding = 4 * (used + dim + 4) * EPS
    _weighted_sum(R, y, used, total)
    # How large rows and columns are, with what doubt adds to them.
    slop, spread, longest = 0.0, 0.0, 0.0
    column = np.zeros(dim)
    for i in range(used):
        length = error[i]
        for c in range(dim):
            length += abs(R[i, c])
            column[c] += abs(R[i, c]) * y[i]
        slop += y[i] * error[i]
        spread += y[i] * error[i] * (length + error[i])
        longest = max(longest, length)
    # How far from zero the exact weighted sum may be.
    residual = 0.0
    for c in range(dim):
        residual = max(residual, abs(total[c]))
    residual += rounding * column.max() + slop * (1.0 + rounding) + UNDERFLOW
    common = 2.0 * spread + UNDERFLOW
    # What rounding and doubt may change in N.
    lost = np.zeros((dim, dim))
    for i in range(used):
        for c in range(dim):
            weighted = abs(R[i, c]) * y[i]
            for f in range(dim):
                lost[c, f] += weighted * abs(R[i, f])
    for c in range(dim):
        lost[c, c] += 1.0
        for f in range(dim):
            lost[c, f] = rounding * (lost[c, f] + abs(normal[c, f])) + common
    # |N^-1| <= |X| / (1 - |N X - I|) for the inverse X at hand, in the largest row sum.
    contraction, norm = 0.0, 0.0
    for c in range(dim):
        row, length = 0.0, 0.0
        for e in range(dim):
            entry = -1.0 if c == e else 0.0
            missed = 0.0
            for f in range(dim):
                entry += normal[c, f] * inverse[f, e]
                missed += lost[c, f] * abs(inverse[f, e])
            row += abs(entry) + missed
            length += abs(inverse[c, e])
        contraction = max(contraction, row)
        norm = max(norm, length)
        # A maximum passes over what is no number.
        if not math.isfinite(row + length):
            return False
    contraction *= 1.0 + rounding
    if not contraction < 0.9:
        return False
    # So u is at most `solution`, and no weight changes by half of itself.
    solution = norm * residual / (1.0 - contraction)
    return longest * solution * (1.0 + rounding) < 0.5
