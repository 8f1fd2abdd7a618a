"""Flats of central arrangements, moved by symmetries that are guessed to suit."""

from typing import Any

import numpy as np

from regions.compiled.jit import compiled, inlined
from regions.enumeration.restriction.kernels.field import (
    EMPTY,
    PRIME,
    difference,
    inverse,
    product,
    slot_of,
)


@compiled
def cover_flats(
    rows: np.ndarray,
    outer: np.ndarray,
    bases: np.ndarray,
    blocks: np.ndarray,
    flips: np.ndarray,
    moved: bool,
    keys: np.ndarray,
    origin: np.ndarray,
    sizes: np.ndarray,
) -> int:
    """The flats of one rank more above some flats of a central arrangement.

    A flat is given by the reduced echelon form of what its hyperplanes span. Columns
    of one block may be permuted, those of `flips` change sign, and the arrangement
    stays the same: every cover is moved by such a symmetry, one that tends to bring
    equivalent flats together. Any of them would be right, so nothing is proved here.

    Args:
        rows: The hyperplanes modulo the prime.
        outer: For each hyperplane the products of its entries, as hints only.
        bases: Echelon forms `(flats, rank, dim)`.
        blocks: Number of the block of each column, one after another.
        flips: Which columns may change sign.
        moved: Whether to write down echelon forms at all.
        keys: Room for the echelon forms of covers `(covers, (rank + 1) * dim)`.
        origin: Room for the number of the flat below each cover.
        sizes: Room for how many hyperplanes hold the flat and the cover.

    Returns:
        How many covers there are.
    """
    n, dim = rows.shape
    num, rank = bases.shape[0], bases.shape[1]
    traces = np.empty((n, dim), np.uint64)
    members, leaders = np.empty(n, np.int64), np.empty(n, np.int64)
    group, count_of = np.empty(n, np.int64), np.empty(n, np.int64)
    heads, partial = np.empty(n, np.int64), np.empty(n, np.uint64)
    grams = np.empty((n, dim, dim), np.int64)
    base_gram = np.empty((dim, dim), np.int64)
    table = np.empty(4 * n + 8, np.int64)
    pivots = np.empty(rank, np.int64)
    order, sign = np.empty(dim, np.int64), np.empty(dim, np.int64)
    colors, fresh = np.empty(dim, np.uint64), np.empty(dim, np.uint64)
    span, echelon = np.empty((rank + 1, dim), np.uint64), np.empty(0, np.uint64)
    total = 0
    for f in range(num):
        # First entries of the echelon form: the columns that are eliminated.
        for r in range(rank):
            pivots[r] = 0
            while bases[f, r, pivots[r]] == 0:
                pivots[r] += 1
        # Each hyperplane modulo the flat: zero if it holds the flat, else its trace.
        base_gram[:] = 0
        count, held = 0, 0
        running = np.uint64(1)
        for j in range(n):
            lead = EMPTY
            for c in range(dim):
                value = rows[j, c]
                for r in range(rank):
                    if rows[j, pivots[r]] != 0 and bases[f, r, c] != 0:
                        step = product(rows[j, pivots[r]], bases[f, r, c])
                        value = difference(value, step)
                traces[count, c] = value
                if lead == EMPTY and value != 0:
                    lead = c
            if lead == EMPTY:
                held += 1
                _add(outer[j], base_gram)
                continue
            members[count], heads[count] = j, lead
            partial[count] = running
            running = product(running, traces[count, lead])
            count += 1
        # Traces scaled to lead with 1, by one inverse for all of them.
        running = inverse(running)
        for j in range(count - 1, -1, -1):
            head = traces[j, heads[j]]
            scale = product(running, partial[j])
            running = product(running, head)
            for c in range(heads[j], dim):
                traces[j, c] = product(traces[j, c], scale)
        # Hyperplanes of equal traces meet the flat in one cover.
        num_groups = _group(traces, count, dim, table, group, leaders)
        count_of[:num_groups] = 0
        for g in range(num_groups):
            grams[g] = 0
            _add(base_gram, grams[g])
        for j in range(count):
            count_of[group[j]] += 1
            if moved:
                _add(outer[members[j]], grams[group[j]])
        for g in range(num_groups):
            origin[total] = f
            sizes[total, 0], sizes[total, 1] = held, held + count_of[g]
            # The cover is moved to what stands for its equivalents, and reduced anew.
            if moved:
                _symmetry(grams[g], blocks, flips, colors, fresh, order, sign)
                for c in range(dim):
                    for r in range(rank + 1):
                        source = traces[leaders[g]] if r == rank else bases[f, r]
                        value = source[order[c]]
                        if sign[order[c]] < 0 and value != 0:
                            value = np.uint64(PRIME) - value
                        span[r, c] = value
                _reduce(span)
                echelon = keys[total]
                for r in range(rank + 1):
                    for c in range(dim):
                        echelon[r * dim + c] = span[r, c]
            total += 1
    return total


