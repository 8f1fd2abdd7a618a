"""Means over a simplex of a sum of ramps that bend inside, and of its square.

A ramp is max(g, 0) with g affine. Where g is a_1, ..., a_p > 0 and -b_1, ..., -b_n <= 0
at the d + 1 corners of a simplex, the mean of its ramp is D(p, n) / (d + 1) with

    D(i, j) = (a_i D(i, j - 1) + b_j D(i - 1, j)) / (a_i + b_j),

D(i, 0) = a_1 + ... + a_i and D(0, j) = 0: the point z of the edge from a_i to -b_j
where g is 0 cuts the simplex in two, whose volumes are as a_i to b_j; each has this
point, at which g is 0, in the place of an end of the edge. (It is the divided
difference of a truncated power, as in de Boor's recurrence for B-splines.)

The mean of p max(g, 0) with p affine is U(p, n) / ((d + 1) (d + 2)), by the same cuts,

    U(i, j) = (a_i U(i, j - 1) + b_j U(i - 1, j)) / (a_i + b_j) + p(z) D(i, j),

since of two affine functions on a simplex the mean of the product is the product of the
sums of their values at the corners, and the sum of the products, over (d + 1) (d + 2);
the corner z adds to the sum of p alone. For two ramps that both bend the simplex is cut
by one of them in the same way, into the parts on which it is positive.

Means are of numbers that never exceed those at the corners, and nothing is divided by
what can be small beside it. A sign that is wrong by rounding moves nothing further.

Plain control flow over arrays, which `compiled` compiles.
"""

from typing import NamedTuple

import numpy as np


class Bends(NamedTuple):
    """A sum of ramps on a simplex, and what the loops write.

    Points are corners, and points on edges where a ramp is 0, in one numbering.

    Attributes:
        base: What is affine, at the corners.
        ramp: Ramps that bend inside: g at the corners, ramp by ramp.
        factor: And what each is multiplied by.
        ups: At how many corners it is positive.
        rank: The ramps in order: the later cut the others, into fewer parts.
        row: Rows D(i, 0), D(i, 1), ... and U(i, 0), ... of the recurrences.
        low: Numbers -g that are not negative, at corners, and what p is there.
        high: Numbers g that are positive, and what p is there.
        side: Corners where a ramp is positive, and where it is not.
        share: How near to its other end an edge between them is met.
        at: Another ramp at all points.
        piece: Parts of the simplex: their points.
        left: For each how many corners of both kinds are left, and how many are points
            on edges.
        weight: Their shares of the volume.
        pair: Affine functions at the corners: of the simplex one, of a part two.
    """

    base: np.ndarray
    ramp: np.ndarray
    factor: np.ndarray
    ups: np.ndarray
    rank: np.ndarray
    row: np.ndarray
    low: np.ndarray
    high: np.ndarray
    side: np.ndarray
    share: np.ndarray
    at: np.ndarray
    piece: np.ndarray
    left: np.ndarray
    weight: np.ndarray
    pair: np.ndarray


def make_bends(dim: int, units: int) -> Bends:
    """Room for so many ramps."""
    n = dim + 1
    return Bends(
        base=np.zeros(n),
        ramp=np.zeros((units + 1, n)),
        factor=np.zeros(units + 1),
        ups=np.zeros(units + 1, np.int64),
        rank=np.zeros(units + 1, np.int64),
        row=np.zeros((2, n + 1)),
        low=np.zeros((2, n + 1)),
        high=np.zeros((2, n + 1)),
        side=np.zeros((2, n + 1), np.int64),
        share=np.zeros((n, n)),
        at=np.zeros((n + 1, n)),
        piece=np.zeros((1 << dim, n), np.int64),
        left=np.zeros((1 << dim, 3), np.int64),
        weight=np.zeros(1 << dim),
        pair=np.zeros((3, n)),
    )


def means(kinks, order, bends):
    """The mean of the sum, and that of its square.

    Args:
        kinks: How many ramps bend inside.
        order: 1 if the square is not wanted; it is 0 then.
        bends: The sum.
    """
    base, pair, corners = bends.base, bends.pair, len(bends.base)
    total, squares = 0.0, 0.0
    for i in range(corners):
        total += base[i]
        squares += base[i] * base[i]
    square = total * total + squares
    p, rank = pair[0], bends.rank
    if order == 2:
        _order(kinks, bends)
    for n in range(kinks):
        j = rank[n] if order == 2 else n
        g, factor, crossing = bends.ramp[j], bends.factor[j], 0.0
        if order == 2:
            # y^2 is base^2 and a ramp times this, of ramps with those before.
            for i in range(corners):
                p[i] = 2.0 * base[i] + factor * g[i]
            crossing = _products(n, bends)
        mean, product = _weighted(p, g, bends)
        total += factor * mean
        square += factor * (product + 2.0 * crossing)
    return total / corners, square / (corners * (corners + 1)) if order == 2 else 0.0


