"""Arrangements of the literature whose characteristic polynomials are known."""

import itertools
import math

from flint import fmpz_mat


def threshold(n):
    """Functions of n binary variables that a hyperplane separates, in R^(n + 1)."""
    return [(1, *s, 0) for s in itertools.product((-1, 1), repeat=n)]


def resonance(n):
    """All sums of coordinates."""
    return [(*s, 0) for s in itertools.product((0, 1), repeat=n) if any(s)]


def differences(n, shifts):
    """`x_i - x_j = s` for i < j: braid, Shi, Catalan, Linial, semiorder."""
    return [
        _row(n, {i: 1, j: -1, n: -s})
        for i, j in itertools.combinations(range(n), 2)
        for s in shifts
    ]


def sums(n):
    """`x_i + x_j = 0`: the threshold graphs on n vertices."""
    return [_row(n, {i: 1, j: 1}) for i, j in itertools.combinations(range(n), 2)]


def type_d(n):
    """`x_i = x_j` and `x_i = -x_j`."""
    return differences(n, [0]) + sums(n)


def type_b(n):
    """The same, and `x_i = 0`."""
    return type_d(n) + [_row(n, {i: 1}) for i in range(n)]


def demicube(n):
    """Corners of the cube with an even number of minus signs, with a first 1."""
    return [row for row in threshold(n) if math.prod(row[1:-1]) == 1]


def spanned(points):
    """Hyperplanes through any d of some points in R^d."""
    d = len(points[0])
    result = []
    for chosen in itertools.combinations(points, d):
        table = [[*point, 1] for point in chosen]
        minors = [
            (-1) ** k * int(fmpz_mat([r[:k] + r[k + 1 :] for r in table]).det())
            for k in range(d + 1)
        ]
        result.append(tuple(minors))
    return result


def _row(n, entries):
    return tuple(entries.get(k, 0) for k in range(n + 1))


def product_of_roots(dim, roots):
    """Coefficients of `t^(dim - len(roots)) (t - root) ...`, highest first."""
    result = [1]
    for root in roots:
        result = [a - root * b for a, b in zip([*result, 0], [0, *result], strict=True)]
    return (*result, *[0] * (dim - len(roots)))
