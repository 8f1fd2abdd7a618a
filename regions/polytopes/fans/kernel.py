"""Polytopes cut into simplices that share their corners; volumes, with proved errors.

A polytope is a fan of cones from its first corner over the facets that it does not lie
on, each cut likewise, down to simplices (J. Cohen and T. Hickey, Journal of the ACM 26,
1979). Which corners make a face is told by *zero sets*: for each corner the rows that
vanish there, of rows that are not negative on the polytope, with one for each of its
facets. All faces are sets of corners on which some rows vanish, and facets of a face
are the largest that are not the face. So if the zero sets are right, and corners are at
most their bounds from where they are stored, the exact volume is at most the sum of the
simplices' errors from the sum of their volumes, however degenerate the polytope is.

A determinant is at most the product of the 1-norms of its rows, and so is what a change
of one row adds, with the norm of the change in the place of that row's.

Plain control flow over arrays, which `compiled` compiles.
"""

from typing import NamedTuple

import numpy as np

from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF

ROUNDINGS = 16
"""More roundings for each dimension and power than any product here has."""
TINY = 64.0 * SMALLEST
"""Covers what underflows in a product."""
SET = 32
"""Corners of a word, so that no sign is in the way."""


class Room(NamedTuple):
    """What the loops write while they cut one polytope.

    Sets of corners are words of `SET` bits.

    Attributes:
        on: For each row that vanishes at some corner, the set of these corners.
        face: The faces on the way to the simplex at hand, one a level: their corners,
        size: and how many.
        facet: Facets of each of these faces: their corners,
        length: and how many.
        facets: How many facets each has; -1 before they are known.
        place: The facet that is next.
        at: The level; the number of rows; the first corner of the polytope.
        chain: Corners of the simplex at hand.
        edge: Edges from the first corner of the polytope to all others,
        norm: their 1-norms, which also hold what their ends may be off,
        moved: and the parts that the ends may be off.
        row: Edges of the simplex at hand.
        minor: Minors of their matrix.
        part: Its volume, and the bound of its error.
        power: Sums of products of a function's values at its corners.
    """

    on: np.ndarray
    face: np.ndarray
    size: np.ndarray
    facet: np.ndarray
    length: np.ndarray
    facets: np.ndarray
    place: np.ndarray
    at: np.ndarray
    chain: np.ndarray
    edge: np.ndarray
    norm: np.ndarray
    moved: np.ndarray
    row: np.ndarray
    minor: np.ndarray
    part: np.ndarray
    power: np.ndarray


def make_room(dim: int, corners: int, words: int, order: int) -> Room:
    """Room for polytopes of so many corners, rows and powers at most."""
    rows, levels, sets = 64 * words, dim + 1, corners // SET + 1
    return Room(
        on=np.zeros((sets, rows), np.int64),
        face=np.zeros((levels, sets), np.int64),
        size=np.zeros(levels, np.int64),
        facet=np.zeros((levels, sets, rows + 1), np.int64),
        length=np.zeros((levels, rows + 1), np.int64),
        facets=np.zeros(levels, np.int64),
        place=np.zeros(levels, np.int64),
        at=np.zeros(3, np.int64),
        chain=np.zeros(dim + 1, np.int64),
        edge=np.zeros((corners, dim)),
        norm=np.zeros(corners),
        moved=np.zeros(corners),
        row=np.zeros((dim, dim)),
        minor=np.zeros(1 << dim),
        part=np.zeros(2),
        power=np.zeros(order + 1),
    )


def measure(polytopes, functions, order, room, found):
    """Volumes of polytopes, and integrals of powers of functions affine on each.

    Args:
        polytopes: Where the corners of each end; positions of the corners, coordinate
            by coordinate; bounds of their errors, in every coordinate; words of their
            zero sets, in which bits mean the same rows at all corners of a polytope.
        functions: Their values at the corners, function by function; bounds of the
            errors of these.
        order: The highest power to integrate.
        room: Room for the work.
        found: What is added to: volumes; bounds of their errors; integrals, by function
            and power from 1 on; bounds of their errors.
    """
    end, x, reach, zeros = polytopes
    value, doubt = functions
    volume, off, total, wide = found
    dim, begin = len(x), 0
    for region in range(len(end)):
        start_fan(x, reach, zeros, begin, end[region], room)
        while next_simplex(room, dim):
            add_simplex(begin, room, region, volume, off)
            _integrate(value, doubt, order, room, region, total, wide)
        begin = end[region]


def count_bits(word):
    """How many bits of a word of `SET` bits are set."""
    word -= (word >> 1) & 0x55555555
    word = (word & 0x33333333) + ((word >> 2) & 0x33333333)
    word = (word + (word >> 4)) & 0x0F0F0F0F
    return ((word * 0x01010101) & 0xFFFFFFFF) >> 24


