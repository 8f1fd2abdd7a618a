"""The walk over the cells of a plane domain: plain control flow over arrays.

Parts of cells lie on a stack, depth first, so memory is that of one path:

- A part belongs to a layer. It has a ring of corners in cyclic order, each with the row
  (facet of the domain or unit) of the edge to the next, and a list of the units of its
  layer that cross it, each with the sets of corners where it is positive and negative.
- Forms of a layer are kept once: all parts of the layer on the stack are parts of one
  cell of the layers before.
- A corner is where two rows meet. It never moves, and lives as long as its forms.

The work stops between two steps and is taken up again: everything is in arrays. A step
in which a sign stays open changes nothing but the questions asked; it is done again
when they are answered. The compiled form (`compiled`) runs the very same code.
"""

import numpy as np

from regions.enumeration.cells.form_rows import (
    ERROR,
    GRADIENT,
    SIZE,
    TINY,
    A,
    B,
    C,
)
from regions.enumeration.cells.predicates import sign_at_meeting
from regions.enumeration.cells.vectors import (
    activate,
    add_block,
    all_fit,
    begin_forms,
    finish_forms,
    may_be_vague,
    pack_bits,
    pass_on,
    sharpen,
    sign_corners,
    sign_new_corners,
)
from regions.enumeration.cells.zeros import BIASED, find_zeros
from regions.signs.rounding import SAFETY, UNIT_ROUNDOFF

DONE, PAUSED, OPEN, ROOM, CROWDED, BROKEN, WRITTEN_FULL, DOUBTFUL = range(8)
"""Why `run` returns: no part is left; the slice of work is over; signs are asked for;
an array is full; a cell has more corners than a set can hold; a line crosses the edges
of a convex cell more than twice, which no right signs allow; there is no room for one
more region; floats can not tell that a region's middle lies inside it."""

LAYER, CORNERS, RING, UNITS, FIRST_UNIT, MARK = range(6)
"""Columns of a part: its layer; number of corners and where they start; number of units
that may cross it (`FRESH` before any was tested) and where they start; where new
corners go."""
FRESH = -1
TOP, BASE, REGIONS, ASKED, ANSWERED, SPLITS, TESTED_EXACTLY, WRITTEN, EDGES = range(9)
"""Places in the head: end and start of the stack; regions found; signs asked for and
answered in this step; what was done; regions and their edges written."""
LEFT = 9
"""Place in the head: what is left of the work to do before a pause."""
COUNT, LIST, DRAW, VALUES = range(4)
"""What is wanted of a region: to be counted; its pattern and a point inside; also its
corners; or its pattern, its corners and the forms of the last layer."""
CHART_REACH = 2.0**-50
"""More than the rounding of a point to the chart's floats and back, in s."""
MOST_CORNERS = 60
VAGUE = 2.0**-28
"""Forms with larger errors than this part of the layer's largest are found in pairs:
of a thousand million signs some are then left to rationals, which take milliseconds."""
UNKNOWN = 2


def meet(pa, pb, pc, pe, qa, qb, qc, qe):
    """Where the zero lines of two forms meet, computed, and how far off that may be.

    The forms have errors of at most `pe` and `qe`; the true point is in |s| <= 1, and
    so is the computed one. Its residuals in the true forms, times the inverse of their
    matrix of gradients, bound the distance.
    """
    det = pa * qb - pb * qa
    x, y = 0.0, 0.0
    if det != 0.0:
        x, y = (pb * qc - pc * qb) / det, (pc * qa - pa * qc) / det
    if not (abs(x) <= 1.0 and abs(y) <= 1.0):
        # Nearer to the true point; 0 where it is NaN.
        x = min(max(x, -1.0), 1.0) if abs(x) >= 0.0 else 0.0
        y = min(max(y, -1.0), 1.0) if abs(y) >= 0.0 else 0.0
    p_size, q_size = abs(pa) + abs(pb), abs(qa) + abs(qb)
    p_off = abs(pa * x + pb * y + pc) + 4.0 * UNIT_ROUNDOFF * (p_size + abs(pc))
    q_off = abs(qa * x + qb * y + qc) + 4.0 * UNIT_ROUNDOFF * (q_size + abs(qc))
    doubt = 4.0 * UNIT_ROUNDOFF * (abs(pa * qb) + abs(pb * qa))
    doubt += pe * q_size + qe * p_size + pe * qe + TINY
    least = abs(det) - SAFETY * doubt
    # Both points are in |s| <= 1: no distance is larger than 2.
    reach = 2.0
    if least > 0.0:
        reach = (p_off + pe) * (q_size + qe) + (q_off + qe) * (p_size + pe) + TINY
        reach = SAFETY * reach / least
        if not reach <= 2.0:
            reach = 2.0
    return x, y, reach


