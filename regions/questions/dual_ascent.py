"""Bounds of many nodes at once: multipliers improved by gradient steps, in float64.

The bound of `backward.goal_bound` is a function of the lower lines' slopes and of the
multipliers of fixed signs. Its gradient costs one pass forward through the lines, at
the corner of the box where the bound is attained: so some steps of Adam improve it, for
all nodes of a batch together (S. Wang et al., Beta-CROWN, NeurIPS 2021). Nothing that
comes from here is trusted: `backward` proves the bound from the multipliers.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from regions.questions.backward import Box
from regions.questions.exact_bounds import UnitBounds
from regions.questions.problem import Problem
from regions.questions.relaxation import as_float
from regions.signs.exact import to_fmpq

RATE, DECAY = 0.2, 0.97
"""First step of Adam, as a part of a multiplier's scale, and what it is times later."""


class Batch(NamedTuple):
    """Some nodes of a search; arrays by hidden layer, `(nodes, units)`.

    Attributes:
        goals: The goal of each node.
        fixed: 1 for a unit fixed on, -1 for one fixed off, else 0.
        tangents: Slopes of lower lines.
        multipliers: Of the fixed signs, not negative.
    """

    goals: np.ndarray
    fixed: list[np.ndarray]
    tangents: list[np.ndarray]
    multipliers: list[np.ndarray]

    def take(self, nodes: np.ndarray) -> "Batch":
        """Some of the nodes."""
        return Batch(
            self.goals[nodes], *([a[nodes] for a in part] for part in self[1:])
        )


class Bounds(NamedTuple):
    """Bounds of a batch.

    Attributes:
        upper: An upper bound of the goal on each node, up to rounding.
        points: Corners of the box at which the lines attain it.
        gaps: For each layer and unit by how much its lines miss it there, weighted by
            what the unit counts for; 0 for units that are not open.
    """

    upper: np.ndarray
    points: np.ndarray
    gaps: list[np.ndarray]


