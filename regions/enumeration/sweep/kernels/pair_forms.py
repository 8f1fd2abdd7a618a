"""Affine forms of the units on cells, in float64 or pairs of such numbers.

A form is the value at a point in the middle of the domain (row 0) and the gradient. On
a cell of the layers before, the pre-activations of a layer are W (D F) + b, with D the
slopes of the units on the cell and F the forms of the layer before. With the 32 digits
of pairs, bounds that grow by the spectral norm of every layer stay small for dozens of
layers; for a few layers float64 does.

Sums in pairs are found, and their errors bounded, as in `signs.pairs`. The error of a
layer is held as one 2-norm over its units; a layer multiplies it by at most its
spectral norm.
"""

import math

import numpy as np

from regions.compiled.jit import (
    bit_position,
    compiled_sum,
    fma,
    inlined,
)
from regions.signs import pairs
from regions.signs.rounding import SAFETY

sum_shift = inlined(pairs.sum_shift)


@inlined
def start(middle, held, held_low, active):
    """The coordinates as forms: what the first layer reads. Returns how many."""
    dim = len(middle)
    for q in range(dim):
        active[q] = q
        for row in range(dim + 1):
            held[row, q] = 1.0 if row == q + 1 else 0.0
            held_low[row, q] = 0.0
        held[0, q] = middle[q]
    return dim


@inlined
def gate(
    w,
    level,
    signs,
    first,
    words,
    slopes,
    leaky,
    high,
    low,
    n,
    held,
    held_low,
    active,
):
    """Activations of a layer on the cell of a vertex, where its own zeros are off.

    Reads node n of the forms. Writes the units with a slope other than 0, one after
    another, and which they are.

    Returns:
        How many.
    """
    count, rows = 0, held.shape[0]
    for number in range(words[level], words[level + 1]):
        on, begin = signs[w, number], 32 * (number - words[level])
        bits = on | leaky[number]
        while bits:
            bit = bits & (~bits + np.uint32(1))
            bits ^= bit
            unit = begin + bit_position(bit)
            if on & bit:
                for row in range(rows):
                    held[row, count] = high[n, row, unit]
                    held_low[row, count] = low[n, row, unit]
            else:
                slope = slopes[first[level] + unit]
                for row in range(rows):
                    _scale(slope, row, unit, count, high, low, n, held, held_low)
            active[count] = unit
            count += 1
    return count


@inlined
def _scale(slope, row, k, at, high, low, n, held, held_low):
    """A pair times a number; errs by at most 8 u^2 of it."""
    product = slope * high[n, row, k]
    error = fma(slope, high[n, row, k], -product)
    rest = fma(slope, low[n, row, k], error)
    new = product + rest
    part = new - product
    held_low[row, at] = (product - (new - part)) + (rest - part)
    held[row, at] = new


@inlined
def row_norm(held, row, count):
    """Bound of the 2-norm of a row.

    A square loses at most the smallest number, 2^-1074, to underflow.
    """
    total = _squares(held, row, count)
    return SAFETY * (math.sqrt(total) + math.sqrt(float(count)) * 2.0**-537)


@compiled_sum
def _squares(held, row, count):
    """Sum of the squares of a row."""
    total = 0.0
    for k in range(count):
        total += held[row, k] * held[row, k]
    return total


@inlined
def add_up(
    turned,
    start,
    bias,
    place,
    room,
    shift,
    held,
    held_low,
    active,
    count,
    high,
    low,
    n,
):
    """Pre-activations of a layer on a cell.

    Args:
        turned: Transposed matrices, row by row, each of length `room`.
        start: Where that of the layer starts.
        bias: Biases.
        place: Where those of the layer start.
        room: Units, filled up.
        shift: By `sum_shift`, of values and derivatives.
        held: What it reads, `count` columns.
        held_low: The second numbers of the pairs.
        active: Which inputs these are.
        count: How many.
        high: Node n is written.
        low: Node n is written.
        n: The node.
    """
    size, shelf, rows = np.uint64(room), np.uint64(place), held.shape[0]
    for row in range(rows):
        # Sums begin at M, so that each step is exact: see above.
        lift = shift[row]
        for k in range(size):
            first = bias[shelf + k] if row == 0 else 0.0
            total = lift + first
            high[n, row, k] = total
            low[n, row, k] = first - (total - lift)
    i = 0
    # Four inputs at a time: the sums are read and written a quarter as often. All rows
    # together: the matrix is read once.
    while i + 4 <= count:
        a = np.uint64(start + active[i] * room)
        b = np.uint64(start + active[i + 1] * room)
        c = np.uint64(start + active[i + 2] * room)
        d = np.uint64(start + active[i + 3] * room)
        for row in range(rows):
            ah, al = held[row, i], held_low[row, i]
            bh, bl = held[row, i + 1], held_low[row, i + 1]
            ch, cl = held[row, i + 2], held_low[row, i + 2]
            dh, dl = held[row, i + 3], held_low[row, i + 3]
            for k in range(size):
                total, rest = high[n, row, k], low[n, row, k]
                total, rest = _add(turned[a + k], ah, al, total, rest)
                total, rest = _add(turned[b + k], bh, bl, total, rest)
                total, rest = _add(turned[c + k], ch, cl, total, rest)
                total, rest = _add(turned[d + k], dh, dl, total, rest)
                high[n, row, k], low[n, row, k] = total, rest
        i += 4
    # The inputs that are left over.
    while i < count:
        a = np.uint64(start + active[i] * room)
        for row in range(rows):
            ah, al = held[row, i], held_low[row, i]
            for k in range(size):
                total, rest = high[n, row, k], low[n, row, k]
                total, rest = _add(turned[a + k], ah, al, total, rest)
                high[n, row, k], low[n, row, k] = total, rest
        i += 1
    for row in range(rows):
        # Take M out again, and split sum and remainder into a pair.
        lift = shift[row]
        for k in range(size):
            total, rest = high[n, row, k] - lift, low[n, row, k]
            new = total + rest
            part = new - total
            low[n, row, k] = (total - (new - part)) + (rest - part)
            high[n, row, k] = new


@inlined
def multiply(turned, start, bias, place, room, held, active, count, high, low, n):
    """What `add_up` does, in float64 without second numbers."""
    size, shelf, rows = np.uint64(room), np.uint64(place), held.shape[0]
    for row in range(rows):
        for k in range(size):
            high[n, row, k] = bias[shelf + k] if row == 0 else 0.0
            low[n, row, k] = 0.0
    i = 0
    while i + 4 <= count:
        a = np.uint64(start + active[i] * room)
        b = np.uint64(start + active[i + 1] * room)
        c = np.uint64(start + active[i + 2] * room)
        d = np.uint64(start + active[i + 3] * room)
        for row in range(rows):
            ah, bh = held[row, i], held[row, i + 1]
            ch, dh = held[row, i + 2], held[row, i + 3]
            for k in range(size):
                total = fma(turned[a + k], ah, high[n, row, k])
                total = fma(turned[b + k], bh, total)
                total = fma(turned[c + k], ch, total)
                high[n, row, k] = fma(turned[d + k], dh, total)
        i += 4
    while i < count:
        a = np.uint64(start + active[i] * room)
        for row in range(rows):
            ah = held[row, i]
            for k in range(size):
                high[n, row, k] = fma(turned[a + k], ah, high[n, row, k])
        i += 1


@inlined
def _add(entry, high, low, total, rest):
    """Add a number times a pair to a shifted sum and its remainder."""
    new = fma(entry, high, total)
    rest += fma(entry, high, -(new - total))
    return new, fma(entry, low, rest)
