"""Forms of deep layers in pairs of float64 numbers.

Bounds of rounding grow with every layer: after some twenty they leave most signs open.
Pairs have 32 digits. Where a layer's bounds have grown too far on the cell that is
walked, its forms are found in pairs, layer after layer from the first that is not known
yet, and rounded: what reads them begins anew with small errors. Which layers these are
depends on the cell alone, so that all threads find the same.

For the compiler: the plain form leaves such signs to rational arithmetic, as a fused
multiplication is not to be had there.
"""

import numpy as np

from regions.compiled import LANES
from regions.compiled.lanes import (
    choose,
    load,
    multiply_add,
    not_negative,
    spread,
    store,
)
from regions.enumeration.cells.form_rows import ERROR, GRADIENT, SIZE, TINY
from regions.enumeration.cells.loops import finish_forms
from regions.signs.pairs import SQUARE, SUM_ERROR, TINY as LEAST, sum_shift
from regions.signs.rounding import SAFETY, UNIT_ROUNDOFF

LOW = 3
"""The second numbers of the pairs A, B, C stand so many rows below the first."""
WEIGHT, DOUBT = 6, 7
"""Rows of forms in pairs: |a| + |b| + |c|, and the error of a, b, c."""
SCALED = 8.0 * SQUARE
"""Relative error of a pair times a number."""

RESTS = 2.0**50
"""Rests times this are no more than the bound of a sum."""


def sharpen(net, layer, held, path, pair, pair_held, known, forms):
    """Forms of a layer from those in pairs, where these have smaller errors.

    Args:
        net: The flat network.
        layer: The layer.
        held: Forms of the input, in `held[0]`.
        path: Which units of the layers before are on.
        pair: Written: forms of each layer in pairs.
        pair_held: Written: those of what each layer reads.
        known: Written: whether each layer's forms in pairs are those of this cell.
        forms: Written: the layer's forms.
    """
    for level in range(layer + 1):
        if known[level] == 0:
            _find(net, level, held, path, pair, pair_held)
            known[level] = 1
    width, better = net[9][layer], pair[layer]
    for j in range(0, width, LANES):
        rounding = spread(UNIT_ROUNDOFF) * load(better, (WEIGHT, j))
        new = load(better, (DOUBT, j)) + rounding
        old = load(forms, (ERROR, j))
        is_sharper = new < old
        for row in range(LOW):
            value = choose(is_sharper, load(better, (row, j)), load(forms, (row, j)))
            store(forms, (row, j), value)
        store(forms, (GRADIENT, j), choose(is_sharper, new, old))
    finish_forms(width, SAFETY, 0.0, forms)


def _find(net, layer, held, path, pair, pair_held):
    """The forms of a layer on the cell, from those of what it reads."""
    weights, bias, slopes, bit = net[0], net[1], net[2], net[3]
    blocks, first_block, widths, rests, added = net[7], net[8], net[9], net[16], net[17]
    if layer == 0:
        for c in range(2):
            for row in range(3):
                pair_held[0, row, c] = held[0, row, c]
                pair_held[0, row + LOW, c] = 0.0
            pair_held[0, WEIGHT, c] = held[0, SIZE, c]
            pair_held[0, DOUBT, c] = held[0, ERROR, c]
    else:
        before = layer - 1
        _activate(
            widths[before],
            path[before],
            slopes[before],
            bit[before],
            pair[before],
            pair_held[layer],
        )
    _sum(
        layer,
        weights,
        blocks,
        first_block,
        widths[layer],
        bias[layer],
        rests[layer],
        added[layer],
        pair_held,
        pair[layer],
    )


def _activate(width, on, slopes, bit, forms, held):
    """Forms of units after their kinks, on the cell where `on` are positive."""
    one, nothing = spread(1.0), spread(0.0)
    for j in range(0, width, LANES):
        off = ~load(on, j) & not_negative(load(bit, j))
        slope = choose(off, load(slopes, j), one)
        size = nothing
        for row in range(LOW):
            high, low = load(forms, (row, j)), load(forms, (row + LOW, j))
            product = slope * high
            rest = multiply_add(slope, high, -product)
            rest = multiply_add(slope, low, rest)
            new = product + rest
            part = new - product
            store(held, (row, j), new)
            store(held, (row + LOW, j), (product - (new - part)) + (rest - part))
            size = size + abs(new)
        steep = abs(slope)
        error = steep * load(forms, (DOUBT, j))
        more = spread(SCALED) * size + spread(TINY)
        error = error + choose(off & (nothing < steep), more, nothing)
        store(held, (WEIGHT, j), spread(SAFETY) * size)
        store(held, (DOUBT, j), spread(SAFETY) * error)


