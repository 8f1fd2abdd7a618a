"""Lines of the last layer across one cell of the layers before it, exactly."""

import functools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.enumeration.cells.answers import meeting
from regions.enumeration.cells.valued import Valued
from regions.questions.answer import Point
from regions.signs.exact import ExactNetwork

Row = list[int]


class Gap(NamedTuple):
    """A piece of a line between two others that cross it there.

    Attributes:
        middle: A point of it, inside the cell.
        crossed: How many of the lines that were asked about lie before it.
    """

    middle: Point
    crossed: tuple[int, ...]


class ExactCell:
    """A cell, and the lines on which units of the last layer vanish.

    Positions along a line with form (a, b, c) are products with (b, -a).

    Attributes:
        before: Which units of the layers before are on.
    """

    def __init__(self, exact: ExactNetwork, cells: Valued, cell: int):
        self._exact, self._cells, self._cell = exact, cells, cell
        self._ends: dict[int, tuple[Point, Point]] = {}
        width = exact.widths[-1]
        before = np.zeros(sum(exact.widths), bool)
        hidden = exact.network.hidden[:-1]
        kinks = [layer.kinks for layer in hidden]
        if kinks:
            (bits,) = cells.bits(np.array([cell]))
            before[: len(before) - width][np.concatenate(kinks)] = bits
        self.before = before

    @functools.cached_property
    def forms(self) -> list[Row]:
        """Forms of the last layer's units in the chart, up to positive factors."""
        width = self._exact.widths[-1]
        layers = len(self._exact.widths)
        return self._exact.affine_forms(self.before, layers=layers)[-width:]

    @functools.cached_property
    def corners(self) -> list[Point]:
        """Corners of the cell."""
        start = int(self._cells.starts()[self._cell])
        last = int(self._cells.end[self._cell])
        return [self.corner(q) for q in range(last - start)]

    def corner(self, q: int) -> Point:
        """One corner of the cell."""
        return self._cells.corner(self._cell, int(self._cells.starts()[self._cell]) + q)

    def middle(self) -> Point:
        """The mean of the corners."""
        columns = zip(*self.corners, strict=True)
        return tuple(sum(v, Fraction()) / len(self.corners) for v in columns)

    def value(self, unit: int, point: Point) -> Fraction:
        """A form at a point."""
        a, b, c = self.forms[unit]
        return a * point[0] + b * point[1] + c

    def sign(self, unit: int, q: int) -> int:
        """Sign of a unit at a corner."""
        value = self.value(unit, self.corners[q])
        return (value > 0) - (value < 0)

    def are_one(self, unit: int, other: int) -> bool:
        """Whether two units vanish on one line."""
        return not any(meeting(self.forms[unit], self.forms[other]))

    def is_turned(self, unit: int, other: int) -> bool:
        """Whether of two units that vanish on one line one is on where one is off."""
        p, q = self.forms[unit], self.forms[other]
        return p[0] * q[0] + p[1] * q[1] < 0

    def position(self, unit: int, point: Point) -> Fraction:
        """Where a point of a line lies along it."""
        a, b, _ = self.forms[unit]
        return b * point[0] - a * point[1]

    def ends(self, unit: int) -> tuple[Point, Point]:
        """Where a line that crosses the cell enters and leaves it."""
        if unit not in self._ends:
            self._ends[unit] = self._ends_of(unit)
        return self._ends[unit]

    def _ends_of(self, unit: int) -> tuple[Point, Point]:
        """The hull of where it meets what lies between two corners."""
        values = [self.value(unit, point) for point in self.corners]
        met = [point for point, v in zip(self.corners, values, strict=True) if v == 0]
        for p, v in zip(self.corners, values, strict=True):
            for q, w in zip(self.corners, values, strict=True):
                if v > 0 > w:
                    share = v / (v - w)
                    met.append(_between(p, q, share))
        places = [(self.position(unit, point), point) for point in met]
        return min(places)[1], max(places)[1]

    def end(self, unit: int, which: int) -> Point:
        """One of these two points."""
        return self.ends(unit)[which]

    def crossing(self, unit: int, other: int) -> Point | None:
        """Where two lines cross, if that is in the cell."""
        x, y, z = meeting(self.forms[unit], self.forms[other])
        if z == 0:
            return None
        point = Fraction(x, z), Fraction(y, z)
        low, high = (self.position(unit, end) for end in self.ends(unit))
        return point if low <= self.position(unit, point) <= high else None

    def gaps(
        self, unit: int, others: Sequence[int], starts: bool, stops: bool
    ) -> Iterator[Gap]:
        """Pieces of a line that have a length, between some others that cross it.

        Args:
            unit: The line.
            others: The others.
            starts: Whether the first piece begins where the line enters the cell, and
                not at the first of the others.
            stops: Whether the last one likewise ends where it leaves it.
        """
        low, high = (self.position(unit, end) for end in self.ends(unit))
        events: list[tuple[Fraction, int]] = []
        for k, other in enumerate(others):
            x, y, z = meeting(self.forms[unit], self.forms[other])
            if z != 0:
                point = Fraction(x, z), Fraction(y, z)
                events.append((self.position(unit, point), k))
        events.sort()
        places = [place for place, _ in events]
        if starts:
            events.insert(0, (min([low, *places]), -1))
        if stops:
            events.append((max([high, *places]), -1))
        crossed: list[int] = []
        for n, (place, k) in enumerate(events[:-1]):
            if k >= 0:
                crossed.append(k)
            first, last = max(place, low), min(events[n + 1][0], high)
            if first < last:
                yield Gap(self._at(unit, (first + last) / 2), tuple(crossed))

    def _at(self, unit: int, position: Fraction) -> Point:
        """The point of a line with some position."""
        first, last = self.ends(unit)
        low, high = self.position(unit, first), self.position(unit, last)
        return _between(first, last, (position - low) / (high - low))

    def beside(self, unit: int, middle: Point, is_on: bool) -> Point:
        """A point beside a line with the signs that all others have in its middle.

        Args:
            unit: The line.
            middle: A point of it inside the cell, on no other line.
            is_on: On which side.
        """
        side = 1 if is_on else -1
        far = next(p for p in self.corners if side * self.value(unit, p) > 0)
        least = Fraction(1)
        for row in self.forms:
            a, b, c = row
            here = a * middle[0] + b * middle[1] + c
            there = a * far[0] + b * far[1] + c
            if here and here * there < 0:
                least = min(least, here / (here - there))
        return _between(middle, far, least / 2)


def _between(first: Point, last: Point, share: Fraction) -> Point:
    """The point of a segment at some share of its length."""
    return tuple(p + share * (q - p) for p, q in zip(first, last, strict=True))
