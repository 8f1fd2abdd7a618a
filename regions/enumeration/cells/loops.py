"""The inner loops over units, for the compiler; `vectors` has the same in NumPy.

Products are rounded before they are added, and sums go in the order written: both
forms then give the same numbers, bit by bit.
"""

import numpy as np

from regions.signs.rounding import SAFETY, UNIT_ROUNDOFF

A, B, C, GRADIENT, BOUND, ERROR = range(6)
"""Rows of the forms of a layer: `a s_0 + b s_1 + c` with |s| <= 1; |a| + |b|; what a
value must exceed to have a proved sign, but for the position; error of a, b, c."""
SIZE = 4
"""In place of BOUND in activations: |a| + |b| + |c|."""
TINY = 2.0**-1000
"""Covers what underflows where a form is evaluated."""
ROUNDING = 4.0 * UNIT_ROUNDOFF


def begin_forms(bias, factor, width, forms):
    """Forms of a layer before it reads anything, and the bound of their terms."""
    for j in range(width):
        forms[A, j] = 0.0
        forms[B, j] = 0.0
        forms[C, j] = bias[j]
        forms[GRADIENT, j] = factor * abs(bias[j])


def next_source(held, i, fan_in):
    """The first unit of a source from number i on that is not exactly zero."""
    while i < fan_in and held[SIZE, i] == 0.0 and held[ERROR, i] == 0.0:
        i += 1
    return i


def add_block(weights, start, fan_in, width, held, factor, forms):
    """Add what a layer reads from one source, and the bounds of its error.

    Args:
        weights: All matrices.
        start: Where this one starts.
        fan_in: Its columns.
        width: Units of the layer.
        held: Forms of the units of the source.
        factor: Bound of the relative error of the sums; 1 and exact sources give the
            sizes of the sums.
        forms: Forms of the layer, with the bound in place of the gradient's size.
    """
    room = forms.shape[1]
    i = next_source(held, 0, fan_in)
    while i < fan_in:
        # Two at a time: reading and writing the sums takes longer than the products.
        k = next_source(held, i + 1, fan_in)
        f = held[ERROR, i] + factor * held[SIZE, i]
        a, b, c = held[A, i], held[B, i], held[C, i]
        row = weights[start + i * room : start + i * room + width]
        if k < fan_in:
            f_2 = held[ERROR, k] + factor * held[SIZE, k]
            a_2, b_2, c_2 = held[A, k], held[B, k], held[C, k]
            row_2 = weights[start + k * room : start + k * room + width]
            for j in range(width):
                w, v = row[j], row_2[j]
                forms[A, j] = forms[A, j] + w * a + v * a_2
                forms[B, j] = forms[B, j] + w * b + v * b_2
                forms[C, j] = forms[C, j] + w * c + v * c_2
                forms[GRADIENT, j] = forms[GRADIENT, j] + abs(w) * f + abs(v) * f_2
            i = next_source(held, k + 1, fan_in)
        else:
            for j in range(width):
                w = row[j]
                forms[A, j] += w * a
                forms[B, j] += w * b
                forms[C, j] += w * c
                forms[GRADIENT, j] += abs(w) * f
            i = fan_in


def all_fit(width, limit, forms):
    """Whether no bound of a layer's sums exceeds a limit; NaN does."""
    fit = True
    for j in range(width):
        fit &= SAFETY * forms[GRADIENT, j] <= limit
    return fit


def finish_forms(width, factor, added, forms):
    """Turn the bounds of the sums into bounds of the forms and of their values.

    A value at a computed position, at most `reach` from the true one, differs from the
    true value by at most three times the error (`reach` is at most 2), the gradient
    times `reach` and the rounding of the value itself.
    """
    for j in range(width):
        error = factor * forms[GRADIENT, j] + added
        gradient = abs(forms[A, j]) + abs(forms[B, j])
        size = gradient + abs(forms[C, j])
        forms[GRADIENT, j] = SAFETY * gradient
        forms[BOUND, j] = SAFETY * (3.0 * error + ROUNDING * size) + TINY
        forms[ERROR, j] = error


def activate(width, on, slopes, bit, limit, forms, held):
    """Forms of the units after their kinks, on the cell where `on` are positive.

    Args:
        width: Units of the layer.
        on: Which of them are positive.
        slopes: Their slopes below zero.
        bit: Place of their bits; negative without a kink.
        limit: Exact forms times slopes are exact up to this size.
        forms: Forms of the layer.
        held: Written.

    Returns:
        Whether no product with a slope was rounded.
    """
    exact = True
    for j in range(width):
        a, b, c = forms[A, j], forms[B, j], forms[C, j]
        size, error = abs(a) + abs(b) + abs(c), forms[ERROR, j]
        if on[j] == 0 and bit[j] >= 0:
            slope = slopes[j]
            a, b, c = slope * a, slope * b, slope * c
            error = abs(slope) * error
            if slope != 0.0 and not abs(slope) * size <= limit:
                error += UNIT_ROUNDOFF * abs(slope) * size + TINY
                exact = False
            size = abs(slope) * size
        held[A, j] = a
        held[B, j] = b
        held[C, j] = c
        held[SIZE, j] = SAFETY * size
        held[ERROR, j] = SAFETY * error
    return exact