def begin(net, state):
    """One part: the whole domain, at the first layer, with its forms."""
    weights, bias, exact_limit, added = net[0], net[1], net[4], net[6]
    blocks, first_block, widths, gamma = net[7:11]
    inputs, facets, ring = net[13:16]
    head, parts, ring_corner, ring_row = state[:4]
    points, rows, slots, forms, held, exact = state[7:13]
    corners = len(ring)
    for n in range(len(head)):
        head[n] = 0
    head[TOP] = 1
    parts[0, LAYER], parts[0, CORNERS], parts[0, RING] = 0, corners, 0
    parts[0, UNITS], parts[0, FIRST_UNIT], parts[0, MARK] = FRESH, 0, corners
    for q in range(corners):
        # The corner between the last edge and this one.
        before, after = ring[q - 1], ring[q]
        x, y, reach = meet(
            facets[before, 0],
            facets[before, 1],
            facets[before, 2],
            facets[before, 3],
            facets[after, 0],
            facets[after, 1],
            facets[after, 2],
            facets[after, 3],
        )
        points[q, 0], points[q, 1], points[q, 2] = x, y, reach
        rows[q, 0], rows[q, 1] = before, after
        slots[q] = np.int64(1) << q
        ring_corner[q], ring_row[q] = q, after
    for c in range(2):
        held[0, A, c] = inputs[0, c]
        held[0, B, c] = inputs[1, c]
        held[0, C, c] = inputs[2, c]
        held[0, ERROR, c] = inputs[3, c]
        held[0, SIZE, c] = inputs[4, c]
    exact[0] = 1
    sum_forms(
        0,
        weights,
        blocks,
        first_block,
        widths,
        bias,
        exact_limit,
        added,
        gamma,
        held,
        exact,
        state[31],
        state[34],
        state[37],
        forms,
    )


