"""Bounds of every unit's pre-activation on a box, exactly.

Each is the better of two: interval arithmetic, and the combination carried back to the
input (`backward`), whose lines come from the bounds of the layers before.
"""

from typing import NamedTuple

from flint import fmpq, fmpq_mat

from regions.errors.limits import check
from regions.questions.backward import (
    ZERO,
    Box,
    Lines,
    around,
    carried_back,
    largest_in_box,
    straight,
)
from regions.questions.problem import Problem

BITS = 40
"""Bits after the point to which bounds are rounded outward: shorter numbers."""


class UnitBounds(NamedTuple):
    """Ends of the pre-activations of all hidden units, by layer.

    Attributes:
        low: Lower ends.
        high: Upper ends.
    """

    low: list[list[fmpq]]
    high: list[list[fmpq]]


def exact_bounds(problem: Problem, box: Box) -> UnitBounds:
    """Bounds on a box, whatever the size of the numbers.

    Raises:
        LimitError: If a limit of a block around falls.
    """
    low: list[list[fmpq]] = []
    high: list[list[fmpq]] = []
    lines: list[list[Lines]] = []
    values = [[*zip(box.low, box.high, strict=True)]]
    for index, slopes in enumerate(problem.slopes):
        ends = _intervals(problem, index, values)
        if index:
            ends = [
                _sharper(problem, index, unit, end, lines, box)
                for unit, end in enumerate(ends)
            ]
        ends = [(_down(a), -_down(-b)) for a, b in ends]
        low.append([a for a, _ in ends])
        high.append([b for _, b in ends])
        lines.append(
            [lines_of(a, b, slope) for (a, b), slope in zip(ends, slopes, strict=True)]
        )
        values.append(
            [
                _activated(a, b, slope)
                for (a, b), slope in zip(ends, slopes, strict=True)
            ]
        )
    return UnitBounds(low, high)


def lines_of(low: fmpq, high: fmpq, slope: fmpq, tangent: fmpq | None = None) -> Lines:
    """The lines of a unit with these bounds."""
    if low >= 0 or slope == 1:
        return straight(fmpq(1))
    if high <= 0:
        return straight(slope)
    return around(low, high, slope, tangent)


def _down(value: fmpq) -> fmpq:
    """A number at most this, and short."""
    if value.q.bit_length() <= BITS:
        return value
    return fmpq((value * (1 << BITS)).floor(), 1 << BITS)


def _intervals(
    problem: Problem, index: int, values: list[list[tuple[fmpq, fmpq]]]
) -> list[tuple[fmpq, fmpq]]:
    """Interval arithmetic: middle and half width of each unit."""
    layer = problem.exact.layer(index)
    unit = fmpq(1, 1 << layer.shift)
    width = layer.bias.nrows()
    middle = fmpq_mat(layer.bias)
    spread = fmpq_mat(width, 1)
    for source, matrix in layer.blocks:
        pairs = values[source]
        centers = fmpq_mat(len(pairs), 1, [(a + b) / 2 for a, b in pairs])
        halves = fmpq_mat(len(pairs), 1, [(b - a) / 2 for a, b in pairs])
        sizes = [abs(v) for v in matrix.entries()]
        middle += fmpq_mat(matrix) * centers
        spread += fmpq_mat(width, len(pairs), sizes) * halves
    return [
        ((c - r) * unit, (c + r) * unit)
        for c, r in zip(middle.entries(), spread.entries(), strict=True)
    ]


def _sharper(
    problem: Problem,
    index: int,
    unit: int,
    end: tuple[fmpq, fmpq],
    lines: list[list[Lines]],
    box: Box,
) -> tuple[fmpq, fmpq]:
    """The better of these bounds and those carried back, where the sign is open."""
    low, high = end
    if low >= 0 or high <= 0:
        return end
    check()
    for sign in (1, -1):
        weights = [ZERO] * len(problem.slopes[index])
        weights[unit] = fmpq(sign)
        *gradient, offset = carried_back(problem, index, weights, lines, {})
        bound = offset + largest_in_box(gradient, box)
        if sign > 0:
            high = min(high, bound)
        else:
            low = max(low, -bound)
    return low, high


def _activated(low: fmpq, high: fmpq, slope: fmpq) -> tuple[fmpq, fmpq]:
    """Bounds of the activation: at the ends, or 0 between them."""
    ends = [v if v > 0 else slope * v for v in (low, high)]
    if low < 0 < high:
        ends.append(ZERO)
    return min(ends), max(ends)
