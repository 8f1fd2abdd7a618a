"""Proofs of signs at vertices, compiled.

What has to be proved at a vertex, and from what, is as in `float_bounds` and
`heritage`; here affine forms of the units (`pair_forms`) are computed once for all
vertices of a cell (`trie`). A value at a vertex is a value in the middle of the domain
plus the gradient times the distance, in float64.
"""

import numpy as np

from regions.compiled.jit import (
    bit_position,
    compiled,
    inlined,
    prefetch,
)
from regions.enumeration.sweep.kernels.heritage import BROKEN, heritage
from regions.enumeration.sweep.kernels.pair_forms import (
    add_up,
    gate,
    multiply,
    row_norm,
    start,
    sum_shift,
)
from regions.enumeration.sweep.kernels.positions import (
    dot_error,
    facet_form,
    measure,
    position_bound,
    unit_form,
)
from regions.enumeration.sweep.kernels.trie import branch
from regions.signs.pairs import SQUARE, SUM_ERROR, TINY
from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF

AHEAD = 16
"""How many vertices ahead of the work memory is asked for."""


@compiled
def prove(net, order, chunk, in_pairs, vertices, zeros, signs, parents, proved, errors):
    """Prove the signs at some vertices, given those at their parents.

    Writes to `proved` and, bounds of the position errors, to `errors`.

    Args:
        net: The network.
        order: The vertices; `chunk` of them are looked at together.
        chunk: How many.
        in_pairs: Whether forms are pairs of numbers, or one float64 number.
        vertices: Positions.
        zeros: Zeros.
        signs: Sign words.
        parents: Ends of the edges on which the vertices were made.
        proved: Whether the signs are proved.
        errors: Bounds of the position errors, infinite where they are not.
    """
    # One long function: arrays that are passed on cost more than the work at a vertex.
    # Arrays by their own names: a field of a tuple is reference-counted at each use.
    turned, at, room, bias, place, fan_in, first, words, slopes = net[:9]
    leaky, kinks, layer_of, units, A, b, middle = net[9:16]
    steep, spectral, row_norms, bias_size, doubts = net[16:]
    depth, dim, facets = len(fan_in), vertices.shape[1], len(b)
    # Room for the widest layer.
    widest, most_words = np.int64(dim), np.int64(1)
    for level in range(depth):
        widest = max(widest, room[level])
        most_words = max(most_words, words[level + 1] - words[level])
    # Forms of this level and of the one above, their errors, and sums of gradients.
    shape = (2 * chunk, dim + 1, widest)
    high, low = np.empty(shape), np.empty(shape)
    doubt, slopes_sum = np.empty((2 * chunk, 2)), np.empty((2 * chunk, widest))
    held, held_low = np.empty((dim + 1, widest)), np.empty((dim + 1, widest))
    active, shift = np.arange(widest), np.empty(dim + 1)
    # The nodes of the trie at this level: see `branch`.
    node, members = np.empty(chunk, np.int64), np.empty(chunk, np.int64)
    parent, sample = np.empty(chunk, np.int64), np.empty(chunk, np.int64)
    # Room to hash twice as many nodes as there can be.
    size = 64
    while size < 2 * chunk:
        size *= 2
    table = np.empty(size, np.int64)
    top, needed = np.empty(chunk, np.int64), np.empty((chunk, most_words), np.uint32)
    gap, gap_low = np.empty((chunk, dim)), np.empty((chunk, dim))
    spread, reach = np.empty((chunk, 2)), np.empty(chunk)
    J, R = np.empty((chunk, dim, dim)), np.empty((dim, 2 * dim))
    J_error, residual = np.empty((chunk, dim)), np.empty((chunk, dim))
    values, own = np.empty(widest), np.empty(most_words, np.uint32)
    # What the rounding of the chart changes in the first layer's values.
    root_doubt = 0.0
    for q in range(dim):
        root_doubt = max(root_doubt, abs(middle[q]))
    root_doubt = SAFETY * (doubts[0] * root_doubt + doubts[1])
    for begin in range(0, len(order), chunk):
        part = order[begin : begin + chunk]
        for i in range(len(part)):
            if i + AHEAD < len(part):
                _announce(vertices, zeros, signs, parents, part[i + AHEAD])
            if i + AHEAD // 2 < len(part):
                w = part[i + AHEAD // 2]
                for q in range(2):
                    if parents[w, q] >= 0:
                        prefetch(zeros, parents[w, q], np.int32(0))
                        prefetch(signs, parents[w, q], np.int32(0))
            w = part[i]
            proved[w], errors[w], reach[i] = False, np.inf, np.inf
            # Step 1: what the edge on which the vertex was made leaves to be proved.
            top[i] = heritage(
                w,
                parents,
                zeros,
                signs,
                kinks,
                units,
                first,
                words,
                layer_of,
                facets,
                needed,
                i,
            )
            # All others begin in the root, which is the domain.
            node[i] = 0 if top[i] != BROKEN else -1
            measure(vertices, w, middle, gap, gap_low, spread, i)
            for q in range(dim):
                # Nothing is proved of a zero whose form is never found.
                J[i, q, 0], J_error[i, q], residual[i, q] = np.nan, np.inf, np.inf
                if zeros[w, q] < facets:
                    facet_form(A, b, zeros[w, q], vertices, w, i, q, J, residual)
                    J_error[i, q] = 0.0
        # Step 2: down the layers, with one set of forms for each cell.
        members[0], nodes = len(part), 1
        for level in range(depth):
            now, then = chunk * (level % 2), chunk * (1 - level % 2)
            width, gates = first[level + 1] - first[level], 0.0
            if level > 0:
                # Vertices with other signs in the layer before go to other cells.
                nodes = branch(
                    part,
                    signs,
                    words[level - 1],
                    words[level],
                    node,
                    members,
                    parent,
                    sample,
                    table,
                )
            # Forms of the layer on each cell, with bounds of their errors.
            for c in range(nodes):
                n, p = now + c, then + parent[c]
                if level == 0:
                    count = start(middle, held, held_low, active)
                    error, slope_error, gates = 0.0, 0.0, 0.0
                else:
                    error, slope_error = doubt[p, 0], doubt[p, 1]
                    gates = steep[level - 1]
                    count = gate(
                        sample[c],
                        level - 1,
                        signs,
                        first,
                        words,
                        slopes,
                        leaky,
                        high,
                        low,
                        p,
                        held,
                        held_low,
                        active,
                    )
                # What the sums of this layer add to the error, in pairs or in float64.
                fresh = SUM_ERROR * (count + 3.0) ** 2 * SQUARE
                rounding = 8.0 * SQUARE
                if not in_pairs:
                    fresh, rounding = dot_error(count + 3.0), 2.0 * UNIT_ROUNDOFF
                lost = 16.0 * (count + 3.0) * SMALLEST
                # Errors are 2-norms over the units: what each has counts root times.
                root = np.sqrt(np.float64(width))
                for row in range(dim + 1):
                    norm = row_norm(held, row, count)
                    bound = row_norms[level] * norm * SAFETY
                    if row == 0:
                        bound = (bound + bias_size[level]) * SAFETY
                    # NaN stays.
                    bound = TINY if bound < TINY else bound
                    shift[row] = sum_shift(bound)
                    # Slopes of the layer before, and one more rounding.
                    before = error if row == 0 else slope_error
                    before = gates * before + rounding * norm + lost * root
                    here = fresh * bound + lost
                    if level == 0:
                        here += root_doubt if row == 0 else doubts[0]
                    # The layer multiplies old errors by its spectral norm at most.
                    after = spectral[level] * before + root * here
                    after *= SAFETY * SAFETY
                    if row == 0:
                        doubt[n, 0] = after
                    elif row == 1 or not after <= doubt[n, 1]:
                        doubt[n, 1] = after
                if in_pairs:
                    add_up(
                        turned,
                        at[level],
                        bias,
                        place[level],
                        room[level],
                        shift,
                        held,
                        held_low,
                        active,
                        count,
                        high,
                        low,
                        n,
                    )
                else:
                    multiply(
                        turned,
                        at[level],
                        bias,
                        place[level],
                        room[level],
                        held,
                        active,
                        count,
                        high,
                        low,
                        n,
                    )
                _sum_slopes(high, n, room[level], slopes_sum)
            # Step 3: the vertices, each on the forms of its cell.
            for i in range(len(part)):
                c = node[i]
                if c < 0:
                    continue
                w = part[i]
                n = now + c
                error, slope_error = doubt[n, 0], doubt[n, 1]
                # Its own zeros of this layer: rows that tell where the exact vertex is.
                own[:] = np.uint32(0)
                for q in range(dim):
                    unit = zeros[w, q] - facets
                    if unit >= 0 and layer_of[unit] == level:
                        k = unit - first[level]
                        own[k // 32] |= np.uint32(1) << np.uint32(k % 32)
                        unit_form(
                            high,
                            low,
                            n,
                            k,
                            i,
                            q,
                            gap,
                            gap_low,
                            error + slope_error * spread[i, 0],
                            slope_error,
                            J,
                            J_error,
                            residual,
                        )
                # Layers before that of the unit that made it are proved by heritage.
                if level < top[i]:
                    continue
                # All its zeros are known now: how far the exact vertex is from the
                # stored one, once and for all.
                if level == max(top[i], 0):
                    reach[i] = position_bound(J, J_error, residual, i, R)
                    if not reach[i] < np.inf:
                        node[i] = -1
                        continue
                # Error of a value at the exact vertex: of the form, and of the position
                # times the gradient (`rate`, for each unit by its slopes).
                flat = error + slope_error * (spread[i, 0] + dim * reach[i])
                rate = SAFETY * (reach[i] + dot_error(dim + 6.0) * spread[i, 1])
                flat = SAFETY * SAFETY * (flat + (dim + 6.0) * SMALLEST)
                if level == top[i]:
                    fine = _needed_clear(
                        high,
                        slopes_sum,
                        n,
                        gap,
                        needed,
                        i,
                        signs,
                        w,
                        words[level],
                        words[level + 1],
                        flat,
                        rate,
                    )
                else:
                    fine = _all_clear(
                        high,
                        slopes_sum,
                        n,
                        gap,
                        i,
                        own,
                        kinks,
                        signs,
                        w,
                        words[level],
                        words[level + 1],
                        room[level],
                        flat,
                        rate,
                        values,
                    )
                if not fine:
                    node[i] = -1
        # Step 4: who got through all layers is proved.
        for i in range(len(part)):
            if node[i] >= 0:
                proved[part[i]], errors[part[i]] = True, reach[i]


@inlined
def _announce(vertices, zeros, signs, parents, w):
    """Prefetch what is read of a vertex."""
    w = np.int32(w)
    prefetch(vertices, w, np.int32(0))
    prefetch(zeros, w, np.int32(0))
    prefetch(signs, w, np.int32(0))
    prefetch(parents, w, np.int32(0))


@inlined
def _sum_slopes(high, n, room, result):
    """Sum of the absolute derivatives of each unit."""
    size = np.uint64(room)
    for k in range(size):
        result[n, k] = abs(high[n, 1, k])
    for row in range(2, high.shape[1]):
        for k in range(size):
            result[n, k] += abs(high[n, row, k])


@inlined
def _needed_clear(
    high, slopes_sum, n, gap, needed, i, signs, w, begin, end, flat, rate
):
    """Whether the units of some bits have their claimed signs beyond all doubt."""
    fine, dim = True, gap.shape[1]
    for word in range(begin, end):
        bits, claimed = needed[i, word - begin], signs[w, word]
        while bits:
            bit = bits & (~bits + np.uint32(1))
            bits ^= bit
            k = 32 * (word - begin) + bit_position(bit)
            value = high[n, 0, k]
            for q in range(dim):
                value += high[n, q + 1, k] * gap[i, q]
            bound = flat + slopes_sum[n, k] * rate
            bound += abs(high[n, 0, k]) * dot_error(dim + 6.0)
            fine &= (value if claimed & bit else -value) > SAFETY * bound
    return fine


@inlined
def _all_clear(
    high,
    slopes_sum,
    n,
    gap,
    i,
    own,
    kinks,
    signs,
    w,
    begin,
    end,
    room,
    flat,
    rate,
    values,
):
    """Whether all units of a layer have their claimed signs beyond all doubt."""
    dim, fine, size = gap.shape[1], True, np.uint64(room)
    relative = dot_error(dim + 6.0)
    for k in range(size):
        values[k] = high[n, 0, k] + high[n, 1, k] * gap[i, 0]
    for q in range(1, dim):
        for k in range(size):
            values[k] += high[n, q + 1, k] * gap[i, q]
    for word in range(begin, end):
        number = np.uint64(32 * (word - begin))
        on, exempt = signs[w, word], own[word - begin] | ~kinks[word]
        for k in range(np.uint32(min(np.uint64(32), size - number))):
            unit = number + np.uint64(k)
            bound = flat + slopes_sum[n, unit] * rate
            bound += abs(high[n, 0, unit]) * relative
            sign = 1.0 if (on >> k) & np.uint32(1) else -1.0
            clear = sign * values[unit] > SAFETY * bound
            fine &= clear | ((exempt >> k) & np.uint32(1) != 0)
    return fine