def run(net, state, work, most, wanted):
    """Walk on.

    Args:
        net: The flat network.
        state: Arrays of `state.State`.
        work: About how many operations to do before the next pause.
        most: Pause when so many regions are found.
        wanted: COUNT, LIST, DRAW or VALUES. A unit that crosses alone needs no split
            to count.

    Returns:
        Why it returned.
    """
    (weights, bias, slopes, bit, exact_limit, slope_limit, added) = net[:7]
    blocks, first_block, widths, gamma = net[7:11]
    middle, scale, _, facets, _ = net[11:16]
    leader, unbiased = net[18:]
    counting = wanted == COUNT
    (head, parts, ring_corner, ring_row, unit_list, above, below) = state[:7]
    (points, rows, slots, forms, held, exact, on, path) = state[7:15]
    (asked, answers, split, signs, unclear, new, keep) = state[15:22]
    (side_corner, side_row, at_corner) = state[22:25]
    (packed, found, inside, ring_sizes, edge_corners, edge_rows, live) = state[25:32]
    pair, pair_held, known, values, through, told, zero = state[32:]
    depth, room, num_facets = len(widths), forms.shape[2], len(facets)
    while True:
        top = head[TOP]
        head[LEFT] = work
        if top <= head[BASE]:
            return DONE
        if work <= 0 or head[REGIONS] >= most:
            return PAUSED
        p = top - 1
        layer, k = parts[p, LAYER], parts[p, CORNERS]
        ring, first = parts[p, RING], parts[p, FIRST_UNIT]
        width, last = widths[layer], layer == depth - 1
        # Everything that one step may write must fit before it begins.
        if (
            top >= len(parts)
            or ring + 2 * k + 4 > len(ring_corner)
            or first + 2 * room > len(unit_list)
            or parts[p, MARK] + 2 > len(points)
        ):
            return ROOM
        # A part that is new in its layer: the signs of all units at all its corners say
        # which cross it, and on which side of it the others are.
        if parts[p, UNITS] == FRESH:
            work -= width * k + 50
            corners = ring_corner[ring : ring + k]
            plus, minus = above[first : first + room], below[first : first + room]
            if sign_corners(
                forms[layer], width, corners, points, slots, plus, minus, unclear
            ):
                # Signs within their bounds are settled exactly, here or by who called:
                # the first have the answers to what was asked when this step was tried.
                seen = 0
                for q in range(k):
                    c, some = corners[q], False
                    for j in range(width):
                        is_open = unclear[j] & slots[c] != 0
                        some = some or (is_open and unbiased[layer, j] != BIASED)
                    if not some:
                        continue
                    find_zeros(
                        c,
                        layer,
                        rows,
                        weights,
                        blocks,
                        first_block,
                        widths,
                        exact,
                        unbiased,
                        facets,
                        held,
                        through,
                        told,
                        zero,
                    )
                    for j in range(width):
                        unclear[j] &= ~slots[c] if zero[layer, j] != 0 else -1
                for j in range(width):
                    if unclear[j] == 0 or bit[layer, j] < 0:
                        continue
                    for q in range(k):
                        c = corners[q]
                        if unclear[j] & slots[c] == 0:
                            continue
                        sign = resolve(
                            layer,
                            j,
                            c,
                            rows,
                            forms,
                            exact,
                            leader,
                            facets,
                            num_facets,
                            room,
                        )
                        head[TESTED_EXACTLY] += 1
                        if sign == UNKNOWN:
                            if seen < head[ANSWERED]:
                                sign = answers[seen]
                            elif seen < len(asked):
                                asked[seen, 0], asked[seen, 1] = j, c
                            seen += 1
                        if sign == 1:
                            plus[j] |= slots[c]
                        elif sign == -1:
                            minus[j] |= slots[c]
                if seen > head[ANSWERED]:
                    head[ASKED] = min(seen, len(asked))
                    return OPEN
            head[ANSWERED] = 0
            # Units with both signs may cross it; those without a kink never do.
            r = 0
            for j in range(width):
                # Without branches, which nobody could foresee.
                kinked, a, b = bit[layer, j] >= 0, plus[j], minus[j]
                unit_list[first + r] = j
                above[first + r], below[first + r] = a, b
                r += 1 if kinked and a != 0 and b != 0 else 0
                on[p, j] = 1 if kinked and a != 0 and b == 0 else 0
            parts[p, UNITS] = r
            continue
        # No unit crosses the part: it is a region, or goes on to the next layer. Where
        # regions are only counted a last unit that crosses it makes two at once.
        r = parts[p, UNITS]
        if r == 0 or (counting and last and r == 1):
            if last:
                if not counting:
                    number, edge = head[WRITTEN], head[EDGES]
                    needed = k if wanted >= DRAW else 0
                    if number >= len(found) or edge + needed > len(edge_rows):
                        return WRITTEN_FULL
                    corners = ring_corner[ring : ring + k]
                    edges = ring_row[ring : ring + k]
                    # After an answer, the point is there already.
                    if (
                        head[ANSWERED] == 0
                        and wanted != VALUES
                        and not find_inside(
                            corners,
                            edges,
                            points,
                            layer,
                            on[p],
                            path,
                            forms,
                            facets,
                            num_facets,
                            room,
                            middle,
                            scale,
                            inside[number],
                        )
                    ):
                        return DOUBTFUL
                    head[ANSWERED] = 0
                    for j in range(packed.shape[1]):
                        found[number, j] = packed[layer, j]
                    pack_bits(width, on[p], bit[layer], found[number])
                    for j in range(values.shape[2]):
                        for c in range(values.shape[1]):
                            values[number, c, j] = forms[layer, c, j]
                    if wanted >= DRAW:
                        ring_sizes[number] = k
                        for q in range(k):
                            for c in range(3):
                                edge_corners[edge + q, c] = points[corners[q], c]
                            edge_rows[edge + q] = edges[q]
                        head[EDGES] += k
                    head[WRITTEN] += 1
                    work -= 20 + width
                head[REGIONS] += 1 + r
                head[TOP] = p
                work -= 1
                continue
            # Down to the next layer: this is one cell of its layer, whose signs make
            # affine what the next one reads. Its forms replace those of others.
            for j in range(width):
                path[layer, j] = on[p, j]
            if not counting:
                for j in range(packed.shape[1]):
                    packed[layer + 1, j] = packed[layer, j]
                pack_bits(width, on[p], bit[layer], packed[layer + 1])
            no_rounding = activate(
                width,
                on[p],
                slopes[layer],
                bit[layer],
                slope_limit[layer],
                forms[layer],
                held[layer + 1],
            )
            exact[layer + 1] = 1 if exact[depth + 1 + layer] and no_rounding else 0
            layer += 1
            work -= sum_forms(
                layer,
                weights,
                blocks,
                first_block,
                widths,
                bias,
                exact_limit,
                added,
                gamma,
                held,
                exact,
                live,
                known,
                told,
                forms,
            )
            if are_vague(widths[layer], forms[layer]):
                work -= 2 * widths[layer] * widths[layer - 1]
                sharpen(net, layer, held, path, pair, pair_held, known, forms[layer])
            parts[p, LAYER], parts[p, UNITS] = layer, FRESH
            continue
        if k > MOST_CORNERS:
            return CROWDED
        # Split by the last unit of the list.
        z = first + r - 1
        unit, plus_j, minus_j = unit_list[z], above[z], below[z]
        row = num_facets + layer * room + unit
        # New corners: where the unit changes sign along an edge. Each takes a place in
        # the sets of corners that no corner of the part holds.
        mark, count, used = parts[p, MARK], 0, np.int64(0)
        for q in range(k):
            used |= slots[ring_corner[ring + q]]
        free = np.int64(1)
        for q in range(k):
            here = slots[ring_corner[ring + q]]
            there = slots[ring_corner[ring + (q + 1 if q + 1 < k else 0)]]
            at_corner[q] = -1
            if (plus_j & here and minus_j & there) or (
                minus_j & here and plus_j & there
            ):
                if count == 2:
                    return BROKEN
                c = mark + count
                while used & free:
                    free <<= 1
                used |= free
                slots[c], new[count] = free, free
                other = ring_row[ring + q]
                rows[c, 0], rows[c, 1] = other, row
                pa, pb, pc, pe = form_of(other, forms, facets, num_facets, room)
                x, y, reach = meet(
                    pa,
                    pb,
                    pc,
                    pe,
                    forms[layer, A, unit],
                    forms[layer, B, unit],
                    forms[layer, C, unit],
                    forms[layer, ERROR, unit],
                )
                points[c, 0], points[c, 1], points[c, 2] = x, y, reach
                at_corner[q] = c
                count += 1
        # The units that still wait have signs at the new corners, too.
        work -= 4 * r + 60
        if sign_new_corners(
            forms, layer, unit_list, first, r - 1, points, mark, count, signs
        ):
            seen = 0
            for q in range(count):
                c, some = mark + q, False
                for i in range(r - 1):
                    is_open = signs[q, i] == UNKNOWN
                    is_free = unbiased[layer, unit_list[first + i]] != BIASED
                    some = some or (is_open and is_free)
                if some:
                    find_zeros(
                        c,
                        layer,
                        rows,
                        weights,
                        blocks,
                        first_block,
                        widths,
                        exact,
                        unbiased,
                        facets,
                        held,
                        through,
                        told,
                        zero,
                    )
                    for i in range(r - 1):
                        is_open = signs[q, i] == UNKNOWN
                        if is_open and zero[layer, unit_list[first + i]] != 0:
                            signs[q, i] = 0
                for i in range(r - 1):
                    if signs[q, i] != UNKNOWN:
                        continue
                    j = unit_list[first + i]
                    sign = resolve(
                        layer,
                        j,
                        c,
                        rows,
                        forms,
                        exact,
                        leader,
                        facets,
                        num_facets,
                        room,
                    )
                    head[TESTED_EXACTLY] += 1
                    if sign == UNKNOWN:
                        if seen < head[ANSWERED]:
                            sign = answers[seen]
                        elif seen < len(asked):
                            asked[seen, 0], asked[seen, 1] = j, c
                        seen += 1
                    signs[q, i] = sign
            if seen > head[ANSWERED]:
                head[ASKED] = min(seen, len(asked))
                return OPEN
        head[ANSWERED] = 0
        head[SPLITS] += 1
        # The lower part takes the place of the old one, the upper part lies on top.
        keep[0], keep[1] = used & ~minus_j, used & ~plus_j
        for q in range(count):
            keep[0] &= ~new[q]
            keep[1] &= ~new[q]
        # Both parts have the signs of the old one, the upper one with the unit on.
        if not (counting and last):
            for j in range(width):
                on[p + 1, j] = on[p, j]
            on[p + 1, unit] = 1
        # Of the units that wait each part keeps those that have both signs on it.
        upper, lower = pass_on(
            unit_list,
            above,
            below,
            first,
            r - 1,
            signs,
            count,
            new,
            keep,
            split,
            on,
            p,
        )
        if counting and last and upper <= 1 and lower <= 1:
            # Neither part needs a split to be counted.
            head[REGIONS] += 2 + upper + lower
            head[TOP] = p
            continue
        # The two rings: old corners on their sides, the new ones on both, and old ones
        # at which the unit is zero likewise: the line starts or ends there.
        size, small = 0, 0
        for q in range(k):
            c, edge = ring_corner[ring + q], ring_row[ring + q]
            here = slots[c]
            there = slots[ring_corner[ring + (q + 1 if q + 1 < k else 0)]]
            if minus_j & here == 0:
                side_corner[0, size] = c
                leaves = plus_j & here == 0 and minus_j & there != 0
                side_row[0, size] = row if leaves else edge
                size += 1
            if plus_j & here == 0:
                side_corner[1, small] = c
                leaves = minus_j & here == 0 and plus_j & there != 0
                side_row[1, small] = row if leaves else edge
                small += 1
            if at_corner[q] >= 0:
                # Along the line where the part ends, and along the old edge.
                side_corner[0, size] = side_corner[1, small] = at_corner[q]
                ends = plus_j & here != 0
                side_row[0, size] = row if ends else edge
                side_row[1, small] = edge if ends else row
                size += 1
                small += 1
        # The lower ring stands where the old one was, the upper one behind it.
        for q in range(small):
            ring_corner[ring + q], ring_row[ring + q] = (
                side_corner[1, q],
                side_row[1, q],
            )
        for q in range(size):
            ring_corner[ring + small + q] = side_corner[0, q]
            ring_row[ring + small + q] = side_row[0, q]
        parts[p, CORNERS], parts[p, UNITS] = small, lower
        parts[p, MARK] = mark + count
        parts[p + 1, LAYER] = layer
        parts[p + 1, CORNERS], parts[p + 1, RING] = size, ring + small
        parts[p + 1, UNITS], parts[p + 1, FIRST_UNIT] = upper, first + lower
        parts[p + 1, MARK] = mark + count
        head[TOP] = top + 1


