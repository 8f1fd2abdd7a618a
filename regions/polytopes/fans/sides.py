"""The parts of polytopes where an affine function is positive, and where it is not.

Where g is a_1, ..., a_p > 0 and -b_1, ..., -b_n <= 0 at the d + 1 corners of a simplex,
it is positive on a share V(p, n) of the volume, with

    V(i, j) = (a_i V(i, j - 1) + b_j V(i - 1, j)) / (a_i + b_j),

V(i, 0) = 1 and V(0, j) = 0, by the cuts of `ramp_means.py`. The sum of x over the
corners of the parts, each times its share, is S(p, n), and the integral of x over them
S(p, n) / (d + 1) times the volume of the simplex:

    S(i, j) = (a_i S(i, j - 1) + b_j S(i - 1, j)) / (a_i + b_j) + z V(i, j),

with z the point of the edge from a_i to -b_j where g is 0, S(i, 0) the sum of i corners
and S(0, j) = 0.

No sign need be proved. Values of g at points drawn uniformly have a density, a B-spline
with those at the corners for knots, which is at most d over their range (H. Curry and
I. Schoenberg, Journal d'Analyse Mathematique 17, 1966). So where g is off by at most e,
no more than a share of 2 d e over the range is on the wrong side.

Plain control flow over arrays, which `compiled` compiles.
"""

from typing import NamedTuple

import numpy as np

from regions.polytopes.fans.kernel import (
    ROUNDINGS,
    TINY,
    add_simplex,
    next_simplex,
    start_fan,
)
from regions.signs.rounding import SAFETY, UNIT_ROUNDOFF


class Divided(NamedTuple):
    """What the loop writes of one simplex.

    Attributes:
        edge: Edges from the first corner of the polytope to all corners.
        up: Corners where the function is positive,
        down: and where it is not.
        high: Its values there, and their sizes.
        low: The same of the others.
        row: A row V(i, 0), V(i, 1), ... of the recurrence,
        sums: and one of S, of edges, for each coordinate.
        every: Sums of the edges to all corners.
        whole: The volume of all polytopes, and a bound of its error.
    """

    edge: np.ndarray
    up: np.ndarray
    down: np.ndarray
    high: np.ndarray
    low: np.ndarray
    row: np.ndarray
    sums: np.ndarray
    every: np.ndarray
    whole: np.ndarray


def make_divided(dim: int) -> Divided:
    """Room for simplices of a dimension."""
    n = dim + 1
    return Divided(
        edge=np.zeros((n, dim)),
        up=np.zeros(n, np.int64),
        down=np.zeros(n, np.int64),
        high=np.zeros(n),
        low=np.zeros(n),
        row=np.zeros(n + 1),
        sums=np.zeros((n + 1, dim)),
        every=np.zeros(dim),
        whole=np.zeros((2, 1)),
    )


def measure_sides(polytopes, function, room, divided, found):
    """Volumes of both sides of polytopes, and integrals of the coordinates over them.

    Args:
        polytopes: As `kernel.measure` takes them.
        function: Its values at all corners; bounds of their errors.
        room: Room for the fan.
        divided: Room for a simplex.
        found: What is written, zeros before, of the positive side and of the other:
            volumes; bounds of their errors; integrals, coordinate by coordinate; bounds
            of their errors.
    """
    end, x, reach, zeros = polytopes
    value, doubt = function
    dim, begin, whole = len(x), 0, divided.whole
    for region in range(len(end)):
        error, least, count = 0.0, np.inf, 0
        for q in range(begin, end[region]):
            error, least = max(error, doubt[q]), min(least, value[q])
        start_fan(x, reach, zeros, begin, end[region], room)
        while next_simplex(room, dim):
            count += 1
            add_simplex(begin, room, 0, whole[0], whole[1])
            _add_edges(room, divided)
            if least > error:
                _add_whole(0, room, divided, region, found)
            else:
                _add_parts(value, error, room, divided, region, found)
        own = begin, end[region]
        _bound_sides(x, reach, own, count, region, found)
        begin = end[region]


