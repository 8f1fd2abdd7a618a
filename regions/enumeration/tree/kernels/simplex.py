"""Chebyshev balls of many small polyhedra by the simplex method, compiled.

The program `max r` with `a_i x + r <= h_i` (rows of unit length) and `r <= cap` is
solved through its dual, `min h y` with `sum y_i (a_i, 1) = (0, 1)` and `y >= 0`: the
most violated row enters, so every step cuts off the point at hand. The start is a
corner of a box far outside. This is the revised simplex method with an explicit
inverse: the programs have few variables, so the inverse is small, and a step costs as
much as looking at all rows once.

Hints come from here and no proofs: whoever asks proves what the answer says. The
reference that answers are tested against is `regions.lp.chebyshev`.
"""

from typing import Any

import numpy as np

from regions.compiled.jit import compiled, compiled_sum

FAR = 1e4
"""How far out the box is where it starts, in sizes of the program."""
TOLERANCE = 1e-12
"""Violation of a row, in sizes of the program, from which on it enters."""
EMPTY_ENOUGH = 1e-7
"""A ball this much smaller than nothing, in sizes of the program, ends the search: the
weights at hand prove that the polyhedron is empty."""
PIVOT = 1e-9
"""Smallest entry of a step in which a variable can leave."""
STEPS, BLAND = 40, 15
"""Steps at most, for each variable, and those after which the first row enters that
may: a slow rule, but it does not run in circles."""


@compiled_sum
def _product(row: Any, column: Any, count: Any) -> Any:
    """Sum of the products of some numbers."""
    total = 0.0
    for k in range(count):
        total += row[k] * column[k]
    return total


@compiled
def _slacks(
    G: np.ndarray,
    h: np.ndarray,
    point: np.ndarray,
    rows: int,
    size: int,
    slack: np.ndarray,
) -> None:
    """`h - point G` of all rows, in so many variables."""
    slack[:rows] = h[:rows]
    for c in range(size):
        value = point[c]
        row = G[c]
        for i in range(rows):
            slack[i] -= value * row[i]


@compiled
def _find_facets(G: np.ndarray, rows: int, dim: int, facet: np.ndarray) -> None:
    """Rows that bound one coordinate alone: from below, and from above; -1 for none."""
    facet[:] = -1
    for i in range(rows):
        only, others = -1, 0
        for c in range(dim):
            if G[c, i] != 0.0:
                only = c
                others += 1
                if others > 1:
                    break
        if others == 1:
            facet[0 if G[only, i] < 0.0 else 1, only] = i


