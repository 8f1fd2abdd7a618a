"""Zeros proved by determinants modulo primes.

A unit vanishes at a corner, where d rows meet, if and only if the determinant of these
d + 1 forms is 0 (at a ray, where d rows without offsets meet, that of the gradients in
d + 1 columns). All entries are multiples of powers of two: made integers, the
determinant is at most the product of the rows' lengths (Hadamard).
If it vanishes modulo primes whose product is larger, it is 0. Powers of two have
inverses modulo the primes, so forms need not be made integers for that. The rows are
independent if they are modulo one prime.
"""

import math

import numpy as np

from regions.enumeration.cells.space.bits import lowest_bit
from regions.enumeration.cells.space.state import RANK

PRIME_BITS = 29.99
"""All primes are larger than two to this, and less than 2^30."""
SUMMED = 4
"""So many products of residues, and some more, fit a word."""


def must_vanish(net, st, s, u, place):
    """Whether the weights alone say that a unit vanishes at a corner of cell s."""
    facets, through = len(net.facets), net.unbiased[u] != 0
    for w in range(st.zeros.shape[0]):
        rest = st.zeros[w, place]
        while rest != 0:
            bit = lowest_bit(rest)
            rest ^= np.int64(1) << np.int64(bit)
            other = st.row[s, 64 * w + bit] - facets
            if other < 0:
                through = False
            elif net.leader[other] == net.leader[u]:
                return True
            elif net.unbiased[other] == 0:
                through = False
    # The rows that meet there do so in one point: the origin of the chart.
    return through


def is_zero(net, st, s, layer, u, place):
    """Whether a unit is proved to vanish at a corner of cell s."""
    rank, facets = st.reg[RANK], len(net.facets)
    if len(net.primes) == 0:
        return False
    # The rows that meet there, the unit first.
    rows = np.empty(64 * st.zeros.shape[0] + 1, np.int64)
    rows[0], count = facets + u, 1
    for w in range(st.zeros.shape[0]):
        rest = st.zeros[w, place]
        while rest != 0:
            bit = lowest_bit(rest)
            rest ^= np.int64(1) << np.int64(bit)
            rows[count] = st.row[s, 64 * w + bit]
            count += 1
    table = np.empty((count, rank + 1), np.int64)
    _gather(net, st, layer, rows, count, 0, table)
    if not _eliminate(table, rows, count, rank, net.primes[0]):
        return False
    # The unit depends on these rows modulo the first prime if nothing is left of it.
    for c in range(rank + 1):
        if table[0, c] != 0:
            return False
    bits, k = 1.0, 1
    for i in range(rank + 1):
        bits += _row_bits(net, st, rows[i], facets)
    # False for NaN and where there are too few primes.
    if not bits < PRIME_BITS * len(net.primes):
        return False
    while k * PRIME_BITS <= bits:
        _gather(net, st, layer, rows, rank + 1, k, table)
        if not _is_singular(table, rank + 1, net.primes[k]):
            return False
        k += 1
    return True


def _row_bits(net, st, row, facets):
    """Bound of the logarithm of a row's length, made integers."""
    if row < facets:
        size = 0.0
        for c in range(net.facets.shape[1]):
            size += abs(net.facets[row, c])
        return math.log2(size) + 0.01 - net.facet_grid[row]
    u = row - facets
    size = st.steep[u] + abs(st.form[len(st.x), u]) + st.doubt[u]
    layer = 0
    while net.first[layer + 1] <= u:
        layer += 1
    if size == 0.0:
        return 0.0
    # A row that is not 0 has an entry of at least one unit.
    return max(0.0, math.log2(size) + 0.01 - net.grid[layer])


def _gather(net, st, layer, rows, count, k, table):
    """Residues of some rows modulo prime k."""
    facets, columns = len(net.facets), table.shape[1]
    for below in range(layer + 1):
        if st.rest_stamp[k, below] != st.stamp[below]:
            _residues(net, st, below, k)
            st.rest_stamp[k, below] = st.stamp[below]
    for i in range(count):
        for c in range(columns):
            if rows[i] < facets:
                table[i, c] = net.facet_rest[k, rows[i], c]
            else:
                table[i, c] = st.rest[k, c, rows[i] - facets]


def _residues(net, st, layer, k):
    """Forms of a layer modulo prime k, on the cell whose pattern is on the path."""
    columns, p = len(st.form), net.primes[k]
    start = net.first[layer]
    width = net.first[layer + 1] - start
    for j in range(width):
        for c in range(columns):
            st.rest[k, c, start + j] = 0
        st.rest[k, columns - 1, start + j] = net.bias_rest[k, start + j]
    summed = 0
    for block in range(net.block[layer], net.block[layer + 1]):
        source = net.source[block]
        begin = net.place[source]
        for place in range(begin, net.place[source + 1]):
            if st.held_size[place] + st.held_doubt[place] == 0.0:
                continue
            at = net.at[block] + (place - begin) * width
            for c in range(columns):
                entry = np.int64(0)
                if source == 0:
                    entry = np.int64(1) if c == place else np.int64(0)
                else:
                    i = place - begin
                    u = net.first[source - 1] + i
                    entry = st.rest[k, c, u]
                    word = st.path[net.word[source - 1] + (i >> 6)]
                    if (word >> (i & 63)) & 1 == 0:
                        entry = entry * net.slope_rest[k, u] % p
                if entry != 0:
                    for j in range(width):
                        st.rest[k, c, start + j] += net.rest[k, at + j] * entry
            summed += 1
            if summed == SUMMED:
                summed = 0
                _reduce(st, start, width, k, p)
    _reduce(st, start, width, k, p)


def _reduce(st, start, width, k, p):
    """Sums of products to residues."""
    for c in range(len(st.form)):
        for j in range(width):
            st.rest[k, c, start + j] %= p


def _eliminate(table, rows, count, dim, p):
    """Bring `dim` rows that are independent modulo a prime behind the first row.

    All others are reduced by these; whether there are so many.
    """
    for i in range(dim):
        where, column = -1, 0
        for r in range(1 + i, count):
            for c in range(dim + 1):
                if table[r, c] != 0:
                    where, column = r, c
                    break
            if where >= 0:
                break
        if where < 0:
            return False
        here = 1 + i
        for c in range(dim + 1):
            table[here, c], table[where, c] = table[where, c], table[here, c]
        rows[here], rows[where] = rows[where], rows[here]
        pivot = table[here, column]
        for k in range(here, count):
            # Those behind it, and the first one.
            r = k + 1 if k + 1 < count else 0
            factor = table[r, column]
            if factor != 0:
                for c in range(dim + 1):
                    product = table[r, c] * pivot - table[here, c] * factor
                    table[r, c] = product % p
    return True


def _is_singular(table, size, p):
    """Whether a determinant is 0 modulo a prime; the table is changed."""
    for i in range(size):
        where = -1
        for r in range(i, size):
            if table[r, i] != 0:
                where = r
                break
        if where < 0:
            return True
        for c in range(size):
            table[i, c], table[where, c] = table[where, c], table[i, c]
        pivot = table[i, i]
        for r in range(i + 1, size):
            factor = table[r, i]
            if factor != 0:
                for c in range(i, size):
                    table[r, c] = (table[r, c] * pivot - table[i, c] * factor) % p
    return False
