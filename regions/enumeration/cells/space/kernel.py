"""The loop over cells in three to six dimensions: depth first, corners with zero sets.

A cell is a polytope with interior, on which the layers before have a fixed pattern. It
has its corners, for each corner the set of its *zero rows*, rows that vanish there, and
the list of the units of its layer that may still cross it. Units with one sign at all
corners leave the list, for all parts of the cell; the cell is cut by one that crosses;
when none is left, the forms of the next layer are computed on it.

*Which corners span an edge.* Let R be a set of affine forms, not negative on the cell,
among them one for each of its facets; Z(v) those that vanish at a corner v. Any corners
p and q span an edge if and only if no other corner r has Z(r) >= Z(p) & Z(q): the
points of the cell where all of Z(p) & Z(q) vanish are a face, as each row is not
negative, and the smallest one with p and q, as the facets that contain both are among
those rows. It is an edge if and only if it has no corner besides them. Nothing is asked
of ranks; rows beyond the facets do no harm. An edge lies on d - 1 facets at least, so
fewer common rows need no search. And where Z(p) has just d rows, these are all facets,
p is a simple corner, each d - 1 of them meet in an edge from p, and a q with the same d
- 1 rows is its other end: no search either.

*Rows.* A cut makes one new facet, of the unit that vanishes there; a row that vanishes
at fewer than d corners of a part is none of its facets and is dropped.

So the parts are right if the signs of the unit at the corners are, and with them the
count. A sign is taken from float64 where its bound allows, else from the answers given
before, else it is asked: the loop stops with its stack intact.
"""

import numpy as np

from regions.enumeration.cells.space.bits import lowest_bit, popcount
from regions.enumeration.cells.space.forms import INDEX, activate, add_up
from regions.enumeration.cells.space.positions import (
    LARGE,
    SHARP,
    place_corner,
    sharpen,
)
from regions.enumeration.cells.space.state import (
    ASKED,
    AT,
    BOTTOM,
    CANDIDATES,
    CANDIDATES_AT,
    CORNERS,
    COUNT,
    FACTS,
    FILLED,
    FOUND,
    LAYER,
    NEXT_ID,
    RANK,
    TESTS,
    TOP,
)
from regions.enumeration.cells.space.zeros import is_zero, must_vanish

# Why the loop returns.
RUNNING, DONE, OPEN, FULL = range(4)
NEED_CELLS, NEED_CORNERS, NEED_CANDIDATES, NEED_ROOM, NEED_WORDS = range(4, 9)
UNKNOWN = 2


def advance(net, st, steps, listing):
    """Go on with the stack for some steps; returns why it stops."""
    reg, layers = st.reg, len(net.first) - 1
    for _ in range(steps):
        if reg[TOP] == reg[BOTTOM]:
            return DONE
        s = reg[TOP] - 1
        layer = st.cell[s, LAYER]
        if st.cell[s, CORNERS] >= st.new_x.shape[1]:
            status = NEED_ROOM
        elif st.cell[s, CANDIDATES] < 0:
            status = enter(net, st, s, layer)
        else:
            status = _filter(net, st, s, layer)
            if status == RUNNING:
                left = st.cell[s, CANDIDATES]
                last = layer == layers - 1
                if left == 0:
                    if last:
                        status = _found(net, st, s, layer, listing)
                    else:
                        status = _finish(net, st, s, layer)
                elif left == 1 and last and not listing:
                    reg[COUNT] += 2
                    st.done[0] += st.share[s]
                    reg[TOP] -= 1
                else:
                    status = _cut(net, st, s, layer)
        if status != RUNNING:
            return status
    return RUNNING


def _place(cell, s):
    """First corner and corners of a cell, and the first unit on its list.

    The compiler learns that they are not negative, and so no indices from the end.
    """
    return (
        cell[s, AT] & INDEX,
        cell[s, CORNERS] & INDEX,
        cell[s, CANDIDATES_AT] & INDEX,
    )


def enter(net, st, s, layer):
    """Begin a layer on a cell: the forms of its units, and all of them to test."""
    begin, width = st.cell[s, CANDIDATES_AT], net.first[layer + 1] - net.first[layer]
    if begin + width > len(st.candidates):
        return NEED_CANDIDATES
    add_up(net, st, layer)
    count = 0
    for j in range(width):
        # Without a kink there is no boundary and no bit.
        if net.slope[net.first[layer] + j] != 1.0:
            st.candidates[begin + count] = j
            count += 1
    st.cell[s, CANDIDATES] = count
    return RUNNING


