"""Chains of restrictions in the whole space: traces of hyperplanes, depth first."""

import numpy as np

from regions.compiled.jit import compiled
from regions.enumeration.restriction.kernels.field import (
    CLAIMS_FULL,
    DONE,
    EMPTY,
    PAUSED,
    difference,
    inverse,
    product,
    slot_of,
)


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
            for c in range(width):
                out[kept, c] = out[j, c]
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
