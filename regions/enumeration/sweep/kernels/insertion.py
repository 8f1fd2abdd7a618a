"""Inserting units into the complex, compiled; `plain_insertion` is the plain form.

Three things make it fast. The edges that a unit cuts come from a list per unit, kept
while edges are split, so no unit looks at all edges. The key of an edge comes from that
of its end in constant time. And equal face keys meet in a hash table.
"""

from collections.abc import Callable

import numpy as np

from regions.compiled.jit import compiled, inlined, prefetch
from regions.enumeration.sweep.kernels.buffers import Block, Buffers, Counts, Words
from regions.enumeration.sweep.kernels.edge_lists import (
    Lists,
    chain,
    cross,
    cut_edges,
    start_lists,
)
from regions.enumeration.sweep.partial_complex import PartialComplex
from regions.enumeration.sweep.plain_insertion import TIE, UNPAIRED
from regions.enumeration.sweep.rows import Rows
from regions.errors import NotGenericError

DONE, FULL, PAUSED, TIED, ODD, WILD = range(6)
NOBODY, TWO = -1, -2
AHEAD = 8
"""How many edges ahead of the work memory is asked for."""
PAUSE = 1 << 17
"""New vertices between two questions whether to stop."""
ROOM = 2.2
"""New vertices to expect for every edge that a unit of the block crosses at first."""
MESSAGES = {
    TIED: TIE,
    ODD: UNPAIRED,
    WILD: "a value overflows float64 between the ends of an edge.",
}


def insert_units(
    state: PartialComplex,
    columns: np.ndarray,
    word: int,
    first_unit: int,
    ranges: tuple[int, int, int],
    stop: Callable[[], bool],
) -> int | None:
    """What `regions.enumeration.sweep.plain_insertion.insert_units` does."""
    if state.keys is None:
        state.keys = Rows(state.finished_keys(word), state.room)
    if len(columns):
        block = Block(columns, word, first_unit, state.num_facets, *ranges)
        left = _insert_all(state, block, stop)
        if left is not None:
            return left
    table = state.table[4 * word : 4 * word + 4]
    _add_word(state.keys.view, state.signs.view, word, table)
    return None


