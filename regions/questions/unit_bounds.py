"""Bounds of every unit's pre-activation on boxes, proved in float64.

What `exact_bounds` does, many boxes and rows at once: rounding is bounded as it comes
up, each error of a coefficient times the largest value of what it multiplies. Where
numbers overflow, the exact form takes over.
"""

import math
import sys
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

import numpy as np
from flint import fmpq

from regions.network import Layer
from regions.questions.answer import ends, square_root
from regions.questions.backward import Box
from regions.questions.exact_bounds import UnitBounds, exact_bounds
from regions.questions.problem import Problem
from regions.signs.exact import to_fmpq, to_fraction
from regions.signs.rounding import (
    SAFETY,
    SMALLEST,
    UNIT_ROUNDOFF,
    chart_rounding,
    gamma,
)

SLACK = 16.0
"""What errors are multiplied by: hardly more than 1 would do, and a checker that rounds
in its own way has room."""

Ends = tuple[np.ndarray, np.ndarray]


def unit_bounds(problem: Problem, box: Box) -> UnitBounds:
    """Bounds on a box: float64 numbers, taken as exact."""
    low, high = outward(box)
    with np.errstate(all="ignore"):
        bounds = FloatBounds(problem, low[None], high[None]).all_layers()
    if not all(np.isfinite(end).all() for ends in bounds for end in ends):
        return exact_bounds(problem, box)
    return UnitBounds(
        [[to_fmpq(v) for v in low[0].tolist()] for low, _ in bounds],
        [[to_fmpq(v) for v in high[0].tolist()] for _, high in bounds],
    )


def sharpest_bounds(problem: Problem, box: Box, bounds: UnitBounds) -> UnitBounds:
    """These bounds, or such without rounding where they are nowhere looser.

    So they are where numbers are short; it takes a hundred times as long.

    Raises:
        LimitError: If a limit of a block around falls.
    """
    if problem.square is not None:
        return bounds
    exact = exact_bounds(problem, box)
    lows, highs = (
        [*zip(chain(*a), chain(*b), strict=True)]
        for a, b in zip(exact, bounds, strict=True)
    )
    sharper = all(a >= b for a, b in lows) and all(a <= b for a, b in highs)
    return exact if sharper else bounds


class Carried(NamedTuple):
    """Combinations of units carried back to the input, one a row.

    Attributes:
        upper: Upper bounds on the rows' boxes.
        gradient: What is left of each at the input.
        weights: For each layer before, what the row weighs its activations with.
    """

    upper: np.ndarray
    gradient: np.ndarray
    weights: list[np.ndarray]


