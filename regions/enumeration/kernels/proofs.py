"""Proofs of signs at vertices, compiled: the bounds of `float_bounds`, where needed.

`heritage` says what has to be proved at a vertex.
"""

import numpy as np

from regions.enumeration.float_bounds import SAFETY, SMALLEST, UNIT_ROUNDOFF
from regions.enumeration.kernels.heritage import (
    BROKEN,
    claim_signs,
    heritage,
    is_on,
    open_gates,
)
from regions.enumeration.kernels.jit import compiled, compiled_sum, inlined

FEW = 16
"""Inputs of a layer up to which a product goes through the columns of its matrix."""


@compiled
def prove(net, part, vertices, zeros, signs, parents, proved, errors):
    """Prove the signs at some vertices, given those at their parents.

    Writes to `proved` and, bounds of the position errors, to `errors`.
    """
    # Arrays by their own names: a field of a tuple is reference-counted at each use.
    weight, turned, at, fan_in, first, words, bias, slopes = net[:8]
    kinks, layer_of, units, row_sum, bias_size, steep, row_doubt, bias_doubt = net[8:16]
    A, b, entry = net[16:]
    depth, dim, facets = len(fan_in), vertices.shape[1], len(b)
    widest = np.int64(dim)
    for level in range(depth):
        widest = max(widest, first[level + 1] - first[level])
    gate, claim = np.empty(first[depth]), np.empty(widest)
    pre, held, row = np.empty(widest), np.empty(widest), np.empty(widest)
    needed = np.empty(32 * signs.shape[1], np.int64)
    J, R = np.empty((dim, dim)), np.empty((dim, 2 * dim))
    J_error, residual = np.empty(dim), np.empty(dim)
    for w in part:
        proved[w], errors[w] = False, np.inf
        top, count = heritage(
            w,
            parents,
            zeros,
            signs,
            kinks,
            units,
            first,
            words,
            layer_of,
            facets,
            needed,
        )
        if top == BROKEN:
            continue
        layers = depth - 1 if top == depth - 1 else depth
        open_gates(w, layers, signs, zeros, first, words, slopes, facets, gate)
        for q in range(dim):
            held[q] = vertices[w, q]
            if zeros[w, q] < facets:
                facet_form(A, b, zeros[w, q], vertices, w, q, J, J_error, residual)
            else:
                unit = zeros[w, q] - facets
                J_error[q] = _gradient(
                    unit,
                    layer_of[unit],
                    weight,
                    turned,
                    at,
                    fan_in,
                    first,
                    gate,
                    row_sum,
                    steep,
                    row_doubt[0],
                    row,
                    pre,
                    J,
                    q,
                )
        size, offset, rate = _size(held, dim), 0.0, 1.0
        x_size = size
        reach = np.inf
        if top < 0:
            reach = position_bound(J, J_error, residual, R)
        fine = top >= 0 or reach < np.inf
        for level in range(depth):
            # Bounds of the error at x, and of what a distance from x of 1 adds.
            terms = fan_in[level] + 2.0
            flat = _gamma(terms) * bias_size[level] + terms * SMALLEST
            flat += row_sum[level] * offset + _gamma(terms) * entry[level] * size
            steepness = row_sum[level] * rate
            if level == 0:
                flat += row_doubt[0] * x_size + bias_doubt[0]
                steepness += row_doubt[0]
            begin, width = first[level], first[level + 1] - first[level]
            whole = level < depth - 1 or level > top
            if whole:
                _apply(turned, at[level], bias, begin, held, fan_in[level], width, pre)
            for q in range(dim):
                unit = zeros[w, q] - facets
                if unit >= 0 and layer_of[unit] == level:
                    if whole:
                        value = pre[unit - begin]
                    else:
                        where = at[level] + (unit - begin) * fan_in[level]
                        value = bias[unit] + _dot(weight, where, held, fan_in[level])
                    residual[q] = abs(value) + SAFETY * flat
            if level == top:
                reach = position_bound(J, J_error, residual, R)
                fine = reach < np.inf
                bound = SAFETY * (flat + steepness * reach)
                for i in range(count):
                    unit = needed[i]
                    if whole:
                        value = pre[unit - begin]
                    else:
                        where = at[level] + (unit - begin) * fan_in[level]
                        value = bias[unit] + _dot(weight, where, held, fan_in[level])
                    on = is_on(w, unit, signs, first, words, layer_of)
                    fine &= (value if on else -value) > bound
            elif level > top:
                bound = SAFETY * (flat + steepness * reach)
                claim_signs(w, level, signs, zeros, first, words, kinks, facets, claim)
                fine &= _all_clear(pre, claim, width, bound)
            if level == depth - 1 or not fine:
                break
            size = _activate(pre, gate, begin, width, held)
            rate = steep[level] * SAFETY * steepness
            offset = (
                steep[level] * SAFETY * flat + 2.0 * UNIT_ROUNDOFF * size + SMALLEST
            )
        if fine:
            proved[w], errors[w] = True, reach


