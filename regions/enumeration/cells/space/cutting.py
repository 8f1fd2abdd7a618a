"""How a cell is cut by a unit that crosses it: in two, or to where the unit vanishes.

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

A section of m dimensions lies in d - m boundaries more, which vanish at all of its
corners and stand in all of its zero sets: both numbers are the same for it.

*Rows.* A cut makes one new facet, of the unit that vanishes there; a row that vanishes
at fewer corners of a part than the part has dimensions is none of its facets and is
dropped.
"""

import numpy as np

from regions.enumeration.cells.space.bits import lowest_bit, popcount
from regions.enumeration.cells.space.corner_signs import (
    UNKNOWN,
    ask,
    open_sign,
    place_of,
)
from regions.enumeration.cells.space.forms import INDEX
from regions.enumeration.cells.space.positions import place_corner
from regions.enumeration.cells.space.state import (
    ASKED,
    AT,
    CANDIDATES,
    CANDIDATES_AT,
    CORNERS,
    DIM,
    LAYER,
    NEXT_ID,
    RANK,
    SETTLED,
    TOP,
)

# Why the loop returns.
RUNNING, DONE, OPEN, FULL = range(4)
NEED_CELLS, NEED_CORNERS, NEED_CANDIDATES, NEED_ROOM, NEED_WORDS = range(4, 9)


def cut(net, st, s, layer, to_section):
    """Cut a cell by the last unit on its list, which crosses it.

    Its upper part stays in its place and the lower one comes on top of it. Or the cell
    stays as it is, and on top comes its section, where the unit vanishes.
    """
    reg, cell, candidates, bits, row = st.reg, st.cell, st.candidates, st.bits, st.row
    x, zeros = st.x, st.zeros
    at, corners, begin = place_of(cell, s)
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
    dim, t = cell[s, DIM], s + 1
    above, below, start = corners, corners - over - under + made, at + corners
    if to_section:
        dim -= 1
    else:
        above, below = corners - under + made, corners - over + made
        start = at + max(corners, above)
    if start + below > x.shape[1]:
        return NEED_CORNERS
    # What comes on top goes behind the cell, then the upper part in its place.
    for part in range(1 if to_section else 2):
        sign = 0 if to_section else 2 * part - 1
        to = at if sign > 0 else start
        end = _copy_side(st, at, corners, to, slot, sign)
        _append_new(st, end, made)
        _drop_rows(zeros, to, end + made - to, dim)
    reg[NEXT_ID] += made
    cell[t, LAYER], cell[t, AT], cell[t, CORNERS] = layer, start, below
    cell[t, CANDIDATES_AT], cell[t, CANDIDATES] = begin + left, left
    cell[t, DIM], cell[t, SETTLED] = dim, 0
    cell[s, CORNERS], cell[s, CANDIDATES] = above, left
    for z in range(left):
        candidates[begin + left + z] = candidates[begin + z]
    for w in range(bits.shape[1]):
        bits[t, w] = bits[s, w]
    for b in range(row.shape[1]):
        row[t, b] = row[s, b]
    for k in range(st.rival.shape[1]):
        st.rival[t, k] = st.rival[s, k]
    row[t, slot] = len(net.facets) + u
    if not to_section:
        cell[s, SETTLED] = 0
        bits[s, j >> 6] |= np.int64(1) << np.int64(j & 63)
        row[s, slot] = len(net.facets) + u
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
            sign = open_sign(net, st, s, layer, u, at, q)
        side[q] = sign
        if sign == 1:
            sides[0, over] = q
            over += 1
        elif sign == -1:
            sides[1, under] = q
            under += 1
        elif sign == UNKNOWN:
            ask(st, u, q)
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
    below, shared = st.below, st.shared
    # Not a constant, for which the compiler would make forms of its own.
    made = np.int64(0)
    room, words, rank = st.new_x.shape[1] - 1, zeros.shape[0], st.reg[RANK]
    bit = np.int64(1) << np.int64(slot & 63)
    for w in range(words):
        for b in range(under):
            below[w, b] = zeros[w, at + (sides[1, b] & INDEX)]
    for a in range(over):
        p = sides[0, a] & INDEX
        simple = _size(zeros, at + p) == rank
        # Rows in common with all corners below, eight at a time.
        mine = zeros[0, at + p]
        for b in range(under):
            shared[b] = popcount(mine & below[0, b])
        for w in range(1, words):
            mine = zeros[w, at + p]
            for b in range(under):
                shared[b] += popcount(mine & below[w, b])
        for b in range(under):
            if shared[b] < rank - 1:
                continue
            q = sides[1, b] & INDEX
            if not (
                simple
                or _size(zeros, at + q) == rank
                or is_edge(zeros, at, corners, p, q)
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


def is_edge(zeros, at, corners, p, q):
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


def _copy_side(st, at, corners, to, slot, sign):
    """Copy the corners of a sign and those without one; returns where they end.

    Those without get a row more. Corners may move down in place.
    """
    x, zeros, reach, name, side = st.x, st.zeros, st.reach, st.name, st.side
    word, bit = slot >> 6, np.int64(1) << np.int64(slot & 63)
    for q in range(corners):
        if side[q] != 0 and side[q] != sign:
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


def _drop_rows(zeros, at, corners, dim):
    """Drop rows that vanish at fewer corners of a cell than it has dimensions.

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
        if dim < 2:
            kept = used
        elif dim == 2:
            kept = more | fours | twos
        elif dim == 3:
            kept = more | fours | (twos & ones)
        elif dim == 4:
            kept = more | fours
        elif dim == 5:
            kept = more | (fours & (ones | twos))
        else:
            kept = more | (fours & twos)
        if kept & used != used:
            for q in range(corners):
                zeros[w, at + q] &= kept
