"""Proofs of signs at the vertices of deep networks, compiled, in double-double.

The error bounds of `float_bounds` grow with the absolute row sums of every layer, far
more than true errors do. Here values and gradients of all units are pairs of float64
numbers, some 32 digits, so that even bounds that grow by the spectral norm of every
layer stay small for dozens of layers. What has to be proved is as in `proofs`.

A dot product of n terms (a number times a pair, all products and sums with their
errors by two-product and two-sum: Ogita, Rump, Oishi, SIAM J. Sci. Comput. 26, 2005)
errs by at most 4 (n + 2)^2 u^2 |w| |h|, u = 2^-53: the parts that are added in plain
float64 are at most (n + 3) u |w| |h| together, and are added in 3 n operations. Errors
of a layer are held as one 2-norm over its units: a layer multiplies it by at most its
spectral norm and adds 4 (n + 2)^2 u^2 (||W||_F ||h|| + ||b||).
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.enumeration.float_bounds import (
    SAFETY,
    SMALLEST,
    UNIT_ROUNDOFF,
    gamma,
)
from regions.enumeration.kernels.heritage import (
    BROKEN,
    claim_signs,
    heritage,
    is_on,
    open_gates,
)
from regions.enumeration.kernels.jit import compiled, fma, inlined
from regions.enumeration.kernels.proofs import facet_form, position_bound
from regions.network import Layer

SQUARINGS = 5
SQUARE = UNIT_ROUNDOFF**2


class Norms(NamedTuple):
    """Bounds of the norms of each layer.

    Attributes:
        spectral: Spectral norm of the matrix.
        frobenius: Frobenius norm of the matrix.
        bias: 2-norm of the bias.
    """

    spectral: np.ndarray
    frobenius: np.ndarray
    bias: np.ndarray


def norms_of(layers: tuple[Layer, ...]) -> Norms:
    """Upper bounds of the norms of some layers."""
    return Norms(
        np.array([spectral_bound(layer.weight) for layer in layers]),
        np.array([norm_bound(layer.weight) for layer in layers]),
        np.array([norm_bound(layer.bias) for layer in layers]),
    )


def norm_bound(array: np.ndarray) -> float:
    """An upper bound of the 2-norm of all entries."""
    size = float(np.abs(array).max(initial=0.0))
    if not 0.0 < size < math.inf:
        return size
    return size * float(np.linalg.norm(array / size)) * SAFETY


def spectral_bound(matrix: Float64[np.ndarray, "rows columns"]) -> float:
    """An upper bound of the spectral norm, rounding included.

    The square of the norm of B is the norm of the Gram matrix of B, which in float64
    errs by at most g_n ||B||_F^2; after some squarings the Frobenius norm bounds it
    well. Each matrix is scaled to entries of at most 1, so nothing that counts
    underflows.
    """
    gram = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    steps: list[tuple[float, float]] = []
    for _ in range(SQUARINGS):
        size = float(np.abs(gram).max())
        if not 0.0 < size < math.inf:
            return size
        scaled = gram / size
        steps.append((size, gamma(len(scaled) + 4) * norm_bound(scaled) ** 2))
        gram = scaled.T @ scaled
    bound = norm_bound(gram)
    for size, error in reversed(steps):
        bound = math.sqrt(bound + error) * size * SAFETY
    return bound


@compiled
def prove(net, norms, part, vertices, zeros, signs, parents, proved, errors):
    """Prove the signs at some vertices, given those at their parents.

    Writes to `proved` and, bounds of the position errors, to `errors`.
    """
    turned, at, fan_in, first, words, bias, slopes = net[1:8]
    kinks, layer_of, units = net[8:11]
    steep, row_doubt, bias_doubt, A, b, _ = net[13:]
    spectral, frobenius, bias_norm = norms
    depth, dim, facets = len(fan_in), vertices.shape[1], len(b)
    widest = np.int64(dim)
    for level in range(depth):
        widest = max(widest, first[level + 1] - first[level])
    gate, claim = np.empty(first[depth]), np.empty(widest)
    # Row 0 is the value, the others the gradient.
    held, held_low = np.empty((dim + 1, widest)), np.empty((dim + 1, widest))
    pre, pre_low = np.empty((dim + 1, widest)), np.empty((dim + 1, widest))
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
        open_gates(w, depth, signs, zeros, first, words, slopes, facets, gate)
        x_size = _start(vertices, w, held, held_low)
        for q in range(dim):
            if zeros[w, q] < facets:
                facet_form(A, b, zeros[w, q], vertices, w, q, J, J_error, residual)
        doubt, steep_doubt, reach = 0.0, 0.0, np.inf
        if top < 0:
            reach = position_bound(J, J_error, residual, R)
        fine = top >= 0 or reach < np.inf
        for level in range(depth):
            begin, inputs = first[level], fan_in[level]
            width, terms = first[level + 1] - begin, inputs + 3.0
            root = math.sqrt(float(width))
            matrix = turned[at[level] : at[level] + inputs * width]
            _apply(matrix, bias, begin, held, held_low, inputs, width, pre, pre_low)
            size, steepness = _norms(held, inputs)
            lost = 16.0 * terms * SMALLEST * root
            rounding = 4.0 * terms * terms * SQUARE
            doubt = spectral[level] * doubt + lost
            doubt += rounding * (frobenius[level] * size + bias_norm[level])
            steep_doubt = spectral[level] * steep_doubt + lost
            steep_doubt += rounding * frobenius[level] * steepness
            if level == 0:
                doubt += root * (row_doubt[0] * x_size + bias_doubt[0])
                steep_doubt += root * row_doubt[0]
            doubt, steep_doubt = doubt * SAFETY, steep_doubt * SAFETY
            for q in range(dim):
                unit = zeros[w, q] - facets
                if unit >= 0 and layer_of[unit] == level:
                    k = unit - begin
                    _unit_form(
                        pre, pre_low, k, q, doubt, steep_doubt, J, J_error, residual
                    )
            if level == top:
                reach = position_bound(J, J_error, residual, R)
                fine = reach < np.inf
                for i in range(count):
                    k, sign = needed[i] - begin, -1.0
                    if is_on(w, needed[i], signs, first, words, layer_of):
                        sign = 1.0
                    fine &= _is_clear(pre, pre_low, k, sign, doubt, steep_doubt, reach)
            elif level > top:
                claim_signs(w, level, signs, zeros, first, words, kinks, facets, claim)
                for k in range(width):
                    sign = claim[k]
                    fine &= (sign == 0.0) or _is_clear(
                        pre, pre_low, k, sign, doubt, steep_doubt, reach
                    )
            if level == depth - 1 or not fine:
                break
            _activate(pre, pre_low, gate, begin, width, held, held_low)
            size, steepness = _norms(held, width)
            doubt = SAFETY * (steep[level] * doubt + 8.0 * SQUARE * size + lost)
            steep_doubt = SAFETY * (
                steep[level] * steep_doubt + 8.0 * SQUARE * steepness + lost
            )
        if fine:
            proved[w], errors[w] = True, reach


@inlined
def _start(vertices, w, held, held_low):
    """A position and its gradient, the identity; the largest coordinate."""
    dim, size = vertices.shape[1], 0.0
    for q in range(dim):
        size = max(size, abs(vertices[w, q]))
        held[0, q] = vertices[w, q]
        for row in range(dim + 1):
            held_low[row, q] = 0.0
            if row > 0:
                held[row, q] = 1.0 if row == q + 1 else 0.0
    return size


@compiled
def _apply(matrix, bias, begin, held, held_low, fan_in, width, pre, pre_low):
    """Values and gradients of the pre-activations of a layer."""
    for row in range(held.shape[0]):
        total, rest = pre[row], pre_low[row]
        for k in range(width):
            total[k] = bias[begin + k] if row == 0 else 0.0
            rest[k] = 0.0
        for i in range(fan_in):
            high, low = held[row, i], held_low[row, i]
            # NaN is no zero.
            if high != 0.0 or low != 0.0:
                start = i * width
                for k in range(width):
                    entry = matrix[start + k]
                    product = entry * high
                    error = fma(entry, high, -product)
                    old = total[k]
                    new = old + product
                    part = new - old
                    total[k] = new
                    lost = (old - (new - part)) + (product - part)
                    rest[k] += lost + fma(entry, low, error)
        for k in range(width):
            new = total[k] + rest[k]
            part = new - total[k]
            rest[k] = (total[k] - (new - part)) + (rest[k] - part)
            total[k] = new


@inlined
def _activate(pre, pre_low, gate, begin, width, held, held_low):
    """Values and gradients of the activations of a layer."""
    for row in range(pre.shape[0]):
        for k in range(width):
            slope = gate[begin + k]
            product = slope * pre[row, k]
            error = fma(slope, pre[row, k], -product)
            rest = fma(slope, pre_low[row, k], error)
            new = product + rest
            held_low[row, k] = (product - (new - (new - product))) + (
                rest - (new - product)
            )
            held[row, k] = new


@inlined
def _norms(held, count):
    """Bounds of the 2-norm of the values, and of the largest one of a derivative.

    A square loses at most the smallest number, 2^-1074, to underflow.
    """
    result, steepest = 0.0, 0.0
    for row in range(held.shape[0]):
        total = 0.0
        for k in range(count):
            total += held[row, k] * held[row, k]
        total = SAFETY * (math.sqrt(total) + math.sqrt(float(count)) * 2.0**-537)
        if row == 0:
            result = total
        else:
            # NaN must stay.
            steepest = total if not total <= steepest else steepest
    return result, steepest


@inlined
def _unit_form(pre, pre_low, k, q, doubt, steep_doubt, J, J_error, residual):
    """Gradient and value of a unit that vanishes at the vertex."""
    error = 0.0
    for c in range(J.shape[1]):
        J[q, c] = pre[c + 1, k]
        error += abs(pre_low[c + 1, k]) + steep_doubt
    J_error[q] = SAFETY * error
    residual[q] = SAFETY * (abs(pre[0, k]) + abs(pre_low[0, k]) + doubt)


@inlined
def _is_clear(pre, pre_low, k, sign, doubt, steep_doubt, reach):
    """Whether a unit has a sign beyond all doubt."""
    steep = 0.0
    for row in range(1, pre.shape[0]):
        steep += abs(pre[row, k]) + abs(pre_low[row, k]) + steep_doubt
    bound = SAFETY * (abs(pre_low[0, k]) + doubt + steep * reach)
    return sign * pre[0, k] > bound