def _finish(net, st, s, layer):
    """A cell that no unit of its layer crosses any more: on to the next layer."""
    for w in range(net.word[layer + 1] - net.word[layer]):
        st.path[net.word[layer] + w] = st.bits[s, w]
        st.bits[s, w] = 0
    activate(net, st, layer)
    st.cell[s, LAYER], st.cell[s, CANDIDATES] = layer + 1, -1
    return RUNNING


def _found(net, st, s, layer, listing):
    """A region: count it, and copy it to the output if a list is wanted."""
    reg = st.reg
    if listing and not _put_out(net, st, s, layer):
        return FULL
    reg[COUNT] += 1
    st.done[0] += st.share[s]
    reg[TOP] -= 1
    return RUNNING


def _put_out(net, st, s, layer):
    """Copy pattern, corners and rows of a cell to the output; whether there is room."""
    reg, path, bits, word = st.reg, st.path, st.bits, net.word
    x, out_x, zeros, out_zeros = st.x, st.out_x, st.zeros, st.out_zeros
    n, end = reg[FOUND], reg[FILLED]
    at, corners, _ = _place(st.cell, s)
    if n == len(st.out_bits) or end + corners > out_x.shape[1]:
        return False
    forms, last, kept = st.out_form, net.first[layer + 1], st.out_form.shape[1]
    for w in range(word[layer]):
        st.out_bits[n, w] = path[w]
    for w in range(word[layer + 1] - word[layer]):
        st.out_bits[n, word[layer] + w] = bits[s, w]
    for b in range(st.row.shape[1]):
        st.out_row[n, b] = st.row[s, b]
    for j in range(kept):
        u = (last - kept + j) & INDEX
        for c in range(len(x) + 1):
            forms[c, j, n] = st.form[c, u]
        forms[len(x) + 1, j, n] = st.doubt[u]
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
    at, corners, begin = _place(cell, s)
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
            kept = True
            # Numbers of which one is NaN say nothing.
            if not (low < -bound and high > bound and bound < np.inf):
                kept = _decide(net, st, s, layer, j)
            if kept:
                candidates[begin + left] = j
                left += 1
    cell[s, CANDIDATES] = left
    return OPEN if reg[ASKED] else RUNNING


def _decide(net, st, s, layer, j):
    """Whether a unit may cross a cell, corner by corner; notes its bit if not.

    Where signs are open and matter, they are asked.
    """
    at, corners, _ = _place(st.cell, s)
    u, positive, negative, unknown = net.first[layer] + j, False, False, False
    for q in range(corners):
        side = _sign(net, st, s, layer, u, at, q)
        st.side[q] = side
        positive = positive or side == 1
        negative = negative or side == -1
        unknown = unknown or side == UNKNOWN
    if positive and negative:
        return True
    if unknown:
        for q in range(corners):
            if st.side[q] == UNKNOWN:
                _ask(st, u, q)
        return True
    if positive:
        st.bits[s, j >> 6] |= np.int64(1) << np.int64(j & 63)
    return False


def _sign(net, st, s, layer, u, at, q):
    """Sign of a unit at a corner: -1, 0, 1, or UNKNOWN. Reads its value."""
    value, bound = st.value[q], st.value_doubt[u] + st.steep[u] * st.reach[at + q]
    if value > bound:
        return 1
    if value < -bound:
        return -1
    return _open_sign(net, st, s, layer, u, at, q)


def _open_sign(net, st, s, layer, u, at, q):
    """The same where the bound leaves it open: a sharper position, or an answer."""
    value, bound = st.value[q], st.value_doubt[u] + st.steep[u] * st.reach[at + q]
    if bound == 0.0 and value == 0.0:
        return 0
    if must_vanish(net, st, s, u, at + q):
        return 0
    if st.reach[at + q] <= LARGE and is_zero(net, st, s, layer, u, at + q):
        return 0
    if not st.reach[at + q] <= SHARP and sharpen(net, st, s, at + q):
        value = _value_at(st, u, at + q)
        st.value[q] = value
        bound = st.value_doubt[u] + st.steep[u] * st.reach[at + q]
        if value > bound:
            return 1
        if value < -bound:
            return -1
    place = fact_place(st, st.stamp[layer], u, st.name[at + q])
    # An answer comes with a sharp position, whether the sign is known or not: what is
    # found must not depend on what was asked before.
    if st.fact_key[place, 0] < 0 or not st.reach[at + q] <= LARGE:
        return UNKNOWN
    return int(st.fact[place])


