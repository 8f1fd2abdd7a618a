"""Deep points of many polyhedra `g_i z <= h_i`, `z = M x`, x in a box, compiled.

The program `max t` with `g_i M x + t <= h_i` (rows of unit length in x) has many
variables, each between two bounds, and few rows. The dual simplex method needs a basis
of as many columns as there are rows, whatever the number of variables: a step prices
them all by one product with M. Its dual is a piecewise linear function of the rows'
multipliers, and a step goes through many of its kinks at once: variables that would
leave their bounds are flipped to the other one ("long steps": I. Maros, "A generalized
dual phase-2 simplex algorithm", European Journal of Operational Research 149, 2003).
A program begins at the basis of an earlier one with fewer rows, which stays dual
feasible, and ends as soon as its multipliers prove emptiness, or its point is deep
enough.

Hints come from here and no proofs: whoever asks proves what the answer says.
"""

from typing import Any

import numpy as np

from regions.compiled.jit import compiled, compiled_sum

TOLERANCE = 1e-10
"""Violation of a bound, in sizes of the program, from which on a variable leaves."""
PIVOT = 1e-8
"""Smallest entry of a column that can enter."""
EMPTY_ENOUGH = 1e-7
"""A depth this far below zero, in sizes of the program, ends the search."""
LOOK_EVERY = 4
"""Steps between two looks at the point at hand."""
STEPS, WARM_STEPS = 30, 12
"""Steps at most, for each row; fewer from the basis of another program, which may be
one where rounding makes the method run in circles."""
NONE = -1


@compiled
def _pivot(inverse: np.ndarray, column: np.ndarray, row: int, size: int) -> None:
    """The inverse after a column entered the basis at a row."""
    pivot = column[row]
    for c in range(size):
        inverse[row, c] /= pivot
    for r in range(size):
        factor = column[r]
        if r != row and factor != 0.0:
            for c in range(size):
                inverse[r, c] -= factor * inverse[row, c]


@compiled_sum
def _product(row: Any, column: Any, count: Any) -> Any:
    """Sum of the products of some numbers."""
    total = 0.0
    for k in range(count):
        total += row[k] * column[k]
    return total


@compiled
def _column(
    g: np.ndarray, transposed: np.ndarray, which: int, size: int, column: np.ndarray
) -> None:
    """Coefficients of a variable in all rows; those of the depth are 1."""
    for r in range(size):
        column[r] = 1.0
        if which < len(transposed):
            column[r] = _product(g[r], transposed[which], g.shape[1])


@compiled
def _times(
    inverse: np.ndarray, column: np.ndarray, size: int, result: np.ndarray
) -> None:
    """The inverse times a column."""
    for r in range(size):
        result[r] = _product(inverse[r], column, size)


@compiled
def _prices(
    weights: np.ndarray,
    g: np.ndarray,
    M: np.ndarray,
    size: int,
    folded: np.ndarray,
    prices: np.ndarray,
) -> None:
    """`weights g M`: what a combination of the rows says of every variable."""
    folded[:] = 0.0
    for r in range(size):
        if weights[r] != 0.0:
            for k in range(len(folded)):
                folded[k] += weights[r] * g[r, k]
    prices[:] = 0.0
    for k in range(len(folded)):
        factor = folded[k]
        if factor != 0.0:
            for j in range(len(prices)):
                prices[j] += factor * M[k, j]


@compiled
def _depth(
    g: np.ndarray,
    h: np.ndarray,
    M: np.ndarray,
    x: np.ndarray,
    size: int,
    image: np.ndarray,
) -> float:
    """Smallest slack of a point."""
    for k in range(len(image)):
        image[k] = _product(M[k], x, len(x))
    least = np.inf
    for r in range(size):
        least = min(least, h[r] - _product(g[r], image, len(image)))
    return least