def _insert_all(
    state: PartialComplex, block: Block, stop: Callable[[], bool]
) -> int | None:
    """Insert the columns one after another; the first left out if asked to stop."""
    assert state.keys is not None
    state.crossed.extend(len(state.first))
    ends = state.first.view, state.second.view
    numbers = cross(state.signs.view, block.word, *ends, state.crossed.view)
    *parts, entry, link = start_lists(state.crossed.view, numbers)
    lists = Lists(*parts)
    layout, table = state.layout, state.table[4 * block.word : 4 * block.word + 4]
    words = Words(table, state.positive_word, state.zero_word, layout.word, layout.bit)
    at, used, slots = 0, 0, np.zeros((64, 2), np.int64)
    room = int(ROOM * numbers.sum()) + 16
    if state.room > len(state.zeros):
        # There should be room: more is made only if there is not.
        room = min(room, max(int(numbers.max()), state.room - len(state.zeros)))
    while at < len(block.columns):
        if stop():
            return int(block.columns[at])
        rooms = state.reserve(room)
        counts = Counts(at, len(state.zeros), len(state.first), used, *rooms)
        status, reached, entry, link, slots = _insert(
            block, counts, _buffers(state), words, lists, entry, link, slots
        )
        at, vertices, edges, used, need = reached
        state.extend(vertices, edges)
        if status >= TIED:
            raise NotGenericError(MESSAGES[status])
        room = max(need, room // 2)
    return None


def _buffers(state: PartialComplex) -> Buffers:
    """All rows there is room for."""
    assert state.keys is not None
    return Buffers(
        state.carried.buffer,
        state.pre.buffer,
        state.signs.buffer,
        state.zeros.buffer,
        state.parents.buffer,
        state.keys.buffer,
        state.first.buffer,
        state.second.buffer,
        state.edge_zeros.buffer,
        state.crossed.buffer,
    )


@compiled
def survey(pre):
    """Sign words of a block, and per unit the extremes and whether it vanishes."""
    rows, units = pre.shape
    words = np.empty(rows, np.uint32)
    low = np.full(units, np.inf)
    high = np.full(units, -np.inf)
    zero = np.zeros(units, np.bool_)
    for i in range(rows):
        word = np.uint32(0)
        for k in range(units):
            x = pre[i, k]
            word |= np.uint32(x > 0.0) << np.uint32(k)
            low[k] = min(low[k], x)
            high[k] = max(high[k], x)
            zero[k] |= x == 0.0
        words[i] = word
    return words, low, high, zero


@compiled
def activate(pre, slopes, carried, first):
    """Write the activations of a block to carried columns from `first` on."""
    for i in range(len(pre)):
        for k in range(pre.shape[1]):
            x = pre[i, k]
            carried[i, first + k] = x if x > 0.0 else slopes[k] * x


@compiled
def _add_word(keys, signs, word, table):
    """Add the units of a finished word to the keys of the vertices."""
    for i in range(len(keys)):
        keys[i] += _table_sum(table, signs[i, word])


@inlined
def _table_sum(table, bits):
    """Sum of random words over the bits of one sign word."""
    return (
        table[0, bits & np.uint32(255)]
        + table[1, (bits >> np.uint32(8)) & np.uint32(255)]
        + table[2, (bits >> np.uint32(16)) & np.uint32(255)]
        + table[3, bits >> np.uint32(24)]
    )


@compiled
def _insert(block, counts, rows, words, lists, entry, link, slots):
    """Insert columns from `counts.at` on until done, out of room or due to pause.

    How it ended; how far it came, and the room that the next column needs; the lists.
    """
    at, vertices, edges, used, vertex_room, edge_room = counts
    status, need, began = DONE, 0, vertices
    dim = rows.zeros.shape[1]
    splitting = np.uint32(0)
    for k in block.columns:
        splitting |= np.uint32(1) << np.uint32(k)
    while at < len(block.columns):
        if vertices - began > PAUSE:
            status = PAUSED
            break
        k = block.columns[at]
        bit = np.uint32(1) << np.uint32(k)
        # Step 1: the edges whose ends this unit has on either side.
        cut = cut_edges(bit, k, rows.crossed, lists, entry, link)
        number = len(cut)
        if vertices + number > vertex_room or edges + dim * number > edge_room:
            status, need = FULL, number
            break
        # Step 2: a vertex on each of them, which makes two edges of one.
        later = ~(bit | (bit - np.uint32(1)))
        faces = np.empty((number, dim - 1, 2), np.uint64)
        status = _make_vertices(
            block, k, cut, vertices, edges, rows, words, later & splitting, faces
        )
        if status != DONE:
            break
        # Step 3: an edge between the two new vertices of each 2-face.
        half = edges + number
        status, edges, slots = _join(
            rows, cut, faces, block.word, vertices, half, later, slots
        )
        if status != DONE:
            break
        # New edges join the lists of the units that will cut them.
        for e in range(half - number, edges):
            if rows.crossed[e]:
                entry, link, used = chain(rows.crossed[e], e, lists, entry, link, used)
        vertices += number
        at += 1
    return status, (at, vertices, edges, used, need), entry, link, slots


@compiled
def _make_vertices(block, k, cut, vertices, edges, rows, words, ties, faces):
    """A vertex on every edge that is cut, the two halves of the edge, and face keys."""
    # Arrays by their own names: a field of a tuple is reference-counted at each use.
    carried, pre, signs, zeros, parents, keys = rows[:6]
    first, second, edge_zeros, crossed = rows[6:]
    table, positive, zero, unit_word, unit_bit = words
    _, word, first_unit, num_facets, a, b, c = block
    dim = zeros.shape[1]
    bit = np.uint32(1) << np.uint32(k)
    earlier = bit - np.uint32(1)
    later = ~(bit | earlier)
    number = len(cut)
    for i in range(number):
        if i + 2 * AHEAD < number:
            _announce_edge(first, second, crossed, edge_zeros, cut[i + 2 * AHEAD])
        if i + AHEAD < number:
            e = cut[i + AHEAD]
            _announce_vertex(pre, carried, a, b, c, signs, zeros, keys, first[e])
            _announce_vertex(pre, carried, a, b, c, signs, zeros, keys, second[e])
        e, w, half = cut[i], vertices + i, edges + i
        u, v = first[e], second[e]
        low, high = pre[u, k], pre[v, k]
        # Where the unit vanishes, linearly between the ends; all else follows.
        t = low / (low - high)
        s = 1.0 - t
        _mix(carried, u, v, w, 0, a, s, t)
        _mix(carried, u, v, w, b, c, s, t)
        _mix(pre, u, v, w, 0, pre.shape[1], s, t)
        pre[w, k] = 0.0
        fresh, null = _signs_of(pre, w)
        if null & ties:
            return TIED
        # Units inserted before keep the sign of the ends; those to come have their own
        # at the vertex.
        before, after = signs[u, word], signs[v, word]
        inserted = (before | after) & earlier
        mine = inserted | (fresh & later)
        for q in range(signs.shape[1]):
            signs[w, q] = signs[u, q] | signs[v, q]
        signs[w, word] = mine
        parents[w, 0], parents[w, 1] = u, v
        # The zeros that both ends share stay, and the unit is a new one; `freed` is the
        # zero of u that is none of v, by the difference of the sums.
        freed = np.int64(zeros[u, dim - 1])
        for q in range(dim - 1):
            z = edge_zeros[e, q]
            freed += np.int64(zeros[u, q]) - np.int64(z)
            zeros[w, q] = z
            edge_zeros[half, q] = z
        zeros[w, dim - 1] = num_facets + first_unit + k
        # The edge ends at the vertex; its other half begins there.
        second[e], first[half], second[half] = w, w, v
        left, right = (before ^ mine) & later, (mine ^ after) & later
        if (left | right) & ~crossed[e]:
            return WILD
        crossed[e], crossed[half] = left, right
        # The key of the edge is that of u, and what the zero that is freed adds; units
        # of the word in progress are no part of the vertices' keys yet.
        key = keys[u]
        unit = freed - num_facets
        if 0 <= unit < first_unit:
            on = signs[v, unit_word[unit]] >> np.uint32(unit_bit[unit])
            if on & np.uint32(1):
                key += positive[freed]
        keys[w] = key
        key += _table_sum(table, inserted)
        for q in range(dim - 1):
            key += zero[zeros[w, q]]
        for q in range(dim - 1):
            z = zeros[w, q]
            # A 2-face is known by the edge with one zero set free, to either side.
            faces[i, q, 0] = key - zero[z]
            faces[i, q, 1] = faces[i, q, 0] + positive[z]
    return DONE


@inlined
def _announce_edge(first, second, crossed, edge_zeros, e):
    """Prefetch what is read of an edge."""
    none = np.int32(0)
    prefetch(first, e, none)
    prefetch(second, e, none)
    prefetch(crossed, e, none)
    prefetch(edge_zeros, e, none)


@inlined
def _announce_vertex(pre, carried, a, b, c, signs, zeros, keys, u):
    """Prefetch what is read of a vertex."""
    for line in range(0, 8 * pre.shape[1], 64):
        prefetch(pre, u, np.int32(line))
    for line in range(0, 8 * a, 64):
        prefetch(carried, u, np.int32(line))
    for line in range(8 * b, 8 * c, 64):
        prefetch(carried, u, np.int32(line))
    for line in range(0, 4 * signs.shape[1], 64):
        prefetch(signs, u, np.int32(line))
    prefetch(zeros, u, np.int32(0))
    prefetch(keys, u, np.int32(0))


@inlined
def _mix(values, u, v, w, start, stop, s, t):
    """Row w of the values between rows u and v, in some columns."""
    for q in range(np.uint64(start), np.uint64(stop)):
        values[w, q] = values[u, q] * s + values[v, q] * t


@inlined
def _signs_of(pre, w):
    """Signs and zeros of the units of a block at a vertex."""
    fresh, null = np.uint32(0), np.uint32(0)
    for q in range(np.uint32(pre.shape[1])):
        fresh |= np.uint32(pre[w, q] > 0.0) << q
        null |= np.uint32(pre[w, q] == 0.0) << q
    return fresh, null


@compiled
def _join(rows, cut, faces, word, vertices, edges, later, slots):
    """Edges between the two new vertices of every 2-face that is crossed.

    Equal face keys meet in a hash table of pairs (key, tag). The tag is base + 2 o + 1
    for a key met as the o-th, and one more once it is paired; tags up to base are of
    earlier units. The base is kept in the last row.
    """
    number, dim = len(cut), rows.zeros.shape[1]
    sides = 2 * (dim - 1)
    size = 64
    while size < 2 * number * sides:
        size *= 2
    # The table is kept; it grows with the number of keys.
    if len(slots) <= size:
        slots = np.zeros((size + 1, 2), np.int64)
    size = len(slots) - 1
    base = slots[size, 1]
    zeros, signs, first, second = rows.zeros, rows.signs, rows.first, rows.second
    edge_zeros, crossed = rows.edge_zeros, rows.crossed
    met, paired = 0, 0
    for i in range(number):
        two = vertices + i
        for o in range(sides):
            q = o // 2
            # A facet has one side only.
            if o % 2 == 0 and faces[i, q, 0] == faces[i, q, 1]:
                continue
            met += 1
            other = _meet(faces[i, q, o % 2], i * sides + o, slots, size, base)
            # The first vertex of a face waits for the second; a third is a fault.
            if other == NOBODY:
                continue
            if other == TWO:
                return ODD, edges, slots
            one, e = vertices + other // sides, edges + paired
            first[e], second[e] = one, two
            # The edge has the zeros of the vertex but the one that the face set free.
            left_out = other % sides // 2
            for q in range(dim - 1):
                edge_zeros[e, q] = zeros[one, q + (q >= left_out)]
            crossed[e] = (signs[one, word] ^ signs[two, word]) & later
            paired += 1
    slots[size, 1] = base + 2 * number * sides
    return DONE if 2 * paired == met else ODD, edges + paired, slots


@inlined
def _meet(face, o, slots, size, base):
    """The vertex that brought the same face key before, if any."""
    key = np.int64(face)
    p = key & (size - 1)
    while slots[p, 1] > base:
        if slots[p, 0] == key:
            tag = slots[p, 1] - base
            if tag % 2 == 0:
                return TWO
            slots[p, 1] += 1
            return tag // 2
        p = (p + 1) & (size - 1)
    slots[p, 0], slots[p, 1] = key, base + 2 * o + 1
    return NOBODY
