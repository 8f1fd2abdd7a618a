"""Which edges each unit of a block cuts: lists that are kept while edges are split.

Every edge starts out in the list of each unit that crosses it. Splitting leaves one
half in the place of the edge and appends the other; an entry whose half the unit does
not cross is stale, and skipped. Entries rise in every list.
"""

from typing import NamedTuple

import numpy as np

from regions.compiled.jit import bit_position, compiled


class Lists(NamedTuple):
    """Edges by the unit that crosses them: at first, then a chain of those to come."""

    starts: np.ndarray
    entries: np.ndarray
    head: np.ndarray
    tail: np.ndarray


@compiled
def cross(signs, word, first, second, crossed):
    """Note which units cross each edge; how many edges each unit crosses."""
    numbers = np.zeros(32, np.int64)
    for e in range(len(first)):
        bits = signs[first[e], word] ^ signs[second[e], word]
        crossed[e] = bits
        while bits:
            low = bits & (~bits + np.uint32(1))
            numbers[bit_position(low)] += 1
            bits ^= low
    return numbers


@compiled
def start_lists(crossed, numbers):
    """The parts of `Lists`, and room for its chains: entries and links."""
    starts = np.zeros(33, np.int64)
    for k in range(32):
        starts[k + 1] = starts[k] + numbers[k]
    fill = starts[:32].copy()
    entries = np.empty(starts[32], np.int32)
    for e in range(len(crossed)):
        bits = crossed[e]
        while bits:
            low = bits & (~bits + np.uint32(1))
            k = bit_position(low)
            entries[fill[k]] = e
            fill[k] += 1
            bits ^= low
    head = np.full(32, -1, np.int32)
    tail = np.full(32, -1, np.int32)
    room = 64 + 2 * len(entries)
    entry = np.empty(room, np.int32)
    link = np.empty(room, np.int32)
    return starts, entries, head, tail, entry, link


@compiled
def chain(bits, edge, lists, entry, link, used):
    """Add an edge to the lists of the units that cross it."""
    while bits:
        low = bits & (~bits + np.uint32(1))
        k = bit_position(low)
        if used == len(entry):
            bigger, links = np.empty(2 * used, np.int32), np.empty(2 * used, np.int32)
            for old in range(used):
                bigger[old], links[old] = entry[old], link[old]
            entry, link = bigger, links
        entry[used], link[used] = edge, -1
        if lists.tail[k] < 0:
            lists.head[k] = used
        else:
            link[lists.tail[k]] = used
        lists.tail[k] = used
        used += 1
        bits ^= low
    return entry, link, used


@compiled
def cut_edges(bit, k, crossed, lists, entry, link):
    """Edges that a unit cuts, by number; entries whose edge was split are stale."""
    room = lists.starts[k + 1] - lists.starts[k]
    i = lists.head[k]
    while i >= 0:
        room += 1
        i = link[i]
    cut = np.empty(room, np.int32)
    number = 0
    # First those it crossed from the start, then those made since: numbers rise.
    for i in range(lists.starts[k], lists.starts[k + 1]):
        if crossed[lists.entries[i]] & bit:
            cut[number] = lists.entries[i]
            number += 1
    i = lists.head[k]
    while i >= 0:
        if crossed[entry[i]] & bit:
            cut[number] = entry[i]
            number += 1
        i = link[i]
    return cut[:number]