def are_vague(width, forms):
    """Whether errors have grown so far that many signs would be left open."""
    # Nearly always a small error beside each form's own size tells it sooner.
    if not may_be_vague(width, VAGUE, forms):
        return False
    size, error = 0.0, 0.0
    for j in range(width):
        size = max(size, forms[GRADIENT, j] + abs(forms[C, j]))
        error = max(error, forms[ERROR, j])
    return error > VAGUE * size


def form_of(row, forms, facets, num_facets, room):
    """`a, b, c` and error of a row."""
    if row < num_facets:
        return facets[row, 0], facets[row, 1], facets[row, 2], facets[row, 3]
    layer, j = (row - num_facets) // room, (row - num_facets) % room
    return (
        forms[layer, A, j],
        forms[layer, B, j],
        forms[layer, C, j],
        (forms[layer, ERROR, j]),
    )


def find_inside(
    corners,
    edges,
    points,
    layer,
    on,
    path,
    forms,
    facets,
    num_facets,
    room,
    middle,
    scale,
    inside,
):
    """Write a point in the chart; whether it is proved to lie strictly inside a cell.

    A cell is all that its edges' rows allow: a point strictly inside these has the
    signs of the cell, of all units.
    """
    k = len(corners)
    x, y = 0.0, 0.0
    for q in range(k):
        x += points[corners[q], 0]
        y += points[corners[q], 1]
    inside[0] = middle[0] + scale[0] * (x / k)
    inside[1] = middle[1] + scale[1] * (y / k)
    x = (inside[0] - middle[0]) / scale[0]
    y = (inside[1] - middle[1]) / scale[1]
    proved = abs(x) <= 1.0 and abs(y) <= 1.0
    for q in range(k):
        row = edges[q]
        a, b, c, error = form_of(row, forms, facets, num_facets, room)
        value = a * x + b * y + c
        if row >= num_facets:
            level, j = (row - num_facets) // room, (row - num_facets) % room
            positive = on[j] != 0 if level == layer else path[level, j] != 0
            value = value if positive else -value
        size = abs(a) + abs(b)
        bound = size * CHART_REACH + 4.0 * UNIT_ROUNDOFF * (size + abs(c)) + TINY
        proved = proved and value > SAFETY * (bound + 3.0 * error)
    return proved


