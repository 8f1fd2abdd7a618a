"""Good points to begin with, in float64: where the goals of a problem are large.

Random points of the domain are looked at; from the best of them steps lead towards the
point of the domain that lies farthest along the gradient of the affine map around: the
best of several shares of the way. All are walked at once. Nothing is trusted here: what
a goal is at a point is found exactly by those who ask.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from jaxtyping import Float64, Int

from regions.network import ReluNetwork
from regions.questions.node_proofs import point_inside
from regions.questions.problem import Point, Problem
from regions.questions.relaxation import as_float, solve_rows
from regions.signs.exact import to_fmpq

SAMPLES = 512
"""Random points."""
WALKS, PROGRAM_WALKS = 8, 2
"""Walks, and such where every step asks a linear program, but one for each goal."""
MOST_WALKS = 32
LEAST_STEPS, MOST_STEPS = 4, 24
"""Steps of each walk: it ends where none leads higher."""
SHARES = 0.5 ** np.arange(8)
"""Shares of the way that are tried in a step."""


def first_point(problem: Problem, stop: Callable[[], bool]) -> tuple[int, Point]:
    """A goal and a rational point of the domain at which it is large.

    Args:
        problem: The goals, and where.
        stop: Asked between steps, after the first few; says whether to stop.
    """
    walk = _Walk(problem)
    with np.errstate(all="ignore"):
        goals, points, values = walk.begin()
        for step in range(MOST_STEPS):
            if step >= LEAST_STEPS and stop():
                break
            before = values
            points, values = walk.step(goals, points, values)
            if not (values > before).any():
                break
    k = int(values.argmax())
    return int(goals[k]), point_inside(problem, points[k])


def gradients(
    network: ReluNetwork,
    gates: list[np.ndarray],
    weights: Float64[np.ndarray, "points rows outputs"],
) -> Float64[np.ndarray, "points rows dim"]:
    """Gradients of combinations of outputs, carried back layer by layer.

    Args:
        network: The network.
        gates: By hidden layer the slopes of its units, `(points, width)`.
        weights: The combinations, for each point.
    """
    count, rows = weights.shape[:2]
    held: dict[int, np.ndarray] = {len(gates) + 1: weights}
    for index in range(len(gates), -1, -1):
        if (owed := held.pop(index + 1, None)) is None:
            continue
        layer = network.layers[index]
        if index < len(gates):
            owed = owed * gates[index][:, None, :]
        flat = owed.reshape(-1, layer.width)
        for source, matrix in layer.blocks(index):
            part = (flat @ matrix).reshape(count, rows, -1)
            held[source] = held[source] + part if source in held else part
    return held.get(0, np.zeros((count, rows, network.input_dim)))


class _Walk:
    """Walks through the domain of a problem, all at once."""

    def __init__(self, problem: Problem):
        self._problem, self._random = problem, np.random.default_rng(0)
        self._low, self._high = (
            np.array([as_float(v) for v in end]) for end in (problem.low, problem.high)
        )
        self._inside = np.array([float(v) for v in problem.inside()])
        self._rows = np.array([[as_float(v) for v in row] for row in problem.rows])
        parts = [part for goal in problem.goals for part in goal]
        self._starts = np.cumsum([0, *map(len, problem.goals)])
        self._outputs = np.array([[_float(w) for w in p.outputs] for p in parts])
        self._inputs = np.zeros((len(parts), problem.dim))
        for row, part in zip(self._inputs, parts, strict=True):
            row[: len(part.inputs)] = [_float(v) for v in part.inputs]
        self._offsets = np.array([_float(part.offset) for part in parts])

    def begin(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Goals, points and values to walk from: the best of random points."""
        points = self._sampled()
        parts = self._parts(points, self._problem.chart(points))
        values = np.minimum.reduceat(parts, self._starts[:-1], axis=1)
        values = np.nan_to_num(values, nan=-np.inf)
        goals = np.argsort(-values.max(0), kind="stable")[:MOST_WALKS]
        walks = PROGRAM_WALKS if len(self._rows) else WALKS
        # The best of so many groups of points, each for every goal.
        groups = np.arange(len(points)) % -(-walks // len(goals))
        chosen = [
            (int(np.where(groups == group, values[:, goal], -np.inf).argmax()), goal)
            for goal in goals.tolist()
            for group in range(groups.max() + 1)
        ]
        places, goals = np.array(chosen).T
        return goals, points[places], values[places, goals]

    def step(
        self, goals: np.ndarray, points: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points no lower than these, and their values."""
        gradient = self._gradients(goals, points)
        ends = self._farthest(np.where(np.isfinite(gradient), gradient, 0.0))
        shares = SHARES[:, None, None]
        tried = (1.0 - shares) * points + shares * ends
        flat = tried.reshape(-1, points.shape[1])
        found = self._values(np.tile(goals, len(tried)), flat).reshape(len(tried), -1)
        place = found.argmax(0), np.arange(len(goals))
        better = found[place] > values
        return (
            np.where(better[:, None], tried[place], points),
            np.where(better, found[place], values),
        )

    def _sampled(self) -> np.ndarray:
        """A point inside, and random ones."""
        dim = len(self._low)
        if len(self._rows) or self._problem.square is not None:
            ways = self._random.standard_normal((SAMPLES, dim))
            far = self._reaches(ways) * self._random.random(SAMPLES) ** (1 / dim)
            points = self._inside + far[:, None] * ways
        else:
            share = self._random.random((SAMPLES, dim))
            points = (1.0 - share) * self._low + share * self._high
        return np.concatenate([self._inside[None], points])

    def _reaches(self, ways: np.ndarray) -> np.ndarray:
        """How far from the point inside some ways lead before they leave the domain."""
        if self._problem.square is not None:
            return self._radius / np.linalg.norm(ways, axis=1)
        ends = np.where(ways > 0.0, self._high, self._low)
        reach = np.abs((ends - self._inside) / ways).min(1, initial=np.inf)
        normals, right = self._rows[:, :-1], self._rows[:, -1]
        speed = ways @ normals.T
        left = np.maximum(right - normals @ self._inside, 0.0)
        return np.minimum(
            reach, np.where(speed > 0.0, left / speed, np.inf).min(1, initial=np.inf)
        )

    @property
    def _radius(self) -> float:
        """The radius of a round ball around the origin."""
        assert self._problem.square is not None
        return float(np.sqrt(as_float(self._problem.square)))

    def _farthest(self, gradient: np.ndarray) -> np.ndarray:
        """The points of the domain that lie farthest along some directions."""
        if self._problem.square is not None:
            sizes = np.linalg.norm(gradient, axis=1, keepdims=True)
            return self._radius * gradient / np.where(sizes > 0.0, sizes, 1.0)
        if not len(self._rows):
            return np.where(gradient > 0.0, self._high, self._low)
        normals, right = self._rows[:, :-1], self._rows[:, -1]
        found = (solve_rows(normals, right, g, self._low, self._high) for g in gradient)
        return np.array([self._inside if one is None else one[0] for one in found])

    def _parts(self, points: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """All parts of all goals at some points, `(points, parts)`."""
        return outputs @ self._outputs.T + points @ self._inputs.T + self._offsets

    def _values(self, goals: np.ndarray, points: np.ndarray) -> np.ndarray:
        """A goal at each of some points."""
        parts = self._parts(points, self._problem.chart(points))
        return np.nan_to_num(self._own(goals, parts).min(1), nan=-np.inf)

    def _own(self, goals: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """The parts of one goal for each point; infinite for those of others."""
        number = np.arange(parts.shape[1])
        first, last = self._starts[goals], self._starts[goals + 1]
        own = (number >= first[:, None]) & (number < last[:, None])
        return np.where(own, parts, np.inf)

    def _gradients(
        self, goals: Int[np.ndarray, " points"], points: np.ndarray
    ) -> np.ndarray:
        """The gradient of a goal's least part in the region of each point."""
        chart = self._problem.chart
        *pres, outputs = chart.pre_activations(points)
        least = self._own(goals, self._parts(points, outputs)).argmin(1)
        gates = [
            np.where(pre > 0.0, 1.0, layer.slopes)
            for pre, layer in zip(pres, chart.hidden, strict=True)
        ]
        rows = self._outputs[least][:, None, :]
        return gradients(chart, gates, rows)[:, 0] + self._inputs[least]


def _float(number: Fraction | int) -> float:
    """The nearest float64 number."""
    return as_float(to_fmpq(number))
