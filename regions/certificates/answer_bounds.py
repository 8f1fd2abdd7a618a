"""Bounds of a network on a box, carried back to the input: the checker's own.

Rational arithmetic throughout, with nothing of the code that made an answer. A unit
lies between two lines; a combination of units is bounded layer by layer.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat

from regions.domains.shapes import Domain
from regions.network import Layer, ReluNetwork

Unit = tuple[int, int]
Row = list[fmpq]

CHORD_BITS = 24
SHORT_BITS = 8
"""Chords are rounded down to so many bits after the point, but for those with
denominators of so few bits: a rule of the format."""


class Lines(NamedTuple):
    """`upper * pre + above >= activation >= lower * pre + below`."""

    upper: fmpq
    above: fmpq
    lower: fmpq
    below: fmpq


class ExactLayers:
    """A network in the chart of a domain, over the rationals.

    Attributes:
        slopes: Slopes of the hidden units, by layer.
        dim: Dimension of the chart.
        outputs: Number of outputs.
    """

    def __init__(self, network: ReluNetwork, domain: Domain):
        origin, directions = domain.rational_chart()
        self.dim, self.outputs = len(directions), network.output_dim
        start = fmpq_mat(len(origin), 1, [_exact(v) for v in origin])
        across = fmpq_mat(
            len(directions), len(origin), [_exact(v) for row in directions for v in row]
        ).transpose()
        self.slopes = [[_exact(v) for v in layer.slopes] for layer in network.hidden]
        self._layers = [
            _layer(layer, index, start, across)
            for index, layer in enumerate(network.layers)
        ]

    @property
    def affine_maps(self) -> list[tuple[list[tuple[int, fmpq_mat]], fmpq_mat]]:
        """Blocks and bias of each layer, the outputs last; source 0 is the chart."""
        return self._layers

    def values(self, point: Sequence[fmpq]) -> Row:
        """The outputs at a point of the chart."""
        return self.at_points([point])[-1][0]

    def at_points(self, points: Sequence[Sequence[fmpq]]) -> list[list[Row]]:
        """Pre-activations of each layer, the outputs last, at each point."""
        count, result = len(points), []
        held = [fmpq_mat([list(column) for column in zip(*points, strict=True)])]
        for index, (blocks, bias) in enumerate(self._layers):
            pre = fmpq_mat([[v] * count for v in bias.entries()])
            for source, matrix in blocks:
                pre = pre + matrix * held[source]
            rows = pre.tolist()
            result.append([list(column) for column in zip(*rows, strict=True)])
            if index < len(self.slopes):
                pairs = zip(rows, self.slopes[index], strict=True)
                active = [[v if v > 0 else s * v for v in row] for row, s in pairs]
                held.append(fmpq_mat(active))
        return result

    def carried_back(
        self,
        layer: int,
        weights: Row,
        lines: Sequence[Sequence[Lines]],
        signs: Mapping[Unit, fmpq],
    ) -> tuple[Row, fmpq]:
        """A form of the input (gradient, constant) above a combination of a layer."""
        owed = {layer + 1: weights}
        gradient, constant = [fmpq(0)] * self.dim, fmpq(0)
        for index in range(layer, -1, -1):
            pre = owed.pop(index + 1, None)
            if index < layer:
                pre, moved = self._below(index, pre, lines[index], signs)
                constant += moved
            if pre is None or not any(pre):
                continue
            blocks, bias = self._layers[index]
            row = fmpq_mat(1, len(pre), pre)
            constant += (row * bias)[0, 0]
            for source, matrix in blocks:
                part = (row * matrix).entries()
                if source == 0:
                    gradient = _added(gradient, part)
                else:
                    before = owed.get(source)
                    owed[source] = part if before is None else _added(before, part)
        return gradient, constant

    def _below(
        self,
        index: int,
        owed: Row | None,
        lines: Sequence[Lines],
        signs: Mapping[Unit, fmpq],
    ) -> tuple[Row, fmpq]:
        """Weights of pre-activations in place of activations, and a constant."""
        result, constant = [], fmpq(0)
        for unit, line in enumerate(lines):
            weight = fmpq(0) if owed is None else owed[unit]
            slope, moved = (
                (line.upper, line.above) if weight > 0 else (line.lower, line.below)
            )
            constant += weight * moved
            result.append(weight * slope + signs.get((index, unit), fmpq(0)))
        return result, constant


def largest_in_box(gradient: Row, low: Sequence[fmpq], high: Sequence[fmpq]) -> fmpq:
    """The largest value of a linear function in a box."""
    ends = zip(gradient, low, high, strict=True)
    return sum((g * (b if g > 0 else a) for g, a, b in ends if g != 0), fmpq(0))


SHARP_BITS = 96
"""So many in bounds that the checker finds: short sums, and ends far below rounding."""


def sharp_lines(low: fmpq, high: fmpq, slope: fmpq) -> Lines:
    """The lines of a unit with the chord as good as not rounded."""
    return lines_between(low, high, slope, None, SHARP_BITS)


def lines_between(
    low: fmpq,
    high: fmpq,
    slope: fmpq,
    tangent: fmpq | None,
    bits: int = CHORD_BITS,
) -> Lines:
    """The lines of a unit whose pre-activation lies between two ends.

    Args:
        low: Lower end.
        high: Upper end.
        slope: Slope of the unit where it is off.
        tangent: Slope of the line through the kink; None for that of the larger side.
        bits: To how many bits after the point the chord is rounded down.

    Raises:
        ValueError: If the tangent is not between the slope and 1.
    """
    one, zero = fmpq(1), fmpq(0)
    if low >= 0 or slope == 1:
        return Lines(one, zero, one, zero)
    if high <= 0:
        return Lines(slope, zero, slope, zero)
    if tangent is None:
        tangent = one if high > -low else slope
    if not min(slope, one) <= tangent <= max(slope, one):
        raise ValueError("a tangent is not between the slopes of its unit")
    exact = (high - slope * low) / (high - low)
    chord = exact
    if exact.q.bit_length() > SHORT_BITS:
        chord = fmpq((exact * (1 << bits)).floor(), 1 << bits)
    ends = (slope - chord) * low, (1 - chord) * high
    if slope < 1:
        return Lines(chord, max(ends), tangent, zero)
    return Lines(tangent, zero, chord, min(ends))


def interval_ends(
    layers: ExactLayers, index: int, activations: Sequence[tuple[Row, Row]]
) -> tuple[Row, Row]:
    """Ends of a layer's pre-activations by interval arithmetic."""
    blocks, bias = layers._layers[index]
    low, high = bias, bias
    for source, matrix in blocks:
        below, above = activations[source]
        entries = matrix.entries()
        shape = matrix.nrows(), matrix.ncols()
        plus = fmpq_mat(*shape, [max(v, fmpq(0)) for v in entries])
        minus = fmpq_mat(*shape, [min(v, fmpq(0)) for v in entries])
        first, last = (fmpq_mat(len(v), 1, list(v)) for v in (below, above))
        low = low + plus * first + minus * last
        high = high + plus * last + minus * first
    return low.entries(), high.entries()


