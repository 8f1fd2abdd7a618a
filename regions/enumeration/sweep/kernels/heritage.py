"""What the making of a vertex leaves to be proved of its signs.

The plain form proves every unit at every vertex. The edge on which a vertex was
made tells most of it. Let w be made by unit j of layer l on the segment from u to v,
whose signs are proved. No unit of a layer before l has opposite signs at u and v, so
all units of layers up to l are affine on the segment. Opposite signs of j at the ends
show that w exists; a unit of these layers with one sign at both ends, or that vanishes
at one end only, has that sign at w. What is left to prove at w are the units of layer l
with opposite signs at u and v, and those of the layers after l. The zeros that u and v
share stay zero along the segment. By induction over the vertices in the order in which
they were made, all signs are proved once this holds for every vertex.
"""

import numpy as np

from regions.compiled.jit import bit_position, inlined

BROKEN = -2


@inlined
def heritage(
    w, parents, zeros, signs, kinks, units, first, words, layer_of, facets, needed, i
):
    """What the edge on which a vertex was made leaves to be proved there.

    Writes to row i of `needed` the units of the layer of the unit that made it that are
    needed, as sign words of that layer; all units of later layers are.

    Returns:
        That layer. -1 for a corner of the domain or of a chamber, where all units are
        needed; BROKEN if signs and zeros do not fit those of the ends of the edge.
    """
    dim = zeros.shape[1]
    u, v = parents[w, 0], parents[w, 1]
    if u < 0 or v < 0:
        for q in range(dim):
            unit = zeros[w, q] - facets
            if unit >= first[1]:
                return BROKEN
            if unit >= 0 and _is_on(w, unit, signs, first, words, layer_of):
                return BROKEN
        return -1
    # The zero that made it comes last.
    maker = zeros[w, dim - 1] - facets
    if u >= w or v >= w or maker < 0:
        return BROKEN
    # Its other zeros are those of the edge.
    if not _share(zeros, u, v, w):
        return BROKEN
    top = layer_of[maker]
    seen = False
    # Up to the layer of the unit that made it: signs at both ends tell the sign here,
    # or that it must be proved.
    for word in range(words[top + 1]):
        su, sv, sw = signs[u, word], signs[v, word], signs[w, word]
        both = (su | sv) & kinks[word]
        crossed = (su ^ sv) & kinks[word]
        strict, others = np.uint32(0), np.uint32(0)
        while crossed:
            bit = crossed & (~crossed + np.uint32(1))
            crossed ^= bit
            unit = units[32 * word + bit_position(bit)]
            if _is_zero(zeros, u, unit + facets) or _is_zero(zeros, v, unit + facets):
                continue
            if layer_of[unit] < top:
                return BROKEN
            strict |= bit
            if unit == maker:
                seen = True
            else:
                others |= bit
        # A unit on at one end is on here, unless it changes between the ends.
        if ((sw & kinks[word]) ^ both) & ~strict:
            return BROKEN
        if word >= words[top]:
            needed[i, word - words[top]] = others
    # A unit is off where it vanishes.
    for q in range(dim):
        unit = zeros[w, q] - facets
        if unit >= 0 and _is_on(w, unit, signs, first, words, layer_of):
            return BROKEN
    if not seen:
        return BROKEN
    return top


@inlined
def _share(zeros, u, v, w):
    """Whether all zeros of w but the last are just those that u and v share."""
    dim = zeros.shape[1]
    only_u, only_v, of_u, of_v = 0, 0, np.int32(-1), np.int32(-1)
    for q in range(dim):
        if not _is_kept(zeros, w, zeros[u, q]):
            only_u += 1
            of_u = zeros[u, q]
        if not _is_kept(zeros, w, zeros[v, q]):
            only_v += 1
            of_v = zeros[v, q]
    return only_u == 1 and only_v == 1 and of_u != of_v


@inlined
def _is_kept(zeros, w, z):
    """Whether z is a zero of w, the last one aside."""
    found = False
    for q in range(zeros.shape[1] - 1):
        found |= zeros[w, q] == z
    return found


@inlined
def _is_zero(zeros, w, z):
    """Whether z is a zero of w."""
    found = False
    for q in range(zeros.shape[1]):
        found |= zeros[w, q] == z
    return found


@inlined
def _is_on(w, unit, signs, first, words, layer_of):
    """The claimed sign of a unit at a vertex."""
    place = unit - first[layer_of[unit]]
    word = signs[w, words[layer_of[unit]] + place // 32]
    return (word >> np.uint32(place % 32)) & np.uint32(1) == 1
