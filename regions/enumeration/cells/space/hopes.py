"""Whether a cell may hold what is looked for: a value, or a Jacobian, beyond the best.

On a cell of the layers before the last the network is an affine function and, for each
unit of the last layer that crosses it, a ramp `k max(z, 0)` of its form z. With the
ramps of k > 0 it is convex, and largest at a corner; each ramp of k < 0 is at most the
linear `k a z`, for any a from 0 to 1. So the largest sum at a corner is a bound of all
values, and what the network has at the corners is attained. Cells whose bound is below
what is attained elsewhere are left out, and with them all of their parts.

The Jacobian of a region is the sum of a middle and, for each unit that crosses the
cell, half a step that the unit makes one way or the other.

Errors of a form at a corner are bounded as for its sign (`forms.py`), and multiplied by
what the unit's slopes and steps are; a sum of n terms loses `gamma(n)` of its size.
"""

import math

from regions.enumeration.cells.space.corner_signs import place_of
from regions.enumeration.cells.space.forms import INDEX, SAFE, USUAL, dot_error
from regions.enumeration.cells.space.state import CANDIDATES, NOTED
from regions.signs.rounding import SMALLEST

VALUES, ONE, TWO, INFINITY, CLASSES = range(5)
"""What is looked for: the ends of values; the largest norm of Jacobians; or where which
class wins, as in `winners.py`."""
HUGE = 2.0**900
"""Sums of such sizes may overflow: nothing is told of them."""
TINY = 2.0**-900
"""Covers what underflows."""
SQUARINGS = 12
"""How often a matrix is squared for its largest eigenvalue."""
NORM_ROUNDING = 2.0**-36
"""What norms lose, of their own size."""


def is_hopeless(net, st, s, layer):
    """Whether no region of a cell may have what is looked for.

    If one may, the unit that blurs the bound most is put last on the list.
    """
    if st.reg[NOTED] != st.stamp[layer]:
        note_errors(net, st, layer)
    count = slopes_on(net, st, s, layer)
    if st.goal[0] == VALUES:
        found = _values_end(net, st, s, layer, count)
    else:
        found = _norms_end(net, st, s, layer, count)
    left = st.cell[s, CANDIDATES]
    if not found and left > 1:
        begin, best = place_of(st.cell, s)[2], 0
        for z in range(1, left):
            if st.blur[z] > st.blur[best]:
                best = z
        j = st.candidates[begin + best]
        st.candidates[begin + best] = st.candidates[begin + left - 1]
        st.candidates[begin + left - 1] = j
    return found


def note_errors(net, st, layer):
    """Bounds of what sums over the units of a layer are off by, on any of its cells."""
    form, weight, lost = st.form, st.weight, st.lost
    dim, first = len(form) - 1, net.first[layer] & INDEX
    width = (net.first[layer + 1] & INDEX) - first
    # Of up to four sums over the units, each of three products.
    g, finest = dot_error(8.0 * width + 256.0), net.scale[0]
    for c in range(dim):
        finest = min(finest, net.scale[c])
    values = st.goal[0] == VALUES or st.goal[0] == CLASSES
    # Of classes the last row has the largest weights of all.
    for r in range(len(lost) - 1 if st.goal[0] == CLASSES else 0, len(lost)):
        total, steep, size, most_lost = 0.0, 0.0, 0.0, 0.0
        for j in range(width):
            u = first + j
            most = abs(weight[r, j]) * (1.0 + 2.0 * abs(net.slope[u]))
            if values:
                own = dim * st.steep[u] + abs(form[dim, u])
                total += most * st.value_doubt[u]
                steep += most * st.steep[u]
            else:
                own = dim * st.steep[u] / finest
                total += most * (st.doubt[u] / finest)
            size += most * own
            most_lost += (1.0 + most) * (1.0 + own)
        # Weights and products may underflow, and be multiplied by what is large.
        total += 64.0 * SMALLEST * most_lost
        if not size + total + steep < HUGE:
            total = math.inf
        lost[r, 0], lost[r, 1] = SAFE * SAFE * (total + g * size) + TINY, SAFE * steep
    st.reg[NOTED] = st.stamp[layer]