def activation_ends(low: Row, high: Row, slopes: Row) -> tuple[Row, Row]:
    """Ends of activations from those of pre-activations."""
    below, above = [], []
    for a, b, slope in zip(low, high, slopes, strict=True):
        ends = [v if v > 0 else slope * v for v in (a, b)]
        if a < 0 < b:
            ends.append(fmpq(0))
        below.append(min(ends))
        above.append(max(ends))
    return below, above


def _layer(
    layer: Layer, index: int, start: fmpq_mat, across: fmpq_mat
) -> tuple[list[tuple[int, fmpq_mat]], fmpq_mat]:
    """Blocks and bias, over the rationals, in the chart."""
    bias = fmpq_mat(layer.width, 1, [_exact(v) for v in layer.bias])
    blocks = []
    for source, weight in layer.blocks(index):
        rows, columns = weight.shape
        matrix = fmpq_mat(rows, columns, [_exact(v) for v in weight.ravel()])
        if source == 0:
            bias = bias + matrix * start
            matrix = matrix * across
        blocks.append((source, matrix))
    return blocks, bias


def _exact(value: Fraction | float | np.floating) -> fmpq:
    """The exact value of a number."""
    return fmpq(*value.as_integer_ratio())


def _added(a: Row, b: Row) -> Row:
    """The sum of two rows."""
    return [x + y for x, y in zip(a, b, strict=True)]