def _order(kinks, bends):
    """Put those last that are positive at one corner: they cut off one part."""
    rank, ups, n = bends.rank, bends.ups, 0
    for k in range(kinks):
        rank[n] = k
        n += ups[k] > 1
    for k in range(kinks):
        rank[n] = k
        n += ups[k] == 1


def _weighted(p, g, bends):
    """D and U: of a ramp, and of its product with an affine function."""
    row, product, ups, downs = bends.row[0], bends.row[1], 0, 0
    low, high = bends.low, bends.high
    for i in range(len(g)):
        low[0, downs], low[1, downs] = -g[i], p[i]
        high[0, ups], high[1, ups] = g[i], p[i]
        up = g[i] > 0.0
        ups, downs = ups + up, downs + 1 - up
    for j in range(downs + 1):
        row[j] = product[j] = 0.0
    total, products = 0.0, 0.0
    for i in range(ups):
        a, here = high[0, i], high[1, i]
        total += here
        products += here * a
        one = row[0] + a
        other = total * one + products
        row[0], product[0] = one, other
        for j in range(downs):
            share = a / (a + low[0, j])
            rest = 1.0 - share
            one = share * one + rest * row[j + 1]
            other = share * other + rest * product[j + 1]
            other += (rest * here + share * low[1, j]) * one
            row[j + 1], product[j + 1] = one, other
    return row[downs], product[downs]


def _products(n, bends):
    """U of the products of a ramp with those before it, each with its factor.

    Those that do not bend where this one is on are put to the affine function.
    """
    ramp, pair, rank, corners = bends.ramp, bends.pair, bends.rank, len(bends.base)
    if n == 0:
        return 0.0
    j, total, pieces = rank[n], 0.0, 0
    ups, downs = _divide(ramp[j], bends)
    for m in range(n):
        k = rank[m]
        h, factor = ramp[k], bends.factor[k]
        side = _side_of(h, ups, downs, bends)
        if side > 0:
            for i in range(corners):
                pair[0, i] += 2.0 * factor * h[i]
        elif side == 0:
            if pieces == 0:
                pieces = _cut(ups, downs, bends)
            total += factor * _product(j, h, pieces, bends)
    return total


def _divide(g, bends):
    """Find the corners where a ramp is on, and the others: how many of each."""
    side, share, ups, downs = bends.side, bends.share, 0, 0
    for i in range(len(g)):
        side[0, ups] = side[1, downs] = i
        up = g[i] > 0.0
        ups, downs = ups + up, downs + 1 - up
    for u in range(ups):
        a = g[side[0, u]]
        for w in range(downs):
            share[u, w] = a / (a - g[side[1, w]])
    return ups, downs


def _side_of(h, ups, downs, bends):
    """The sign of an affine function where a ramp is on, 0 for both; its values."""
    side, share, at = bends.side, bends.share, bends.at
    above, below = 0, 0
    for u in range(ups):
        first = h[side[0, u]]
        at[0, side[0, u]] = first
        above |= first > 0.0
        below |= first < 0.0
        for w in range(downs):
            t = share[u, w]
            v = t * h[side[1, w]] + (1.0 - t) * first
            at[u + 1, w] = v
            above |= v > 0.0
            below |= v < 0.0
    return above - below


def _cut(ups, downs, bends):
    """Cut a simplex into parts on which a ramp is positive; how many."""
    side, piece, left, weight = bends.side, bends.piece, bends.left, bends.weight
    left[0, 0], left[0, 1], left[0, 2], weight[0] = ups, downs, 0, 1.0
    count, done, corners = 1, 0, piece.shape[1]
    while done < count:
        u, w, n = left[done]
        if w == 0:
            for i in range(u):
                piece[done, n + i] = side[0, i]
            done += 1
            continue
        t = bends.share[u - 1, w - 1]
        piece[done, n] = u * corners + w - 1
        if u > 1:
            for i in range(n + 1):
                piece[count, i] = piece[done, i]
            left[count, 0], left[count, 1], left[count, 2] = u - 1, w, n + 1
            weight[count] = weight[done] * (1.0 - t)
            count += 1
        left[done, 1], left[done, 2] = w - 1, n + 1
        weight[done] *= t
    return count


def _product(j, h, pieces, bends):
    """U of the product of a ramp with one that bends where it is on."""
    g, at, piece, corners = bends.ramp[j], bends.at, bends.piece, len(h)
    own, other, total = bends.pair[1], bends.pair[2], 0.0
    for k in range(pieces):
        points = bends.left[k, 2]
        for i in range(corners):
            point = piece[k, i]
            own[i] = 0.0 if i < points else g[point]
            other[i] = at[point // corners, point % corners]
        total += bends.weight[k] * _weighted(own, other, bends)[1]
    return total
