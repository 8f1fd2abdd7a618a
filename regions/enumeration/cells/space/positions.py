"""Where corners are, with bounds.

Bounds are of lengths: the exact corner is at most so far away. A new corner is where a
unit F, of gradient g, vanishes on the edge from p to q: at x = p + t (q - p), with t =
a / (a + b) from its values a at p and -b at q. Let e be the exact edge, and y the point
at t on it: |y - x| <= (1 - t) |error of p| + t |error of q|. The exact corner is y - e
F(y) / (g e), so that it is off by

    P (y - x) - e F(x) / (g e),    P = I - e g^T / (g e).

P is a projection along e, and its norm is that of I - P, |e| |g| / |g e|. Here |g e| is
a + b up to the errors of both values, and F(x) no more than those of the form and of t,
4u a. (A bound by largest entries would have 1 + |e| |g| / |g e| in its place, which in
six dimensions grows twice as fast from corner to corner.)

Where the bound has grown, the corner is found anew from d independent rows that vanish
there: with J their gradients, R an approximate inverse and r their values at x, the
exact corner is, in each coordinate, at most |R| (|r| + e_r) / (1 - a) from x, a >= ||I
- R J|| + |R| e_J, if a < 1.

A ray is a vector up to a positive factor, and the sum above is as good as any other.
Where it has cancelled, it is scaled, and its bound with it. In the system of equations
its largest entry stays as it is; that the entry has the right sign must be known.
"""

import math

import numpy as np

from regions.enumeration.cells.space.bits import lowest_bit
from regions.enumeration.cells.space.forms import SAFE, dot_error
from regions.enumeration.cells.space.state import RANK
from regions.signs.rounding import SMALLEST, UNIT_ROUNDOFF

SHORT = 2.0**-500
"""Squares of what is much shorter underflow."""
LARGE, SHARP = 2.0**-24, 2.0**-46
"""Bounds above the first are worth a system of equations at once, and those above the
second where a sign is open."""


def place_corner(net, st, s, at, p, q, u, e):
    """Position of the corner where unit u vanishes between two corners of cell s."""
    x, new_x, reaches, value = st.x, st.new_x, st.reach, st.value
    dim, value_doubt, steep = x.shape[0], st.value_doubt[u], st.steep[u]
    a, b = abs(value[p]), abs(value[q])
    reach_p, reach_q = reaches[at + p], reaches[at + q]
    error_p, error_q = value_doubt + steep * reach_p, value_doubt + steep * reach_q
    reach, largest, square = np.inf, 0.0, 0.0
    t = 0.5
    if a + b > 0.0:
        t = a / (a + b)
    for c in range(dim):
        start, end = x[c, at + p], x[c, at + q]
        gap = end - start
        square += gap * gap
        entry = min(1.0, max(-1.0, start + t * gap))
        largest = max(largest, max(abs(start), abs(end)))
        new_x[c, e] = entry
    if a > error_p and b > error_q:
        length = SAFE * math.sqrt(square) + SHORT + reach_p + reach_q
        off = steep * ((1.0 - t) * reach_p + t * reach_q) + value_doubt
        off = (off + 4.0 * UNIT_ROUNDOFF * a) / (a - error_p + (b - error_q))
        # Up to seven coordinates are rounded three times each.
        reach = SAFE * (length * off + 16.0 * UNIT_ROUNDOFF * largest + SHORT)
    st.new_reach[e] = reach
    if st.reg[RANK] < dim:
        _scale_ray(st, e)
    if not st.new_reach[e] <= st.worst[0]:
        _solve(net, st, s, u, e)


def _scale_ray(st, e):
    """Bring the largest entry of a new ray between 1/4 and 1/2, by a power of two."""
    largest = abs(st.new_x[_largest_entry(st, e), e])
    if largest == 0.0:
        st.new_reach[e] = np.inf
        return
    factor = math.ldexp(1.0, -1 - math.frexp(largest)[1])
    for c in range(len(st.x)):
        st.new_x[c, e] *= factor
    # An entry may underflow.
    st.new_reach[e] = factor * st.new_reach[e] + SHORT


def _largest_entry(st, e):
    """Which entry of a new ray has the largest absolute value."""
    which = 0
    for c in range(1, len(st.x)):
        if abs(st.new_x[c, e]) > abs(st.new_x[which, e]):
            which = c
    return which


def sharpen(net, st, s, place):
    """Find a corner of cell s anew from its rows; whether its bound is smaller now."""
    e = st.new_x.shape[1] - 1
    st.new_reach[e] = st.reach[place]
    for c in range(len(st.x)):
        st.new_x[c, e] = st.x[c, place]
    for w in range(st.zeros.shape[0]):
        st.new_zeros[w, e] = st.zeros[w, place]
    # Not a constant, for which the compiler would make a form of its own.
    _solve(net, st, s, np.int64(-1), e)
    if not st.new_reach[e] < st.reach[place]:
        return False
    st.reach[place] = st.new_reach[e]
    for c in range(len(st.x)):
        st.x[c, place] = st.new_x[c, e]
    return True