@inlined
def _gamma(terms):
    """Relative error of a dot product, as `float_bounds.gamma`."""
    return terms * UNIT_ROUNDOFF / (1.0 - terms * UNIT_ROUNDOFF)


@compiled_sum
def _size(values, count):
    """Sum of absolute values."""
    total = 0.0
    for k in range(count):
        total += abs(values[k])
    return total


@compiled_sum
def _dot(matrix, where, vector, count):
    """A row of a matrix times a vector."""
    total = 0.0
    for k in range(count):
        total += matrix[where + k] * vector[k]
    return total


@inlined
def _apply(turned, where, bias, begin, held, fan_in, width, pre):
    """Pre-activations of a layer."""
    for k in range(width):
        pre[k] = bias[begin + k]
    for i in range(fan_in):
        x = held[i]
        # NaN is no zero.
        if x != 0.0:
            start = where + i * width
            for k in range(width):
                pre[k] += x * turned[start + k]


@compiled_sum
def _activate(pre, gate, begin, width, held):
    """Activations of a layer, and the sum of their absolute values."""
    size = 0.0
    for k in range(width):
        held[k] = pre[k] * gate[begin + k]
        size += abs(held[k])
    return size


@inlined
def _all_clear(pre, claim, width, bound):
    """Whether all units of a layer have their claimed signs beyond the bound."""
    fine = True
    for k in range(width):
        sign = claim[k]
        fine &= (sign == 0.0) | (sign * pre[k] > bound)
    return fine


@inlined
def facet_form(A, b, facet, vertices, w, q, J, J_error, residual):
    """Gradient and value of a facet at a vertex."""
    dim = A.shape[1]
    gap, size = -b[facet], abs(b[facet])
    for k in range(dim):
        J[q, k] = A[facet, k]
        gap += A[facet, k] * vertices[w, k]
        size += abs(A[facet, k]) * abs(vertices[w, k])
    J_error[q] = 0.0
    residual[q] = abs(gap) + _gamma(dim + 3.0) * size + SMALLEST


@inlined
def _gradient(
    unit,
    level,
    weight,
    turned,
    at,
    fan_in,
    first,
    gate,
    row_sum,
    steep,
    doubt,
    row,
    spare,
    J,
    q,
):
    """Gradient of a unit by reverse accumulation; returns the error of its row sum."""
    depth, count = len(fan_in), fan_in[level]
    start = at[level] + (unit - first[level]) * count
    for k in range(count):
        row[k] = weight[start + k]
    rough, error = 0.0, doubt
    for m in range(level - 1, -1, -1):
        width, begin = first[m + 1] - first[m], first[m]
        size = _activate(row, gate, begin, width, row)
        rough *= steep[m]
        error = (rough + size) * doubt
        terms = width + 3.0 + depth
        rough = (rough + _gamma(terms) * size) * row_sum[m]
        rough += terms * fan_in[m] * SMALLEST
        error += rough
        if fan_in[m] < FEW:
            for k in range(fan_in[m]):
                spare[k] = _dot(turned, at[m] + k * width, row, width)
        else:
            _rows_sum(weight, at[m], row, width, fan_in[m], spare)
        for k in range(fan_in[m]):
            row[k] = spare[k]
    for k in range(J.shape[1]):
        J[q, k] = row[k]
    return SAFETY * error


@inlined
def _rows_sum(weight, where, row, width, fan_in, result):
    """A row times a matrix; zeros of the row are skipped."""
    for k in range(fan_in):
        result[k] = 0.0
    for i in range(width):
        factor = row[i]
        if factor != 0.0:
            start = where + i * fan_in
            for k in range(fan_in):
                result[k] += factor * weight[start + k]


@inlined
def position_bound(J, J_error, residual, R):
    """What `float_bounds.position_bound` gives, for one vertex."""
    dim = J.shape[0]
    if not _invert(J, R):
        return np.inf
    contraction, reach = 0.0, 0.0
    for i in range(dim):
        defect, moved = 0.0, 0.0
        for j in range(dim):
            entry, size = 0.0, 0.0
            for k in range(dim):
                entry += R[i, dim + k] * J[k, j]
                size += abs(R[i, dim + k]) * abs(J[k, j])
            if i == j:
                entry -= 1.0
            defect += abs(entry) + _gamma(dim + 2.0) * size
        for k in range(dim):
            defect += abs(R[i, dim + k]) * J_error[k]
            moved += abs(R[i, dim + k]) * residual[k]
        # False for NaN.
        if not (defect < 0.5 and moved < np.inf):
            return np.inf
        contraction, reach = max(contraction, defect), max(reach, moved)
    return SAFETY * (reach + dim * SMALLEST) / (1.0 - contraction)


@inlined
def _invert(J, R):
    """Write (something like) the inverse of J to the right half of R."""
    dim = J.shape[0]
    for i in range(dim):
        for j in range(dim):
            R[i, j], R[i, dim + j] = J[i, j], 1.0 if i == j else 0.0
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
