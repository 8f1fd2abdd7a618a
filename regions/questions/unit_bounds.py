"""Bounds of every unit's pre-activation on a box, proved in float64.

What `exact_bounds` does, many rows at once: rounding is bounded as it comes up, each
error of a coefficient times the largest value of what it multiplies. Where numbers
overflow, the exact form takes over.
"""

import numpy as np
from flint import fmpq

from regions.network import Layer
from regions.questions.backward import Box
from regions.questions.exact_bounds import UnitBounds, exact_bounds
from regions.questions.problem import Problem
from regions.signs.exact import to_fmpq
from regions.signs.rounding import (
    SAFETY,
    SMALLEST,
    UNIT_ROUNDOFF,
    chart_rounding,
    gamma,
)

Ends = tuple[np.ndarray, np.ndarray]


def unit_bounds(problem: Problem, box: Box) -> UnitBounds:
    """Bounds on a box: float64 numbers, taken as exact."""
    with np.errstate(all="ignore"):
        bounds = _FloatBounds(problem, box).all_layers()
    if not all(np.isfinite(end).all() for ends in bounds for end in ends):
        return exact_bounds(problem, box)
    return UnitBounds(
        [[to_fmpq(v) for v in low.tolist()] for low, _ in bounds],
        [[to_fmpq(v) for v in high.tolist()] for _, high in bounds],
    )


def float_goal_bound(
    problem: Problem,
    goal: int,
    box: Box,
    bounds: UnitBounds,
    tangents: list[np.ndarray],
) -> fmpq | None:
    """An upper bound of a goal on a box, proved in float64; None if it overflows.

    What `backward.goal_bound` gives without fixed signs, or a little more.

    Args:
        problem: The problem; on a box, with goals of one part on the outputs.
        goal: Number of the goal.
        box: The box.
        bounds: Bounds of all units there, float64 numbers.
        tangents: Slopes of the lower lines of the units of each layer.
    """
    part = problem.goals[goal][0]
    weights = np.array([[float(w) for w in part.outputs]])
    with np.errstate(all="ignore"):
        found = _FloatBounds(problem, box)
        for layer, low, high, slope in zip(
            problem.chart.hidden, bounds.low, bounds.high, tangents, strict=True
        ):
            below, above = (np.array([_nearest(v) for v in end]) for end in (low, high))
            found.enter(layer, below, above, slope)
        value = float(found.carried(len(tangents), weights)[0])
    return to_fmpq(value) + to_fmpq(part.offset) if np.isfinite(value) else None