def _value_at(st, u, place):
    """Value of a unit at the stored position of a corner."""
    dim = len(st.x)
    total = st.form[dim, u]
    for c in range(dim):
        total += st.form[c, u] * st.x[c, place]
    return total


def fact_place(st, stamp, u, name):
    """Where the answer to a question is, or would be."""
    mask = len(st.fact) - 1
    place = (name * 0x9E3779B1 + u * 0x85EBCA6B + stamp * 0xC2B2AE35) & mask
    while st.fact_key[place, 0] >= 0 and not (
        st.fact_key[place, 0] == stamp
        and st.fact_key[place, 1] == u
        and st.fact_key[place, 2] == name
    ):
        place = (place + 1) & mask
    return place


def _ask(st, u, q):
    """Note a question, if there is room; it comes up again if there is not."""
    n = st.reg[ASKED]
    if n < len(st.asked):
        st.asked[n, 0], st.asked[n, 1] = u, q
        st.reg[ASKED] = n + 1


def _cut(net, st, s, layer):
    """Cut a cell by the last unit on its list, which crosses it."""
    reg, cell, candidates, bits, row = st.reg, st.cell, st.candidates, st.bits, st.row
    x, zeros, reach, name, side = st.x, st.zeros, st.reach, st.name, st.side
    at, corners, begin = _place(cell, s)
    left = cell[s, CANDIDATES] - 1
    if reg[TOP] == len(cell):
        return NEED_CELLS
    if begin + 2 * left > len(candidates):
        return NEED_CANDIDATES
    j = candidates[begin + left]
    u = (net.first[layer] + j) & INDEX
    over, under = _divide(net, st, s, layer, u, at, corners)
    if reg[ASKED]:
        return OPEN
    slot = _free_slot(zeros, at, corners)
    if slot < 0:
        return NEED_WORDS
    made = _new_corners(net, st, s, at, corners, u, slot, over, under)
    if made < 0:
        return NEED_ROOM
    above, below = corners - under + made, corners - over + made
    start = at + max(corners, above)
    if start + below > x.shape[1]:
        return NEED_CORNERS
    # The lower part goes behind the cell, then the upper one in its place.
    for sign in (-1, 1):
        to = start if sign < 0 else at
        end = _copy_side(x, zeros, reach, name, side, at, corners, to, slot, sign)
        _append_new(st, end, made)
        _drop_rows(zeros, to, end + made - to, reg[RANK])
    reg[NEXT_ID] += made
    t = s + 1
    cell[t, LAYER], cell[t, AT], cell[t, CORNERS] = layer, start, below
    cell[t, CANDIDATES_AT], cell[t, CANDIDATES] = begin + left, left
    cell[s, CORNERS], cell[s, CANDIDATES] = above, left
    for z in range(left):
        candidates[begin + left + z] = candidates[begin + z]
    for w in range(bits.shape[1]):
        bits[t, w] = bits[s, w]
    bits[s, j >> 6] |= np.int64(1) << np.int64(j & 63)
    row[s, slot] = len(net.facets) + u
    for b in range(row.shape[1]):
        row[t, b] = row[s, b]
    st.share[s] *= 0.5
    st.share[t] = st.share[s]
    reg[TOP] += 1
    return RUNNING


def _divide(net, st, s, layer, u, at, corners):
    """Signs of a unit at the corners of a cell; how many are positive and negative."""
    x, value, side, sides, reach = st.x, st.value, st.side, st.sides, st.reach
    form, value_doubt, steep = st.form, st.value_doubt[u], st.steep[u]
    dim, over, under = len(x), 0, 0
    st.reg[ASKED] = 0
    for q in range(corners):
        total = form[dim, u]
        for c in range(dim):
            total += form[c, u] * x[c, at + q]
        value[q] = total
        bound = value_doubt + steep * reach[at + q]
        if total > bound:
            sign = 1
        elif total < -bound:
            sign = -1
        else:
            sign = _open_sign(net, st, s, layer, u, at, q)
        side[q] = sign
        if sign == 1:
            sides[0, over] = q
            over += 1
        elif sign == -1:
            sides[1, under] = q
            under += 1
        elif sign == UNKNOWN:
            _ask(st, u, q)
    return over, under


def _free_slot(zeros, at, corners):
    """A bit that is in no zero set of a cell; -1 if there is none."""
    for w in range(zeros.shape[0]):
        used = np.int64(0)
        for q in range(corners):
            used |= zeros[w, at + q]
        if ~used != 0:
            return 64 * w + lowest_bit(~used)
    return -1