class FloatBounds:
    """Some boxes, the leading axis of all arrays; what is known of the layers grows.

    Attributes:
        above: By layer, how far the line above an open unit is from its kink; 0 for
            other units.
        spreads: By layer, for the open units: box and unit of each, and how much each
            axis makes of its width, in shares.
    """

    def __init__(self, problem: Problem, low: np.ndarray, high: np.ndarray):
        network = problem.chart
        self._layers = network.layers
        self._low, self._high = low, high
        # A round ball around the origin: its radius, rounded up.
        square = problem.square
        self._radius = None if square is None else upward_root(square)
        self._chart = chart_rounding(problem.network, problem.domain)
        # Largest absolute values: of the input and of each layer's activations.
        self._sizes = [np.maximum(np.abs(low), np.abs(high))]
        self._values: list[Ends] = [(low, high)]
        self._lines: list[tuple[np.ndarray, ...]] = []
        self._largest = max(1.0, float(self._sizes[0].max()))
        self._terms = 8 * (network.input_dim + sum(network.widths) + 8)
        self._reaches: list[np.ndarray] = []
        self.above: list[np.ndarray] = []
        self.spreads: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def all_layers(self, known: list[Ends] | None = None) -> list[Ends]:
        """Lower and upper ends of each layer, no farther apart than what is known."""
        result = []
        for index, layer in enumerate(self._layers[:-1]):
            low, high = self._intervals(layer, index)
            if known is not None:
                low, high = (
                    np.fmax(low, known[index][0]),
                    np.fmin(high, known[index][1]),
                )
            self._reaches.append(self._reach(index))
            box, unit = np.nonzero(~((low >= 0) | (high <= 0)))
            if index:
                eye = np.eye(layer.width)[unit]
                carried = self.carried(
                    index, np.concatenate([eye, -eye]), np.concatenate([box, box])
                )
                first, last = -carried.upper[len(box) :], carried.upper[: len(box)]
                low[box, unit] = np.fmax(low[box, unit], first)
                high[box, unit] = np.fmin(high[box, unit], last)
                both = np.abs(carried.gradient)
                steep = both[: len(box)] + both[len(box) :]
            else:
                steep = np.abs(layer.weight[unit])
            parts = steep * (self._high - self._low)[box]
            total = parts.sum(1, keepdims=True)
            self.spreads.append((box, unit, parts / np.where(total > 0, total, 1.0)))
            result.append((low, high))
            self._enter(layer, low, high)
        self._reaches.append(self._reach(len(self._layers) - 1))
        return result

    def repeat(self, times: int) -> None:
        """Have one box, of which all is known, so many times."""

        def again(part: np.ndarray) -> np.ndarray:
            return np.repeat(part, times, axis=0)

        self._low, self._high = again(self._low), again(self._high)
        self._sizes = [again(part) for part in self._sizes]
        self._reaches = [again(part) for part in self._reaches]
        self._lines = [tuple(again(part) for part in line) for line in self._lines]
        self.above = [again(part) for part in self.above]
        self.spreads = [
            (
                np.repeat(np.arange(times), len(unit)),
                np.tile(unit, times),
                np.tile(shares, (times, 1)),
            )
            for _, unit, shares in self.spreads
        ]

    def carried(self, layer: int, weights: np.ndarray, box: np.ndarray) -> Carried:
        """Combinations of a layer's pre-activations, each on one of the boxes."""
        held: dict[int, np.ndarray] = {}
        constant, error = np.zeros(len(weights)), np.zeros(len(weights))
        owed_by = [np.zeros((0, 0))] * layer
        constant += weights @ self._layers[layer].bias
        error += self._through(layer, weights, box, held)
        for index in range(layer - 1, -1, -1):
            owed = held.pop(index + 1, None)
            if owed is None:
                owed_by[index] = np.zeros((len(weights), self._layers[index].width))
                continue
            owed_by[index] = owed
            upper, above, lower, below, doubt = (
                part[box] for part in self._lines[index]
            )
            is_up = owed > 0
            constant += (owed * np.where(is_up, above, below)).sum(1)
            error += (np.abs(owed) * doubt).sum(1)
            before = owed * np.where(is_up, upper, lower)
            constant += before @ self._layers[index].bias
            error += self._through(index, before, box, held)
        gradient = held.get(0, np.zeros((len(weights), self._low.shape[1])))
        best = np.maximum(gradient * self._low[box], gradient * self._high[box]).sum(1)
        if self._radius is not None:
            best = np.minimum(best, self._in_ball(gradient))
            best = np.minimum(best, self._in_part(gradient, box))
        error += gamma(self._terms) * (np.abs(gradient) * self._sizes[0][box]).sum(1)
        error += self._terms**2 * SMALLEST * self._largest
        return Carried(constant + best + SLACK * error, gradient, owed_by)

    def _through(
        self,
        index: int,
        weights: np.ndarray,
        box: np.ndarray,
        held: dict[int, np.ndarray],
    ) -> np.ndarray:
        """Add what combinations of a layer's units read to `held`; the errors."""
        error = (np.abs(weights) * self._reaches[index][box]).sum(1)
        for source, matrix in self._layers[index].blocks(index):
            part = weights @ matrix
            before = held.get(source)
            if before is not None:
                # What was held is rounded once more.
                moved = np.abs(before) * self._sizes[source][box]
                error = error + 2.0 * UNIT_ROUNDOFF * moved.sum(1)
                part = before + part
            held[source] = part
        return error

    def _reach(self, index: int) -> np.ndarray:
        """By how much a weight of 1 on a unit errs when it passes through its layer.

        The error of a product is at most that of the sum of its absolute terms, one
        rounding more where it is added to others; and that of a sum of constants.
        """
        layer = self._layers[index]
        result = self._chart_doubt(layer, index)
        result = result + gamma(self._terms) * np.abs(layer.bias)
        for source, matrix in layer.blocks(index):
            terms = self._sizes[source] @ np.abs(matrix).T
            result = result + gamma(layer.width + 2) * terms
        return np.broadcast_to(result, (len(self._low), layer.width))

    def _chart_doubt(self, layer: Layer, index: int) -> np.ndarray:
        """Error of a unit's computed pre-activation that the chart's rounding makes."""
        rows, bias = self._chart
        if index == len(rows):
            # Of the output layer too, where the chart composes nothing.
            return np.zeros(layer.width)
        reach = float(self._sizes[0].max())
        return np.full(layer.width, rows[index] * reach + bias[index])

    def _intervals(self, layer: Layer, index: int) -> Ends:
        """Interval arithmetic."""
        middle, spread = layer.bias, self._chart_doubt(layer, index)
        size = np.abs(layer.bias)
        for source, matrix in layer.blocks(index):
            low, high = self._values[source]
            center, half = 0.5 * (low + high), 0.5 * (high - low)
            sizes = np.abs(matrix).T
            middle = middle + center @ matrix.T
            spread = spread + half @ sizes
            size = size + (np.abs(center) + half) @ sizes
        error = SAFETY * gamma(self._terms) * size + self._terms * SMALLEST
        spread = spread + 4.0 * error
        low, high = middle - spread, middle + spread
        if self._radius is not None and index == 0:
            error = 4.0 * error + self._chart_doubt(layer, index)
            spread = self._in_ball(layer.weight) + error
            low = np.fmax(low, layer.bias - spread)
            high = np.fmin(high, layer.bias + spread)
        return low, high

    def _enter(self, layer: Layer, low: np.ndarray, high: np.ndarray) -> None:
        """Lines, sizes and activations of a layer whose bounds are known."""
        slope = layer.slopes
        first = np.where(low > 0, low, slope * low)
        last = np.where(high > 0, high, slope * high)
        kink = np.where((low < 0) & (high > 0), 0.0, first)
        ends = np.stack([first, last, kink])
        grown = np.abs(ends) * (4.0 * UNIT_ROUNDOFF) + 2.0 * SMALLEST
        self._values.append(((ends - grown).min(0), (ends + grown).max(0)))
        self._sizes.append((np.abs(ends) + grown).max(0))
        sizes = np.maximum(np.abs(low), np.abs(high))
        self._largest = max(
            self._largest, float(self._sizes[-1].max()), float(sizes.max())
        )
        upper, above, lower, below = _lines(low, high, slope)
        # Slopes times weights are rounded, and so is a sum of constants.
        steep = np.maximum(np.abs(upper), np.abs(lower))
        doubt = 2.0 * UNIT_ROUNDOFF * steep * sizes
        doubt = doubt + gamma(self._terms) * np.maximum(np.abs(above), np.abs(below))
        self._lines.append((upper, above, lower, below, doubt))
        self.above.append(above - below)

    def _in_ball(self, rows: np.ndarray) -> np.ndarray:
        """At least the largest value of each row in the round ball."""
        assert self._radius is not None
        norms = np.linalg.norm(rows, axis=1)
        tiny = self._terms * 2.0**-500  # squares may underflow
        return self._radius * (norms * (1.0 + gamma(self._terms)) + tiny)

    def _in_part(self, rows: np.ndarray, box: np.ndarray) -> np.ndarray:
        """The same of the parts of boxes in the ball, each row on one of the boxes.

        A multiple of the middle of a box is bounded in the ball, the rest of the row in
        the box: that is convex in the multiple, and least where a part of the rest
        vanishes.
        """
        low, high = self._low[box], self._high[box]
        middle = 0.5 * low + 0.5 * high
        multiples = np.divide(rows, middle, np.zeros_like(rows), where=middle != 0.0)
        best = np.full(len(rows), np.inf)
        for multiple in multiples.T:
            pull = np.where(multiple > 0.0, multiple, 0.0)[:, None] * middle
            rest = rows - pull
            found = np.maximum(rest * low, rest * high).sum(1) + self._in_ball(pull)
            sizes = (np.abs(pull) * self._sizes[0][box]).sum(1)
            best = np.fmin(best, found + 4.0 * gamma(self._terms) * sizes)
        return best