@compiled
def balls(
    A: np.ndarray,
    b: np.ndarray,
    cap: float,
    centers: np.ndarray,
    radii: np.ndarray,
    duals: np.ndarray,
    solved: np.ndarray,
) -> int:
    """Largest balls in `A x <= b` of many polyhedra; rows of zeros are padding.

    Writes centers, radii (negative where a polyhedron seems empty), multipliers of the
    rows, and whether the program was solved. Returns the number of steps.
    """
    count, rows, dim = A.shape
    size = dim + 1
    # One row of G for each variable: all slacks are updated in step.
    G, h, slack = np.empty((size, rows)), np.empty(rows), np.empty(rows)
    facet, side = np.empty((2, dim), np.int64), np.empty(dim)
    which, lengths = np.empty(rows, np.int64), np.empty(rows)
    inverse, basis = np.empty((size, size)), np.empty(size, np.int64)
    costs, weights = np.empty(size), np.empty(size)
    point, step = np.empty(size), np.empty(size)
    is_basic = np.empty(rows, np.bool_)
    steps = 0
    for k in range(count):
        used, unit, usable = 0, cap, True
        for i in range(rows):
            length = np.sqrt(_product(A[k, i], A[k, i], dim))
            if not length > 0.0 or np.isinf(length):
                # Padding is zero; else a square was too small, or no number.
                for c in range(dim):
                    usable = usable and A[k, i, c] == 0.0
            else:
                for c in range(dim):
                    G[c, used] = A[k, i, c] / length
                G[dim, used], h[used] = 1.0, b[k, i] / length
                which[used], lengths[used] = i, length
                unit = max(unit, abs(h[used]))
                used += 1
        # The start: rows -1 - c are x_c <= FAR, the last one is the cap. A facet of a
        # box takes their place, on the side to which the last row points.
        inverse[:] = 0.0
        is_basic[:used] = False
        _find_facets(G, used, dim, facet)
        for c in range(dim):
            inverse[c, c] = 1.0
            basis[c], costs[c], weights[c] = -1 - c, FAR * unit, 0.0
            low = used > 0 and G[c, used - 1] > 0.0
            i = facet[0 if low else 1, c]
            if i >= 0:
                side[c] = G[c, i]
                basis[c], costs[c], is_basic[i] = i, h[i], True
                inverse[c, c], inverse[dim, c] = side[c], -side[c]
        inverse[dim, dim] = 1.0
        basis[dim], costs[dim], weights[dim] = -1 - dim, cap, 1.0
        good = False
        for c in range(size):
            point[c] = 0.0
            for r in range(size):
                point[c] += costs[r] * inverse[r, c]
        for round_ in range(STEPS * size):
            if point[dim] < -EMPTY_ENOUGH * unit:
                # Weights of the box are no weights of rows.
                outside = 0.0
                for r in range(size):
                    if -1 - dim < basis[r] < 0:
                        outside = max(outside, weights[r])
                if outside <= TOLERANCE:
                    good = True
                    break
            entering, worst = -1, -TOLERANCE * unit
            _slacks(G, h, point, used, size, slack)
            for i in range(used):
                if slack[i] < worst and not is_basic[i]:
                    entering, worst = i, slack[i]
                    if round_ > BLAND * size:
                        break
            if entering < 0:
                good = True
                break
            steps += 1
            for r in range(size):
                step[r] = 0.0
                for c in range(size):
                    step[r] += inverse[r, c] * G[c, entering]
            leaving, best = -1, np.inf
            for r in range(size):
                if step[r] > PIVOT:
                    ratio = max(weights[r], 0.0) / step[r]
                    # Of equal ones the largest pivot: it loses least.
                    if ratio < best or (ratio == best and step[r] > step[leaving]):
                        leaving, best = r, ratio
            if leaving < 0:
                break
            if basis[leaving] >= 0:
                is_basic[basis[leaving]] = False
            basis[leaving], costs[leaving] = entering, h[entering]
            is_basic[entering] = True
            pivot = step[leaving]
            for c in range(size):
                inverse[leaving, c] /= pivot
                # The row that enters holds with equality then.
                point[c] += worst * inverse[leaving, c]
            for r in range(size):
                factor = step[r]
                if r != leaving and factor != 0.0:
                    for c in range(size):
                        inverse[r, c] -= factor * inverse[leaving, c]
                    weights[r] -= factor * best
            weights[leaving] = best
        # One step of refinement, for what rounding did to the inverse.
        _slacks(G, h, point, used, size, slack)
        for r in range(size):
            step[r] = 0.0
            if basis[r] >= 0:
                step[r] = slack[basis[r]]
        for c in range(size):
            for r in range(size):
                point[c] += step[r] * inverse[r, c]
        duals[k] = 0.0
        for r in range(size):
            if basis[r] >= 0:
                duals[k, which[basis[r]]] = max(weights[r], 0.0) / lengths[basis[r]]
        radius = cap
        _slacks(G, h, point, used, dim, slack)
        for i in range(used):
            radius = min(radius, slack[i])
        for c in range(dim):
            centers[k, c] = point[c]
            good = good and np.isfinite(point[c])
        radii[k], solved[k] = radius, good and usable and np.isfinite(radius)
    return steps
