"""The loop over cells in three to six dimensions: depth first, corners with zero sets.

A cell is a polytope with interior, on which the layers before have a fixed pattern. It
has its corners, for each corner the set of its *zero rows*, rows that vanish there, and
the list of the units of its layer that may still cross it. Units with one sign at all
corners leave the list, for all parts of the cell; the cell is cut by one that crosses
(`cutting.py`); when none is left, the forms of the next layer are computed on it.

So the parts are right if the signs of the unit at the corners are, and with them the
count. A sign that nothing proves is asked: the loop stops with its stack intact.

*Counting.* In the last layer parts are only counted, and no cell is cut in two. Of n
units that cross a cell the last one adds as many parts to those of the others as these
make of its *section*, the polytope where it vanishes in the cell: it cuts each part of
the cell that has one of the section in it in two. If another unit vanishes on all of
the section, it has been there before, and adds nothing. The section has one dimension
less and a fraction of the corners, and its parts are counted likewise, down to segments
(`segments.py`) and points.
"""

import numpy as np

from regions.enumeration.cells.space.corner_signs import (
    COVERS,
    CROSSES,
    decide,
    place_of,
)
from regions.enumeration.cells.space.cutting import (
    DONE,
    FULL,
    NEED_CANDIDATES,
    NEED_ROOM,
    OPEN,
    RUNNING,
    cut,
)
from regions.enumeration.cells.space.forms import INDEX, activate, add_up
from regions.enumeration.cells.space.hopes import CLASSES, is_hopeless
from regions.enumeration.cells.space.segments import take_lone_points
from regions.enumeration.cells.space.state import (
    ASKED,
    BOTTOM,
    CANDIDATES,
    CORNERS,
    COUNT,
    DIM,
    FILLED,
    FOUND,
    LAYER,
    RANK,
    SETTLED,
    TESTS,
    TOP,
)
from regions.enumeration.cells.space.winners import (
    divides,
    is_told,
    pass_beaten,
    presume,
    winner,
)

COUNTING, HALVING, LISTING, HOPING = range(4)
"""Whether the regions of a cell of the last layer are counted by sections; or one after
another, as they are listed; or listed; or listed where they may have what is looked
for."""
EMPTY = -1
"""A section that adds nothing."""


def advance(net, st, steps, mode):
    """Go on with the stack for some steps; returns why it stops."""
    reg, layers = st.reg, len(net.first) - 1
    classes = mode == HOPING and st.goal[0] == CLASSES
    for _ in range(steps):
        if reg[TOP] == reg[BOTTOM]:
            return DONE
        s = reg[TOP] - 1
        layer, status = st.cell[s, LAYER], RUNNING
        if st.cell[s, CORNERS] >= st.new_x.shape[1]:
            status = NEED_ROOM
        elif st.cell[s, CANDIDATES] < 0:
            if classes:
                layer = pass_beaten(net, st, s, layer)
            status = enter(net, st, s, layer)
            if classes and status == RUNNING and layer >= st.goal[1]:
                presume(st, s, layer)
        elif st.cell[s, SETTLED] == 0:
            status = _filter(net, st, s, layer)
        if status == EMPTY:
            _leave(st, s, 0)
        elif status != RUNNING:
            return status
        elif st.cell[s, SETTLED] != 0:
            status = _go_on(net, st, s, layer, layers - 1 - layer, mode)
            if status != RUNNING:
                return status
    return RUNNING