def upward_root(square: fmpq) -> float:
    """The square root as a float64 number that is no smaller."""
    # The square itself may be no float64 number, being too small or too large.
    root = float(ends(square_root(to_fraction(square)))[1])
    while to_fmpq(root) * to_fmpq(root) < square:
        root = float(np.nextafter(root, np.inf))
    return root


def _lines(
    low: np.ndarray, high: np.ndarray, slope: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Slope and constant of the upper lines, then of the lower ones."""
    is_open = (low < 0) & (high > 0) & (slope != 1)
    steady = np.where((low >= 0) | (slope == 1), 1.0, slope)
    width = np.where(is_open, high - low, 1.0)
    chord = (high - slope * low) / width
    tangent = np.where(high > -low, 1.0, slope)
    ends = np.stack([(slope - chord) * low, (1.0 - chord) * high])
    # Rounded outward: of the differences, and of the products.
    left = (np.abs(slope) + np.abs(chord)) * np.abs(low)
    right = (1.0 + np.abs(chord)) * np.abs(high)
    grown = 4.0 * UNIT_ROUNDOFF * np.stack([left, right])
    grown = grown + 4.0 * SMALLEST
    zero = np.zeros_like(low)
    above, below = (ends + grown).max(0), (ends - grown).min(0)
    convex, concave = is_open & (slope < 1), is_open & (slope > 1)
    return (
        np.where(convex, chord, np.where(concave, tangent, steady)),
        np.where(convex, above, zero),
        np.where(convex, tangent, np.where(concave, chord, steady)),
        np.where(concave, below, zero),
    )


def outward(box: Box) -> Ends:
    """A box as float64 numbers that hold it."""
    low = np.array([_nearest(v) for v in box.low])
    high = np.array([_nearest(v) for v in box.high])
    inward = [to_fmpq(a) > v for a, v in zip(low.tolist(), box.low, strict=True)]
    low = np.where(inward, np.nextafter(low, -np.inf), low)
    inward = [to_fmpq(b) < v for b, v in zip(high.tolist(), box.high, strict=True)]
    high = np.where(inward, np.nextafter(high, np.inf), high)
    return low, high


def float_above(value: Fraction) -> float:
    """A float64 number that is no smaller."""
    try:
        near = float(value)
    except OverflowError:
        return math.inf if value > 0 else -sys.float_info.max
    return near if near >= value else float(np.nextafter(near, np.inf))


def _nearest(value: fmpq) -> float:
    """The nearest float64 number."""
    return int(value.p) / int(value.q)
