"""Compiled loops of restriction, in arithmetic modulo the prime 2^61 - 1.

A minor of integer rows that is smaller than the prime vanishes exactly if it does
modulo the prime. Where all minors are that small (`minor_bound`), every dependence is
decided exactly with no number larger than a word. Where they are not, a dependence
modulo the prime is only claimed: the loops write claims down, to be checked in integer
arithmetic, while independence is always proved.

All that is compiled for restriction stands in this file: the compiler looks for
changes in the file of a function alone.
"""

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from regions.enumeration.sweep.kernels.jit import compiled, inlined

PRIME = (1 << 61) - 1
DONE, PAUSED, CLAIMS_FULL = range(3)
EMPTY = -1


def _product(typingctx: Any, a: Any, b: Any) -> Any:
    """`a * b` modulo the prime, for numbers below it."""
    del typingctx, a, b
    word = numba.types.uint64

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        wide, narrow = ir.IntType(128), ir.IntType(64)
        one, two = (builder.zext(v, wide) for v in arguments)
        whole = builder.mul(one, two)
        prime = ir.Constant(narrow, PRIME)
        low = builder.and_(builder.trunc(whole, narrow), prime)
        high = builder.trunc(builder.lshr(whole, ir.Constant(wide, 61)), narrow)
        total = builder.add(low, high)
        over = builder.icmp_unsigned(">=", total, prime)
        return builder.select(over, builder.sub(total, prime), total)

    return word(word, word), build


product: Any = intrinsic(_product)


@inlined
def difference(a: Any, b: Any) -> Any:
    """`a - b` modulo the prime."""
    if a >= b:
        return a - b
    return a + (np.uint64(PRIME) - b)


@compiled
def inverse(a: Any) -> Any:
    """`1 / a`, by Fermat's little theorem: a^(p - 2), whose exponent is 2^61 - 3."""
    # 2^61 - 3 has the binary digits 1...1 (59 ones) 01.
    power = a
    for _ in range(58):
        power = product(product(power, power), a)
    power = product(power, power)
    return product(product(power, power), a)


@inlined
def slot_of(word: Any, mask: Any) -> Any:
    """Where to begin to look for a word in a table of a power of two."""
    mixed = word * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed ^ (mixed >> np.uint64(32))) & mask)


@compiled
def restrict(
    rows: np.ndarray,
    ids: np.ndarray,
    i: int,
    width: int,
    out: np.ndarray,
    out_ids: np.ndarray,
    table: np.ndarray,
    heads: np.ndarray,
    partial: np.ndarray,
    pairs: np.ndarray,
) -> tuple[int, int]:
    """Distinct traces of rows 0 .. i-1 on row i, whose first nonzero entries are 1.

    Returns how many there are, and how many coincidences were found: `pairs` has the
    identifiers of two hyperplanes with one trace, or of one parallel to the flat and
    `EMPTY`.
    """
    p = 0
    while rows[i, p] == 0:
        p += 1
    count, claims = 0, 0
    running = np.uint64(1)
    for j in range(i):
        factor = rows[j, p]
        lead = EMPTY
        column = 0
        for c in range(width):
            if c == p:
                continue
            value = rows[j, c]
            if factor != 0 and rows[i, c] != 0:
                value = difference(value, product(factor, rows[i, c]))
            out[count, column] = value
            if lead == EMPTY and value != 0:
                lead = column
            column += 1
        if lead == EMPTY or lead == width - 2:
            # No normal is left: parallel to the flat, or all of it.
            pairs[claims, 0], pairs[claims, 1] = ids[j], EMPTY
            claims += 1
            continue
        out_ids[count] = ids[j]
        heads[count] = lead
        # One inverse for all: running products forth, inverses back.
        partial[count] = running
        running = product(running, out[count, lead])
        count += 1
    if count == 0:
        return 0, claims
    running = inverse(running)
    for j in range(count - 1, -1, -1):
        head = out[j, heads[j]]
        scale = product(running, partial[j])
        running = product(running, head)
        if head != 1:
            for c in range(heads[j], width - 1):
                if out[j, c] != 0:
                    out[j, c] = product(out[j, c], scale)
    return _merge(out, out_ids, count, width - 1, table, pairs, claims)


