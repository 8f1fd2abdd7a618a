"""What a search maximizes: a combination of outputs and inputs, over a domain.

A goal is the smallest of several affine functions of the outputs and of the coordinates
of the chart. All numbers are rational.
"""

import copy
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpz_mat

from regions.domains.shapes import BoundedDomain, Simplex
from regions.network import ReluNetwork
from regions.signs.exact import Columns, ExactNetwork, to_fmpq, to_fraction

Point = tuple[Fraction, ...]

ORDINARY_BITS = 500
"""Numbers between these powers of two are ordinary float64 numbers, and so are their
products."""


class Linear(NamedTuple):
    """An affine function of outputs and chart coordinates.

    Attributes:
        outputs: A weight for each output.
        inputs: A weight for each coordinate of the chart; empty for none.
        offset: A constant.
    """

    outputs: tuple[Fraction, ...]
    inputs: tuple[Fraction, ...] = ()
    offset: Fraction = Fraction(0)

    def scale(self) -> fmpq:
        """A power of two by which its numbers are divided to be float64 numbers."""
        numbers = (*self.outputs, *self.inputs, self.offset)
        return power_near([to_fmpq(v) for v in numbers])


Goal = tuple[Linear, ...]
"""The smallest of these is to be made as large as possible."""


class Problem:
    """A network on a domain, with goals: the best of them counts.

    Attributes:
        exact: The network in rational arithmetic, in the chart.
        chart: The network in the chart, in float64, for hints.
        goals: What to maximize.
        low: Lower ends of the chart's box, exactly.
        high: Upper ends.
        rows: Further rows `a . t <= b` of the domain, b last.
        square: Of a round ball around the chart's origin, the squared radius; else
            None.
    """

    def __init__(
        self, network: ReluNetwork, domain: BoundedDomain, goals: Sequence[Goal]
    ):
        self.chart = domain.restrict(network)
        self.network, self.domain, self.goals = network, domain, goals
        self.exact = ExactNetwork(network, domain)
        self.kinks = [layer.kinks.tolist() for layer in network.hidden]
        self.slopes = [
            [to_fmpq(float(slope)) for slope in layer.slopes]
            for layer in network.hidden
        ]
        box = domain.chart_box()
        self.low = [to_fmpq(float(v)) for v in box.lower]
        self.high = [to_fmpq(float(v)) for v in box.upper]
        self.rows = _beyond_box(domain)
        square = domain.squared_radius
        self.square = None if square is None else to_fmpq(square)

    def asking(self, goals: Sequence[Goal]) -> "Problem":
        """The same network on the same domain, with other goals."""
        other = copy.copy(self)
        other.goals = goals
        return other

    @property
    def dim(self) -> int:
        """Dimension of the chart."""
        return self.exact.dim

    def value(self, goal: int, point: Sequence[Fraction]) -> Fraction:
        """A goal at a point of the chart, exactly."""
        return _least(self.goals[goal], self._outputs(point), point)

    def values(self, point: Sequence[Fraction]) -> list[Fraction]:
        """All goals at a point of the chart, exactly."""
        outputs = self._outputs(point)
        return [_least(goal, outputs, point) for goal in self.goals]

    def _outputs(self, point: Sequence[Fraction]) -> list[Fraction]:
        """The outputs at a point of the chart."""
        columns = Columns.of_points([point])
        numerators, scales = self.exact.forward(columns)
        bottom = scales[-1][0] * columns.denominators[0]
        return [Fraction(row[0], bottom) for row in numerators[-1]]

    def inside(self) -> Point:
        """A point of the domain, in the chart."""
        if self.rows or self.square is not None:
            return self.domain.inside()
        # The box may be one whose ends are no float64 numbers.
        ends = zip(self.low, self.high, strict=True)
        return tuple(to_fraction((low + high) / 2) for low, high in ends)

    def holds(self, point: Sequence[Fraction]) -> bool:
        """Whether a point of the chart lies in the domain."""
        exact = [to_fmpq(v) for v in point]
        inside = all(
            a <= t <= b for a, t, b in zip(self.low, exact, self.high, strict=True)
        )
        if self.square is not None:
            inside = inside and sum((t * t for t in exact), fmpq(0)) <= self.square
        return inside and all(
            sum((a * t for a, t in zip(row, exact, strict=False)), fmpq(0)) <= row[-1]
            for row in self.rows
        )


def _least(
    goal: Goal, outputs: Sequence[Fraction], point: Sequence[Fraction]
) -> Fraction:
    """The smallest part of a goal."""
    return min(
        sum((w * y for w, y in zip(f.outputs, outputs, strict=True) if w), f.offset)
        + sum((v * t for v, t in zip(f.inputs, point, strict=False)), Fraction())
        for f in goal
    )


def power_near(numbers: Sequence[fmpq]) -> fmpq:
    """A power of two near the largest of some numbers, or 1 if that is an ordinary one.

    Example:
        >>> power_near([fmpq(3), fmpq(1 << 900)]) == 1 << 900, power_near([fmpq(3)])
        (True, 1)
    """
    largest = max(map(abs, numbers))
    exponent = largest.p.bit_length() - largest.q.bit_length()
    if largest == 0 or abs(exponent) <= ORDINARY_BITS:
        return fmpq(1)
    return fmpq(2) ** exponent


def _beyond_box(domain: BoundedDomain) -> list[list[fmpq]]:
    """The rows of a domain that its box does not have."""
    if domain.squared_radius is not None:
        return []
    if domain.is_simple and not isinstance(domain, Simplex):
        return []
    A, b = domain.rows()
    table = np.concatenate([A, b[:, None]], 1)
    return [[to_fmpq(float(v)) for v in row] for row in table]


def row_times(row: Sequence[fmpq], matrix: fmpz_mat) -> list[fmpq]:
    """A rational row times an integer matrix."""
    bottom = 1
    for v in row:
        if v.q != 1:
            bottom = v.q.lcm(bottom)
    scaled = [(v * bottom).p for v in row]
    product = (fmpz_mat([scaled]) * matrix).entries()
    return [fmpq(v, bottom) for v in product]
