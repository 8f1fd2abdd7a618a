"""Affine forms of the units of a layer on a cell, with bounds of their errors.

An activation i is held as a form a_i with |a_i| its sum of absolute values, and a bound
e_i of how far its values are from those of the exact form where |x| <= 1. A unit's form
w_1 a_1 + ... + w_n a_n + b, added in any order, errs by at most

    sum |w_i| (e_i + g |a_i|) + g |b| + (lost to underflow),    g = (n + 2) u / (1 - (n + 2) u)

(Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). Nothing is
rounded where all a_i are exact, all numbers are multiples of 2^k, and the sum of
absolute values is at most 2^(k + 53).
"""

import numpy as np

from regions.enumeration.cells.space_state import NEXT_STAMP
from regions.signs.float_bounds import SMALLEST, UNIT_ROUNDOFF

SAFE = 1.0 + 2.0**-20
"""Covers the rounding of the bounds themselves."""


def dot_error(terms):
    """Relative error of a dot product, as `float_bounds.gamma`."""
    return terms * UNIT_ROUNDOFF / (1.0 - terms * UNIT_ROUNDOFF)


def activate(net, st, layer):
    """Activations of a layer on the cell whose pattern is on the path."""
    rows = len(st.form)
    begin, place = net.first[layer], net.place[layer + 1]
    for j in range(net.first[layer + 1] - begin):
        u, at = begin + j, place + j
        on = (st.path[net.word[layer] + (j >> 6)] >> (j & 63)) & 1
        slope = 1.0 if on else net.slope[u]
        size = 0.0
        for c in range(rows):
            entry = slope * st.form[c, u]
            st.held[c, at] = entry
            size += abs(entry)
        doubt = 0.0
        if slope != 0.0:
            doubt = abs(slope) * st.doubt[u]
            rounds = slope != 1.0
            if rounds and doubt == 0.0:
                rounds = not size <= net.exact[layer, 1]
            if rounds:
                doubt += 2.0 * UNIT_ROUNDOFF * size + rows * SMALLEST
        st.held_size[at] = SAFE * size
        st.held_doubt[at] = SAFE * doubt


def add_up(net, st, layer):
    """Pre-activations of a layer on the cell whose pattern is on the path."""
    rows, start = len(st.form), net.first[layer]
    width = net.first[layer + 1] - start
    st.reg[NEXT_STAMP] += 1
    st.stamp[layer] = st.reg[NEXT_STAMP]
    terms, exact = 2.0, True
    for block in range(net.block[layer], net.block[layer + 1]):
        source = net.source[block]
        for place in range(net.place[source], net.place[source + 1]):
            if not st.held_size[place] + st.held_doubt[place] == 0.0:
                terms += 1.0
                exact = exact and st.held_doubt[place] == 0.0
    g = dot_error(terms)
    for j in range(width):
        for c in range(rows - 1):
            st.form[c, start + j] = 0.0
        st.form[rows - 1, start + j] = net.bias[start + j]
        st.doubt[start + j] = g * abs(net.bias[start + j])
    for block in range(net.block[layer], net.block[layer + 1]):
        source = net.source[block]
        begin = net.place[source]
        for place in range(begin, net.place[source + 1]):
            doubt = st.held_doubt[place] + g * st.held_size[place]
            # False for NaN, which goes on to the forms.
            if doubt == 0.0:
                continue
            at = net.at[block] + (place - begin) * width
            for j in range(width):
                st.doubt[start + j] += abs(net.turned[at + j]) * doubt
            for c in range(rows):
                entry = st.held[c, place]
                if entry != 0.0:
                    for j in range(width):
                        st.form[c, start + j] += net.turned[at + j] * entry
    exact = exact and net.row_doubt[layer] + net.bias_doubt[layer] == 0.0
    _bound(net, st, layer, g, terms, exact)


def _bound(net, st, layer, g, terms, exact):
    """Bounds of the forms of a layer, from the sums of what can have been lost."""
    rows = len(st.form)
    chart = net.row_doubt[layer] + net.bias_doubt[layer]
    values = dot_error(rows + 2.0)
    for u in range(net.first[layer], net.first[layer + 1]):
        doubt = SAFE * st.doubt[u]
        if exact and doubt <= g * net.exact[layer, 0]:
            doubt = 0.0
        else:
            doubt += chart + terms * rows * SMALLEST
        steep = 0.0
        for c in range(rows - 1):
            steep += abs(st.form[c, u])
        size = steep + abs(st.form[rows - 1, u])
        st.doubt[u] = doubt
        st.steep[u] = SAFE * steep + doubt
        slack = SAFE * (doubt + values * size)
        if not slack == 0.0:
            slack += 16.0 * SMALLEST
        st.slack[u] = slack