@compiled
def _merge(
    out: np.ndarray,
    out_ids: np.ndarray,
    count: int,
    width: int,
    table: np.ndarray,
    pairs: np.ndarray,
    claims: int,
) -> tuple[int, int]:
    """Move equal rows together, in place; see `restrict` for what it returns."""
    size = 4
    while size < 2 * count:
        size *= 2
    mask = np.uint64(size - 1)
    table[:size] = EMPTY
    kept = 0
    for j in range(count):
        word = np.uint64(0)
        for c in range(width):
            word = (word ^ out[j, c]) * np.uint64(0xFF51AFD7ED558CCD)
            word ^= word >> np.uint64(29)
        slot = slot_of(word, mask)
        found = EMPTY
        while table[slot] != EMPTY:
            other = table[slot]
            same = True
            for c in range(width):
                if out[other, c] != out[j, c]:
                    same = False
                    break
            if same:
                found = other
                break
            slot = (slot + 1) & np.int64(mask)
        if found != EMPTY:
            pairs[claims, 0], pairs[claims, 1] = out_ids[found], out_ids[j]
            claims += 1
            continue
        table[slot] = kept
        if kept != j:
            out[kept, :width] = out[j, :width]
            out_ids[kept] = out_ids[j]
        kept += 1
    return kept, claims


@compiled
def advance(
    rows: np.ndarray,
    ids: np.ndarray,
    counts: np.ndarray,
    index: np.ndarray,
    level: int,
    rank: int,
    betti: np.ndarray,
    scratch: np.ndarray,
    words: np.ndarray,
    pairs: np.ndarray,
    claims: np.ndarray,
    num_claims: int,
    quota: int,
) -> tuple[int, int, int]:
    """Count chains of restrictions, depth first, and stop after a number of traces.

    Level l holds the traces on the flat of l hyperplanes, of which those before
    `index[l]` have been restricted to. A coincidence is written to `claims`, if there
    is room for any: its pair of hyperplanes, then those of the flat.

    Returns:
        Whether all is done, the level to go on with, and the number of claims.
    """
    table, heads = scratch[0], scratch[1]
    noted = len(claims) > 0
    work = 0
    while level >= 0:
        i = index[level]
        if i == counts[level]:
            level -= 1
            continue
        if work > quota:
            return PAUSED, level, num_claims
        # A node has at most as many coincidences as hyperplanes.
        if noted and num_claims + i > len(claims):
            return CLAIMS_FULL, level, num_claims
        width = rank + 1 - level
        count, found = restrict(
            rows[level],
            ids[level],
            i,
            width,
            rows[level + 1],
            ids[level + 1],
            table,
            heads,
            words,
            pairs,
        )
        index[level] += 1
        work += i * width
        betti[level + 2] += count
        if noted:
            for k in range(found):
                claims[num_claims, 0] = pairs[k, 0]
                claims[num_claims, 1] = pairs[k, 1]
                for depth in range(level + 1):
                    claims[num_claims, depth + 2] = ids[depth, index[depth] - 1]
                claims[num_claims, level + 3 :] = EMPTY
                num_claims += 1
        if count > 1 and level + 2 < rank:
            level += 1
            counts[level], index[level] = count, 1
    return DONE, level, num_claims


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
        for r in range(rank):
            pivots[r] = 0
            while bases[f, r, pivots[r]] == 0:
                pivots[r] += 1
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
                base_gram += outer[j]
                continue
            members[count], heads[count] = j, lead
            partial[count] = running
            running = product(running, traces[count, lead])
            count += 1
        running = inverse(running)
        for j in range(count - 1, -1, -1):
            head = traces[j, heads[j]]
            scale = product(running, partial[j])
            running = product(running, head)
            for c in range(heads[j], dim):
                traces[j, c] = product(traces[j, c], scale)
        num_groups = _group(traces, count, dim, table, group, leaders)
        count_of[:num_groups] = 0
        for g in range(num_groups):
            grams[g] = base_gram
        for j in range(count):
            count_of[group[j]] += 1
            if moved:
                grams[group[j]] += outer[members[j]]
        for g in range(num_groups):
            origin[total] = f
            sizes[total, 0], sizes[total, 1] = held, held + count_of[g]
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
                    echelon[r * dim : (r + 1) * dim] = span[r]
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
        colors[:] = fresh


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
