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

from regions.compiled.jit import compiled, inlined

PRIME = (1 << 61) - 1
DONE, PAUSED, CLAIMS_FULL, OPEN, NO_ROOM = range(5)
EMPTY = -1
CORNER = -2
"""In place of the second hyperplane of a claim: one vanishes at a corner."""


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
    is room for any: its pair of hyperplanes, 0, then those of the flat.

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
                claims[num_claims, 2] = 0
                for depth in range(level + 1):
                    claims[num_claims, depth + 3] = ids[depth, index[depth] - 1]
                claims[num_claims, level + 4 :] = EMPTY
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


@inlined
def _bits(word: Any) -> Any:
    """How many bits are set."""
    count = 0
    while word != 0:
        word &= word - np.uint64(1)
        count += 1
    return count


@compiled
def residue_at(form: np.ndarray, point: np.ndarray) -> Any:
    """Value of a form at homogeneous coordinates, modulo the prime."""
    total = np.uint64(0)
    for c in range(len(form)):
        if form[c] != 0 and point[c] != 0:
            total = difference(total, np.uint64(PRIME) - product(form[c], point[c]))
    return total


@inlined
def _value_at(form: Any, point: Any, error: Any) -> Any:
    """Value of a form at a point whose coordinates err by `error`, and its own error.

    Coefficients are rounded, too; each product and each sum errs by half a unit in the
    last place. Twice as much is allowed for.
    """
    dim = len(point)
    value, size, norm, reach = form[dim], abs(form[dim]), 0.0, 1.0
    for c in range(dim):
        term = form[c] * point[c]
        value += term
        size += abs(term)
        norm += abs(form[c])
        reach += abs(point[c])
    unit = 2.0**-52
    slack = (dim + 8) * unit * size + norm * error * (1.0 + (dim + 8) * unit)
    # What products lose by underflow.
    return value, slack + 1e-300 * reach


@compiled
def signs_at(
    form: np.ndarray,
    residues: np.ndarray,
    points: np.ndarray,
    errors: np.ndarray,
    homogeneous: np.ndarray,
    count: int,
    out: np.ndarray,
    slack: np.ndarray,
) -> bool:
    """Values of a form at corners and their errors; 0 where it vanishes, as claimed.

    False where a sign is open.
    """
    for v in range(count):
        value, error = _value_at(form, points[v], errors[v])
        if not abs(value) > error:
            # Zero modulo the prime is zero if all minors are smaller than the prime.
            if residue_at(residues, homogeneous[v]) != 0:
                return False
            value, error = 0.0, 0.0
        out[v], slack[v] = value, error
    return True


@compiled
def slice_polytope(
    points: np.ndarray,
    errors: np.ndarray,
    homogeneous: np.ndarray,
    facets: np.ndarray,
    count: int,
    dim: int,
    residues: np.ndarray,
    at: np.ndarray,
    slack: np.ndarray,
    words: np.ndarray,
    new_points: np.ndarray,
    new_errors: np.ndarray,
    new_homogeneous: np.ndarray,
    new_facets: np.ndarray,
) -> int:
    """Corners of what a hyperplane cuts from a polytope of dimension `dim`.

    `at` has its values at the corners. Returns how many there are, `EMPTY` if there is
    no room for them.
    """
    size = points.shape[1]
    room = len(new_facets)
    simple = True
    for v in range(count):
        simple = simple and _bits(facets[v]) == dim
        words[v] = residue_at(residues, homogeneous[v])
    found = 0
    for v in range(count):
        if at[v] == 0.0:
            if found == room:
                return EMPTY
            new_points[found], new_errors[found] = points[v], errors[v]
            new_homogeneous[found], new_facets[found] = homogeneous[v], facets[v]
            found += 1
    for u in range(count):
        if not at[u] < 0.0:
            continue
        for w in range(count):
            if not at[w] > 0.0:
                continue
            common = facets[u] & facets[w]
            if _bits(common) < dim - 1:
                continue
            # In a simple polytope any dim - 1 facets at a corner meet in an edge; else
            # two corners span one if no third lies on all their facets.
            edge = True
            if not simple:
                for v in range(count):
                    if v != u and v != w and facets[v] & common == common:
                        edge = False
                        break
            if not edge:
                continue
            if found == room:
                return EMPTY
            a, b = -at[u], at[w]
            total, doubt = a + b, slack[u] + slack[w]
            t = a / total
            # t errs by at most (b da + a db) / ((a + b) (a* + b*)), * for the true
            # values; the new corner by that times the edge, and by its ends' error.
            t_error = (b * slack[u] + a * slack[w]) / (total * (total - doubt))
            t_error += 4.0 * 2.0**-52
            longest, largest = 0.0, 0.0
            for c in range(size):
                step = points[w, c] - points[u, c]
                new_points[found, c] = points[u, c] + t * step
                longest = max(longest, abs(step))
                largest = max(largest, abs(points[u, c]), abs(points[w, c]))
            ends = max(errors[u], errors[w])
            error = ends + t_error * (longest + 2.0 * ends) + 8.0 * 2.0**-52 * largest
            new_errors[found] = 1.001 * error + 1e-300
            for c in range(size + 1):
                new_homogeneous[found, c] = difference(
                    product(words[u], homogeneous[w, c]),
                    product(words[w], homogeneous[u, c]),
                )
            new_facets[found] = common
            found += 1
    return found


