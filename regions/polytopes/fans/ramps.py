"""Integrals of sums of ramps over polytopes that are not cut where a ramp bends.

A ramp is max(g, 0) with g affine. Where g is a_1, ..., a_p > 0 and -b_1, ..., -b_n <= 0
at the d + 1 corners of a simplex, the mean of its ramp is D(p, n) / (d + 1) with

    D(i, j) = (a_i D(i, j - 1) + b_j D(i - 1, j)) / (a_i + b_j),

D(i, 0) = a_1 + ... + a_i and D(0, j) = 0: the point of the edge from a_i to -b_j where
g is 0 cuts the simplex in two, whose volumes are as a_i to b_j; each has this point, at
which g is 0, in the place of an end of the edge. (It is the divided difference of a
truncated power, as in de Boor's recurrence for B-splines.) No number is negative, so
nothing cancels; and a ramp's mean moves no more than g does at the corners.

So no sign need be proved: a ramp that is taken for one that does not bend is off by no
more than the doubt of g. Plain control flow over arrays, which `compiled` compiles.
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


class Values(NamedTuple):
    """What the loop writes of one polytope.

    Attributes:
        affine: What is affine, at the corners.
        bent: Ramps that bend there: g at the corners, ramp by ramp.
        factor: And what each is multiplied by.
        mean: A row D(i, 0), D(i, 1), ... of the recurrence.
        low: Numbers -g that are not negative, at corners of a simplex.
    """

    affine: np.ndarray
    bent: np.ndarray
    factor: np.ndarray
    mean: np.ndarray
    low: np.ndarray


def make_values(dim: int, corners: int, units: int) -> Values:
    """Room for polytopes of so many corners at most, and so many ramps."""
    return Values(
        affine=np.zeros(corners),
        bent=np.zeros((units, corners)),
        factor=np.zeros(units),
        mean=np.zeros(dim + 2),
        low=np.zeros(dim + 2),
    )


def measure_ramps(polytopes, functions, room, values, found):
    """Volumes of polytopes, and integrals of sum_j w_j (max(g_j, 0) + s_j min(g_j, 0)).

    Args:
        polytopes: As `kernel.measure` takes them.
        functions: For each polytope the gradients of all g_j, then their offsets;
            bounds of the sum of their errors; w_j; s_j.
        room: Room for the fan.
        values: Room for the functions.
        found: What is added to: volumes; bounds of their errors; integrals; bounds of
            their errors.
    """
    end, x, reach, zeros = polytopes
    volume, off, total, wide = found
    part, dim, begin = room.part, len(x), 0
    for region in range(len(end)):
        bends, around = _evaluate(functions, x, reach, begin, end, region, values)
        start_fan(zeros, begin, end[region], room)
        while next_simplex(room, dim):
            add_simplex(x, reach, room, region, volume, off)
            mean = _mean(room.chain, begin, bends, values)
            total[region] += part[0] * mean
            new = part[1] * (abs(mean) + around) + part[0] * around + TINY
            new += 2.0 * UNIT_ROUNDOFF * abs(total[region])
            wide[region] += SAFETY * new
        begin = end[region]


def _evaluate(functions, x, reach, begin, end, region, values):
    """The functions at the corners of a polytope; how many bend; how far all are off.

    The last is a bound for the whole sum, everywhere on the polytope.
    """
    form, doubt, weight, slope = functions
    affine, bent, factor = values.affine, values.bent, values.factor
    dim, corners, worst = len(x), end[region] - begin, 0.0
    for q in range(corners):
        affine[q] = 0.0
        worst = max(worst, reach[begin + q])
    bends, around, size = 0, 0.0, 0.0
    for j in range(len(weight)):
        w = weight[j]
        if w == 0.0:
            continue
        g, steep, offset = bent[bends], 0.0, form[region, dim, j]
        for q in range(corners):
            g[q] = offset
        for c in range(dim):
            entry = form[region, c, j]
            steep += abs(entry)
            for q in range(corners):
                g[q] += entry * x[c, begin + q]
        low, high = np.inf, -np.inf
        for q in range(corners):
            low, high = min(low, g[q]), max(high, g[q])
        # The affine part, and what a bend adds to it.
        is_on = low >= 0.0 or slope[j] == 1.0
        through = w if is_on else w * slope[j]
        if through != 0.0:
            for q in range(corners):
                affine[q] += through * g[q]
        if high > 0.0 and not is_on:
            factor[bends] = w * (1.0 - slope[j])
            bends += 1
        most = abs(w) * (1.0 + abs(slope[j]))
        near = doubt[region, j] + (steep + doubt[region, j]) * worst
        around += most * (SAFETY * near + TINY)
        size += most * (steep + abs(offset))
    # Each number is a sum of products of few factors, over all units.
    rounding = 4.0 * (len(weight) + ROUNDINGS * (dim + 1)) * UNIT_ROUNDOFF
    return bends, SAFETY * (around + rounding * size + TINY)


def _mean(chain, begin, bends, values):
    """The mean of the sum over a simplex."""
    affine, bent, factor = values.affine, values.bent, values.factor
    row, low, total = values.mean, values.low, 0.0
    for i in range(len(chain)):
        total += affine[chain[i] - begin]
    for k in range(bends):
        n = 0
        for i in range(len(chain)):
            g = bent[k, chain[i] - begin]
            if g <= 0.0:
                n += 1
                low[n] = -g
        for j in range(n + 1):
            row[j] = 0.0
        if n < len(chain):
            for i in range(len(chain)):
                a = bent[k, chain[i] - begin]
                if a > 0.0:
                    row[0] += a
                    for j in range(1, n + 1):
                        share = a / (a + low[j])
                        rest = low[j] / (a + low[j])
                        row[j] = share * row[j - 1] + rest * row[j]
        total += factor[k] * row[n]
    return total / len(chain)
