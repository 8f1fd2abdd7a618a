"""The inner loops of `loops` in NumPy: the same numbers, bit by bit.

Arguments are those of the functions of the same name there.
"""

import numpy as np

from regions.enumeration.cells.loops import (
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
    forms[C, :width] = bias[:width]
    forms[GRADIENT, :width] = factor * np.abs(bias[:width])


def add_block(weights, start, fan_in, width, held, factor, forms):
    """Add what a layer reads from one source, and the bounds of its error."""
    room = forms.shape[1]
    matrix = weights[start : start + fan_in * room].reshape(fan_in, room)[:, :width]
    live = np.flatnonzero((held[SIZE, :fan_in] != 0.0) | (held[ERROR, :fan_in] != 0.0))
    f = held[ERROR] + factor * held[SIZE]
    # Row by row: another order of the terms would round differently.
    for i in live.tolist():
        row = matrix[i]
        forms[:GRADIENT, :width] += row * held[:GRADIENT, i, None]
        forms[GRADIENT, :width] += np.abs(row) * f[i]


def all_fit(width, limit, forms):
    """Whether no bound of a layer's sums exceeds a limit; NaN does."""
    return bool((SAFETY * forms[GRADIENT, :width] <= limit).all())


def finish_forms(width, factor, slack, forms):
    """Turn the bounds of the sums into bounds of the forms and of their values."""
    part = forms[:, :width]
    error = factor * part[GRADIENT] + slack
    gradient = np.abs(part[A]) + np.abs(part[B])
    size = gradient + np.abs(part[C])
    part[GRADIENT] = SAFETY * gradient
    part[BOUND] = SAFETY * (3.0 * error + ROUNDING * size) + TINY
    part[ERROR] = error


def activate(width, on, slopes, bit, limit, forms, held):
    """Forms of the units after their kinks, on the cell where `on` are positive."""
    part = forms[:, :width]
    size = np.abs(part[A]) + np.abs(part[B]) + np.abs(part[C])
    off = (on[:width] == 0) & (bit[:width] >= 0)
    slope = np.where(off, slopes[:width], 1.0)
    error = np.abs(slope) * part[ERROR]
    rounded = off & (slope != 0.0) & ~(np.abs(slope) * size <= limit)
    error[rounded] += (UNIT_ROUNDOFF * np.abs(slope) * size + TINY)[rounded]
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


def sign_new_corners(forms, units, points, first, count, signs):
    """Signs of listed units at one or two new corners."""
    x, y, reach = points[first : first + count].T[:, :, None]
    part = forms[:, units]
    value = part[A] * x + part[B] * y + part[C]
    bound = part[GRADIENT] * reach + part[BOUND]
    found = np.where(value > bound, 1, np.where(value < -bound, -1, 2))
    signs[:count, : len(units)] = found
    return bool((found == 2).any())


def pass_on(
    units, positive, negative, signs, count, new, keep, split, upper_on, lower_on
):
    """The units that still cross each of the two parts of a cell."""
    found, bits = signs[:count, : len(units)], new[:count, None]
    plus = np.where(found == 1, bits, 0).sum(0)
    minus = np.where(found == -1, bits, 0).sum(0)
    before = units.copy(), positive.copy(), negative.copy()
    sizes = []
    for side, on in enumerate((upper_on, lower_on)):
        above, below = (before[1] & keep[side]) | plus, (before[2] & keep[side]) | minus
        crossing = (above != 0) & (below != 0)
        on[before[0][(above != 0) & ~crossing]] = 1
        size = int(crossing.sum())
        sizes.append(size)
        targets = tuple(split) if side == 0 else (units, positive, negative)
        for target, values in zip(targets, (before[0], above, below), strict=True):
            target[:size] = values[crossing]
    return tuple(sizes)


def pack_bits(width, on, bit, packed):
    """Set the bits of the units of a layer that are on, lowest bit first."""
    places = bit[:width][(on[:width] != 0) & (bit[:width] >= 0)]
    np.bitwise_or.at(packed, places >> 3, (1 << (places & 7)).astype(np.uint8))