@compiled
def _group(
    traces: np.ndarray,
    count: int,
    dim: int,
    table: np.ndarray,
    group: np.ndarray,
    leaders: np.ndarray,
) -> int:
    """Number equal rows; `leaders` has the first row of every number."""
    size = 4
    while size < 2 * count:
        size *= 2
    mask = np.uint64(size - 1)
    table[:size] = EMPTY
    kept = 0
    for j in range(count):
        word = np.uint64(0)
        for c in range(dim):
            word = (word ^ traces[j, c]) * np.uint64(0xFF51AFD7ED558CCD)
            word ^= word >> np.uint64(29)
        slot = slot_of(word, mask)
        group[j] = EMPTY
        while table[slot] != EMPTY:
            other = leaders[table[slot]]
            same = True
            for c in range(dim):
                if traces[other, c] != traces[j, c]:
                    same = False
                    break
            if same:
                group[j] = table[slot]
                break
            slot = (slot + 1) & np.int64(mask)
        if group[j] == EMPTY:
            table[slot], group[j], leaders[kept] = kept, kept, j
            kept += 1
    return kept


@inlined
def _mixed(a: Any, b: Any) -> Any:
    """A word that depends on two words and their order."""
    word = (a ^ (b * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xFF51AFD7ED558CCD)
    return word ^ (word >> np.uint64(31))


@inlined
def _add(matrix: np.ndarray, total: np.ndarray) -> None:
    """Add a matrix to another: in loops, as whole arrays take seconds to compile."""
    for r in range(matrix.shape[0]):
        for c in range(matrix.shape[1]):
            total[r, c] += matrix[r, c]


@compiled
def _refine(
    gram: np.ndarray, flips: np.ndarray, colors: np.ndarray, fresh: np.ndarray
) -> None:
    """Color every column by its color and by how it meets those of each color."""
    dim = len(colors)
    for _ in range(2):
        for i in range(dim):
            total = np.uint64(0)
            for j in range(dim):
                entry = gram[i, j]
                if i != j and entry < 0 and (flips[i] or flips[j]):
                    entry = -entry
                if i != j:
                    total += _mixed(colors[j], np.uint64(entry))
            fresh[i] = _mixed(colors[i], total)
        for i in range(len(colors)):
            colors[i] = fresh[i]


@compiled
def _symmetry(
    gram: np.ndarray,
    blocks: np.ndarray,
    flips: np.ndarray,
    colors: np.ndarray,
    fresh: np.ndarray,
    order: np.ndarray,
    sign: np.ndarray,
) -> None:
    """A permutation of the columns in each block, and signs, found from products.

    Position c gets column `order[c]` times `sign[order[c]]`.
    """
    dim = len(colors)
    for i in range(dim):
        colors[i] = _mixed(np.uint64(blocks[i] + 1), np.uint64(gram[i, i]))
    _refine(gram, flips, colors, fresh)
    for step in range(dim):
        # The tied column of the smallest color is told from those that look like it.
        best = EMPTY
        for i in range(dim):
            for j in range(dim):
                if i != j and blocks[i] == blocks[j] and colors[i] == colors[j]:
                    if best == EMPTY or colors[i] < colors[best]:
                        best = i
                    break
        if best == EMPTY:
            break
        colors[best] = _mixed(colors[best], np.uint64(step + 77))
        _refine(gram, flips, colors, fresh)
    for c in range(dim):
        order[c] = c
    for c in range(dim):
        # Selection within the block: a few columns.
        for k in range(c + 1, dim):
            one, two = order[c], order[k]
            if blocks[one] == blocks[two] and colors[two] < colors[one]:
                order[c], order[k] = two, one
    sign[:] = 1
    for c in range(dim):
        if not flips[order[c]]:
            continue
        for k in range(dim):
            # Columns that have their sign: those that keep it, and those before.
            other = order[k]
            entry = gram[order[c], other] * sign[other]
            if (k < c or not flips[other]) and entry != 0:
                sign[order[c]] = 1 if entry > 0 else -1
                break


@compiled
def _reduce(span: np.ndarray) -> None:
    """Reduced echelon form of independent rows, in place."""
    num, dim = span.shape
    done = 0
    for c in range(dim):
        if done == num:
            break
        r = done
        while r < num and span[r, c] == 0:
            r += 1
        if r == num:
            continue
        if r != done:
            for k in range(dim):
                span[r, k], span[done, k] = span[done, k], span[r, k]
        if span[done, c] != 1:
            scale = inverse(span[done, c])
            for k in range(c, dim):
                span[done, k] = product(span[done, k], scale)
        for other in range(num):
            factor = span[other, c]
            if other != done and factor != 0:
                for k in range(c, dim):
                    if span[done, k] != 0:
                        step = product(factor, span[done, k])
                        span[other, k] = difference(span[other, k], step)
        done += 1