def sign_corners(forms, width, corners, points, slots, positive, negative, unclear):
    """Signs of all units of a layer at all corners of a cell, as sets of slots.

    Args:
        forms: Forms of the layer.
        width: How many units it has.
        corners: The corners of the cell.
        points: Positions and bounds of their errors, of all corners.
        slots: Bit of each corner in sets of corners.
        positive: Written: where each unit is positive, proved.
        negative: Written: where it is negative, proved.
        unclear: Written: where the bounds leave it open.

    Returns:
        Whether anything is unclear.
    """
    for j in range(width):
        positive[j] = 0
        negative[j] = 0
        unclear[j] = 0
    for q in range(len(corners)):
        x, y = points[corners[q], 0], points[corners[q], 1]
        reach = points[corners[q], 2]
        slot = slots[corners[q]]
        for j in range(width):
            value = forms[A, j] * x + forms[B, j] * y + forms[C, j]
            bound = forms[GRADIENT, j] * reach + forms[BOUND, j]
            above, below = value > bound, value < -bound
            positive[j] |= slot if above else 0
            negative[j] |= slot if below else 0
            unclear[j] |= 0 if above or below else slot
    some = np.int64(0)
    for j in range(width):
        some |= unclear[j]
    return some != 0


def sign_new_corners(forms, layer, units, first, size, points, mark, count, signs):
    """Signs of listed units at one or two new corners.

    Arrays are passed whole, here and below: a view of one costs more than a test.

    Args:
        forms: Forms of all layers.
        layer: The layer of the units.
        units: Lists of units.
        first: Where the list starts.
        size: How many units it has.
        points: Positions and bounds of their errors, of all corners.
        mark: The first new corner.
        count: How many there are.
        signs: Written, `(2, units)`: 1, -1, or 2 where the bounds leave it open.

    Returns:
        Whether anything is open.
    """
    some = np.int64(0)
    for q in range(count):
        x, y, reach = points[mark + q, 0], points[mark + q, 1], points[mark + q, 2]
        for z in range(size):
            j = units[first + z]
            value = forms[layer, A, j] * x + forms[layer, B, j] * y + forms[layer, C, j]
            bound = forms[layer, GRADIENT, j] * reach + forms[layer, BOUND, j]
            sign = np.int64(value > bound) - np.int64(value < -bound)
            is_open = np.int64(sign == 0)
            signs[q, z] = sign + 2 * is_open
            some |= is_open
    return some != 0


def pass_on(
    units, positive, negative, first, size, signs, count, new, keep, split, on, part
):
    """The units that still cross each of the two parts of a cell.

    Args:
        units: Lists of units.
        positive: Corners at which they are positive.
        negative: Corners at which they are negative.
        first: Where the list of the cell starts; that of the lower part takes its
            place, with that of the upper part behind it.
        size: How many units cross the cell.
        signs: Their signs at new corners.
        count: How many new corners there are.
        new: Bits of the new corners.
        keep: Corners of the upper and the lower part.
        split: Scratch.
        on: Set to 1 for units that are positive on all of a part; the upper part is
            the one after `part`.
        part: The cell, then the lower part.

    Returns:
        How many units cross the upper and the lower part.
    """
    upper, lower = 0, 0
    one, two = new[0] if count > 0 else 0, new[1] if count > 1 else 0
    keep_above, keep_below = keep[0], keep[1]
    for z in range(size):
        unit = units[first + z]
        above, below = positive[first + z], negative[first + z]
        sign, other = signs[0, z], signs[1, z]
        plus = (one if sign == 1 else 0) | (two if other == 1 else 0)
        minus = (one if sign == -1 else 0) | (two if other == -1 else 0)
        a, b = (above & keep_above) | plus, (below & keep_above) | minus
        if a != 0 and b != 0:
            split[0, upper], split[1, upper], split[2, upper] = unit, a, b
            upper += 1
        elif a != 0:
            on[part + 1, unit] = 1
        a, b = (above & keep_below) | plus, (below & keep_below) | minus
        if a != 0 and b != 0:
            units[first + lower] = unit
            positive[first + lower], negative[first + lower] = a, b
            lower += 1
        elif a != 0:
            on[part, unit] = 1
    to = first + lower
    for z in range(upper):
        units[to + z] = split[0, z]
        positive[to + z], negative[to + z] = split[1, z], split[2, z]
    return upper, lower


def pack_bits(width, on, bit, packed):
    """Set the bits of the units of a layer that are on, lowest bit first."""
    for j in range(width):
        if on[j] != 0 and bit[j] >= 0:
            packed[bit[j] >> 3] |= np.uint8(1 << (bit[j] & 7))