def _new_corners(net, st, s, at, corners, u, slot, over, under):
    """Corners where a unit vanishes on edges of a cell; how many, or -1 if too many."""
    zeros, new_zeros, sides = st.zeros, st.new_zeros, st.sides
    # Not a constant, for which the compiler would make forms of its own.
    made = np.int64(0)
    room, words, rank = st.new_x.shape[1] - 1, zeros.shape[0], st.reg[RANK]
    bit = np.int64(1) << np.int64(slot & 63)
    for a in range(over):
        p = sides[0, a] & INDEX
        simple = _size(zeros, at + p) == rank
        for b in range(under):
            q = sides[1, b] & INDEX
            common = popcount(zeros[0, at + p] & zeros[0, at + q])
            for w in range(1, words):
                common += popcount(zeros[w, at + p] & zeros[w, at + q])
            if common < rank - 1:
                continue
            if not (
                simple
                or _size(zeros, at + q) == rank
                or _is_edge(zeros, at, corners, p, q)
            ):
                continue
            if made == room:
                return -1
            for w in range(words):
                new_zeros[w, made] = zeros[w, at + p] & zeros[w, at + q]
            place_corner(net, st, s, at, p, q, u, made)
            new_zeros[slot >> 6, made] |= bit
            made += 1
    return made


def _size(zeros, place):
    """How many rows vanish at a corner."""
    total = popcount(zeros[0, place])
    for w in range(1, zeros.shape[0]):
        total += popcount(zeros[w, place])
    return total


def _is_edge(zeros, at, corners, p, q):
    """Whether no third corner has all the zero rows that two have in common."""
    for r in range(corners):
        if r != p and r != q:
            inside = True
            for w in range(zeros.shape[0]):
                common = zeros[w, at + p] & zeros[w, at + q]
                inside = inside and zeros[w, at + r] & common == common
            if inside:
                return False
    return True


def _copy_side(x, zeros, reach, name, side, at, corners, to, slot, sign):
    """Copy the corners that are not on the other side; returns where they end.

    Those on neither side get a row more. Corners may move down in place.
    """
    word, bit = slot >> 6, np.int64(1) << np.int64(slot & 63)
    for q in range(corners):
        if side[q] == -sign:
            continue
        for c in range(x.shape[0]):
            x[c, to] = x[c, at + q]
        for w in range(zeros.shape[0]):
            zeros[w, to] = zeros[w, at + q]
        if side[q] == 0:
            zeros[word, to] |= bit
        reach[to], name[to] = reach[at + q], name[at + q]
        to += 1
    return to


def _append_new(st, to, made):
    """Copy the corners that a cut has made."""
    x, new_x, zeros, new_zeros = st.x, st.new_x, st.zeros, st.new_zeros
    reach, new_reach, name, first = st.reach, st.new_reach, st.name, st.reg[NEXT_ID]
    for c in range(x.shape[0]):
        for e in range(made):
            x[c, to + e] = new_x[c, e]
    for w in range(zeros.shape[0]):
        for e in range(made):
            zeros[w, to + e] = new_zeros[w, e]
    for e in range(made):
        reach[to + e], name[to + e] = new_reach[e], first + e


def _drop_rows(zeros, at, corners, rank):
    """Drop rows that vanish at fewer corners of a cell than its rank.

    Corners are counted for 64 rows at once, by three bits and one that is set for good.
    """
    for w in range(zeros.shape[0]):
        ones, twos, fours, more = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        used = np.int64(0)
        for q in range(corners):
            word = zeros[w, at + q]
            used |= word
            carry = ones & word
            ones ^= word
            word = twos & carry
            twos ^= carry
            more |= fours & word
            fours ^= word
        if rank < 3:
            kept = more | fours | twos
            if rank == 1:
                kept = used
        elif rank == 3:
            kept = more | fours | (twos & ones)
        elif rank == 4:
            kept = more | fours
        elif rank == 5:
            kept = more | (fours & (ones | twos))
        else:
            kept = more | (fours & twos)
        if kept & used != used:
            for q in range(corners):
                zeros[w, at + q] &= kept


def remember(st, stamp, u, name, sign):
    """Keep an answer; the old ones are forgotten when they are many."""
    if 2 * st.reg[FACTS] >= len(st.fact):
        for place in range(len(st.fact)):
            st.fact_key[place, 0] = -1
        st.reg[FACTS] = 0
    place = fact_place(st, stamp, u, name)
    if st.fact_key[place, 0] < 0:
        st.reg[FACTS] += 1
    st.fact_key[place, 0], st.fact_key[place, 1] = stamp, u
    st.fact_key[place, 2], st.fact[place] = name, sign