def start_fan(x, reach, zeros, begin, end, room):
    """Begin to cut the polytope with these corners: `next_simplex` goes on."""
    edge, dim = room.edge, len(x)
    for q in range(begin, end):
        norm, moved = 0.0, dim * (reach[q] + reach[begin])
        for c in range(dim):
            edge[q - begin, c] = x[c, q] - x[c, begin]
            norm += abs(edge[q - begin, c])
        norm += moved + SMALLEST
        room.norm[q - begin], room.moved[q - begin] = norm, moved / norm
    on, face, rows, sets = room.on, room.face, 0, room.face.shape[1]
    for w in range(len(zeros)):
        rest = np.int64(0)
        for q in range(begin, end):
            rest |= zeros[w, q]
        while rest != 0:
            bit = rest & -rest
            rest ^= bit
            for c in range(sets):
                on[c, rows] = 0
            for q in range(begin, end):
                here = np.int64((zeros[w, q] & bit) != 0)
                on[(q - begin) // SET, rows] |= here << ((q - begin) % SET)
            rows += 1
    for c in range(sets):
        number = min(SET, max(0, end - begin - SET * c))
        face[0, c] = (np.int64(1) << number) - 1
    room.size[0], room.facets[0] = end - begin, -1
    room.at[0], room.at[1], room.at[2] = 0, rows, begin


def next_simplex(room, dim):
    """Put the corners of the next simplex of a fan in the chain; whether there is one.

    Args:
        room: What `start_fan` began.
        dim: The dimension of the polytope.
    """
    face, size, facet, length = room.face, room.size, room.facet, room.length
    count, place, chain = room.facets, room.place, room.chain
    level, rows, begin = room.at[0], room.at[1], room.at[2]
    while level >= 0:
        left = dim - level
        if size[level] == left + 1:
            _list(face, level, begin, chain)
            room.at[0] = level - 1
            return True
        if count[level] < 0:
            chain[level] = begin + _first(face, level)
            count[level] = _facets(rows, left, room, level)
            place[level] = 0
        n = place[level]
        if n == count[level]:
            level -= 1
            continue
        place[level] = n + 1
        # Facets with the first corner have no volume over it.
        q = chain[level] - begin
        if (facet[level, q // SET, n] >> (q % SET)) & 1 == 0:
            level += 1
            size[level], count[level] = length[level - 1, n], -1
            face[level, 0] = facet[level - 1, 0, n]
            for c in range(1, face.shape[1]):
                face[level, c] = facet[level - 1, c, n]
    room.at[0] = level
    return False


def _first(face, level):
    """The first corner of a face."""
    c = 0
    while face[level, c] == 0:
        c += 1
    word = face[level, c]
    return SET * c + count_bits((word & -word) - 1)


def _list(face, level, begin, chain):
    """Put all corners of a face in the chain, from its level on."""
    place = level
    for c in range(face.shape[1]):
        word = face[level, c]
        while word != 0:
            lowest = word & -word
            word ^= lowest
            chain[place] = begin + SET * c + count_bits(lowest - 1)
            place += 1


def _facets(rows, dim, room, level):
    """List the facets of a face of some dimension; how many."""
    on, face, facet, length = room.on, room.face, room.facet, room.length
    sets, number, count = face.shape[1], room.size[level], 0
    for r in range(rows):
        # Most polytopes have few corners: the first word is all.
        first = face[level, 0] & on[0, r]
        facet[level, 0, count] = first
        n = count_bits(first)
        for c in range(1, sets):
            corners = face[level, c] & on[c, r]
            facet[level, c, count] = corners
            n += count_bits(corners)
        # Without branches: what is no facet is overwritten. A face with fewer corners
        # has a lower dimension.
        alike = 0
        for other in range(count):
            alike += facet[level, 0, other] == first
        if alike > 0 and sets > 1:
            alike = 0
            for other in range(count):
                same = length[level, other] == n
                alike += same and _within(facet, level, count, other)
        length[level, count] = n
        count += (alike == 0) & (n >= dim) & (n < number)
    if dim < 4:
        # Of these dimensions a face with so many corners is a facet.
        return count
    kept = 0
    for k in range(count):
        largest = True
        for other in range(count):
            if length[level, other] > length[level, k] and largest:
                largest = not _within(facet, level, k, other)
        if largest:
            length[level, kept] = length[level, k]
            for c in range(sets):
                facet[level, c, kept] = facet[level, c, k]
            kept += 1
    return kept


def _within(facet, level, one, other):
    """Whether all corners of a set are in another."""
    for c in range(facet.shape[1]):
        if facet[level, c, one] & ~facet[level, c, other] != 0:
            return False
    return True


def add_simplex(begin, room, region, volume, off):
    """Add the simplex of a chain of corners to the volume of its polytope.

    Chains begin with the polytope's first corner.
    """
    chain, row, part = room.chain, room.row, room.part
    dim, norms, moves = len(row), 1.0, 0.0
    for i in range(dim):
        corner = chain[i + 1] - begin
        for c in range(dim):
            row[i, c] = room.edge[corner, c]
        norms *= room.norm[corner]
        moves += room.moved[corner]
    scale = 1.0
    for k in range(2, dim + 1):
        scale /= k
    rounding = ROUNDINGS * dim * UNIT_ROUNDOFF
    part[0] = scale * abs(_determinant(row, room.minor, dim))
    part[1] = 2.0 * SAFETY * (norms * (moves + rounding) + dim * dim * TINY) * scale
    volume[region] += part[0]
    # Every sum rounds by its own size.
    off[region] += part[1] + 2.0 * UNIT_ROUNDOFF * volume[region]


def _determinant(a, minor, dim):
    """A determinant by minors of its first rows; none of its terms is divided."""
    if dim == 2:
        return a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    if dim == 3:
        return (
            a[0, 0] * (a[1, 1] * a[2, 2] - a[1, 2] * a[2, 1])
            - a[0, 1] * (a[1, 0] * a[2, 2] - a[1, 2] * a[2, 0])
            + a[0, 2] * (a[1, 0] * a[2, 1] - a[1, 1] * a[2, 0])
        )
    if dim == 4:
        # By minors of the first two rows and of the last two.
        p, q, r, s = a[0], a[1], a[2], a[3]
        return (
            (p[0] * q[1] - p[1] * q[0]) * (r[2] * s[3] - r[3] * s[2])
            - (p[0] * q[2] - p[2] * q[0]) * (r[1] * s[3] - r[3] * s[1])
            + (p[0] * q[3] - p[3] * q[0]) * (r[1] * s[2] - r[2] * s[1])
            + (p[1] * q[2] - p[2] * q[1]) * (r[0] * s[3] - r[3] * s[0])
            - (p[1] * q[3] - p[3] * q[1]) * (r[0] * s[2] - r[2] * s[0])
            + (p[2] * q[3] - p[3] * q[2]) * (r[0] * s[1] - r[1] * s[0])
        )
    # minor[s]: of the first rows and the columns in the set s.
    minor[0] = 1.0
    for s in range(1, 1 << dim):
        row = -1
        for c in range(dim):
            row += (s >> c) & 1
        total, sign = 0.0, 1.0
        for c in range(dim - 1, -1, -1):
            if (s >> c) & 1:
                total += sign * a[row, c] * minor[s ^ (1 << c)]
                sign = -sign
        minor[s] = total
    return minor[(1 << dim) - 1]


def _integrate(value, doubt, order, room, region, total, wide):
    """Add the integrals of powers of functions over the simplex that was added last.

    The mean of the k-th power of an affine function is the complete homogeneous
    symmetric polynomial of degree k of its values at the corners, over the number of
    its terms.
    """
    chain, power, corners = room.chain, room.power, len(room.chain)
    size, error = room.part[0], room.part[1]
    for f in range(len(value)):
        largest, around = 0.0, 0.0
        for k in range(order + 1):
            power[k] = 0.0
        power[0] = 1.0
        for i in range(corners):
            v = value[f, chain[i]]
            largest, around = max(largest, abs(v)), max(around, doubt[f, chain[i]])
            for k in range(1, order + 1):
                power[k] += v * power[k - 1]
        largest += around
        terms, high, below = 1.0, 1.0, 1.0
        for k in range(1, order + 1):
            # corners - 1 + k over k.
            terms = terms * (corners - 1 + k) / k
            below, high = high, high * largest
            rounding = ROUNDINGS * (corners + k) * UNIT_ROUNDOFF
            total[f, k - 1, region] += size * (power[k] / terms)
            doubts = k * below * around + rounding * high + (1.0 + below) * TINY
            new = error * high + (size + error) * doubts + TINY
            new += 2.0 * UNIT_ROUNDOFF * abs(total[f, k - 1, region])
            wide[f, k - 1, region] += SAFETY * new


def local_words(end, members, rows, words, names):
    """Zero sets of the corners of polytopes, from rows with numbers; whether they fit.

    Args:
        end: Where the corners of each polytope end.
        members: Its corners.
        rows: The rows that vanish at each corner.
        words: Is given the words; zeros before.
        names: Room for the numbers of a polytope's rows, 64 for each word.
    """
    begin = 0
    for region in range(len(end)):
        count = 0
        for q in range(begin, end[region]):
            for c in range(rows.shape[1]):
                row, k = rows[members[q], c], 0
                while k < count and names[k] != row:
                    k += 1
                if k == len(names):
                    return False
                if k == count:
                    names[count] = row
                    count += 1
                words[k >> 6, q] |= np.int64(1) << np.int64(k & 63)
        begin = end[region]
    return True
