"""Cells of the first layers around vertices: vertices by the signs of these layers.

Vertices whose units of the first l layers have the same signs lie in one closed cell of
these layers, on which the units of layer l are affine. The cells are the nodes of a
trie: its root is the domain, and level l has a node for each prefix of the sign words.
"""

import math

import numpy as np

from regions.compiled.jit import compiled

PER_BOX = 64
"""Vertices per box in which they are sorted, about."""


@compiled
def nearby(vertices, lower, upper):
    """The vertices in an order in which those near each other mostly are so, too.

    They are sorted into the boxes of a grid, along a curve of Morton. Vertices near
    each other share cells.
    """
    count, dim = vertices.shape
    levels = 0
    while 1 << (dim * (levels + 1)) <= count // PER_BOX:
        levels += 1
    side = 1 << levels
    box = np.zeros(count, np.int64)
    starts = np.zeros((1 << (dim * levels)) + 1, np.int64)
    for i in range(count):
        for q in range(dim):
            width = upper[q] - lower[q]
            share = (vertices[i, q] - lower[q]) / width if width > 0.0 else 0.0
            place = 0
            # False for NaN.
            if share > 0.0:
                place = min(side - 1, int(min(share, 1.0) * side))
            for level in range(levels):
                # The bits of all coordinates in turn: Morton's number of the box.
                box[i] |= ((place >> level) & 1) << (level * dim + q)
        starts[box[i] + 1] += 1
    # Sorted by counting: where each box starts, then one after another.
    for k in range(1, len(starts)):
        starts[k] += starts[k - 1]
    order = np.empty(count, np.int64)
    for i in range(count):
        order[starts[box[i]]] = i
        starts[box[i]] += 1
    return order


@compiled
def by_cell(order, signs, words):
    """Vertices of the same cell of the first layer one after another.

    Args:
        order: Vertices; cells come as their first vertices do here.
        signs: Sign words of all vertices.
        words: Sign words of the first layer.
    """
    count, size = len(order), 64
    while size < 2 * count:
        size *= 2
    node, members = np.zeros(count, np.int32), np.empty(count, np.int32)
    parent, sample = np.empty(count, np.int32), np.empty(count, np.int32)
    members[0] = 2
    table = np.empty(size, np.int32)
    cells = branch(order, signs, 0, words, node, members, parent, sample, table)
    starts = np.zeros(cells + 1, np.int64)
    for c in range(cells):
        starts[c + 1] = starts[c] + members[c]
    result = np.empty(count, np.int64)
    for i in range(count):
        result[starts[node[i]]] = order[i]
        starts[node[i]] += 1
    return result


@compiled
def branch(part, signs, begin, end, node, members, parent, sample, table):
    """Go down one level of the trie.

    Args:
        part: Vertices.
        signs: Their sign words are those of all vertices.
        begin: First word that tells children apart.
        end: The word after the last.
        node: Node of each vertex of `part`, -1 for those left out; is overwritten.
        members: How many vertices each node has; is overwritten.
        parent: Written: the node above each node.
        sample: Written: a vertex of each node.
        table: Room for hashing; its length is a power of two.

    Returns:
        How many nodes there are.
    """
    mask = len(table) - 1
    table[:] = -1
    fresh = np.zeros(len(part), members.dtype)
    count = 0
    for i in range(len(part)):
        above = node[i]
        if above < 0:
            continue
        w = part[i]
        child = -1
        # One vertex alone has one child; others meet in a hash table.
        if members[above] > 1:
            key = np.uint64(above + 1)
            for word in range(begin, end):
                key = (key ^ np.uint64(signs[w, word])) * np.uint64(0x9E3779B97F4A7C15)
                key ^= key >> np.uint64(29)
            slot = np.int64(key & np.uint64(mask))
            child = table[slot]
            while child >= 0:
                same = parent[child] == above
                for word in range(begin, end):
                    same &= signs[sample[child], word] == signs[w, word]
                if same:
                    break
                slot = (slot + 1) & mask
                child = table[slot]
            if child < 0:
                table[slot] = count
        if child < 0:
            child = count
            parent[child], sample[child] = above, w
            count += 1
        node[i] = child
        fresh[child] += 1
    for j in range(count):
        members[j] = fresh[j]
    return count


def chunk_size(dim: int, widest: int) -> int:
    """How many vertices to prove at a time: their forms stay in the cache."""
    fit = (1 << 21) / (32 * (dim + 1) * widest)
    return 1 << min(10, max(5, int(math.log2(fit)) if fit > 1.0 else 0))