def is_exact(row, exact, facets, num_facets, room):
    """Whether the form of a row has no error."""
    if row < num_facets:
        return facets[row, 4] != 0.0
    depth = (len(exact) - 1) // 2
    return exact[depth + 1 + (row - num_facets) // room] != 0


def is_twin(layer, j, corner, rows, leader, num_facets, room):
    """Whether a unit has the row of one whose line ends in a corner."""
    for n in range(2):
        row = rows[corner, n] - num_facets
        if row < 0 or row // room != layer:
            continue
        if leader[layer, row % room] == leader[layer, j]:
            return True
    return False


def resolve(layer, j, corner, rows, forms, exact, leader, facets, num_facets, room):
    """Sign of a unit at a corner that its bound left open, or UNKNOWN."""
    if is_twin(layer, j, corner, rows, leader, num_facets, room):
        return 0
    ha, hb, hc = forms[layer, A, j], forms[layer, B, j], forms[layer, C, j]
    depth = (len(exact) - 1) // 2
    if exact[depth + 1 + layer] == 0:
        return UNKNOWN
    if ha == 0.0 and hb == 0.0:
        return 0 if hc == 0.0 else (1 if hc > 0.0 else -1)
    p, q = rows[corner, 0], rows[corner, 1]
    if not (
        is_exact(p, exact, facets, num_facets, room)
        and is_exact(q, exact, facets, num_facets, room)
    ):
        return UNKNOWN
    pa, pb, pc, _ = form_of(p, forms, facets, num_facets, room)
    qa, qb, qc, _ = form_of(q, forms, facets, num_facets, room)
    return sign_at_meeting(pa, pb, pc, qa, qb, qc, ha, hb, hc)


def sum_forms(
    layer,
    weights,
    blocks,
    first_block,
    widths,
    bias,
    exact_limit,
    added,
    gamma,
    held,
    exact,
    live,
    known,
    told,
    forms,
):
    """Forms of a layer on a cell, from those of what it reads; returns the work."""
    width, work, depth = widths[layer], 0, len(widths)
    for level in range(layer, depth):
        # What is known in pairs, and of the origin, is of another cell.
        known[level] = told[level] = 0
    begin, end = first_block[layer], first_block[layer + 1]
    may_be_exact = exact_limit[layer] > 0.0
    for n in range(begin, end):
        if exact[blocks[n, 0]] == 0:
            may_be_exact = False
    factor = 1.0 if may_be_exact else gamma[layer]
    begin_forms(bias[layer], factor, width, forms[layer])
    for n in range(begin, end):
        source, start, fan_in = blocks[n, 0], blocks[n, 1], blocks[n, 2]
        add_block(
            weights, start, fan_in, width, held[source], factor, live, forms[layer]
        )
        work += fan_in * width
    is_free = may_be_exact and all_fit(width, exact_limit[layer], forms[layer])
    exact[depth + 1 + layer] = 1 if is_free else 0
    if is_free:
        finish_forms(width, 0.0, 0.0, forms[layer])
    else:
        rest = SAFETY * (gamma[layer] if may_be_exact else 1.0)
        finish_forms(width, rest, added[layer], forms[layer])
    return work