def _add_edges(room, divided):
    """Add up the edges to the corners of a simplex."""
    every, row, dim = divided.every, room.row, len(room.row)
    for c in range(dim):
        every[c] = row[0, c]
    for i in range(1, dim):
        for c in range(dim):
            every[c] += row[i, c]


def _add_whole(side, room, divided, region, found):
    """Add the simplex that was added last to one side."""
    volume, off, total, _ = found
    volume[side, region] += room.part[0]
    off[side, region] += room.part[1]
    part = room.part[0] / len(room.chain)
    for c in range(len(divided.every)):
        total[side, c, region] += part * divided.every[c]


def _add_parts(value, error, room, divided, region, found):
    """Add the parts of the simplex that was added last to both sides."""
    volume, off, total, _ = found
    chain, size, corners = room.chain, room.part[0], len(room.chain)
    least, most = np.inf, -np.inf
    for i in range(corners):
        g = value[chain[i]]
        least, most = min(least, g), max(most, g)
    if least > error:
        _add_whole(0, room, divided, region, found)
        return
    if most < -error:
        _add_whole(1, room, divided, region, found)
        return
    blur, spread = 1.0, 2.0 * (corners - 1) * error
    if spread < most - least:
        blur = spread / (most - least)
    blur = size * (blur + ROUNDINGS * corners * UNIT_ROUNDOFF) + room.part[1] + TINY
    share = _sum_above(value, room, divided)
    volume[0, region] += size * share
    volume[1, region] += size * (1.0 - share)
    off[0, region] += blur
    off[1, region] += blur
    part = size / corners
    for c in range(corners - 1):
        above = divided.sums[0, c]
        total[0, c, region] += part * above
        total[1, c, region] += part * (divided.every[c] - above)


def _sum_above(value, room, divided):
    """The share of a simplex where a function is positive; S is put first in `sums`."""
    chain, row, sums, edge = room.chain, divided.row, divided.sums, divided.edge
    low, high, up, down = divided.low, divided.high, divided.up, divided.down
    dim, ups, downs = len(room.row), 0, 0
    for i in range(dim + 1):
        g = value[chain[i]]
        up[ups] = down[downs] = i
        high[ups], low[downs] = g, -g
        is_up = g > 0.0
        ups, downs = ups + is_up, downs + 1 - is_up
    for i in range(dim):
        for c in range(dim):
            edge[i + 1, c] = room.row[i, c]
    for j in range(downs + 1):
        row[j] = 0.0
        for c in range(dim):
            sums[j, c] = 0.0
    for i in range(ups):
        a, start = high[i], up[i]
        row[0] = 1.0
        for c in range(dim):
            sums[0, c] += edge[start, c]
        for j in range(downs):
            t, end = a / (a + low[j]), down[j]
            rest = 1.0 - t
            here = t * row[j] + rest * row[j + 1]
            row[j + 1] = here
            for c in range(dim):
                z = rest * edge[start, c] + t * edge[end, c]
                sums[j + 1, c] = t * sums[j, c] + rest * sums[j + 1, c] + z * here
    for c in range(dim):
        sums[0, c] = sums[downs, c]
    return row[downs]


def _bound_sides(x, reach, own, count, region, found):
    """Bounds of the errors of a polytope that is cut into some simplices.

    The integrals, of edges before, are those of positions then.
    """
    volume, off, total, wide = found
    dim, worst = len(x), 0.0
    for q in range(own[0], own[1]):
        worst = max(worst, reach[q])
    # Of each mean, and of the sum of all.
    rounding = (ROUNDINGS * (dim + 2) ** 2 + 2 * count) * UNIT_ROUNDOFF
    for side in range(2):
        size = volume[side, region]
        error = SAFETY * (off[side, region] + rounding * size)
        off[side, region] = error
        for c in range(dim):
            high, first = 0.0, x[c, own[0]]
            for q in range(own[0], own[1]):
                high = max(high, abs(x[c, q]))
            high += worst
            total[side, c, region] += size * first
            doubts = worst + 3.0 * rounding * high + TINY
            new = error * high + (size + error) * doubts + 2.0 * count * TINY
            wide[side, c, region] = SAFETY * new