def _solve(net, st, s, u, e):
    """Find a new corner from its rows and unit u; leaves it where that proves less."""
    dim, words = len(st.x), st.zeros.shape[0]
    facets = len(net.facets)
    system = np.empty((64 * words + 1, dim + 1))
    doubt, value_doubt = np.zeros(64 * words + 1), np.zeros(64 * words + 1)
    count = 0
    if u >= 0:
        for c in range(dim + 1):
            system[0, c] = st.form[c, u]
        doubt[0], value_doubt[0], count = st.doubt[u], st.value_doubt[u], 1
    for w in range(words):
        rest = st.new_zeros[w, e]
        while rest != 0:
            bit = lowest_bit(rest)
            rest ^= np.int64(1) << np.int64(bit)
            row = st.row[s, 64 * w + bit]
            if row < facets:
                size = 0.0
                for c in range(dim + 1):
                    system[count, c] = net.facets[row, c]
                    size += abs(net.facets[row, c])
                value_doubt[count] = (
                    SAFE * dot_error(dim + 3.0) * size + 16.0 * SMALLEST
                )
            else:
                unit = row - facets
                for c in range(dim + 1):
                    system[count, c] = st.form[c, unit]
                doubt[count], value_doubt[count] = st.doubt[unit], st.value_doubt[unit]
            count += 1
    rank, fixed = st.reg[RANK], dim - 1
    if rank < dim:
        # The largest entry changes places with the last one, and is a constant.
        fixed = _largest_entry(st, e)
        entry = st.new_x[fixed, e]
        if not st.new_reach[e] < 0.25 * abs(entry):
            return
        st.new_x[fixed, e], st.new_x[rank, e] = st.new_x[rank, e], entry
        for i in range(count):
            last = system[i, rank]
            system[i, rank] = system[i, fixed] * entry
            if fixed < rank:
                system[i, fixed] = last
    if _choose(system, doubt, value_doubt, count, rank):
        _refine(st, system, doubt, value_doubt, e, rank)
    if rank < dim:
        entry = st.new_x[fixed, e]
        st.new_x[fixed, e], st.new_x[rank, e] = st.new_x[rank, e], entry


def _choose(system, doubt, value_doubt, count, dim):
    """Bring `dim` rows that are far from dependent to the front; whether there are."""
    work = system[:count, :dim].copy()
    for i in range(count):
        size = 0.0
        for c in range(dim):
            size += abs(work[i, c])
        for c in range(dim):
            work[i, c] /= size
    for k in range(dim):
        best, where, column = 0.0, -1, 0
        for i in range(k, count):
            for c in range(dim):
                if abs(work[i, c]) > best:
                    best, where, column = abs(work[i, c]), i, c
        if where < 0:
            return False
        for c in range(dim):
            work[k, c], work[where, c] = work[where, c], work[k, c]
        for c in range(dim + 1):
            system[k, c], system[where, c] = system[where, c], system[k, c]
        doubt[k], doubt[where] = doubt[where], doubt[k]
        value_doubt[k], value_doubt[where] = value_doubt[where], value_doubt[k]
        for i in range(k + 1, count):
            factor = work[i, column] / work[k, column]
            for c in range(dim):
                work[i, c] -= factor * work[k, c]
            work[i, column] = 0.0
        for i in range(k + 1, count):
            work[i, column] = 0.0
    return True


def _refine(st, system, doubt, value_doubt, e, dim):
    """Two steps of Newton's method from a new corner's position, and the bound."""
    R = np.empty((dim, 2 * dim))
    if not _invert(system, R, dim):
        return
    x, residual = np.empty(dim), np.empty(dim)
    for c in range(dim):
        x[c] = st.new_x[c, e]
    for step in range(3):
        for i in range(dim):
            total = system[i, dim]
            for c in range(dim):
                total += system[i, c] * x[c]
            residual[i] = total
        if step < 2:
            for c in range(dim):
                moved = 0.0
                for i in range(dim):
                    moved += R[c, dim + i] * residual[i]
                x[c] = min(1.0, max(-1.0, x[c] - moved))
    contraction, reach = 0.0, 0.0
    for i in range(dim):
        defect, moved = 0.0, 0.0
        for j in range(dim):
            entry, size = 0.0, 0.0
            for k in range(dim):
                entry += R[i, dim + k] * system[k, j]
                size += abs(R[i, dim + k]) * abs(system[k, j])
            if i == j:
                entry -= 1.0
            defect += abs(entry) + dot_error(dim + 2.0) * size
        for k in range(dim):
            defect += abs(R[i, dim + k]) * doubt[k]
            moved += abs(R[i, dim + k]) * (abs(residual[k]) + value_doubt[k])
        # False for NaN.
        if not (defect < 0.5 and moved < np.inf):
            return
        contraction, reach = max(contraction, defect), max(reach, moved)
    reach = SAFE * math.sqrt(dim) * (reach + dim * SMALLEST) / (1.0 - contraction)
    if reach < st.new_reach[e]:
        st.new_reach[e] = reach
        for c in range(dim):
            st.new_x[c, e] = x[c]


def _invert(system, R, dim):
    """Write (something like) the inverse of the first rows to the right half of R."""
    for i in range(dim):
        for j in range(dim):
            R[i, j] = system[i, j]
            R[i, dim + j] = 1.0 if i == j else 0.0
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