def slopes_on(net, st, s, layer):
    """Slopes of all units on a cell; those that cross it are noted, and off."""
    bits, factor, crossing, mark = st.bits, st.factor, st.crossing, st.trial
    begin, words = place_of(st.cell, s)[2], st.bits.shape[1] >> 1
    first = net.first[layer] & INDEX
    width, count = (net.first[layer + 1] & INDEX) - first, st.cell[s, CANDIDATES]
    for j in range(width):
        on = (bits[s, j >> 6] >> (j & 63)) & 1
        factor[j] = 1.0 if on else net.slope[first + j]
    if net.twins[layer] != 0:
        for j in range(width):
            mark[j] = 0.0
    for z in range(count):
        j = st.candidates[begin + z]
        crossing[z], factor[j], mark[j] = j, net.slope[first + j], 1.0
    if net.twins[layer] == 0:
        return count
    for j in range(width):
        u = first + j
        k = net.leader[u] - first
        if k == j or net.slope[u] == 1.0 or net.slope[first + k] == 1.0:
            continue
        factor[j] = net.slope[u]
        if mark[k] != 0.0:
            crossing[count] = j
            count += 1
            continue
        on = (bits[s, k >> 6] >> (k & 63)) & 1
        if net.opposed[u] != 0:
            on = 1 - (on | ((bits[s, words + (k >> 6)] >> (k & 63)) & 1))
        if on:
            factor[j] = 1.0
    return count


def _values_end(net, st, s, layer, count):
    """Whether values of all combinations end short of the best, up and down."""
    x, form, factor, sums, weight = st.x, st.form, st.factor, st.sums, st.weight
    at, corners, _ = place_of(st.cell, s)
    dim, first = len(x), net.first[layer] & INDEX
    width, worst, ends = (net.first[layer + 1] & INDEX) - first, 0.0, True
    for q in range(at, at + corners):
        worst = max(worst, st.reach[q])
    for z in range(count):
        st.blur[z] = 0.0
    for r in range(len(weight)):
        error = SAFE * (st.lost[r, 0] + st.lost[r, 1] * worst)
        for c in range(dim + 1):
            total = 0.0
            for j in range(width):
                total += weight[r, j] * factor[j] * form[c, first + j]
            if c == 0:
                for q in range(corners):
                    sums[0, q], sums[1, q], sums[2, q] = total * x[0, at + q], 0.0, 0.0
            elif c < dim:
                for q in range(corners):
                    sums[0, q] += total * x[c, at + q]
            else:
                for q in range(corners):
                    sums[0, q] += total
        for z in range(count):
            _add_ramp(net, st, r, first, z, at, corners)
        most, least, upper, lower = -math.inf, math.inf, -math.inf, math.inf
        for q in range(corners):
            value = sums[0, q]
            most, least = max(most, value), min(least, value)
            upper = max(upper, value + sums[1, q])
            lower = min(lower, value + sums[2, q])
        if error < HUGE:
            # Corners are points of the domain.
            st.best[r, 0] = max(st.best[r, 0], most - error)
            st.best[r, 1] = max(st.best[r, 1], -least - error)
        rises = not upper + error < st.best[r, 0]
        falls = not -lower + error < st.best[r, 1]
        if rises or falls:
            ends = False
            _blur_values(net, st, r, first, count, rises, falls)
    return ends


def _add_ramp(net, st, r, first, z, at, corners):
    """Add a ramp at all corners, and how far lines are from it that bound it."""
    x, form, sums = st.x, st.form, st.sums
    j = st.crossing[z]
    u, dim = first + j, len(st.x)
    kink = st.weight[r, j] * (1.0 - net.slope[u])
    offset = form[dim, u]
    for q in range(corners):
        sums[3, q] = offset
    for c in range(dim):
        entry = form[c, u]
        for q in range(corners):
            sums[3, q] += entry * x[c, at + q]
    low, high = math.inf, -math.inf
    for q in range(corners):
        low, high = min(low, sums[3, q]), max(high, sums[3, q])
    slope = 1.0 if high > 0.0 else 0.0
    st.bend[z] = 0.0
    if low < 0.0 < high:
        slope = high / (high - low)
        st.bend[z] = -low * slope
    side = 1 if kink < 0.0 else 2
    for q in range(corners):
        ramp = max(sums[3, q], 0.0)
        sums[0, q] += kink * ramp
        sums[side, q] += kink * (slope * sums[3, q] - ramp)


def _blur_values(net, st, r, first, count, rises, falls):
    """Note how much each unit adds to the bounds that are not short of the best."""
    for z in range(count):
        j = st.crossing[z]
        kink = st.weight[r, j] * (1.0 - net.slope[first + j])
        if (rises and kink < 0.0) or (falls and kink > 0.0):
            st.blur[z] += abs(kink) * st.bend[z]


