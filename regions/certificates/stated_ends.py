"""Bounds of all units on a box, as a file states them: proved layer by layer.

Most are proved in float64 with its errors, all units of a layer at once; what that
leaves open, in rational numbers.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpq

from regions.certificates.answer_bounds import (
    ExactLayers,
    Lines,
    activation_ends,
    interval_ends,
    largest_in_box,
    sharp_lines,
)
from regions.certificates.box_bounds import BoxBounds, Ends, float_below, outward
from regions.certificates.checks import Wrong
from regions.certificates.rationals import Row, dot, exact, root_above
from regions.domains.shapes import Ball, BoundedDomain
from regions.network import ReluNetwork
from regions.patterns.names import unit_name

Box = tuple[Sequence[fmpq], Sequence[fmpq]]
"""Lower and upper ends, in the chart."""

UnitEnds = tuple[list[Row], list[Row]]
"""Lower and upper ends of all hidden units, by layer."""


class StatedEnds:
    """Checks stated bounds of one network in the chart of one domain."""

    def __init__(
        self, network: ReluNetwork, domain: BoundedDomain, layers: ExactLayers
    ):
        square = domain.squared_radius
        self._square = None if square is None else exact(square)
        ball = domain if isinstance(domain, Ball) and square is not None else None
        self._layers, self._floats = layers, BoxBounds(network, ball)
        origin, directions = domain.rational_chart()
        axes = range(len(origin))
        is_shift = directions == [[int(i == k) for i in axes] for k in axes]
        self._shift = [exact(v) for v in origin] if is_shift else None

    def check(self, node: int, box: Box, stated: UnitEnds) -> None:
        """Whether all bounds hold on the box that begins at a node.

        Raises:
            Wrong: If one is not proved.
        """
        proved = self._in_float64(box, stated)
        if all(map(all, (*proved[0], *proved[1]))):
            return
        activations = [(list(box[0]), list(box[1]))]
        lines: list[list[Lines]] = []
        for index, slopes in enumerate(self._layers.slopes):
            low, high = stated[0][index], stated[1][index]
            first, last = interval_ends(self._layers, index, activations)
            for unit in range(len(slopes)):
                above_low = (
                    proved[0][index][unit]
                    or first[unit] >= low[unit]
                    or -self._upper(index, unit, -1, lines, box) >= low[unit]
                )
                below_high = (
                    proved[1][index][unit]
                    or last[unit] <= high[unit]
                    or self._upper(index, unit, 1, lines, box) <= high[unit]
                )
                if not (above_low and below_high):
                    raise Wrong(
                        f"the bounds of {unit_name((index, unit))} on the box of node "
                        f"{node} are not proved"
                    )
            activations.append(activation_ends(low, high, slopes))
            trios = zip(low, high, slopes, strict=True)
            lines.append([sharp_lines(a, b, s) for a, b, s in trios])

    def _in_float64(self, box: Box, stated: UnitEnds) -> list[list[list[bool]]]:
        """Which bounds float64 proves: of lower ends, then of upper ones, by layer.

        None where the chart is no shift of the input space, or where a bound is no
        number of float64.
        """
        none = [[[False] * len(row) for row in ends] for ends in stated]
        if self._shift is None:
            return none
        rounded: list[Ends] = []
        low, high = (
            [a + b for a, b in zip(self._shift, end, strict=True)] for end in box
        )
        try:
            space = outward([low], [high])
            for ends in zip(*stated, strict=True):
                near = [np.array([[float_below(v) for v in row]]) for row in ends]
                pairs = zip(near, ends, strict=True)
                if any([exact(v) for v in row[0]] != given for row, given in pairs):
                    return none
                rounded.append((near[0], near[1]))
        except OverflowError:
            return none
        found = self._floats.proved(*space, rounded)
        return [[ends[k][0].tolist() for ends in found] for k in range(2)]

    def _upper(
        self, index: int, unit: int, sign: int, lines: list[list[Lines]], box: Box
    ) -> fmpq:
        """An upper bound of a unit's pre-activation, or of its negative."""
        weights = [fmpq(0)] * len(self._layers.slopes[index])
        weights[unit] = fmpq(sign)
        gradient, constant = self._layers.carried_back(index, weights, lines, {})
        most = largest_in_box(gradient, *box)
        if self._square is not None:
            most = min(most, *_in_ball(gradient, *box, self._square))
        return constant + most


def _in_ball(
    gradient: Row, low: Sequence[fmpq], high: Sequence[fmpq], square: fmpq
) -> Iterator[fmpq]:
    """Upper bounds of a linear function on the part of a box in a round ball.

    A part of the gradient is bounded in the ball, the rest in the box: all of it, or a
    multiple of the box's middle that leaves an entry of 0.
    """
    yield root_above(square * dot(gradient, gradient))
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    for g, m in zip(gradient, middle, strict=True):
        if g * m > 0:
            part = [g / m * v for v in middle]
            rest = [a - b for a, b in zip(gradient, part, strict=True)]
            length = root_above(square * dot(part, part))
            yield largest_in_box(rest, low, high) + length
