"""Convex cells by their corners, over the integers: cut exactly, degenerate or not.

A corner is a tuple of integers `(x w, w)`, w > 0. With each goes the set of rows that
hold with equality there, as the bits of an integer. Two corners span an edge if and
only if they share at least dim - 1 rows, and no third corner has all of these (the test
of the double description method: T. S. Motzkin et al. 1953).
"""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

Corner = tuple[int, ...]
"""Homogeneous coordinates, the positive denominator last."""


class Cell(NamedTuple):
    """A polytope with interior points, by its corners.

    Attributes:
        corners: The corners.
        zeros: For each corner the rows through it, one bit a row.
    """

    corners: tuple[Corner, ...]
    zeros: tuple[int, ...]

    @property
    def dim(self) -> int:
        """Dimension of the space."""
        return len(self.corners[0]) - 1

    def points(self) -> list[tuple[Fraction, ...]]:
        """The corners as rational points."""
        return [tuple(Fraction(v, c[-1]) for v in c[:-1]) for c in self.corners]

    def middle(self) -> tuple[Fraction, ...]:
        """The mean of the corners, which lies strictly inside."""
        columns = zip(*self.points(), strict=True)
        return tuple(sum(column, Fraction()) / len(self.corners) for column in columns)


def corner_of(point: Sequence[Fraction]) -> Corner:
    """A rational point in homogeneous coordinates."""
    bottom = math.lcm(*(v.denominator for v in point))
    return (*(v.numerator * (bottom // v.denominator) for v in point), bottom)


def split(cell: Cell, values: Sequence[int], row: int) -> tuple[Cell, Cell]:
    """The parts of a cell in which a form is positive, and negative.

    Args:
        cell: The cell.
        values: Value of the form at each corner (times the corner's denominator); both
            signs occur.
        row: A number for the form, not in use on the cell.
    """
    bit = 1 << row
    shared = [
        (
            _crossing(cell.corners[i], values[i], cell.corners[j], values[j]),
            common | bit,
        )
        for i, j, common in _crossed_edges(cell, values)
    ]
    for corner, zeros, value in zip(cell.corners, cell.zeros, values, strict=True):
        if value == 0:
            shared.append((corner, zeros | bit))
    parts = []
    for sign in (1, -1):
        strict = [
            (corner, zeros)
            for corner, zeros, value in zip(
                cell.corners, cell.zeros, values, strict=True
            )
            if sign * value > 0
        ]
        corners, zeros = zip(*strict, *shared, strict=True)
        parts.append(Cell(corners, zeros))
    return parts[0], parts[1]


def _crossed_edges(cell: Cell, values: Sequence[int]) -> list[tuple[int, int, int]]:
    """Edges on which a form changes its sign: corners, and the rows that they share."""
    above = [i for i, v in enumerate(values) if v > 0]
    below = [i for i, v in enumerate(values) if v < 0]
    needed, edges = cell.dim - 1, []
    for i, j in itertools.product(above, below):
        common = cell.zeros[i] & cell.zeros[j]
        if common.bit_count() < needed:
            continue
        # A third corner with all these rows: the two lie on no common edge.
        others = (z for k, z in enumerate(cell.zeros) if k not in (i, j))
        if not any(z & common == common for z in others):
            edges.append((i, j, common))
    return edges


def _crossing(p: Corner, a: int, q: Corner, b: int) -> Corner:
    """Where a form vanishes that is a > 0 at p, and b < 0 at q."""
    point = [a * y - b * x for x, y in zip(p, q, strict=True)]
    common = math.gcd(*point)
    return tuple(v // common for v in point)


def box_cell(lower: Sequence[int], upper: Sequence[int], first_row: int) -> Cell:
    """A box with integer ends; its rows from `first_row` on: lower end, upper end."""
    ends = [*zip(lower, upper, strict=True)]
    sides = [*itertools.product((0, 1), repeat=len(ends))]
    corners = [
        (*(pair[s] for pair, s in zip(ends, side, strict=True)), 1) for side in sides
    ]
    zeros = [
        sum(1 << (first_row + 2 * k + s) for k, s in enumerate(side)) for side in sides
    ]
    return Cell(tuple(corners), tuple(zeros))


def clipped(cell: Cell, row: Sequence[int], number: int) -> Cell:
    """The part of a cell where `a . t <= b`; it must have interior points.

    Args:
        cell: The cell.
        row: The integers of `a`, then b.
        number: A number for the row, not in use on the cell.
    """
    form = [*(-v for v in row[:-1]), row[-1]]
    values = [sum(map(int.__mul__, form, corner)) for corner in cell.corners]
    if min(values) < 0:
        return split(cell, values, number)[0]
    bit = 1 << number
    touched = (z | bit * (not v) for z, v in zip(cell.zeros, values, strict=True))
    return cell._replace(zeros=tuple(touched))
