"""The inner loops over units, for the compiler, eight units at a time where that pays.

`vectors` has the same in NumPy. Products are rounded before they are added, and sums go
in the order written: both forms then give the same numbers, bit by bit. Arrays are
filled up to whole lanes: what is computed there is not read.
"""

import numpy as np

from regions.compiled import LANES
from regions.compiled.lanes import (
    choose,
    load,
    not_negative,
    not_zero,
    some,
    spread,
    store,
    up_to,
    words,
)
from regions.enumeration.cells.form_rows import (
    BOUND,
    ERROR,
    GRADIENT,
    ROUNDING,
    SIZE,
    TINY,
    A,
    B,
    C,
)
from regions.signs.rounding import SAFETY, UNIT_ROUNDOFF


def begin_forms(bias, factor, width, forms):
    """Forms of a layer before it reads anything, and the bound of their terms."""
    nothing = spread(0.0)
    for j in range(0, width, LANES):
        # No sum is -0 that begins with 0, whether or not zeros are added.
        value = load(bias, j) + nothing
        store(forms, (A, j), nothing)
        store(forms, (B, j), nothing)
        store(forms, (C, j), value)
        store(forms, (GRADIENT, j), spread(factor) * abs(value))


def add_block(weights, start, fan_in, width, held, factor, live, forms):
    """Add what a layer reads from one source, and the bounds of its error.

    Args:
        weights: All matrices.
        start: Where this one starts.
        fan_in: Its columns.
        width: Units of the layer.
        held: Forms of the units of the source.
        factor: Bound of the relative error of the sums; 1 and exact sources give the
            sizes of the sums.
        live: Scratch: the units of the source that are not exactly zero.
        forms: Forms of the layer, with the bound in place of the gradient's size.
    """
    room, number = forms.shape[1], 0
    for i in range(fan_in):
        live[number] = i
        number += 1 if held[SIZE, i] != 0.0 or held[ERROR, i] != 0.0 else 0
    for j in range(0, width, LANES):
        a, b = load(forms, (A, j)), load(forms, (B, j))
        c, terms = load(forms, (C, j)), load(forms, (GRADIENT, j))
        for n in range(number):
            i = live[n]
            weight = load(weights, start + i * room + j)
            a = a + weight * spread(held[A, i])
            b = b + weight * spread(held[B, i])
            c = c + weight * spread(held[C, i])
            term = held[ERROR, i] + factor * held[SIZE, i]
            terms = terms + abs(weight) * spread(term)
        store(forms, (A, j), a)
        store(forms, (B, j), b)
        store(forms, (C, j), c)
        store(forms, (GRADIENT, j), terms)


def all_fit(width, limit, forms):
    """Whether no bound of a layer's sums exceeds a limit; NaN does."""
    large = False
    for j in range(0, width, LANES):
        fit = spread(SAFETY) * load(forms, (GRADIENT, j)) <= spread(limit)
        large |= some(~fit & up_to(width - j))
    return not large


def finish_forms(width, factor, added, forms):
    """Turn the bounds of the sums into bounds of the forms and of their values.

    A value at a computed position, at most `reach` from the true one, differs from the
    true value by at most three times the error (`reach` is at most 2), the gradient
    times `reach` and the rounding of the value itself.
    """
    safety, rounding = spread(SAFETY), spread(ROUNDING)
    for j in range(0, width, LANES):
        error = spread(factor) * load(forms, (GRADIENT, j)) + spread(added)
        gradient = abs(load(forms, (A, j))) + abs(load(forms, (B, j)))
        size = gradient + abs(load(forms, (C, j)))
        bound = safety * (spread(3.0) * error + rounding * size) + spread(TINY)
        store(forms, (GRADIENT, j), safety * gradient)
        store(forms, (BOUND, j), bound)
        store(forms, (ERROR, j), error)


def may_be_vague(width, limit, forms):
    """Whether the error of some form is no small part of its own size; NaN is none.

    Args:
        width: Units of the layer.
        limit: What a small part is.
        forms: Forms of the layer.
    """
    found = False
    for j in range(0, width, LANES):
        size = load(forms, (GRADIENT, j)) + abs(load(forms, (C, j)))
        small = load(forms, (ERROR, j)) <= spread(limit) * size
        found |= some(~small & up_to(width - j))
    return found


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
    one, nothing, rounded = spread(1.0), spread(0.0), False
    for j in range(0, width, LANES):
        a, b, c = load(forms, (A, j)), load(forms, (B, j)), load(forms, (C, j))
        off = ~load(on, j) & not_negative(load(bit, j))
        slope = choose(off, load(slopes, j), one)
        steep = abs(slope)
        size = steep * (abs(a) + abs(b) + abs(c))
        error = steep * load(forms, (ERROR, j))
        inexact = off & (nothing < steep) & ~(size <= spread(limit))
        more = spread(UNIT_ROUNDOFF) * size + spread(TINY)
        error = error + choose(inexact, more, nothing)
        store(held, (A, j), slope * a)
        store(held, (B, j), slope * b)
        store(held, (C, j), slope * c)
        store(held, (SIZE, j), spread(SAFETY) * size)
        store(held, (ERROR, j), spread(SAFETY) * error)
        rounded |= some(inexact)
    return not rounded


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
    is_open, everywhere = False, up_to(LANES)
    for j in range(0, width, LANES):
        a, b, c = load(forms, (A, j)), load(forms, (B, j)), load(forms, (C, j))
        gradient, rest = load(forms, (GRADIENT, j)), load(forms, (BOUND, j))
        plus = minus = used = words(~everywhere, np.int64(0))
        for q in range(len(corners)):
            corner = corners[q]
            slot = slots[corner]
            x, y = spread(points[corner, 0]), spread(points[corner, 1])
            value = a * x + b * y + c
            bound = gradient * spread(points[corner, 2]) + rest
            plus = plus | words(value > bound, slot)
            minus = minus | words(value < -bound, slot)
            used = used | words(everywhere, slot)
        left = used & ~(plus | minus)
        store(positive, j, plus)
        store(negative, j, minus)
        store(unclear, j, left)
        is_open |= some(not_zero(left) & up_to(width - j))
    return is_open


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
        # Without branches, which nobody could foresee: what is too much is overwritten.
        split[0, upper], split[1, upper], split[2, upper] = unit, a, b
        upper += 1 if a != 0 and b != 0 else 0
        on[part + 1, unit] = 1 if a != 0 and b == 0 else 0
        a, b = (above & keep_below) | plus, (below & keep_below) | minus
        units[first + lower] = unit
        positive[first + lower], negative[first + lower] = a, b
        lower += 1 if a != 0 and b != 0 else 0
        on[part, unit] = 1 if a != 0 and b == 0 else 0
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
