"""Integrals of powers of an affine function over a cell, exactly.

A cell falls into simplices that share its corners: a corner together with the
simplices of the facets that it does not lie on, facet by facet down to points
(J. Cohen and T. Hickey, Journal of the ACM 26, 1979). On a simplex the integral of the
k-th power of an affine function is `vol k! d! / (d + k)!` times the complete
homogeneous symmetric polynomial of degree k of its values at the corners.
"""

import functools
import math
import operator
from collections.abc import Iterator, Sequence
from fractions import Fraction

from regions.domains.corners import Cell

Indices = tuple[int, ...]


def simplices(cell: Cell) -> Iterator[Indices]:
    """Corners of simplices that fill a cell and do not overlap."""
    return _fill(cell, tuple(range(len(cell.corners))), cell.dim)


def _fill(cell: Cell, face: Indices, dim: int) -> Iterator[Indices]:
    """Simplices that fill a face of some dimension, given by its corners."""
    if len(face) == dim + 1:
        yield face
        return
    apex = face[0]
    for facet in _facets(cell, face):
        if apex not in facet:
            for simplex in _fill(cell, facet, dim - 1):
                yield (apex, *simplex)


def _facets(cell: Cell, face: Indices) -> list[Indices]:
    """The facets of a face: the largest sets of corners that a further row cuts out."""
    common = functools.reduce(operator.and_, (cell.zeros[k] for k in face))
    union = functools.reduce(operator.or_, (cell.zeros[k] for k in face))
    found: list[Indices] = []
    rest = union & ~common
    while rest:
        bit = rest & -rest
        rest ^= bit
        found.append(tuple(k for k in face if cell.zeros[k] & bit))
    sets = sorted({*found}, key=len, reverse=True)
    largest: list[Indices] = []
    for corners in sets:
        if not any(set(corners) <= set(other) for other in largest):
            largest.append(corners)
    return largest


def simplex_volume(cell: Cell, simplex: Indices) -> Fraction:
    """Exact volume of a simplex, in the chart."""
    rows = [list(cell.corners[k]) for k in simplex]
    bottom = math.prod(row[-1] for row in rows) * math.factorial(cell.dim)
    # Loading flint takes longer than making most domains.
    from flint import fmpz_mat

    return abs(Fraction(int(fmpz_mat(rows).det()), bottom))


def cell_volume(cell: Cell) -> Fraction:
    """Exact volume of a cell, in the chart."""
    return sum((simplex_volume(cell, part) for part in simplices(cell)), Fraction())


def complete_symmetric(values: Sequence[Fraction], degree: int) -> list[Fraction]:
    """Complete homogeneous symmetric polynomials of degrees 0 to `degree`.

    Example:
        >>> complete_symmetric([Fraction(1), Fraction(2)], 2)
        [Fraction(1, 1), Fraction(3, 1), Fraction(7, 1)]
    """
    sums = [Fraction(1)] + [Fraction(0)] * degree
    for value in values:
        for k in range(1, degree + 1):
            sums[k] += value * sums[k - 1]
    return sums


def power_integrals(
    cell: Cell, values: Sequence[Fraction], degree: int
) -> list[Fraction]:
    """Integrals over a cell of the powers 0 to `degree` of an affine function.

    Args:
        cell: The cell.
        values: Values of the function at the corners.
        degree: The highest power.
    """
    total = [Fraction(0)] * (degree + 1)
    for simplex in simplices(cell):
        volume = simplex_volume(cell, simplex)
        sums = complete_symmetric([values[k] for k in simplex], degree)
        for k in range(degree + 1):
            total[k] += volume * sums[k] / math.comb(cell.dim + k, k)
    return total