def _sum(
    layer, weights, blocks, first_block, width, bias, rests, added, pair_held, forms
):
    """Forms of a layer: see `signs.pairs`.

    What rounding took from rows on a chart is three more of the small terms.
    """
    room, count = forms.shape[1], 0
    begin, end = first_block[layer], first_block[layer + 1]
    nothing, largest, inputs = spread(0.0), 0.0, pair_held[0]
    for j in range(0, width, LANES):
        first, second = load(rests, (0, j)), load(rests, (1, j))
        small = abs(first) * spread(inputs[WEIGHT, 0])
        small = (
            small + abs(second) * spread(inputs[WEIGHT, 1]) + abs(load(rests, (2, j)))
        )
        # The bound covers that they are small beside it.
        size, error = abs(load(bias, j)) + spread(RESTS) * small, nothing
        for n in range(begin, end):
            held, start = pair_held[blocks[n, 0]], blocks[n, 1]
            for i in range(blocks[n, 2]):
                weight = abs(load(weights, start + i * room + j))
                size = size + weight * spread(held[WEIGHT, i])
                error = error + weight * spread(held[DOUBT, i])
        store(forms, (WEIGHT, j), size)
        store(forms, (DOUBT, j), error)
    for n in range(begin, end):
        count += blocks[n, 2]
    for j in range(width):
        # What is no number is too large.
        size_j = forms[WEIGHT, j] if forms[WEIGHT, j] < np.inf else np.inf
        largest = size_j if size_j > largest else largest
    bound = SAFETY * largest
    bound = LEAST if bound < LEAST else bound
    lift = spread(sum_shift(bound))
    own = spread(SUM_ERROR * (count + 6.0) ** 2 * SQUARE * bound + added)
    for j in range(0, width, LANES):
        constant = load(bias, j)
        a, b, c = lift, lift, lift + constant
        first, second = load(rests, (0, j)), load(rests, (1, j))
        a_rest = first * spread(inputs[0, 0]) + second * spread(inputs[0, 1])
        b_rest = first * spread(inputs[1, 0]) + second * spread(inputs[1, 1])
        c_rest = first * spread(inputs[2, 0]) + second * spread(inputs[2, 1])
        c_rest = c_rest + load(rests, (2, j)) + (constant - (c - lift))
        for n in range(begin, end):
            held, start = pair_held[blocks[n, 0]], blocks[n, 1]
            for i in range(blocks[n, 2]):
                if held[WEIGHT, i] == 0.0 and held[DOUBT, i] == 0.0:
                    continue
                weight = load(weights, start + i * room + j)
                a, a_rest = _add(weight, held[0, i], held[3, i], a, a_rest)
                b, b_rest = _add(weight, held[1, i], held[4, i], b, b_rest)
                c, c_rest = _add(weight, held[2, i], held[5, i], c, c_rest)
        size = nothing
        size = size + _split(0, j, a - lift, a_rest, forms)
        size = size + _split(1, j, b - lift, b_rest, forms)
        size = size + _split(2, j, c - lift, c_rest, forms)
        store(forms, (WEIGHT, j), spread(SAFETY) * size)
        store(forms, (DOUBT, j), spread(SAFETY) * (load(forms, (DOUBT, j)) + own))


def _add(weight, high, low, total, rest):
    """Add a number times a pair to a shifted sum and its remainder."""
    high, low = spread(high), spread(low)
    new = multiply_add(weight, high, total)
    rest = rest + multiply_add(weight, high, total - new)
    return new, multiply_add(weight, low, rest)


def _split(row, j, total, rest, forms):
    """Write a sum and its remainder as pairs; returns the sizes of the first ones."""
    new = total + rest
    part = new - total
    store(forms, (row, j), new)
    store(forms, (row + LOW, j), (total - (new - part)) + (rest - part))
    return abs(new)