class DualAscent:
    """The bounds of one problem on one box.

    Serves goals of one part, whose numbers are far from the ends of float64, boxes
    without further rows, round balls, and slopes of at most 1.
    """

    def __init__(self, problem: Problem, bounds: UnitBounds, box: Box | None = None):
        self._layers = problem.chart.layers
        around = Box(tuple(problem.low), tuple(problem.high)) if box is None else box
        self._box = [np.array([as_float(v) for v in end]) for end in around]
        square = problem.square
        self._radius = None if square is None else float(np.sqrt(as_float(square)))
        self._slopes = [layer.slopes for layer in problem.chart.hidden]
        ends = ([np.array([as_float(v) for v in row]) for row in e] for e in bounds)
        self._low, self._high = ends
        self.is_open = [
            (low < 0.0) & (high > 0.0) & (slope != 1.0)
            for low, high, slope in zip(
                self._low, self._high, self._slopes, strict=True
            )
        ]
        self._chords = [
            np.where(o, (h - s * low) / np.where(o, h - low, 1.0), 0.0)
            for o, low, h, s in zip(
                self.is_open, self._low, self._high, self._slopes, strict=True
            )
        ]
        self._above = [
            np.where(o, (s - u) * low, 0.0)
            for o, s, u, low in zip(
                self.is_open, self._slopes, self._chords, self._low, strict=True
            )
        ]
        parts = [goal[0] for goal in problem.goals]
        self._outputs = np.array([_floats(part.outputs) for part in parts])
        self._inputs = np.zeros((len(parts), problem.dim))
        for row, part in zip(self._inputs, parts, strict=True):
            row[: len(part.inputs)] = _floats(part.inputs)
        self._offsets = np.array(_floats([part.offset for part in parts]))

    @staticmethod
    def serves(problem: Problem) -> bool:
        """Whether a problem is of the kind that this bounds."""
        plain = not problem.rows and all(
            len(goal) == 1 and goal[0].scale() == 1 for goal in problem.goals
        )
        return plain and all(s <= 1 for row in problem.slopes for s in row)

    def roots(self) -> Batch:
        """The whole box, for every goal; tangents as `backward` has them by itself."""
        goals = np.arange(len(self._outputs))
        shape = [(len(goals), len(slope)) for slope in self._slopes]
        tangents = [
            np.broadcast_to(np.where(h > -low, 1.0, s), size).copy()
            for low, h, s, size in zip(
                self._low, self._high, self._slopes, shape, strict=True
            )
        ]
        zeros = [np.zeros(size) for size in shape]
        return Batch(goals, [z.copy() for z in zeros], tangents, zeros)

    def values(self, goals: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The goals at some points, by the network itself."""
        held = [points]
        for index, layer in enumerate(self._layers):
            pre = sum(held[s] @ m.T for s, m in layer.blocks(index)) + layer.bias
            held.append(layer.activate(pre))
        mixed = (held[-1] * self._outputs[goals]).sum(1)
        return mixed + (points * self._inputs[goals]).sum(1) + self._offsets[goals]

    def improved(self, batch: Batch, steps: int) -> tuple[Batch, Bounds]:
        """Multipliers after some steps, the best of each node, and their bounds."""
        best, bounds, gradients = batch, *self._bounded(batch)
        moments = [[np.zeros_like(g) for g in gradients] for _ in range(2)]
        scales = self._scales(batch)
        here = batch
        for step in range(1, steps + 1):
            moved = []
            held = [*here.tangents, *here.multipliers]
            for k, (value, gradient) in enumerate(zip(held, gradients, strict=True)):
                for moment, power, keep in zip(
                    moments, (1, 2), (0.9, 0.999), strict=True
                ):
                    moment[k] = keep * moment[k] + (1.0 - keep) * gradient**power
                first = moments[0][k] / (1.0 - 0.9**step)
                second = moments[1][k] / (1.0 - 0.999**step)
                rate = RATE * DECAY**step * scales[k]
                moved.append(value - rate * first / (np.sqrt(second) + 1e-12))
            count = len(here.tangents)
            tangents = [
                np.clip(t, s, 1.0)
                for t, s in zip(moved[:count], self._slopes, strict=True)
            ]
            positive = [np.maximum(m, 0.0) for m in moved[count:]]
            here = here._replace(tangents=tangents, multipliers=positive)
            found, gradients = self._bounded(here)
            best, bounds = _better(best, bounds, here, found)
        return best, bounds

    def _scales(self, batch: Batch) -> list[float | np.ndarray]:
        """What a step of size 1 is for tangents, then for multipliers."""
        _, weights, _ = self._back(batch)
        sizes = [np.abs(w).mean() + 1e-12 for w in weights]
        return [*((1.0 - s) for s in self._slopes), *sizes]

    def _bounded(self, batch: Batch) -> tuple[Bounds, list[np.ndarray]]:
        """Bounds, and the gradient by tangents, then by multipliers."""
        upper, weights, gradient = self._back(batch)
        points = self._farthest(gradient)
        held, by_tangent, by_sign, gaps = [points], [], [], []
        for index, layer in enumerate(self._layers[:-1]):
            pre = sum(held[s] @ m.T for s, m in layer.blocks(index)) + layer.bias
            w, fixed = weights[index], batch.fixed[index]
            is_open = self.is_open[index] & (fixed == 0.0)
            line = np.where(
                w > 0.0,
                self._chords[index] * pre + self._above[index],
                batch.tangents[index] * pre,
            )
            steady = pre * self._gate(index, fixed)
            held.append(np.where(is_open, line, steady))
            by_tangent.append(np.where(is_open & (w < 0.0), w * pre, 0.0))
            by_sign.append(fixed * pre)
            off = np.abs(line - layer.activate(pre))
            # A unit that is right at this corner counts a little by its chord.
            off = off + 1e-3 * self._above[index]
            gaps.append(np.where(is_open, np.abs(w) * off + 1e-30, 0.0))
        return Bounds(upper, points, gaps), [*by_tangent, *by_sign]

    def _gate(self, index: int, fixed: np.ndarray) -> np.ndarray:
        """Slopes of the units that are not open."""
        slope = self._slopes[index]
        on = (fixed > 0.0) | ((self._low[index] >= 0.0) & (fixed == 0.0)) | (slope == 1)
        return np.where(on, 1.0, slope)

    def _back(self, batch: Batch) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        """Upper bounds, weights of all activations, and the gradient by the input."""
        goals = batch.goals
        held: dict[int, np.ndarray] = {0: self._inputs[goals]}
        total = self._offsets[goals].copy()
        last = len(self._layers) - 1
        self._through(last, self._outputs[goals], held, total)
        weights = [np.zeros(0)] * last
        for index in range(last - 1, -1, -1):
            fixed = batch.fixed[index]
            w = held.pop(index + 1, np.zeros_like(fixed))
            weights[index] = w
            is_open = self.is_open[index] & (fixed == 0.0)
            up = is_open & (w > 0.0)
            slope = np.where(is_open, batch.tangents[index], self._gate(index, fixed))
            slope = np.where(up, self._chords[index], slope)
            total += np.where(up, w * self._above[index], 0.0).sum(1)
            pre = w * slope + fixed * batch.multipliers[index]
            self._through(index, pre, held, total)
        gradient = held[0]
        return total + (gradient * self._farthest(gradient)).sum(1), weights, gradient

    def gradient(self, node: Batch) -> np.ndarray:
        """What the lines of one node make of its goal: the gradient by the input."""
        return self._back(node)[2][0]

    def _farthest(self, gradient: np.ndarray) -> np.ndarray:
        """The points of the domain that lie farthest along some directions."""
        if self._radius is None:
            return np.where(gradient > 0.0, self._box[1], self._box[0])
        sizes = np.linalg.norm(gradient, axis=1, keepdims=True)
        return self._radius * gradient / np.where(sizes > 0.0, sizes, 1.0)

    def _through(
        self,
        index: int,
        weights: np.ndarray,
        held: dict[int, np.ndarray],
        total: np.ndarray,
    ) -> None:
        """Add what combinations of a layer's units read, and their constants."""
        layer = self._layers[index]
        total += weights @ layer.bias
        for source, matrix in layer.blocks(index):
            part = weights @ matrix
            held[source] = held[source] + part if source in held else part


def _floats(numbers: Sequence[Fraction | int]) -> list[float]:
    """The nearest float64 numbers."""
    return [as_float(to_fmpq(v)) for v in numbers]


def _better(
    best: Batch, bounds: Bounds, here: Batch, found: Bounds
) -> tuple[Batch, Bounds]:
    """The better of two choices of multipliers, for each node."""
    lower = found.upper < bounds.upper

    def choose(new: np.ndarray, old: np.ndarray) -> np.ndarray:
        mask = lower.reshape(-1, *[1] * (new.ndim - 1))
        return np.where(mask, new, old)

    def choose_all(new: list[np.ndarray], old: list[np.ndarray]) -> list[np.ndarray]:
        return [choose(a, b) for a, b in zip(new, old, strict=True)]

    kept = best._replace(
        tangents=choose_all(here.tangents, best.tangents),
        multipliers=choose_all(here.multipliers, best.multipliers),
    )
    return kept, Bounds(
        choose(found.upper, bounds.upper),
        choose(found.points, bounds.points),
        choose_all(found.gaps, bounds.gaps),
    )
