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
    for i in range(fan_in):
        size = held[SIZE, i]
        # A sum of what is exactly zero has no error.
        if size == 0.0 and held[ERROR, i] == 0.0:
            continue
        f = held[ERROR, i] + factor * size
        a, b, c = held[A, i], held[B, i], held[C, i]
        row = weights[start + i * room : start + i * room + width]
        for j in range(width):
            w = row[j]
            forms[A, j] += w * a
            forms[B, j] += w * b
            forms[C, j] += w * c
            forms[GRADIENT, j] += abs(w) * f


def all_fit(width, limit, forms):
    """Whether no bound of a layer's sums exceeds a limit; NaN does."""
    fit = True
    for j in range(width):
        fit &= SAFETY * forms[GRADIENT, j] <= limit
    return fit


def finish_forms(width, factor, slack, forms):
    """Turn the bounds of the sums into bounds of the forms and of their values.

    A value at a computed position, at most `reach` from the true one, differs from the
    true value by at most three times the error (`reach` is at most 2), the gradient
    times `reach` and the rounding of the value itself.
    """
    for j in range(width):
        error = factor * forms[GRADIENT, j] + slack
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


def sign_new_corners(forms, units, points, first, count, signs):
    """Signs of listed units at one or two new corners.

    Args:
        forms: Forms of the layer.
        units: Which units.
        points: Positions and bounds of their errors, of all corners.
        first: The first new corner.
        count: How many there are.
        signs: Written, `(2, units)`: 1, -1, or 2 where the bounds leave it open.

    Returns:
        Whether anything is open.
    """
    some = 0
    for q in range(count):
        x, y, reach = points[first + q, 0], points[first + q, 1], points[first + q, 2]
        for z in range(len(units)):
            j = units[z]
            value = forms[A, j] * x + forms[B, j] * y + forms[C, j]
            bound = forms[GRADIENT, j] * reach + forms[BOUND, j]
            sign = 1 if value > bound else (-1 if value < -bound else 2)
            signs[q, z] = sign
            some |= sign & 2 if sign > 0 else 0
    return some != 0


def pass_on(
    units, positive, negative, signs, count, new, keep, split, upper_on, lower_on
):
    """The units that still cross each of the two parts of a cell.

    Args:
        units: Units that cross the cell.
        positive: Corners at which they are positive.
        negative: Corners at which they are negative.
        signs: Their signs at new corners.
        count: How many new corners there are.
        new: Bits of the new corners.
        keep: Corners of the upper and the lower part.
        split: `(3, ...)` of the upper part's units, positive and negative corners,
            written; those of the lower part overwrite what was given.
        upper_on: Set to 1 for units that are positive on all of the upper part.
        lower_on: The same for the lower part.

    Returns:
        How many units cross the upper and the lower part.
    """
    upper, lower = 0, 0
    for z in range(len(units)):
        unit, above, below = units[z], positive[z], negative[z]
        plus, minus = np.int64(0), np.int64(0)
        for q in range(count):
            plus |= new[q] if signs[q, z] == 1 else 0
            minus |= new[q] if signs[q, z] == -1 else 0
        a, b = (above & keep[0]) | plus, (below & keep[0]) | minus
        if a != 0 and b != 0:
            split[0, upper], split[1, upper], split[2, upper] = unit, a, b
            upper += 1
        elif a != 0:
            upper_on[unit] = 1
        a, b = (above & keep[1]) | plus, (below & keep[1]) | minus
        if a != 0 and b != 0:
            units[lower], positive[lower], negative[lower] = unit, a, b
            lower += 1
        elif a != 0:
            lower_on[unit] = 1
    return upper, lower


def pack_bits(width, on, bit, packed):
    """Set the bits of the units of a layer that are on, lowest bit first."""
    for j in range(width):
        if on[j] != 0 and bit[j] >= 0:
            packed[bit[j] >> 3] |= np.uint8(1 << (bit[j] & 7))