def _go_on(net, st, s, layer, after, mode):
    """Count, cut or finish a cell, now that all units on its list cross it.

    So many layers come after its own.
    """
    last, classes = after == 0, mode == HOPING and st.goal[0] == CLASSES
    counting = last and mode == COUNTING
    if mode == HOPING and layer == st.goal[1]:
        label = -1
        if classes:
            label = winner(net, st, s, layer)
        elif is_hopeless(net, st, s, layer):
            _leave(st, s, 0)
            return RUNNING
        if label >= 0:
            return _put_won_out(net, st, s, layer, label)
    if counting and st.cell[s, DIM] == 1 and st.cell[s, SETTLED] == 1:
        take_lone_points(net, st, s, layer)
        st.cell[s, SETTLED] = 2
    left, divided = st.cell[s, CANDIDATES], False
    if classes and is_told(st, s, layer):
        last, divided = True, left == 1 and divides(net, st, s, layer)
    whole = left == 0 or divided
    if whole and not last:
        return _finish(net, st, s, layer)
    keeps = divided or not classes
    if whole and mode >= LISTING and not _put_out(net, st, s, layer, 0, keeps):
        return FULL
    if whole:
        _leave(st, s, 1)
    elif left == 1 and last and mode < LISTING:
        _leave(st, s, 2)
    else:
        return cut(net, st, s, layer, counting)
    return RUNNING


def _leave(st, s, regions):
    """Count the regions of the cell on top, and take it off the stack."""
    st.reg[COUNT] += regions
    st.done[0] += st.share[s]
    st.reg[TOP] -= 1


def enter(net, st, s, layer):
    """Begin a layer on a cell: the forms of its units, and those that may cross it."""
    cell, candidates, low, high = st.cell, st.candidates, st.low, st.high
    at, corners, begin = place_of(cell, s)
    first = net.first[layer] & INDEX
    width = (net.first[layer + 1] & INDEX) - first
    if begin + width > len(candidates):
        return NEED_CANDIDATES
    add_up(net, st, layer)
    _evaluate(st, at, corners, first, width)
    worst, count, sure = 0.0, 0, True
    for q in range(at, at + corners):
        worst = max(worst, st.reach[q])
    for j in range(width):
        u, other = first + j, net.leader[first + j]
        # Without a kink there is no boundary and no bit; twins follow their leader.
        if net.slope[u] == 1.0 or (other != u and net.slope[other] != 1.0):
            continue
        bound = st.value_doubt[u] + st.steep[u] * worst
        if low[j] > bound:
            st.bits[s, j >> 6] |= np.int64(1) << np.int64(j & 63)
        elif not high[j] < -bound:
            sure = sure and low[j] < -bound and high[j] > bound and bound < np.inf
            candidates[begin + count] = j
            count += 1
    st.reg[TESTS] += width
    cell[s, CANDIDATES], cell[s, SETTLED] = count, sure
    return RUNNING


def _evaluate(st, at, corners, first, width):
    """Lowest and highest values of the units of a layer at the corners of a cell."""
    form, x, low, high, trial = st.form, st.x, st.low, st.high, st.trial
    dim = len(x)
    for j in range(width):
        low[j], high[j] = np.inf, -np.inf
    for q in range(at, at + corners):
        entry = x[0, q]
        for j in range(width):
            trial[j] = form[dim, first + j] + form[0, first + j] * entry
        for c in range(1, dim - 1):
            entry = x[c, q]
            for j in range(width):
                trial[j] += form[c, first + j] * entry
        entry = x[dim - 1, q]
        for j in range(width):
            value = trial[j] + form[dim - 1, first + j] * entry
            low[j], high[j] = min(low[j], value), max(high[j], value)


def _finish(net, st, s, layer):
    """A cell that no unit of its layer crosses any more: on to the next layer."""
    _follow(net, st, s, layer)
    for w in range(net.word[layer + 1] - net.word[layer]):
        st.path[net.word[layer] + w] = st.bits[s, w]
    for w in range(st.bits.shape[1]):
        st.bits[s, w] = 0
    activate(net, st, layer)
    st.cell[s, LAYER], st.cell[s, CANDIDATES] = layer + 1, -1
    st.cell[s, SETTLED] = 0
    return RUNNING


def _follow(net, st, s, layer):
    """Note the bits of twins, which vanish where their leader does."""
    if net.twins[layer] == 0:
        return
    bits, words, first = st.bits, st.bits.shape[1] >> 1, net.first[layer]
    for j in range(net.first[layer + 1] - first):
        u = first + j
        k = net.leader[u] - first
        if k == j or net.slope[u] == 1.0 or net.slope[first + k] == 1.0:
            continue
        on = (bits[s, k >> 6] >> (k & 63)) & 1
        if net.opposed[u] != 0:
            # Neither is on where both are zero.
            on = 1 - (on | ((bits[s, words + (k >> 6)] >> (k & 63)) & 1))
        if on != 0:
            bits[s, j >> 6] |= np.int64(1) << np.int64(j & 63)


