"""Signs of units at the corners of a cell: proved, known from before, or asked for.

A sign is taken from float64 where its bound allows, else from a sharper position or
the zeros that the weights or residues prove, else from the answers given before.
"""

import numpy as np

from regions.enumeration.cells.space.forms import INDEX
from regions.enumeration.cells.space.positions import LARGE, SHARP, sharpen
from regions.enumeration.cells.space.state import (
    ASKED,
    AT,
    CANDIDATES_AT,
    CORNERS,
    FACTS,
)
from regions.enumeration.cells.space.zeros import is_zero, must_vanish

UNKNOWN = 2
ASIDE, CROSSES, COVERS = range(3)
"""What a unit does: its boundary misses the inside of a cell, or crosses it, or the
unit vanishes on all of it."""


def place_of(cell, s):
    """First corner and corners of a cell, and the first unit on its list.

    The compiler learns that they are not negative, and so no indices from the end.
    """
    return (
        cell[s, AT] & INDEX,
        cell[s, CORNERS] & INDEX,
        cell[s, CANDIDATES_AT] & INDEX,
    )


def decide(net, st, s, layer, j):
    """What a unit may do to a cell, by its signs at the corners; notes its bit.

    Where signs are open and matter, they are asked.
    """
    at, corners, _ = place_of(st.cell, s)
    u, positive, negative, unknown = net.first[layer] + j, False, False, False
    for q in range(corners):
        side = sign_at(net, st, s, layer, u, at, q)
        st.side[q] = side
        positive = positive or side == 1
        negative = negative or side == -1
        unknown = unknown or side == UNKNOWN
    if positive and negative:
        return CROSSES
    if unknown:
        for q in range(corners):
            if st.side[q] == UNKNOWN:
                ask(st, u, q)
        return CROSSES
    words, bit = st.bits.shape[1] >> 1, np.int64(1) << np.int64(j & 63)
    if positive:
        st.bits[s, j >> 6] |= bit
    elif not negative:
        st.bits[s, words + (j >> 6)] |= bit
        return COVERS
    return ASIDE


def sign_at(net, st, s, layer, u, at, q):
    """Sign of a unit at a corner: -1, 0, 1, or UNKNOWN. Reads its value."""
    value, bound = st.value[q], st.value_doubt[u] + st.steep[u] * st.reach[at + q]
    if value > bound:
        return 1
    if value < -bound:
        return -1
    return open_sign(net, st, s, layer, u, at, q)


def open_sign(net, st, s, layer, u, at, q):
    """The same where the bound leaves it open: a sharper position, or an answer."""
    value, bound = st.value[q], st.value_doubt[u] + st.steep[u] * st.reach[at + q]
    if bound == 0.0 and value == 0.0:
        return 0
    if must_vanish(net, st, s, u, at + q):
        return 0
    if st.reach[at + q] <= LARGE and _is_known_zero(net, st, s, layer, u, at + q):
        return 0
    if not st.reach[at + q] <= SHARP and sharpen(net, st, s, at + q):
        value = value_at(st, u, at + q)
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


def _is_known_zero(net, st, s, layer, u, place):
    """Whether a unit is proved to vanish at a corner; the last proofs are kept."""
    known, stamp, name = st.vanished, st.stamp[layer], st.name[place]
    spot = (name * 0x9E3779B1 + u * 0x85EBCA6B + stamp * 0xC2B2AE35) & (len(known) - 1)
    if known[spot, 0] == stamp and known[spot, 1] == u and known[spot, 2] == name:
        return True
    if not is_zero(net, st, s, layer, u, place):
        return False
    known[spot, 0], known[spot, 1], known[spot, 2] = stamp, u, name
    return True


def value_at(st, u, place):
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


def ask(st, u, q):
    """Note a question, if there is room; it comes up again if there is not."""
    n = st.reg[ASKED]
    if n < len(st.asked):
        st.asked[n, 0], st.asked[n, 1] = u, q
        st.reg[ASKED] = n + 1


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
