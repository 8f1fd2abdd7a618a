"""Hyperplanes as integer rows: which are the same, and what their number of regions is.

A row `(normal | offset)` is the hyperplane `normal . x + offset = 0`. Rows are divided
by their greatest common divisor and their first entry is made positive, so that equal
hyperplanes are equal rows.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from flint import fmpz_mat

Row = tuple[int, ...]


def distinct_hyperplanes(rows: Iterable[Sequence[int]]) -> list[Row]:
    """Every hyperplane once, in the order of its first row; zero normals are none."""
    return list(dict.fromkeys(primitive(row) for row in rows if any(row[:-1])))


def primitive(row: Sequence[int]) -> Row:
    """The row that stands for all multiples of a row that is not zero."""
    common = math.gcd(*row)
    if next(v for v in row if v) < 0:
        common = -common
    return tuple(v // common for v in row)


def integer_rows(rows: Sequence[Sequence[float | Fraction | int]]) -> list[list[int]]:
    """Each row of numbers times a number that makes it integer; nothing is rounded."""
    result = []
    for row in rows:
        exact = [Fraction(v) for v in row]
        common = math.lcm(*(v.denominator for v in exact))
        result.append([int(v * common) for v in exact])
    return result


@dataclasses.dataclass(frozen=True, slots=True)
class Arrangement:
    """Distinct hyperplanes in the fewest dimensions, in two equivalent forms.

    Attributes:
        rows: Hyperplanes `(normal | offset)` whose normals span the space and that do
            not all meet in one point.
        central: Hyperplanes through the origin in one dimension more, whose traces on
            a hyperplane beside the origin the rows are. The absolute values of the
            coefficients of its characteristic polynomial come in pairs: the polynomial
            is that of the rows times `t - 1`.
        is_central: Whether `central` is the arrangement that was given, and not `rows`.
    """

    rows: list[Row]
    central: list[Row]
    is_central: bool

    @property
    def rank(self) -> int:
        """Dimension of the space of `rows`."""
        return len(self.central[0]) - 1

    def from_rows(self, betti: Sequence[int]) -> list[int]:
        """Betti numbers of the given arrangement from those of `rows`."""
        if not self.is_central:
            return list(betti)
        return [a + b for a, b in zip([*betti, 0], [0, *betti], strict=True)]

    def from_central(self, betti: Sequence[int]) -> list[int]:
        """Betti numbers of the given arrangement from those of `central`."""
        if self.is_central:
            return list(betti)
        quotient = [betti[0]]
        for value in betti[1:-1]:
            quotient.append(value - quotient[-1])
        return quotient


def essential(hyperplanes: Sequence[Row]) -> Arrangement:
    """The arrangement in the fewest dimensions in which it has as many regions.

    Directions along which all hyperplanes are parallel are left out: restricting all
    forms to columns on which their row space keeps its rank changes no dependence among
    them. Hyperplanes through a common point are cut beside it.
    """
    columns = _pivot_columns(hyperplanes)
    kept = [primitive([row[c] for c in columns]) for row in hyperplanes]
    if columns[-1] == len(hyperplanes[0]) - 1:
        infinity = (*[0] * (len(columns) - 1), 1)
        return Arrangement(kept, [*kept, infinity], is_central=False)
    # The offsets depend on the normals: all hyperplanes meet.
    return Arrangement(_beside_center(kept), kept, is_central=True)


def _pivot_columns(rows: Sequence[Row]) -> list[int]:
    """The first columns on which the rows keep their rank."""
    width = len(rows[0])
    reduced, _, rank = fmpz_mat(
        len(rows), width, [v for row in rows for v in row]
    ).rref()
    return [next(c for c in range(width) if reduced[k, c] != 0) for k in range(rank)]


def _beside_center(central: Sequence[Row]) -> list[Row]:
    """Traces of hyperplanes through the origin on one of them, moved off the origin.

    On `h . x = 1` the coordinate of a nonzero entry `h_p` is eliminated: the form a
    becomes `(a_j h_p - a_p h_j | a_p)` times `1 / h_p`.
    """
    # The simplest one keeps the numbers small.
    h = min(central, key=lambda row: sum(v * v for v in row))
    p = next(k for k, v in enumerate(h) if v)
    rest = [k for k in range(len(h)) if k != p]
    return [
        primitive([*(a[j] * h[p] - a[p] * h[j] for j in rest), a[p]])
        for a in central
        if a != h
    ]


def minor_bound(rows: Sequence[Row]) -> int:
    """No minor of the rows is larger than this, in absolute value (Hadamard)."""
    if not rows:
        return 1
    squares = sorted((sum(v * v for v in row) for row in rows), reverse=True)
    largest = squares[: len(rows[0])]
    return math.isqrt(math.prod(max(1, v) for v in largest)) + 1
