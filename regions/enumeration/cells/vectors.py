"""The inner loops of `loops` in NumPy: the same numbers, bit by bit.

Arguments are those of the functions of the same name there. Forms that `pairs` sharpens
stay as they are here.
"""

import numpy as np

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
    forms[:C, :width] = 0.0
    # No sum is -0 that begins with 0, whether or not zeros are added.
    forms[C, :width] = bias[:width] + 0.0
    forms[GRADIENT, :width] = factor * np.abs(bias[:width])


def add_block(weights, start, fan_in, width, held, factor, live, forms):
    """Add what a layer reads from one source, and the bounds of its error."""
    del live
    room, part, read = forms.shape[1], forms[:, :width], held[:, :fan_in]
    matrix = weights[start : start + fan_in * room].reshape(fan_in, room)[:, :width]
    f = read[ERROR] + factor * read[SIZE]
    # Row by row: another order of the terms would round differently.
    for i in np.flatnonzero((read[SIZE] != 0.0) | (read[ERROR] != 0.0)).tolist():
        part[:GRADIENT] += matrix[i] * read[:GRADIENT, i, None]
        part[GRADIENT] += np.abs(matrix[i]) * f[i]


def all_fit(width, limit, forms):
    """Whether no bound of a layer's sums exceeds a limit; NaN does."""
    return bool((SAFETY * forms[GRADIENT, :width] <= limit).all())


def finish_forms(width, factor, added, forms):
    """Turn the bounds of the sums into bounds of the forms and of their values."""
    part = forms[:, :width]
    error = factor * part[GRADIENT] + added
    gradient = np.abs(part[A]) + np.abs(part[B])
    size = gradient + np.abs(part[C])
    part[GRADIENT] = SAFETY * gradient
    part[BOUND] = SAFETY * (3.0 * error + ROUNDING * size) + TINY
    part[ERROR] = error


def may_be_vague(width, limit, forms):
    """As `loops.may_be_vague`."""
    size = forms[GRADIENT, :width] + np.abs(forms[C, :width])
    return bool((~(forms[ERROR, :width] <= limit * size)).any())


def activate(width, on, slopes, bit, limit, forms, held):
    """Forms of the units after their kinks, on the cell where `on` are positive."""
    part = forms[:, :width]
    size = np.abs(part[A]) + np.abs(part[B]) + np.abs(part[C])
    off = (on[:width] == 0) & (bit[:width] >= 0)
    slope = np.where(off, slopes[:width], 1.0)
    error = np.abs(slope) * part[ERROR]
    rounded = off & (slope != 0.0) & ~(np.abs(slope) * size <= limit)
    error[rounded] += (UNIT_ROUNDOFF * (np.abs(slope) * size) + TINY)[rounded]
    held[:GRADIENT, :width] = slope * part[:GRADIENT]
    held[SIZE, :width] = SAFETY * (np.abs(slope) * size)
    held[ERROR, :width] = SAFETY * error
    return not rounded.any()


def sign_corners(forms, width, corners, points, slots, positive, negative, unclear):
    """Signs of all units of a layer at all corners of a cell, as sets of slots."""
    x, y, reach = points[corners].T[:, :, None]
    part = forms[:, :width]
    value = part[A] * x + part[B] * y + part[C]
    bound = part[GRADIENT] * reach + part[BOUND]
    above, below = value > bound, value < -bound
    bits = slots[corners][:, None]
    positive[:width] = np.where(above, bits, 0).sum(0)
    negative[:width] = np.where(below, bits, 0).sum(0)
    unclear[:width] = np.where(above | below, 0, bits).sum(0)
    return bool(unclear[:width].any())


def sign_new_corners(forms, layer, units, first, size, points, mark, count, signs):
    """Signs of listed units at one or two new corners."""
    x, y, reach = points[mark : mark + count].T[:, :, None]
    part = forms[layer][:, units[first : first + size]]
    value = part[A] * x + part[B] * y + part[C]
    bound = part[GRADIENT] * reach + part[BOUND]
    found = np.where(value > bound, 1, np.where(value < -bound, -1, 2))
    signs[:count, :size] = found
    return bool((found == 2).any())


def pass_on(
    units, positive, negative, first, size, signs, count, new, keep, split, on, part
):
    """The units that still cross each of the two parts of a cell."""
    del split
    found, bits = signs[:count, :size], new[:count, None]
    plus = np.where(found == 1, bits, 0).sum(0)
    minus = np.where(found == -1, bits, 0).sum(0)
    cell = slice(first, first + size)
    unit, above, below = (
        units[cell].copy(),
        positive[cell].copy(),
        negative[cell].copy(),
    )
    sizes, lists = [], []
    for side, row in ((1, part), (0, part + 1)):
        a, b = (above & keep[side]) | plus, (below & keep[side]) | minus
        crossing = (a != 0) & (b != 0)
        on[row, unit[(a != 0) & ~crossing]] = 1
        sizes.append(int(crossing.sum()))
        lists.append((unit[crossing], a[crossing], b[crossing]))
    for target, *parts in zip((units, positive, negative), *lists, strict=True):
        joined = np.concatenate(parts)
        target[first : first + len(joined)] = joined
    lower, upper = sizes
    return upper, lower


def sharpen(*arguments):
    """Nothing: without a fused multiplication rationals are as fast."""
    del arguments


def pack_bits(width, on, bit, packed):
    """Set the bits of the units of a layer that are on, lowest bit first."""
    places = bit[:width][(on[:width] != 0) & (bit[:width] >= 0)]
    np.bitwise_or.at(packed, places >> 3, (1 << (places & 7)).astype(np.uint8))