def _put_won_out(net, st, s, layer, label):
    """Copy a cell to the output on all of which one class wins."""
    if not _put_out(net, st, s, layer, label, False):
        return FULL
    _leave(st, s, 1)
    return RUNNING


def _put_out(net, st, s, layer, label, keeps):
    """Copy pattern, corners and rows of a cell to the output; whether there is room.

    Of the layers behind it, if there are, the unit of a label is on. Forms are kept or
    put to zero.
    """
    reg, path, bits, word = st.reg, st.path, st.bits, net.word
    x, out_x, zeros, out_zeros = st.x, st.out_x, st.zeros, st.out_zeros
    _follow(net, st, s, layer)
    n, end = reg[FOUND], reg[FILLED]
    at, corners, _ = place_of(st.cell, s)
    if n == len(st.out_bits) or end + corners > out_x.shape[1]:
        return False
    forms, last, kept = st.out_form, net.first[layer + 1], st.out_form.shape[1]
    for w in range(word[layer]):
        st.out_bits[n, w] = path[w]
    for w in range(word[layer + 1] - word[layer]):
        st.out_bits[n, word[layer] + w] = bits[s, w]
    for w in range(word[layer + 1], st.out_bits.shape[1]):
        st.out_bits[n, w] = 0
    if label > 0:
        st.out_bits[n, word[layer + 1 + label]] = 1
    for b in range(st.row.shape[1]):
        st.out_row[n, b] = st.row[s, b]
    for j in range(kept):
        u = (last - kept + j) & INDEX
        for c in range(len(x) + 1):
            forms[c, j, n] = st.form[c, u] if keeps else 0.0
        forms[len(x) + 1, j, n] = st.doubt[u] if keeps else 0.0
    for q in range(corners):
        for c in range(x.shape[0]):
            out_x[c, end + q] = x[c, at + q]
        for w in range(zeros.shape[0]):
            out_zeros[w, end + q] = zeros[w, at + q]
        st.out_reach[end + q] = st.reach[at + q]
    reg[FOUND], reg[FILLED] = n + 1, end + corners
    st.out_end[n] = end + corners
    return True


def _filter(net, st, s, layer):
    """Take units that do not cross a cell off its list, and note their bits."""
    reg, x, value, form, bits = st.reg, st.x, st.value, st.form, st.bits
    value_doubt, steep, reach = st.value_doubt, st.steep, st.reach
    cell, candidates = st.cell, st.candidates
    at, corners, begin = place_of(cell, s)
    dim, first, count = len(x), net.first[layer], cell[s, CANDIDATES]
    worst = 0.0
    for q in range(at, at + corners):
        worst = max(worst, reach[q])
    reg[ASKED], left = 0, 0
    reg[TESTS] += count
    for z in range(count):
        j = candidates[begin + z]
        u = (first + j) & INDEX
        offset = form[dim, u]
        for q in range(corners):
            value[q] = offset
        for c in range(dim):
            entry = form[c, u]
            for q in range(corners):
                value[q] += entry * x[c, at + q]
        low, high = np.inf, -np.inf
        for q in range(corners):
            low, high = min(low, value[q]), max(high, value[q])
        bound = value_doubt[u] + steep[u] * worst
        if low > bound:
            bits[s, j >> 6] |= np.int64(1) << np.int64(j & 63)
        elif not high < -bound:
            does = CROSSES
            # Numbers of which one is NaN say nothing.
            if not (low < -bound and high > bound and bound < np.inf):
                does = decide(net, st, s, layer, j)
                if does == COVERS and cell[s, DIM] < reg[RANK]:
                    return EMPTY
            if does == CROSSES:
                candidates[begin + left] = j
                left += 1
    cell[s, CANDIDATES] = left
    if reg[ASKED]:
        return OPEN
    cell[s, SETTLED] = 1
    return RUNNING
