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

SAMPLES, FEW_SAMPLES = 512, 128
"""Random points, and for a function that takes longer."""
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
    domain, goals = _Domain(problem), _Goals(problem)
    points = domain.sampled()
    with np.errstate(all="ignore"):
        own, begin = goals.chosen(points, domain.walks)
        points, values = _climbed(
            points[begin],
            lambda flat: goals.values(np.resize(own, len(flat)), flat),
            lambda held: domain.farthest(goals.gradients(own, held)),
            stop,
        )
    k = int(values.argmax())
    return int(own[k]), point_inside(problem, points[k])


def point_without_gradients(
    problem: Problem,
    values: Callable[[np.ndarray], np.ndarray],
    stop: Callable[[], bool],
) -> Point:
    """A rational point of the domain at which a function that has steps is large.

    Args:
        problem: The domain; goals play no part.
        values: The function, of many points in the chart.
        stop: As for `first_point`.
    """
    domain, random = _Domain(problem), np.random.default_rng(1)
    sampled = domain.sampled()[:FEW_SAMPLES]
    with np.errstate(all="ignore"):
        best = np.argsort(-values(sampled), kind="stable")[: domain.walks]
        points, found = _climbed(
            sampled[best],
            values,
            lambda held: sampled[random.integers(len(sampled), size=len(held))],
            stop,
        )
    return point_inside(problem, points[int(found.argmax())])


def _climbed(
    points: np.ndarray,
    values: Callable[[np.ndarray], np.ndarray],
    ends: Callable[[np.ndarray], np.ndarray],
    stop: Callable[[], bool],
) -> tuple[np.ndarray, np.ndarray]:
    """Points no lower than these, and their values.

    Args:
        points: Points of the domain, from each of which a walk begins.
        values: Values of as many points, or of several times as many in this order.
        ends: Points of the domain towards which to step from some.
        stop: As for `first_point`.
    """
    shares, count, best = SHARES[:, None, None], len(points), values(points)
    for step in range(MOST_STEPS):
        if step >= LEAST_STEPS and stop():
            break
        tried = (1.0 - shares) * points + shares * ends(points)
        found = values(tried.reshape(-1, points.shape[1])).reshape(-1, count)
        place = found.argmax(0), np.arange(count)
        better = found[place] > best
        if not better.any():
            break
        points = np.where(better[:, None], tried[place], points)
        best = np.where(better, found[place], best)
    return points, best


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


def slopes_at(network: ReluNetwork, pres: list[np.ndarray]) -> list[np.ndarray]:
    """By hidden layer the slopes of its units, from their pre-activations."""
    return [
        np.where(pre > 0.0, 1.0, layer.slopes)
        for pre, layer in zip(pres, network.hidden, strict=True)
    ]


class _Domain:
    """The domain of a problem, in float64.

    Attributes:
        walks: How many walks to make in it.
    """

    def __init__(self, problem: Problem):
        self._low, self._high = (
            np.array([as_float(v) for v in end]) for end in (problem.low, problem.high)
        )
        self._inside = np.array([float(v) for v in problem.inside()])
        self._rows = np.array([[as_float(v) for v in row] for row in problem.rows])
        square = problem.square
        self._radius = None if square is None else float(np.sqrt(as_float(square)))
        self.walks = PROGRAM_WALKS if len(self._rows) else WALKS

    def sampled(self) -> np.ndarray:
        """A point inside, and random ones."""
        random, dim = np.random.default_rng(0), len(self._low)
        if len(self._rows) or self._radius is not None:
            ways = random.standard_normal((SAMPLES, dim))
            far = self._reaches(ways) * random.random(SAMPLES) ** (1 / dim)
            points = self._inside + far[:, None] * ways
        else:
            share = random.random((SAMPLES, dim))
            points = (1.0 - share) * self._low + share * self._high
        return np.concatenate([self._inside[None], points])

    @np.errstate(all="ignore")
    def _reaches(self, ways: np.ndarray) -> np.ndarray:
        """How far from the point inside some ways lead before they leave the domain."""
        if self._radius is not None:
            return self._radius / np.linalg.norm(ways, axis=1)
        ends = np.where(ways > 0.0, self._high, self._low)
        reach = np.abs((ends - self._inside) / ways).min(1, initial=np.inf)
        normals, right = self._rows[:, :-1], self._rows[:, -1]
        speed = ways @ normals.T
        left = np.maximum(right - normals @ self._inside, 0.0)
        return np.minimum(
            reach, np.where(speed > 0.0, left / speed, np.inf).min(1, initial=np.inf)
        )

    def farthest(self, gradient: np.ndarray) -> np.ndarray:
        """The points of the domain that lie farthest along some directions."""
        gradient = np.where(np.isfinite(gradient), gradient, 0.0)
        if self._radius is not None:
            sizes = np.linalg.norm(gradient, axis=1, keepdims=True)
            return self._radius * gradient / np.where(sizes > 0.0, sizes, 1.0)
        if not len(self._rows):
            return np.where(gradient > 0.0, self._high, self._low)
        normals, right = self._rows[:, :-1], self._rows[:, -1]
        found = (solve_rows(normals, right, g, self._low, self._high) for g in gradient)
        return np.array([self._inside if one is None else one[0] for one in found])


