"""Integrals of powers of a linear function over the part of a polygon in a disc.

The disc lies around the origin. Seen from there a polygon is a signed sum of triangles,
one an edge; the disc cuts each edge into a part inside, over which lies a triangle, and
parts beyond, over which lie sectors. Where an edge meets the circle is decided over the
rationals; roots and angles are balls of python-flint's `arb`, which hold the numbers
(F. Johansson, Arb, IEEE Transactions on Computers 66, 2017).
"""

from collections.abc import Iterator
from fractions import Fraction

from flint import arb, ctx, fmpq

from regions.domains.corners import Cell

BITS = 192
"""Of the numbers, before what cancels: some thirty digits stay."""

Vector = tuple[fmpq, fmpq]

Place = tuple[arb, arb]
"""A point, or one on the same ray from the origin."""


class DiscCell:
    """The part of a cell in the plane that lies in a disc around the origin.

    Attributes:
        is_empty: Whether it has no interior.

    Args:
        cell: The cell.
        square: The squared radius.
    """

    def __init__(self, cell: Cell, square: Fraction):
        self._square = fmpq(square.numerator, square.denominator)
        self._edges = list(_edges(cell))
        cut = any(_meets(*edge, self._square) for edge in self._edges)
        # No edge meets the disc: it is in the cell if its center is.
        self.is_empty = not cut and not all(_det(p, q) > 0 for p, q in self._edges)

    def powers(self, gradient: Vector, order: int) -> list[arb]:
        """Integrals of the powers 0 to `order` of `gradient . t`.

        Example:
            >>> from regions.domains.corners import box_cell
            >>> right = DiscCell(box_cell([0, -2], [2, 2], 0), Fraction(1))
            >>> area, first = right.powers((fmpq(1), fmpq(0)), 1)
            >>> with ctx.workprec(BITS):  # half of pi, and 2 / 3
            ...     gaps = 2 * area - arb.pi(), 3 * first - 2
            >>> [bool(abs(gap) < 1e-50) for gap in gaps]
            [True, True]
        """
        with ctx.workprec(BITS):
            total = [arb(0)] * (order + 1)
            if self.is_empty:
                return total
            for p, q in self._edges:
                for k, part in enumerate(self._over(p, q, gradient, order)):
                    total[k] += part
            return total

    def _over(self, p: Vector, q: Vector, gradient: Vector, order: int) -> list[arb]:
        """The same over what is seen of the disc behind an edge, with its sign."""
        start, end = _far(p), _far(q)
        inside = _norm(p) <= self._square, _norm(q) <= self._square
        if not _meets(p, q, self._square):
            way = self._triangle if all(inside) else self._sector
            return way(start, end, gradient, order)
        first, last = _crossings(p, q, self._square)
        first, last = start if inside[0] else first, end if inside[1] else last
        parts = [self._triangle(first, last, gradient, order)]
        if not inside[0]:
            parts.append(self._sector(start, first, gradient, order))
        if not inside[1]:
            parts.append(self._sector(last, end, gradient, order))
        return [sum(column, arb(0)) for column in zip(*parts, strict=True)]

    @staticmethod
    def _triangle(p: Place, q: Place, gradient: Vector, order: int) -> list[arb]:
        """Over the triangle with the origin: of degree m, the mean on the edge counts.

        That of L^m is the sum of L(p)^i L(q)^(m-i) over m + 1.
        """
        size = p[0] * q[1] - p[1] * q[0]
        a, b = (gradient[0] * t[0] + gradient[1] * t[1] for t in (p, q))
        result, sums, power = [], arb(1), arb(1)
        for m in range(order + 1):
            result.append(size * sums / ((m + 1) * (m + 2)))
            power = power * a
            sums = power + b * sums
        return result

    def _sector(self, p: Place, q: Place, gradient: Vector, order: int) -> list[arb]:
        """Over the sector of the disc between two rays, by parts in the angle.

        With c the slope along a ray and s its derivative, c^2 + s^2 = |gradient|^2 and
        m J_m = -[c^(m-1) s] + (m - 1) |gradient|^2 J_(m-2).
        """
        radius, (g, h) = arb(self._square).sqrt(), gradient
        length = arb(g * g + h * h)
        rays = []
        for x, y in (p, q):
            far = (x * x + y * y).sqrt()
            rays.append(((g * x + h * y) / far, (h * x - g * y) / far))
        (c, s), (d, t) = rays
        dot, det = p[0] * q[0] + p[1] * q[1], p[0] * q[1] - p[1] * q[0]
        angles = [arb.atan2(det, dot), s - t]
        for m in range(2, order + 1):
            ends = s * c ** (m - 1) - t * d ** (m - 1)
            angles.append((ends + (m - 1) * length * angles[m - 2]) / m)
        return [
            radius ** (m + 2) * angle / (m + 2)
            for m, angle in enumerate(angles[: order + 1])
        ]


def interval(ball: arb) -> tuple[Fraction, Fraction]:
    """Rational ends of a ball, or a little beyond."""
    ends = []
    with ctx.workprec(BITS):
        for end in (ball.lower(), ball.upper()):
            digits, exponent = end.man_exp()
            ends.append(Fraction(int(digits)) * Fraction(2) ** int(exponent))
    return ends[0], ends[1]


def _edges(cell: Cell) -> Iterator[tuple[Vector, Vector]]:
    """The edges of a polygon, counterclockwise."""
    points = [
        (fmpq(x.numerator, x.denominator), fmpq(y.numerator, y.denominator))
        for x, y in cell.points()
    ]
    count = len(points)
    middle = tuple(sum((p[k] for p in points), fmpq(0)) / count for k in range(2))
    for i in range(count):
        for j in range(i):
            common = cell.zeros[i] & cell.zeros[j]
            others = (z for k, z in enumerate(cell.zeros) if k not in (i, j))
            if not common or any(z & common == common for z in others):
                continue
            p, q = points[i], points[j]
            around = _det(_less(q, p), _less((middle[0], middle[1]), p))
            yield (p, q) if around > 0 else (q, p)


def _less(p: Vector, q: Vector) -> Vector:
    return p[0] - q[0], p[1] - q[1]


def _det(p: Vector, q: Vector) -> fmpq:
    return p[0] * q[1] - p[1] * q[0]


def _norm(p: Vector) -> fmpq:
    """The squared length."""
    return p[0] * p[0] + p[1] * p[1]


def _far(p: Vector) -> Place:
    return arb(p[0]), arb(p[1])


def _meets(p: Vector, q: Vector, square: fmpq) -> bool:
    """Whether more than an end of an edge lies in the open disc."""
    if min(_norm(p), _norm(q)) < square:
        return True
    d = _less(q, p)
    along = -(p[0] * d[0] + p[1] * d[1])
    return 0 < along < _norm(d) and _det(p, q) ** 2 < square * _norm(d)


def _crossings(p: Vector, q: Vector, square: fmpq) -> tuple[Place, Place]:
    """Where the line through an edge enters the disc, and where it leaves it."""
    d = _less(q, p)
    length, along = _norm(d), -(p[0] * d[0] + p[1] * d[1])
    root = arb(square * length - _det(p, q) ** 2).sqrt()
    places = []
    for side in (-1, 1):
        share = (along + side * root) / length
        places.append((p[0] + share * d[0], p[1] + share * d[1]))
    return places[0], places[1]
