"""Integrals of sums of ramps over polytopes that are not cut where a ramp bends.

No sign need be proved: a ramp's mean moves no more than its argument does at the
corners, and a ramp that is taken for one that does not bend is off by no more than the
doubt of its argument. Plain control flow over arrays, which `compiled` compiles.
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
from regions.polytopes.fans.ramp_means import Bends, make_bends, means
from regions.signs.rounding import SAFETY, UNIT_ROUNDOFF


class Values(NamedTuple):
    """What the loop writes of one polytope.

    Attributes:
        ends: The least and the largest g at the corners, unit by unit, and one more
            number of each unit.
        form: What is affine: its gradient, then its offset.
        affine: The same at the corners.
        bent: Ramps that bend there: g at the corners, ramp by ramp.
        factor: And what each is multiplied by.
        bounds: How far means of the sum and of its square are off, on every simplex.
    """

    ends: np.ndarray
    form: np.ndarray
    affine: np.ndarray
    bent: np.ndarray
    factor: np.ndarray
    bounds: np.ndarray


def make_values(dim: int, corners: int, units: int) -> tuple[Values, Bends]:
    """Room for polytopes of so many corners at most, and so many ramps."""
    values = Values(
        ends=np.zeros((3, units)),
        form=np.zeros(dim + 1),
        affine=np.zeros(corners),
        bent=np.zeros((units, corners)),
        factor=np.zeros(units),
        bounds=np.zeros(2),
    )
    return values, make_bends(dim, units)


def measure_ramps(polytopes, functions, room, values, bends, found):
    """Volumes of polytopes, and integrals of sum_j w_j (max(g_j, 0) + s_j min(g_j, 0)).

    Args:
        polytopes: As `kernel.measure` takes them.
        functions: For each polytope the gradients of all g_j, then their offsets;
            bounds of the sum of their errors; w_j; s_j; |w_j| (1 + |s_j|).
        room: Room for the fan.
        values: Room for the functions on a polytope.
        bends: Room for them on a simplex.
        found: What is added to: volumes; bounds of their errors; integrals of the sum
            and, where there is a second row, of its square; bounds of their errors.
    """
    end, x, reach, zeros = polytopes
    volume, off, total, wide = found
    dim, begin, order = len(x), 0, len(total)
    for region in range(len(end)):
        number = _evaluate(functions, x, reach, begin, end[region], region, values)
        start_fan(x, reach, zeros, begin, end[region], room)
        while next_simplex(room, dim):
            add_simplex(begin, room, region, volume, off)
            kinks = _restrict(room.chain, begin, number, values, bends)
            mean, square = means(kinks, order, bends)
            _add(0, mean, values.bounds, room.part, region, total, wide)
            if order == 2:
                _add(1, square, values.bounds, room.part, region, total, wide)
        begin = end[region]


def _restrict(chain, begin, number, values, bends):
    """Put the sum on a simplex; how many ramps bend there.

    None is positive at more than half of the corners: max(g, 0) is g + max(-g, 0).
    """
    affine, bent, factor = values.affine, values.bent, values.factor
    base, ramp, kinks, corners = bends.base, bends.ramp, 0, len(chain)
    for i in range(corners):
        base[i] = affine[chain[i] - begin]
    for k in range(number):
        ups = 0
        for i in range(corners):
            ups += bent[k, chain[i] - begin] > 0.0
        # Without branches, which nothing foretells: what does not bend is overwritten.
        turns = 2 * ups > corners
        sign, through = 1.0 - 2.0 * turns, factor[k] * turns
        for i in range(corners):
            g = bent[k, chain[i] - begin]
            base[i] += through * g
            ramp[kinks, i] = sign * g
        bends.factor[kinks] = factor[k]
        bends.ups[kinks] = corners - ups if turns else ups
        kinks += bends.ups[kinks] > 0
    return kinks


def _add(power, mean, bounds, part, region, total, wide):
    """Add an integral over the simplex that was added last, from a mean."""
    error = bounds[power]
    total[power, region] += part[0] * mean
    new = part[1] * (abs(mean) + error) + part[0] * error + TINY
    new += 2.0 * UNIT_ROUNDOFF * abs(total[power, region])
    wide[power, region] += SAFETY * new


def _evaluate(functions, x, reach, begin, end, region, values):
    """The functions at the corners of a polytope, and their bounds; how many bend."""
    form, doubt, weight, slope, most = functions
    ends, total, affine, bent = values.ends, values.form, values.affine, values.bent
    dim, corners, units, worst = len(x), end - begin, len(weight), 0.0
    offset, factor = form[region, dim], values.factor
    low, high, g = ends[0], ends[1], ends[2]
    for j in range(units):
        low[j], high[j] = np.inf, -np.inf
    steps, tail = form[region, 0], form[region, dim - 1]
    for q in range(begin, end):
        worst, first, last = max(worst, reach[q]), x[0, q], x[dim - 1, q]
        for j in range(units):
            g[j] = offset[j] + steps[j] * first
        for c in range(1, dim - 1):
            here, row = x[c, q], form[region, c]
            for j in range(units):
                g[j] += row[j] * here
        for j in range(units):
            value = g[j] + tail[j] * last
            low[j], high[j] = min(low[j], value), max(high[j], value)
    # The affine part, and what bends add to it.
    bends, through, every = 0, g, 0.0
    for j in range(units):
        every += most[j]
        is_on = low[j] >= 0.0 or slope[j] == 1.0
        through[j] = weight[j] if is_on else weight[j] * slope[j]
        if high[j] > 0.0 and not is_on and weight[j] != 0.0:
            for q in range(corners):
                bent[bends, q] = offset[j]
            for c in range(dim):
                for q in range(corners):
                    bent[bends, q] += form[region, c, j] * x[c, begin + q]
            factor[bends] = weight[j] * (1.0 - slope[j])
            bends += 1
    steep, size = 0.0, sum_of_sizes(most, offset)
    total[dim] = sum_of_products(through, offset)
    for c in range(dim):
        total[c] = sum_of_products(through, form[region, c])
        steep += sum_of_sizes(most, form[region, c])
    top = 0.0
    for q in range(corners):
        affine[q] = total[dim]
        for c in range(dim):
            affine[q] += total[c] * x[c, begin + q]
        top = max(top, abs(affine[q]))
    for k in range(bends):
        largest = 0.0
        for q in range(corners):
            largest = max(largest, abs(bent[k, q]))
        top += abs(factor[k]) * largest
    # Each number is a sum over all units of products of few factors, and the means are
    # of numbers that are not larger, in few steps for each pair of corners.
    rounding = 4.0 * (units + 8 * bends + ROUNDINGS * (dim + 1) ** 2) * UNIT_ROUNDOFF
    near = sum_of_products(most, doubt[region])
    around = near + (steep + near) * worst + rounding * (size + steep)
    around, every = SAFETY * around, 1.0 + every + top
    tiny = 64.0 * TINY * every * every
    values.bounds[0] = SAFETY * (around + tiny)
    # Squares of functions that are so near differ by their sum times that.
    values.bounds[1] = SAFETY * (around * (2.0 * top + around) + tiny)
    return bends


def sum_of_products(some, others):
    """The sum of products, in any order: errors are bounded by terms."""
    total = 0.0
    for j in range(len(some)):
        total += some[j] * others[j]
    return total


def sum_of_sizes(some, others):
    """The same of their sizes."""
    total = 0.0
    for j in range(len(some)):
        total += abs(some[j] * others[j])
    return total