class _Goals:
    """The goals of a problem, in float64."""

    def __init__(self, problem: Problem):
        self._chart = problem.chart
        parts = [part for goal in problem.goals for part in goal]
        self._starts = np.cumsum([0, *map(len, problem.goals)])
        self._outputs = np.array([[_float(w) for w in p.outputs] for p in parts])
        self._inputs = np.zeros((len(parts), problem.dim))
        for row, part in zip(self._inputs, parts, strict=True):
            row[: len(part.inputs)] = [_float(v) for v in part.inputs]
        self._offsets = np.array([_float(part.offset) for part in parts])

    def chosen(self, points: np.ndarray, walks: int) -> tuple[np.ndarray, np.ndarray]:
        """Goals, and the numbers of points from which to walk to make each larger.

        Args:
            points: Some points.
            walks: How many walks, if there are no more goals.
        """
        parts = self._parts(points, self._chart(points))
        values = np.minimum.reduceat(parts, self._starts[:-1], axis=1)
        values = np.nan_to_num(values, nan=-np.inf)
        goals = np.argsort(-values.max(0), kind="stable")[:MOST_WALKS]
        # The best of so many groups of points, each for every goal.
        groups = np.arange(len(points)) % -(-walks // len(goals))
        chosen = [
            (goal, int(np.where(groups == group, values[:, goal], -np.inf).argmax()))
            for goal in goals.tolist()
            for group in range(groups.max() + 1)
        ]
        own, places = np.array(chosen).T
        return own, places

    def values(self, goals: np.ndarray, points: np.ndarray) -> np.ndarray:
        """A goal at each of some points."""
        parts = self._parts(points, self._chart(points))
        return np.nan_to_num(self._own(goals, parts).min(1), nan=-np.inf)

    def gradients(
        self, goals: Int[np.ndarray, " points"], points: np.ndarray
    ) -> np.ndarray:
        """The gradient of a goal's least part in the region of each point."""
        *pres, outputs = self._chart.pre_activations(points)
        least = self._own(goals, self._parts(points, outputs)).argmin(1)
        rows = self._outputs[least][:, None, :]
        gates = slopes_at(self._chart, pres)
        return gradients(self._chart, gates, rows)[:, 0] + self._inputs[least]

    def _parts(self, points: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """All parts of all goals at some points, `(points, parts)`."""
        return outputs @ self._outputs.T + points @ self._inputs.T + self._offsets

    def _own(self, goals: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """The parts of one goal for each point; infinite for those of others."""
        number = np.arange(parts.shape[1])
        first, last = self._starts[goals], self._starts[goals + 1]
        own = (number >= first[:, None]) & (number < last[:, None])
        return np.where(own, parts, np.inf)


def _float(number: Fraction | int) -> float:
    """The nearest float64 number."""
    return as_float(to_fmpq(number))