@compiled
def note_zeros(
    at: np.ndarray,
    count: int,
    facets: np.ndarray,
    g: int,
    ids: np.ndarray,
    index: np.ndarray,
    level: int,
    claims: np.ndarray,
    num_claims: int,
) -> int:
    """Claim that form g vanishes at corners: on their facets and the flat of a level.

    Returns the number of claims then, or `EMPTY` if there is no room.
    """
    for v in range(count):
        if at[v] == 0.0:
            if num_claims == len(claims):
                return EMPTY
            claims[num_claims, 0], claims[num_claims, 1] = g, CORNER
            claims[num_claims, 2] = np.int64(facets[v])
            for depth in range(level):
                at_depth = index[depth] - (depth < level - 1)
                claims[num_claims, depth + 3] = ids[depth, at_depth]
            claims[num_claims, level + 3 :] = EMPTY
            num_claims += 1
    return num_claims


@compiled
def advance_inside(
    rows: np.ndarray,
    ids: np.ndarray,
    counts: np.ndarray,
    index: np.ndarray,
    level: int,
    forms: np.ndarray,
    residues: np.ndarray,
    points: np.ndarray,
    errors: np.ndarray,
    homogeneous: np.ndarray,
    facets: np.ndarray,
    corners: np.ndarray,
    betti: np.ndarray,
    claims: np.ndarray,
    pairs_too: bool,
    quota: int,
) -> tuple[int, int, int]:
    """What `advance` does, for the flats that meet a polytope.

    The corners of what the flat of level l cuts from it are in `points[l]` with bounds
    of their error, in `homogeneous[l]` modulo the prime, and with their facets. Claims,
    if there is room for any, tell which hyperplanes vanish at corners, and with
    `pairs_too` which coincide.

    Returns:
        Whether all is done, the level to go on with, and the number of claims.
    """
    n, dim = len(forms), forms.shape[1] - 1
    room = points.shape[1]
    at, slack, words = np.empty(room), np.empty(room), np.empty(room, np.uint64)
    near, near_ids = np.empty((n, dim + 1), np.uint64), np.empty(n, np.int64)
    table, heads = np.empty(4 * n + 8, np.int64), np.empty(n, np.int64)
    partial, pairs = np.empty(n, np.uint64), np.empty((n, 2), np.int64)
    noted, num_claims = len(claims) > 0, 0
    work = 0
    while level >= 0:
        i = index[level]
        if i == counts[level]:
            level -= 1
            continue
        if work > quota:
            return PAUSED, level, num_claims
        # Nothing of a node stays but its claims, until it is done.
        settled = num_claims
        h, num = ids[level, i], corners[level]
        if not signs_at(
            forms[h],
            residues[h],
            points[level],
            errors[level],
            homogeneous[level],
            num,
            at,
            slack,
        ):
            return OPEN, level, settled
        if noted:
            num_claims = note_zeros(
                at, num, facets[level], h, ids, index, level, claims, num_claims
            )
            if num_claims == EMPTY:
                return CLAIMS_FULL, level, settled
        inner = slice_polytope(
            points[level],
            errors[level],
            homogeneous[level],
            facets[level],
            num,
            dim - level,
            residues[h],
            at,
            slack,
            words,
            points[level + 1],
            errors[level + 1],
            homogeneous[level + 1],
            facets[level + 1],
        )
        if inner == EMPTY:
            return NO_ROOM, level, settled
        corners[level + 1] = inner
        width = dim + 1 - level
        m = 0
        for j in range(i):
            g = ids[level, j]
            if not signs_at(
                forms[g],
                residues[g],
                points[level + 1],
                errors[level + 1],
                homogeneous[level + 1],
                inner,
                at,
                slack,
            ):
                return OPEN, level, settled
            if noted:
                num_claims = note_zeros(
                    at,
                    inner,
                    facets[level + 1],
                    g,
                    ids,
                    index,
                    level + 1,
                    claims,
                    num_claims,
                )
                if num_claims == EMPTY:
                    return CLAIMS_FULL, level, settled
            if at[:inner].min() < 0.0 and at[:inner].max() > 0.0:
                near[m, :width], near_ids[m] = rows[level, j, :width], g
                m += 1
        near[m, :width] = rows[level, i, :width]
        count, found = restrict(
            near,
            near_ids,
            m,
            width,
            rows[level + 1],
            ids[level + 1],
            table,
            heads,
            partial,
            pairs,
        )
        if noted and pairs_too:
            if num_claims + found > len(claims):
                return CLAIMS_FULL, level, settled
            for k in range(found):
                claims[num_claims, 0] = pairs[k, 0]
                claims[num_claims, 1] = pairs[k, 1]
                claims[num_claims, 2] = 0
                for depth in range(level + 1):
                    at_depth = index[depth] - (depth < level)
                    claims[num_claims, depth + 3] = ids[depth, at_depth]
                claims[num_claims, level + 4 :] = EMPTY
                num_claims += 1
        index[level] += 1
        work += num * num + i * inner * dim
        betti[level + 2] += count
        if count > 1 and level + 2 < dim:
            level += 1
            counts[level], index[level] = count, 1
    return DONE, level, num_claims