@compiled
def deep_points(
    G: np.ndarray,
    h: np.ndarray,
    lengths: np.ndarray,
    M: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    cap: float,
    enough: float,
    basics: np.ndarray,
    tight: np.ndarray,
    at_upper: np.ndarray,
    points: np.ndarray,
    depths: np.ndarray,
    duals: np.ndarray,
) -> int:
    """Deep points of many polyhedra, or multipliers that show them empty.

    Args:
        G: Gradients of the rows in z.
        h: Right-hand sides.
        lengths: Lengths of the rows in x; rows of length 0 are padding.
        M: The map from x to z, without offset.
        lower: Lower ends of the box of x.
        upper: Upper ends.
        cap: Depth at most.
        enough: A point of this share of the depth that may be possible ends a program.
        basics: Variables of the basis (the depth comes after those of x), `NONE` where
            there are fewer; read and written.
        tight: Which rows the basis holds with equality; read and written.
        at_upper: Which other variables are at their upper bound; read and written.
        points: Written: the points x, within the box.
        depths: Written: smallest slack of the point, in lengths of x.
        duals: Written: multipliers of the rows.

    Returns:
        The number of steps.
    """
    count, rows, width = G.shape
    variables = M.shape[1]
    g, rhs = np.empty((rows, width)), np.empty(rows)
    row_of, basis = np.empty(rows, np.int64), np.empty(rows, np.int64)
    inverse, column, entry = np.empty((rows, rows)), np.empty(rows), np.empty(rows)
    values, image = np.empty(rows), np.empty(width)
    folded, prices = np.empty(width), np.empty(variables)
    gains, x = np.empty(variables), np.empty(variables)
    is_basic, is_loose = np.empty(variables, np.bool_), np.empty(rows, np.bool_)
    order = np.empty(variables + 1, np.int64)
    ratios = np.empty(variables + 1)
    # Where no point is enough, the multipliers are wanted as good as they get.
    empty_enough = EMPTY_ENOUGH if enough < 1.0 else np.inf
    transposed = np.ascontiguousarray(M.T)
    steps = 0
    for p in range(count):
        # Rows of unit length in x, padding left out, and the size of the program.
        size, scale = 0, 1.0
        for i in range(rows):
            if lengths[p, i] > 0.0:
                for k in range(width):
                    g[size, k] = G[p, i, k] / lengths[p, i]
                rhs[size] = h[p, i] / lengths[p, i]
                scale = max(scale, abs(rhs[size]))
                row_of[size] = i
                size += 1
        depth_at, solved = NONE, False
        # Warm from the earlier basis; where that fails, cold from none.
        for attempt in range(2):
            is_basic[:] = False
            # The basis of an earlier program: its columns enter at its tight rows.
            inverse[:size, :size] = 0.0
            for r in range(size):
                inverse[r, r] = 1.0
                basis[r] = variables + 1 + r
            depth_at = NONE
            for b in range(rows):
                which = basics[p, b]
                if which == NONE or attempt > 0:
                    continue
                _column(g, transposed, which, size, column)
                _times(inverse, column, size, entry)
                best, row = PIVOT, NONE
                for r in range(size):
                    free = tight[p, row_of[r]] and basis[r] > variables
                    if free and abs(entry[r]) > best:
                        best, row = abs(entry[r]), r
                if row != NONE:
                    _pivot(inverse, entry, row, size)
                    basis[row] = which
                    if which < variables:
                        is_basic[which] = True
                    else:
                        depth_at = row
            # Dual feasible still? A multiplier below zero has the program begin cold.
            if depth_at != NONE:
                for r in range(size):
                    # Only rows that are held with equality have a multiplier.
                    if inverse[depth_at, r] < -1e-9:
                        depth_at = NONE
                        break
                if depth_at == NONE:
                    inverse[:size, :size] = 0.0
                    for r in range(size):
                        inverse[r, r] = 1.0
                        basis[r] = variables + 1 + r
                    is_basic[:] = False
            # Reduced costs, and each variable at the bound that they ask for.
            if depth_at != NONE:
                _prices(inverse[depth_at], g, M, size, folded, prices)
                for j in range(variables):
                    gains[j] = -prices[j]
                    if gains[j] > 0.0:
                        at_upper[p, j] = True
                    elif gains[j] < 0.0:
                        at_upper[p, j] = False
            else:
                gains[:] = 0.0
            # Rows whose slack is basic may not enter.
            is_loose[:] = False
            for r in range(size):
                if basis[r] > variables:
                    is_loose[basis[r] - variables - 1] = True
            # Values of the basic variables.
            for j in range(variables):
                x[j] = upper[j] if at_upper[p, j] else lower[j]
                if is_basic[j]:
                    x[j] = 0.0
            _depth(g, rhs, M, x, size, image)
            for r in range(size):
                column[r] = rhs[r] - (cap if depth_at == NONE else 0.0)
                column[r] -= _product(g[r], image, width)
            _times(inverse, column, size, values)
            depths[p] = -np.inf
            duals[p] = 0.0
            solved = False
            for step in range((STEPS if attempt > 0 else WARM_STEPS) * size + 1):
                bound = cap if depth_at == NONE else values[depth_at]
                # Which basic variable is farthest outside its bounds?
                leaving, worst, rises = NONE, 0.0, True
                for r in range(size):
                    below, above = np.inf, np.inf
                    if basis[r] < variables:
                        below = values[r] - lower[basis[r]]
                        above = upper[basis[r]] - values[r]
                    elif basis[r] == variables:
                        above = cap - values[r]
                    else:
                        below = values[r]
                    gap = min(below, above)
                    if gap < -TOLERANCE * scale:
                        norm = _product(inverse[r], inverse[r], size)
                        if gap * gap > worst * norm:
                            worst, leaving = gap * gap / norm, r
                            rises = below < above
                is_empty = depth_at != NONE and bound < -empty_enough * scale
                # A point of the box has a true depth: the best is kept, and ends it
                # where it is enough.
                if leaving == NONE or is_empty or step % LOOK_EVERY == LOOK_EVERY - 1:
                    for j in range(variables):
                        x[j] = upper[j] if at_upper[p, j] else lower[j]
                    for r in range(size):
                        if basis[r] < variables:
                            j = basis[r]
                            x[j] = min(max(values[r], lower[j]), upper[j])
                    depth = _depth(g, rhs, M, x, size, image)
                    if depth > depths[p]:
                        depths[p] = depth
                        points[p] = x
                    deep = depths[p] > 0.0 and depths[p] >= enough * bound
                    if leaving == NONE or is_empty or deep:
                        solved = True
                        break
                steps += 1
                # Price all variables: which can enter, after how long a step?
                sign = -1.0 if rises else 1.0
                _prices(inverse[leaving], g, M, size, folded, prices)
                found = 0
                for j in range(variables):
                    speed = sign * prices[j]
                    if is_basic[j]:
                        continue
                    if (speed > PIVOT and not at_upper[p, j]) or (
                        speed < -PIVOT and at_upper[p, j]
                    ):
                        order[found] = j
                        ratios[found] = abs(gains[j] / speed)
                        found += 1
                # Among rows and the depth itself, which have no other end: the first.
                limit, entering = np.inf, NONE
                for r in range(size):
                    speed = sign * inverse[leaving, r]
                    if speed > PIVOT and not is_loose[r]:
                        price = inverse[depth_at, r] if depth_at != NONE else 0.0
                        if max(price, 0.0) / speed < limit:
                            limit, entering = max(price, 0.0) / speed, variables + 1 + r
                if depth_at == NONE:
                    speed = 0.0
                    for r in range(size):
                        speed += sign * inverse[leaving, r]
                    if speed < -PIVOT and -1.0 / speed < limit:
                        limit, entering = -1.0 / speed, variables
                # The variable that leaves goes to the bound that it has crossed.
                gone, target = basis[leaving], 0.0
                if gone < variables:
                    target = lower[gone] if rises else upper[gone]
                elif gone == variables:
                    target = cap
                slope = abs(values[leaving] - target)
                # Long steps: variables met before `limit` go to their other bound,
                # while the dual objective still rises (`slope`); the next one enters.
                image[:] = 0.0
                flipped = False
                while found > 0:
                    best = 0
                    for c in range(1, found):
                        if ratios[c] < ratios[best]:
                            best = c
                    if ratios[best] >= limit:
                        break
                    j = order[best]
                    room = upper[j] - lower[j]
                    slope -= abs(prices[j]) * room
                    if slope <= 0.0:
                        limit, entering = ratios[best], j
                        break
                    flipped = True
                    change = -room if at_upper[p, j] else room
                    at_upper[p, j] = not at_upper[p, j]
                    for k in range(width):
                        image[k] += transposed[j, k] * change
                    found -= 1
                    order[best], ratios[best] = order[found], ratios[found]
                # The step has no end: infeasible, or rounding says so.
                if entering == NONE:
                    break
                # What the flips change in the values of the basic variables.
                if flipped:
                    for r in range(size):
                        column[r] = _product(g[r], image, width)
                    _times(inverse, column, size, entry)
                    for r in range(size):
                        values[r] -= entry[r]
                if entering <= variables:
                    _column(g, transposed, entering, size, column)
                else:
                    column[:size] = 0.0
                    column[entering - variables - 1] = 1.0
                _times(inverse, column, size, entry)
                # The entering column in the basis; a tiny pivot ends the attempt.
                if not abs(entry[leaving]) > 0.1 * PIVOT:
                    break
                # Primal step: the leaving variable arrives at its bound.
                change = (values[leaving] - target) / entry[leaving]
                start = 0.0
                if entering < variables:
                    start = (
                        upper[entering] if at_upper[p, entering] else lower[entering]
                    )
                elif entering == variables:
                    start = cap
                for r in range(size):
                    values[r] -= change * entry[r]
                values[leaving] = start + change
                # Dual step: the reduced cost of the entering variable becomes zero.
                factor = 0.0
                if entering < variables:
                    factor = gains[entering] / prices[entering]
                elif entering == variables:
                    total = 0.0
                    for r in range(size):
                        total += inverse[leaving, r]
                    factor = 1.0 / total
                else:
                    price = 0.0
                    if depth_at != NONE:
                        price = inverse[depth_at, entering - variables - 1]
                    factor = -price / inverse[leaving, entering - variables - 1]
                for j in range(variables):
                    if not is_basic[j]:
                        gains[j] -= factor * prices[j]
                # The leaving variable is nonbasic now, the entering one basic.
                if gone < variables:
                    is_basic[gone] = False
                    at_upper[p, gone] = not rises
                    gains[gone] = -factor
                elif gone == variables:
                    depth_at = NONE
                    gains[:] = 0.0
                else:
                    is_loose[gone - variables - 1] = False
                _pivot(inverse, entry, leaving, size)
                basis[leaving] = entering
                if entering < variables:
                    is_basic[entering] = True
                    gains[entering] = 0.0
                elif entering == variables:
                    depth_at = leaving
                else:
                    is_loose[entering - variables - 1] = True
            if solved:
                break
        # What is left for proofs, and for the programs of the parts.
        basics[p] = NONE
        tight[p] = True
        for i in range(rows):
            tight[p, i] = lengths[p, i] > 0.0
        for r in range(size):
            if basis[r] <= variables:
                basics[p, r] = basis[r]
            else:
                tight[p, row_of[basis[r] - variables - 1]] = False
        if depth_at != NONE:
            for r in range(size):
                i = row_of[r]
                duals[p, i] = max(inverse[depth_at, r], 0.0) / lengths[p, i]
    return steps
