"""Where the exact vertices are, compiled: bounds as in `float_bounds`."""

import numpy as np

from regions.compiled.jit import fma, inlined
from regions.signs.pairs import SQUARE
from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF


@inlined
def dot_error(terms):
    """Relative error of a dot product: `rounding.gamma`, compiled."""
    return terms * UNIT_ROUNDOFF / (1.0 - terms * UNIT_ROUNDOFF)


@inlined
def measure(vertices, w, middle, gap, gap_low, spread, i):
    """Where a vertex is, seen from the middle: pairs; the sum and the largest one."""
    spread[i, 0], spread[i, 1] = 0.0, 0.0
    for q in range(len(middle)):
        x, y = vertices[w, q], -middle[q]
        new = x + y
        part = new - x
        gap[i, q], gap_low[i, q] = new, (x - (new - part)) + (y - part)
        spread[i, 0] += SAFETY * abs(new)
        spread[i, 1] = max(spread[i, 1], SAFETY * abs(new))


@inlined
def facet_form(A, b, facet, vertices, w, i, q, J, residual):
    """Gradient and value of a facet at a vertex."""
    dim = A.shape[1]
    gap, size = -b[facet], abs(b[facet])
    for k in range(dim):
        J[i, q, k] = A[facet, k]
        gap += A[facet, k] * vertices[w, k]
        size += abs(A[facet, k]) * abs(vertices[w, k])
    residual[i, q] = abs(gap) + dot_error(dim + 3.0) * size + SMALLEST


@inlined
def unit_form(
    high,
    low,
    n,
    k,
    i,
    q,
    gap,
    gap_low,
    error,
    slope_error,
    J,
    J_error,
    residual,
):
    """Gradient and value of a unit that vanishes at the vertex.

    The value is added in pairs; what is lost is less than 32 (dim + 2)^2 u^2 of the
    terms.
    """
    total, rest, doubt, dim = high[n, 0, k], low[n, 0, k], 0.0, J.shape[2]
    size = abs(total)
    for c in range(dim):
        slope = high[n, c + 1, k]
        J[i, q, c] = slope
        doubt += abs(low[n, c + 1, k]) + slope_error
        # Two-sum and two-product: what each rounding loses is kept in `rest`.
        product = slope * gap[i, c]
        lost = fma(slope, gap[i, c], -product)
        new = total + product
        part = new - total
        rest += (total - (new - part)) + (product - part)
        rest += lost + (slope * gap_low[i, c] + low[n, c + 1, k] * gap[i, c])
        total = new
        size += abs(product)
    J_error[i, q] = SAFETY * doubt
    terms = dim + 2.0
    value = abs(total) + abs(rest) + error
    value += 32.0 * terms * terms * SQUARE * size + 16.0 * terms * SMALLEST
    residual[i, q] = SAFETY * value


@inlined
def position_bound(J, J_error, residual, n, R):
    """What `float_bounds.position_bound` gives, for one vertex."""
    dim = J.shape[1]
    # An approximate inverse R; |I - R J| tells how good it is.
    if not _invert(J, n, R):
        return np.inf
    contraction, reach = 0.0, 0.0
    for i in range(dim):
        # Row i of R J - I with its rounding, and of R times the residuals.
        defect, moved = 0.0, 0.0
        for j in range(dim):
            entry, size = 0.0, 0.0
            for k in range(dim):
                entry += R[i, dim + k] * J[n, k, j]
                size += abs(R[i, dim + k]) * abs(J[n, k, j])
            if i == j:
                entry -= 1.0
            defect += abs(entry) + dot_error(dim + 2.0) * size
        for k in range(dim):
            defect += abs(R[i, dim + k]) * J_error[n, k]
            moved += abs(R[i, dim + k]) * residual[n, k]
        # False for NaN.
        if not (defect < 0.5 and moved < np.inf):
            return np.inf
        contraction, reach = max(contraction, defect), max(reach, moved)
    return SAFETY * (reach + dim * SMALLEST) / (1.0 - contraction)


@inlined
def _invert(J, n, R):
    """Write (something like) the inverse of a matrix to the right half of R."""
    dim = J.shape[1]
    for i in range(dim):
        for j in range(dim):
            R[i, j], R[i, dim + j] = J[n, i, j], 1.0 if i == j else 0.0
    # Gauss and Jordan, with the largest pivot of each column.
    for j in range(dim):
        best = j
        for i in range(j + 1, dim):
            if abs(R[i, j]) > abs(R[best, j]):
                best = i
        pivot = R[best, j]
        if not abs(pivot) > 0.0:
            return False
        for k in range(2 * dim):
            swapped = R[best, k] / pivot
            R[best, k] = R[j, k]
            R[j, k] = swapped
        for i in range(dim):
            if i != j:
                factor = R[i, j]
                for k in range(2 * dim):
                    R[i, k] -= factor * R[j, k]
    return True
