"""Upper bounds of outputs on boxes in float64: the checker's own, for many boxes.

A unit lies between two lines, and a combination of units is carried back to the input
through them. Each rounding is charged where it comes up: a coefficient that is off by e
moves the sum by at most e times the largest value of what it multiplies.
"""

import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from flint import fmpq

from regions.domains.shapes import Ball
from regions.network import Layer, ReluNetwork

ROUNDOFF, TINIEST = 2.0**-53, 2.0**-1074
OVER = 1.0 + 2.0**-20
"""Errors are summed in float64 themselves."""

Ends = tuple[np.ndarray, np.ndarray]
"""Lower and upper ends, `(boxes, units)`."""


class _Lines(NamedTuple):
    """Around the activations of a layer, `(boxes, units)`.

    Slope and constant of the line above, then of the one below; the largest absolute
    values of activations and pre-activations.
    """

    upper: np.ndarray
    above: np.ndarray
    lower: np.ndarray
    below: np.ndarray
    active: np.ndarray
    before: np.ndarray


class BoxBounds:
    """Bounds of one network on boxes of its input space, or on parts of them.

    Args:
        network: The network.
        ball: A round ball: bounds are of the parts of boxes that lie in it.
    """

    def __init__(self, network: ReluNetwork, ball: Ball | None = None):
        self._layers, self._ball = network.layers, ball
        # Terms of any sum here, and sums one after the other.
        self._terms = max(max(layer.weight.shape) for layer in network.layers) + 4
        self._sums = self._terms + 4 * sum(1 + len(la.skips) for la in network.layers)
        # Terms that are 0 round nothing: those of each unit that are not.
        self._own = [_terms_of(layer, k) for k, layer in enumerate(network.layers)]

    def around(
        self, low: np.ndarray, high: np.ndarray, known: list[Ends] | None = None
    ) -> list[Ends]:
        """Ends of all units on one box around some boxes, which has them inside.

        What holds there tells which units have one sign on all of them.

        Args:
            low: Lower ends, `(boxes, dim)`.
            high: Upper ends.
            known: Such ends of a larger box.
        """
        with np.errstate(all="ignore"):
            hull = low.min(0, keepdims=True), high.max(0, keepdims=True)
            return self._units(*hull, known)[0]

    def proved(
        self, low: np.ndarray, high: np.ndarray, stated: list[Ends]
    ) -> list[Ends]:
        """Which ends of all units on a box are proved, those of layers before taken.

        Args:
            low: Lower ends of the box, `(1, dim)`.
            high: Upper ends.
            stated: The ends to prove, by layer.

        Returns:
            Whether the lower ones hold, and the upper ones, by layer.
        """
        values, lines, result = [(low, high)], [], []
        with np.errstate(all="ignore"):
            for index, (below, above) in enumerate(stated):
                first, last = self._intervals(index, values)
                units = np.flatnonzero(~((first >= below) & (last <= above)).all(0))
                self._sharpen(index, units, (first, last), lines, (low, high))
                result.append((first >= below, last <= above))
                slopes = self._layers[index].slopes
                lines.append(_lines(below, above, slopes))
                values.append(_activations(below, above, slopes))
        return result

    def upper(
        self,
        low: np.ndarray,
        high: np.ndarray,
        weights: np.ndarray,
        around: list[Ends],
    ) -> tuple[np.ndarray, list[Ends]]:
        """Upper bounds of combinations of outputs; not finite where none is proved.

        Args:
            low: Lower ends, `(boxes, dim)`.
            high: Upper ends.
            weights: The combination for each box, `(boxes, outputs)`.
            around: Ends of all units on a box around them, or on one for each.

        Returns:
            The bounds, and ends of all units on each box.
        """
        with np.errstate(all="ignore"):
            ends, lines = self._units(low, high, around)
            last_layer = len(self._layers) - 1
            found = self._carried(last_layer, weights[:, None], lines, low, high)[:, 0]
            if self._ball is not None:
                found = np.where(_lie_outside(self._ball, low, high), -np.inf, found)
            return found, ends

    def _units(
        self, low: np.ndarray, high: np.ndarray, around: list[Ends] | None
    ) -> tuple[list[Ends], list[_Lines]]:
        """Ends of all pre-activations on boxes, by layer, and lines."""
        values, result, lines = [(low, high)], [], []
        for index, layer in enumerate(self._layers[:-1]):
            first, last = self._intervals(index, values)
            if around is not None:
                first = np.fmax(first, around[index][0])
                last = np.fmin(last, around[index][1])
            units = np.flatnonzero(~((first >= 0.0) | (last <= 0.0)).all(0))
            self._sharpen(index, units, (first, last), lines, (low, high))
            result.append((first, last))
            lines.append(_lines(first, last, layer.slopes))
            values.append(_activations(first, last, layer.slopes))
        return result, lines

    def _sharpen(
        self,
        index: int,
        units: np.ndarray,
        ends: Ends,
        lines: list[_Lines],
        boxes: Ends,
    ) -> None:
        """Take for some units of a layer what is carried back, where that is closer."""
        if not len(units) or (not index and self._ball is None):
            return
        first, last = ends
        eye = np.eye(self._layers[index].width)[units]
        rows = np.concatenate([eye, -eye])[None]
        found, count = self._carried(index, rows, lines, *boxes), len(units)
        last[:, units] = np.fmin(last[:, units], found[:, :count])
        first[:, units] = np.fmax(first[:, units], -found[:, count:])

    def _intervals(self, index: int, ends: list[Ends]) -> Ends:
        """Ends of a layer's pre-activations from those of what it reads."""
        layer = self._layers[index]
        low, high, size = layer.bias, layer.bias, np.abs(layer.bias)
        for source, matrix in layer.blocks(index):
            first, last = ends[source]
            plus, minus = np.maximum(matrix, 0.0).T, np.minimum(matrix, 0.0).T
            low = low + first @ plus + last @ minus
            high = high + last @ plus + first @ minus
            largest = np.maximum(np.abs(first), np.abs(last))
            size = size + largest @ np.abs(matrix).T
        error = 4.0 * (self._own[index] * ROUNDOFF * size + self._sums * TINIEST)
        return low - error, high + error

    def _carried(
        self,
        layer: int,
        rows: np.ndarray,
        lines: list[_Lines],
        low: np.ndarray,
        high: np.ndarray,
    ) -> np.ndarray:
        """Upper bounds of combinations of pre-activations, `(boxes, rows)`."""
        far = np.maximum(np.abs(low), np.abs(high))
        reads = [far, *(line.active for line in lines)]
        owed: dict[int, np.ndarray] = {}
        value, size, error = self._through(layer, rows, owed, reads)
        for index in range(layer - 1, -1, -1):
            held = owed.pop(index + 1, None)
            if held is None:
                continue
            line = _Lines(*(part[:, None] for part in lines[index]))
            is_up = held > 0.0
            moved = held * np.where(is_up, line.above, line.below)
            pre = held * np.where(is_up, line.upper, line.lower)
            value = value + moved.sum(-1)
            size = size + np.abs(moved).sum(-1)
            off = ROUNDOFF * np.abs(pre) + TINIEST
            error = error + (off * line.before).sum(-1) + moved.shape[-1] * TINIEST
            parts = self._through(index, pre, owed, reads)
            value, size, error = value + parts[0], size + parts[1], error + parts[2]
        gradient = owed.get(0)
        if gradient is not None:
            corner = np.where(gradient > 0.0, high[:, None], low[:, None])
            most = (gradient * corner).sum(-1)
            if self._ball is not None:
                most = np.fmin(most, self._in_ball(self._ball, gradient, low, high))
            value = value + most
            size = size + (np.abs(gradient) * far[:, None]).sum(-1)
        error = error + 2.0 * self._sums * (ROUNDOFF * size + TINIEST)
        return value + OVER * error

    def _in_ball(
        self, ball: Ball, rows: np.ndarray, low: np.ndarray, high: np.ndarray
    ) -> np.ndarray:
        """Upper bounds of rows on the parts of boxes in the ball, `(boxes, rows)`.

        A row is a part, bounded in the ball, and a rest, bounded in the box. Parts are
        the row, and those multiples of the box's middle that leave an entry of 0.
        """
        low, high = (end[:, None] for end in _around_center(ball, low, high))
        middle = 0.5 * low + 0.5 * high
        far = np.maximum(np.abs(low), np.abs(high))
        best = np.full(rows.shape[:-1], np.inf)
        factors = np.maximum(rows / middle, 0.0)
        parts = [rows, *(factors[..., k, None] * middle for k in range(ball.dim))]
        for part in parts:
            rest = rows - part
            corner = np.maximum(rest * low, rest * high).sum(-1)
            length = ball.radius * np.sqrt((part * part).sum(-1))
            size = ((np.abs(rows) + 2.0 * np.abs(part)) * far).sum(-1) + length
            # Squares of small numbers may be rounded to 0.
            lost = TINIEST + self._terms * ball.radius * 2.0**-500
            error = 2.0 * self._sums * (ROUNDOFF * size + lost)
            best = np.fmin(best, corner + length + OVER * error)
        moved = rows * ball.center
        error = 2.0 * self._sums * (ROUNDOFF * np.abs(moved).sum(-1) + TINIEST)
        return best + moved.sum(-1) + OVER * (error + 4.0 * ROUNDOFF * np.abs(best))

    def _through(
        self,
        index: int,
        rows: np.ndarray,
        owed: dict[int, np.ndarray],
        reads: list[np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Add to `owed` what rows of a layer read; constants, their sizes, errors."""
        layer, sizes = self._layers[index], np.abs(rows)
        value, size = rows @ layer.bias, sizes @ np.abs(layer.bias)
        error = np.zeros_like(value)
        for source, matrix in layer.blocks(index):
            part, before = rows @ matrix, owed.get(source)
            # A product of n terms errs by n roundings of its absolute terms.
            reach = reads[source] @ np.abs(matrix).T + matrix.size * TINIEST
            error = error + self._terms * ROUNDOFF * (sizes * reach[:, None]).sum(-1)
            lost = TINIEST * self._terms * reads[source].sum(-1)
            if before is not None:
                part = before + part
                off = ROUNDOFF * np.abs(part)
                error = error + (off * reads[source][:, None]).sum(-1)
            error = error + lost[:, None]
            owed[source] = part
        return value, size, error


def _around_center(ball: Ball, low: np.ndarray, high: np.ndarray) -> Ends:
    """Ends of boxes less the center of a ball, rounded outwards."""
    return (
        np.nextafter(low - ball.center, -np.inf),
        np.nextafter(high - ball.center, np.inf),
    )


def _lie_outside(ball: Ball, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Which boxes surely have no point in a round ball."""
    first, last = _around_center(ball, low, high)
    nearest = np.maximum(np.maximum(first, -last), 0.0)
    # Far more than rounding makes, of small numbers too.
    farther = ball.radius * ball.radius * (1.0 + 2.0**-40) + 2.0**-1000
    return (nearest * nearest).sum(1) > farther


def _terms_of(layer: Layer, index: int) -> np.ndarray:
    """How many terms a sum over what each unit reads has, and some more."""
    counts = np.full(layer.width, 4.0 * (2 + len(layer.skips)))
    for _, matrix in layer.blocks(index):
        counts += (matrix != 0).sum(1)
    return counts


def _activations(low: np.ndarray, high: np.ndarray, slopes: np.ndarray) -> Ends:
    """Ends of activations: at those of the pre-activations, or 0 between them."""
    tops = np.where(high > 0.0, high, slopes * high)
    feet = np.where(low > 0.0, low, slopes * low)
    kink = np.where((low < 0.0) & (high > 0.0), 0.0, tops)
    every = np.stack([tops, feet, kink])
    grown = 2.0 * ROUNDOFF * np.abs(every) + TINIEST
    return (every - grown).min(0), (every + grown).max(0)


def _lines(low: np.ndarray, high: np.ndarray, slopes: np.ndarray) -> _Lines:
    """Lines whose slopes are float64 numbers, with constants that are large enough."""
    is_open = (low < 0.0) & (high > 0.0) & (slopes != 1.0)
    steady = np.where((low >= 0.0) | (slopes == 1.0), 1.0, slopes)
    chord = (high - slopes * low) / np.where(is_open, high - low, 1.0)
    tangent = np.where(high > -low, 1.0, slopes)
    left, right = (slopes - chord) * low, (1.0 - chord) * high
    # A difference and a product, each rounded once.
    left_off = 3.0 * ROUNDOFF * np.abs(left) + TINIEST
    right_off = 3.0 * ROUNDOFF * np.abs(right) + TINIEST
    above = np.maximum(left + left_off, right + right_off)
    below = np.minimum(left - left_off, right - right_off)
    convex, concave = is_open & (slopes < 1.0), is_open & (slopes > 1.0)
    before = np.maximum(np.abs(low), np.abs(high))
    ends = np.stack([np.where(end > 0.0, end, slopes * end) for end in (low, high)])
    active = np.abs(ends).max(0) * (1.0 + 2.0**-50) + TINIEST
    return _Lines(
        np.where(convex, chord, np.where(concave, tangent, steady)),
        np.where(convex, above, 0.0),
        np.where(convex, tangent, np.where(concave, chord, steady)),
        np.where(concave, below, 0.0),
        active,
        before,
    )


def outward(low: Sequence[Sequence[fmpq]], high: Sequence[Sequence[fmpq]]) -> Ends:
    """Ends of boxes in float64, `(boxes, dim)`, that hold those given."""
    return (
        np.array([[float_below(v) for v in row] for row in low]),
        -np.array([[float_below(-v) for v in row] for row in high]),
    )


def float_below(value: fmpq) -> float:
    """A float64 number that is no larger."""
    try:
        near = int(value.p) / int(value.q)
    except OverflowError:
        return sys.float_info.max if value > 0 else -math.inf
    exact = fmpq(*near.as_integer_ratio())
    return near if exact <= value else float(np.nextafter(near, -np.inf))