def _norms_end(net, st, s, layer, count):
    """Whether the norms of all Jacobians on a cell are below the best."""
    form, factor, weight, middle, hull = (
        st.form,
        st.factor,
        st.weight,
        st.middle,
        st.hull,
    )
    first, dim = net.first[layer] & INDEX, len(st.x)
    width, error = (net.first[layer + 1] & INDEX) - first, 0.0
    at, corners, _ = place_of(st.cell, s)
    for z in range(count):
        j = st.crossing[z]
        factor[j] = 0.5 * (1.0 + net.slope[first + j])
        st.bend[z] = 0.0
        _divided_evenly(st, first + j, z, at, corners)
        st.blur[z] = 0.0
    for r in range(len(weight)):
        error += st.lost[r, 0]
        for c in range(dim):
            total = 0.0
            for j in range(width):
                total += weight[r, j] * factor[j] * form[c, first + j]
            middle[r, c], total = total / net.scale[c], 0.0
            for z in range(count):
                j = st.crossing[z]
                step = weight[r, j] * (1.0 - net.slope[first + j]) * form[c, first + j]
                step = abs(step) / net.scale[c]
                total += step
                st.blur[z] += step * st.bend[z]
            hull[r, c] = 0.5 * total
    upper, lower = _norm_ends(net, st, first, count)
    if not (error < HUGE and upper < HUGE):
        return False
    if count == 0:
        # The cell is a region.
        st.best[0, 0] = max(st.best[0, 0], lower * (1.0 - NORM_ROUNDING) - error)
    return upper * (1.0 + NORM_ROUNDING) + error < st.best[0, 0]


def _divided_evenly(st, u, z, at, corners):
    """How evenly a unit divides a cell."""
    x, form, value, dim = st.x, st.form, st.value, len(st.x)
    for q in range(corners):
        value[q] = form[dim, u]
    for c in range(dim):
        for q in range(corners):
            value[q] += form[c, u] * x[c, at + q]
    low, high = math.inf, -math.inf
    for q in range(corners):
        low, high = min(low, value[q]), max(high, value[q])
    if low < 0.0 < high:
        st.bend[z] = min(-low, high) / (high - low)


def _norm_ends(net, st, first, count):
    """Bounds of the norms of a middle with any entries added up to those of a hull."""
    middle, hull, kind = st.middle, st.hull, st.goal[0]
    rows, dim, upper = len(middle), middle.shape[1], 0.0
    if kind == INFINITY:
        for r in range(rows):
            total = 0.0
            for c in range(dim):
                total += abs(middle[r, c]) + hull[r, c]
            upper = max(upper, total)
        return upper, upper
    if kind == ONE:
        for c in range(dim):
            total = 0.0
            for r in range(rows):
                total += abs(middle[r, c]) + hull[r, c]
            upper = max(upper, total)
        return upper, upper
    own, around, total = 0.0, 0.0, 0.0
    for r in range(rows):
        for c in range(dim):
            own += middle[r, c] * middle[r, c]
            around += hull[r, c] * hull[r, c]
            total += abs(middle[r, c]) + hull[r, c]
    if not (USUAL[0] < own and own + around < USUAL[1]):
        # Squares may underflow or overflow.
        return total, 0.0
    if rows > 1:
        low, high = _singular(middle, st.gram)
        return high + math.sqrt(around), low
    upper = math.sqrt(own + _along(net, st, first, count) + around)
    return upper, upper


def _along(net, st, first, count):
    """By how much the square of the length of a row grows with steps along the row."""
    middle, form, total = st.middle, st.form, 0.0
    for z in range(count):
        j, product = st.crossing[z], 0.0
        for c in range(middle.shape[1]):
            product += middle[0, c] * (form[c, first + j] / net.scale[c])
        total += abs(product * st.weight[0, j] * (1.0 - net.slope[first + j]))
    return total


def _singular(middle, gram):
    """Bounds of the largest singular value, from powers of the matrix of products.

    The sum of the eigenvalues of a power is at most their number times the largest.
    """
    rows, dim = middle.shape
    for a in range(dim):
        for b in range(dim):
            total = 0.0
            for r in range(rows):
                total += middle[r, a] * middle[r, b]
            gram[0, a, b] = total
    logarithm, share = 0.0, 1.0
    for step in range(SQUARINGS + 1):
        trace = 0.0
        for a in range(dim):
            trace += gram[step & 1, a, a]
        logarithm += share * math.log(trace)
        share *= 0.5
        for a in range(dim):
            for b in range(dim):
                total = 0.0
                for c in range(dim):
                    total += gram[step & 1, a, c] * gram[step & 1, c, b]
                gram[1 - (step & 1), a, b] = total / (trace * trace)
    high = math.exp(0.5 * logarithm)
    return high / math.exp(share * math.log(float(dim))), high
