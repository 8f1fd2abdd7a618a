"""Affine forms of the units of a layer on a cell, with bounds of their errors.

An activation i is held as a form a_i with |a_i| its sum of absolute values, and a bound
e_i of how far its values are from those of the exact form where |x| <= 1. A unit's form
w_1 a_1 + ... + w_n a_n + b, added in any order, errs by at most

    sum |w_i| (e_i + g |a_i|) + g |b| + (lost to underflow),    g = gamma(n + 2)

(Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). Nothing is
rounded where all a_i are exact, all numbers are multiples of 2^k, and the sum of
absolute values is at most 2^(k + 53).
"""

import math

from regions.enumeration.cells.space.state import NEXT_STAMP
from regions.signs.rounding import SMALLEST, UNIT_ROUNDOFF

INDEX = 2**40 - 1
"""The compiler learns that what is cut to it is not negative."""
NARROW = 4
"""Layers of so few units are summed unit by unit."""
USUAL = 2.0**-400, 2.0**400
"""Squares of gradients of such sizes neither underflow nor overflow."""
SAFE = 1.0 + 2.0**-20
"""Covers the rounding of the bounds themselves."""


def dot_error(terms):
    """Relative error of a dot product, as `rounding.gamma`."""
    return terms * UNIT_ROUNDOFF / (1.0 - terms * UNIT_ROUNDOFF)


def activate(net, st, layer):
    """Activations of a layer on the cell whose pattern is on the path."""
    form, held, path, doubts = st.form, st.held, st.path, st.doubt
    held_size, held_doubt, slopes = st.held_size, st.held_doubt, net.slope
    rows, word, limit = form.shape[0], net.word[layer], net.exact[layer, 1]
    begin, place = net.first[layer] & INDEX, net.place[layer + 1] & INDEX
    for j in range(net.first[layer + 1] - begin):
        u, at = begin + j, place + j
        on = (path[word + (j >> 6)] >> (j & 63)) & 1
        slope = 1.0 if on else slopes[u]
        size = 0.0
        for c in range(rows):
            entry = slope * form[c, u]
            held[c, at] = entry
            size += abs(entry)
        doubt = 0.0
        if slope != 0.0:
            doubt = abs(slope) * doubts[u]
            rounds = slope != 1.0
            # Without a limit a size of 0 may be lost to underflow.
            if rounds and doubts[u] == 0.0 and limit > 0.0:
                rounds = not size <= limit
            if rounds:
                doubt += 2.0 * UNIT_ROUNDOFF * size + rows * SMALLEST
        held_size[at] = SAFE * size
        held_doubt[at] = SAFE * doubt


def add_up(net, st, layer):
    """Pre-activations of a layer on the cell whose pattern is on the path."""
    form, held, doubts, turned = st.form, st.held, st.doubt, net.turned
    held_size, held_doubt, bias, places = (
        st.held_size,
        st.held_doubt,
        net.bias,
        net.place,
    )
    rows, start = form.shape[0], net.first[layer] & INDEX
    width = (net.first[layer + 1] & INDEX) - start
    st.reg[NEXT_STAMP] += 1
    st.stamp[layer] = st.reg[NEXT_STAMP]
    terms, exact = 2.0, net.row_doubt[layer] + net.bias_doubt[layer] == 0.0
    for block in range(net.block[layer], net.block[layer + 1]):
        source = net.source[block]
        for place in range(places[source], places[source + 1]):
            if held_size[place] + held_doubt[place] != 0.0:
                terms += 1.0
                exact = exact and held_doubt[place] == 0.0
    g = dot_error(terms)
    for j in range(width):
        for c in range(rows - 1):
            form[c, start + j] = 0.0
        form[rows - 1, start + j] = bias[start + j]
        doubts[start + j] = g * abs(bias[start + j])
    for block in range(net.block[layer], net.block[layer + 1]):
        source = net.source[block]
        begin = places[source]
        if width <= NARROW:
            _add_narrow(net, st, block, start, width, g)
            continue
        for place in range(begin, places[source + 1]):
            doubt = held_doubt[place] + g * held_size[place]
            # False for NaN, which goes on to the forms.
            if doubt == 0.0:
                continue
            at = (net.at[block] + (place - begin) * width) & INDEX
            for j in range(width):
                doubts[start + j] += abs(turned[at + j]) * doubt
            for c in range(rows):
                entry = held[c, place]
                if entry != 0.0:
                    for j in range(width):
                        form[c, start + j] += turned[at + j] * entry
    _bound(net, st, layer, g, terms, exact)


def _add_narrow(net, st, block, start, width, g):
    """Add what a layer of few units reads from one source: a sum for each entry."""
    form, held, doubts, turned = st.form, st.held, st.doubt, net.turned
    held_size, held_doubt, rows = st.held_size, st.held_doubt, st.form.shape[0]
    begin = net.place[net.source[block]] & INDEX
    count = (net.place[net.source[block] + 1] & INDEX) - begin
    for j in range(width):
        at = (net.at[block] + j) & INDEX
        doubt = 0.0
        for k in range(count):
            own = held_doubt[begin + k] + g * held_size[begin + k]
            doubt += abs(turned[at + k * width]) * own
        doubts[start + j] += doubt
        for c in range(rows):
            total = 0.0
            for k in range(count):
                total += turned[at + k * width] * held[c, begin + k]
            form[c, start + j] += total


def _bound(net, st, layer, g, terms, exact):
    """Bounds of the forms of a layer, from the sums of what can have been lost."""
    form, doubts, steeps, value_doubts = st.form, st.doubt, st.steep, st.value_doubt
    rows, limit = form.shape[0], g * net.exact[layer, 0]
    chart = net.row_doubt[layer] + net.bias_doubt[layer]
    values, lost = dot_error(rows + 2.0), terms * rows * SMALLEST
    first, last = net.first[layer] & INDEX, net.first[layer + 1] & INDEX
    for u in range(first, last):
        doubt = SAFE * doubts[u]
        # Without a limit all may be lost to underflow, the doubt as well; not a bias
        # that stands alone.
        if exact and (terms == 2.0 or (limit > 0.0 and doubt <= limit)):
            doubt = 0.0
        else:
            doubt += chart + lost
        steep, square = 0.0, 0.0
        for c in range(rows - 1):
            steep += abs(form[c, u])
            square += form[c, u] * form[c, u]
        size = steep + abs(form[rows - 1, u])
        if USUAL[0] < steep < USUAL[1]:
            steep = math.sqrt(square)
        doubts[u] = doubt
        steeps[u] = SAFE * steep + doubt
        value_doubt = SAFE * (doubt + values * size)
        # A size so small that its error is none in float64 is no zero.
        if size + doubt != 0.0:
            value_doubt += 16.0 * SMALLEST
        value_doubts[u] = value_doubt
