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

from regions.enumeration.kernels.jit import bit_position, inlined

BROKEN = -2


@inlined
def heritage(
    w, parents, zeros, signs, kinks, units, first, words, layer_of, facets, needed
):
    """What the edge on which a vertex was made leaves to be proved there.

    Returns:
        The layer of the unit that made it, and how many units of that layer are
        `needed`; all units of later layers are. Layer -1 for a corner of the domain,
        BROKEN if signs and zeros do not fit those of the ends of the edge.
    """
    dim = zeros.shape[1]
    u, v = parents[w, 0], parents[w, 1]
    if u < 0 or v < 0:
        for q in range(dim):
            if zeros[w, q] >= facets:
                return BROKEN, 0
        return -1, 0
    maker = zeros[w, dim - 1] - facets
    if u >= w or v >= w or maker < 0:
        return BROKEN, 0
    if not _share(zeros, u, v, w):
        return BROKEN, 0
    top = layer_of[maker]
    count, seen = 0, False
    for word in range(words[top + 1]):
        su, sv, sw = signs[u, word], signs[v, word], signs[w, word]
        both = (su | sv) & kinks[word]
        crossed = (su ^ sv) & kinks[word]
        strict = np.uint32(0)
        while crossed:
            bit = crossed & (~crossed + np.uint32(1))
            crossed ^= bit
            unit = units[32 * word + bit_position(bit)]
            if _is_zero(zeros, u, unit + facets) or _is_zero(zeros, v, unit + facets):
                continue
            if layer_of[unit] < top:
                return BROKEN, 0
            strict |= bit
            if unit == maker:
                seen = True
            else:
                needed[count] = unit
                count += 1
        if ((sw & kinks[word]) ^ both) & ~strict:
            return BROKEN, 0
    # A unit is off where it vanishes.
    for q in range(dim):
        unit = zeros[w, q] - facets
        if unit >= 0 and is_on(w, unit, signs, first, words, layer_of):
            return BROKEN, 0
    if not seen:
        return BROKEN, 0
    return top, count


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
def is_on(w, unit, signs, first, words, layer_of):
    """The claimed sign of a unit at a vertex."""
    place = unit - first[layer_of[unit]]
    word = signs[w, words[layer_of[unit]] + place // 32]
    return (word >> np.uint32(place % 32)) & np.uint32(1) == 1


@inlined
def open_gates(w, layers, signs, zeros, first, words, slopes, facets, gate):
    """Slope of each unit of the first layers as claimed, 0 for zeros of the vertex."""
    for level in range(layers):
        for number in range(words[level], words[level + 1]):
            word = signs[w, number]
            begin = first[level] + 32 * (number - words[level])
            for k in range(np.uint32(min(32, first[level + 1] - begin))):
                on = (word >> k) & np.uint32(1)
                gate[begin + k] = 1.0 if on else slopes[begin + k]
    for q in range(zeros.shape[1]):
        unit = zeros[w, q] - facets
        if 0 <= unit < first[layers]:
            gate[unit] = 0.0


@inlined
def claim_signs(w, level, signs, zeros, first, words, kinks, facets, claim):
    """Claimed signs of the units of a layer, 0 where nothing is claimed."""
    for number in range(words[level], words[level + 1]):
        word, kinked = signs[w, number], kinks[number]
        begin = 32 * (number - words[level])
        for k in range(np.uint32(min(32, first[level + 1] - first[level] - begin))):
            on, kink = (word >> k) & np.uint32(1), (kinked >> k) & np.uint32(1)
            claim[begin + k] = (1.0 if on else -1.0) if kink else 0.0
    for q in range(zeros.shape[1]):
        unit = zeros[w, q] - facets
        if first[level] <= unit < first[level + 1]:
            claim[unit - first[level]] = 0.0