class _FloatBounds:
    """One box; what is known of the layers grows."""

    def __init__(self, problem: Problem, box: Box):
        network = problem.chart
        self._layers = network.layers
        self._low, self._high = _outward(box)
        # A round ball around the origin: its radius, rounded up.
        square = problem.square
        self._radius = None if square is None else upward_root(square)
        self._chart = chart_rounding(problem.network, problem.domain)
        # Largest absolute values: of the input and of each layer's activations.
        self._sizes = [np.maximum(np.abs(self._low), np.abs(self._high))]
        self._values: list[Ends] = [(self._low, self._high)]
        self._lines: list[tuple[np.ndarray, ...]] = []
        self._pre_sizes: list[np.ndarray] = []
        self._terms = 8 * (network.input_dim + sum(network.widths) + 8)

    def all_layers(self) -> list[Ends]:
        """Lower and upper ends of each layer."""
        result = []
        for index, layer in enumerate(self._layers[:-1]):
            low, high = self._intervals(layer, index)
            if index:
                eye = np.eye(layer.width)
                bounds = self.carried(index, np.concatenate([eye, -eye]))
                high = np.fmin(high, bounds[: layer.width])
                low = np.fmax(low, -bounds[layer.width :])
            result.append((low, high))
            self.enter(layer, low, high)
        return result

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
        middle, spread = layer.bias.copy(), self._chart_doubt(layer, index)
        size = np.abs(layer.bias)
        for source, matrix in layer.blocks(index):
            low, high = self._values[source]
            center, half = 0.5 * (low + high), 0.5 * (high - low)
            middle = middle + matrix @ center
            spread = spread + np.abs(matrix) @ half
            size = size + np.abs(matrix) @ (np.abs(center) + half)
        error = SAFETY * gamma(self._terms) * size + self._terms * SMALLEST
        spread = spread + 4.0 * error
        low, high = middle - spread, middle + spread
        if self._radius is not None and index == 0:
            error = 4.0 * error + self._chart_doubt(layer, index)
            spread = self._in_ball(layer.weight) + error
            low = np.fmax(low, layer.bias - spread)
            high = np.fmin(high, layer.bias + spread)
        return low, high

    def enter(
        self,
        layer: Layer,
        low: np.ndarray,
        high: np.ndarray,
        tangent: np.ndarray | None = None,
    ) -> None:
        """Lines, sizes and activations of a layer whose bounds are known."""
        slope = layer.slopes
        first = np.where(low > 0, low, slope * low)
        last = np.where(high > 0, high, slope * high)
        kink = np.where((low < 0) & (high > 0), 0.0, first)
        ends = np.stack([first, last, kink])
        grown = np.abs(ends) * (4.0 * UNIT_ROUNDOFF) + 2.0 * SMALLEST
        self._values.append(((ends - grown).min(0), (ends + grown).max(0)))
        self._sizes.append((np.abs(ends) + grown).max(0))
        self._pre_sizes.append(np.maximum(np.abs(low), np.abs(high)))
        self._lines.append(_lines(low, high, slope, tangent))

    def carried(self, layer: int, weights: np.ndarray) -> np.ndarray:
        """Upper bounds of combinations of a layer's pre-activations, one a row."""
        held: dict[int, np.ndarray] = {}
        total = np.zeros((3, len(weights)))  # constant, its size, other errors
        self._through(layer, weights, held, total)
        for index in range(layer - 1, -1, -1):
            owed = held.pop(index + 1, None)
            if owed is None:
                continue
            upper, above, lower, below = self._lines[index]
            before = np.where(owed > 0, owed * upper, owed * lower)
            moved = np.where(owed > 0, owed * above, owed * below)
            total[0] += moved.sum(1)
            total[1] += np.abs(moved).sum(1)
            total[2] += 2.0 * UNIT_ROUNDOFF * np.abs(before) @ self._pre_sizes[index]
            self._through(index, before, held, total)
        gradient = held.get(0, np.zeros((len(weights), len(self._low))))
        best = np.maximum(gradient * self._low, gradient * self._high).sum(1)
        if self._radius is not None:
            best = np.minimum(best, self._in_ball(gradient))
        largest = max(1.0, *(float(s.max()) for s in (*self._sizes, *self._pre_sizes)))
        constant, size, error = total
        size = size + np.abs(gradient) @ self._sizes[0]
        error = error + gamma(self._terms) * size
        error = error + self._terms**2 * SMALLEST * largest
        return constant + best + 2.0 * SAFETY * error

    def _in_ball(self, rows: np.ndarray) -> np.ndarray:
        """At least the largest value of each row in the round ball."""
        assert self._radius is not None
        norms = np.linalg.norm(rows, axis=1)
        tiny = self._terms * 2.0**-500  # squares may underflow
        return self._radius * (norms * (1.0 + gamma(self._terms)) + tiny)

    def _through(
        self,
        index: int,
        weights: np.ndarray,
        held: dict[int, np.ndarray],
        total: np.ndarray,
    ) -> None:
        """Add what combinations of a layer's units read; their constants and errors."""
        layer = self._layers[index]
        size = np.abs(weights)
        total[0] += weights @ layer.bias
        total[1] += size @ np.abs(layer.bias)
        total[2] += size @ self._chart_doubt(layer, index)
        for source, matrix in layer.blocks(index):
            part = weights @ matrix
            before = held.get(source)
            held[source] = part if before is None else before + part
            # A product's error is at most that of the sum of its absolute terms; what
            # was held is rounded once more.
            terms = size @ np.abs(matrix)
            if before is not None:
                terms = terms + np.abs(before)
            total[2] += gamma(layer.width + 2) * (terms @ self._sizes[source])


def upward_root(square: fmpq) -> float:
    """The square root as a float64 number that is no smaller."""
    root = float(np.sqrt(_nearest(square)))
    while to_fmpq(root) * to_fmpq(root) < square:
        root = float(np.nextafter(root, np.inf))
    return root


def _lines(
    low: np.ndarray,
    high: np.ndarray,
    slope: np.ndarray,
    tangent: np.ndarray | None = None,
) -> tuple[np.ndarray, ...]:
    """Slope and constant of the upper lines, then of the lower ones."""
    is_open = (low < 0) & (high > 0) & (slope != 1)
    steady = np.where((low >= 0) | (slope == 1), 1.0, slope)
    width = np.where(is_open, high - low, 1.0)
    chord = (high - slope * low) / width
    if tangent is None:
        tangent = np.where(high > -low, 1.0, slope)
    else:
        # Of a proof that is kept: with short chords, as `backward.around` has them.
        chord = np.floor(chord * 2.0**24) / 2.0**24
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


def _outward(box: Box) -> Ends:
    """A box as float64 numbers that hold it."""
    low = np.array([_nearest(v) for v in box.low])
    high = np.array([_nearest(v) for v in box.high])
    inward = [to_fmpq(a) > v for a, v in zip(low.tolist(), box.low, strict=True)]
    low = np.where(inward, np.nextafter(low, -np.inf), low)
    inward = [to_fmpq(b) < v for b, v in zip(high.tolist(), box.high, strict=True)]
    high = np.where(inward, np.nextafter(high, np.inf), high)
    return low, high


def _nearest(value: fmpq) -> float:
    """The nearest float64 number."""
    return int(value.p) / int(value.q)
