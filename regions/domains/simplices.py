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
from typing import TYPE_CHECKING, NamedTuple

from regions.domains.corners import Cell

if TYPE_CHECKING:
    from flint import fmpz

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


class _Filled(NamedTuple):
    """A simplex of a cell, in integers: a sum over many reduces no fraction.

    Attributes:
        corners: Its corners, by their numbers.
        bottom: The product of their denominators.
        others: The product of those of all other corners of the cell.
        volume: Its volume times `bottom` and the factorial of the dimension.
    """

    corners: Indices
    bottom: "fmpz"
    others: "fmpz"
    volume: "fmpz"


def _filled(cell: Cell) -> Iterator[_Filled]:
    """Simplices that fill a cell and do not overlap."""
    # Loading flint takes longer than making most domains.
    from flint import fmpz, fmpz_mat

    whole = _bottom(cell)
    for corners in simplices(cell):
        rows = [list(cell.corners[k]) for k in corners]
        bottom = fmpz(math.prod(row[-1] for row in rows))
        volume = abs(fmpz_mat(rows).det())
        yield _Filled(corners, bottom, whole // bottom, volume)


def _bottom(cell: Cell) -> "fmpz":
    """The product of the denominators of all corners."""
    from flint import fmpz

    return math.prod((fmpz(corner[-1]) for corner in cell.corners), start=fmpz(1))


def _fraction(top: "fmpz", bottom: "fmpz") -> Fraction:
    """A quotient, reduced."""
    from flint import fmpq

    exact = fmpq(top, bottom)
    return Fraction(int(exact.p), int(exact.q))


def cell_volume(cell: Cell) -> Fraction:
    """Exact volume of a cell, in the chart."""
    from flint import fmpz

    total = sum((part.volume * part.others for part in _filled(cell)), fmpz(0))
    return _fraction(total, _bottom(cell) * math.factorial(cell.dim))


def first_moments(cell: Cell) -> tuple[Fraction, list[Fraction]]:
    """Volume of a cell, and the integral of each coordinate over it, in the chart.

    Example:
        >>> from regions.domains.corners import box_cell
        >>> first_moments(box_cell([0, 0], [1, 2], 0))
        (Fraction(2, 1), [Fraction(1, 1), Fraction(2, 1)])
    """
    from flint import fmpz

    dim, total = cell.dim, fmpz(0)
    # The volume of all simplices at a corner is the weight of the corner.
    weights = [fmpz(0)] * len(cell.corners)
    for part in _filled(cell):
        volume = part.volume * part.others
        total += volume
        for k in part.corners:
            weights[k] += volume
    bottom = _bottom(cell)
    unit = bottom * math.factorial(dim)
    shares = [
        weight * (bottom // corner[-1])
        for weight, corner in zip(weights, cell.corners, strict=True)
    ]
    return _fraction(total, unit), [
        _fraction(
            sum((s * v for s, v in zip(shares, column, strict=True)), fmpz(0)),
            unit * bottom * (dim + 1),
        )
        for column in list(zip(*cell.corners, strict=True))[:dim]
    ]


def complete_symmetric(values: Sequence["fmpz"], degree: int) -> list["fmpz"]:
    """Complete homogeneous symmetric polynomials of degrees 0 to `degree`.

    Example:
        >>> complete_symmetric([1, 2], 2)
        [1, 3, 7]
    """
    from flint import fmpz

    sums = [fmpz(1)] + [fmpz(0)] * degree
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
    from flint import fmpz

    tops = [v * corner[-1] for v, corner in zip(values, cell.corners, strict=True)]
    common = math.lcm(*(top.denominator for top in tops))
    totals = [fmpz(0)] * (degree + 1)
    for part in _filled(cell):
        # Values at its corners, times `common` and its own denominator.
        own = [
            int(tops[k] * common) * (part.bottom // cell.corners[k][-1])
            for k in part.corners
        ]
        factor = part.volume
        for k, value in enumerate(complete_symmetric(own, degree)):
            factor *= part.others
            totals[k] += factor * value
    unit = bottom = _bottom(cell)
    unit *= math.factorial(cell.dim)
    return [
        _fraction(total, unit * (bottom * common) ** k * math.comb(cell.dim + k, k))
        for k, total in enumerate(totals)
    ]
