"""Many boxes bounded at once, in float64 with proved rounding: the best of a search.

In few dimensions a box is soon so small that few units are open in it, and the lines
around their activations tell nearly all. So thousands of boxes a second settle what no
program on a large box does. A half knows what its whole knew: units that had one sign
keep it, and only the others are bounded anew. In a round ball the parts of boxes in it
are bounded, and boxes outside of it are none.
"""

import itertools
from typing import NamedTuple

import numpy as np
from flint import fmpq

from regions.questions.backward import Box
from regions.questions.node_proofs import point_inside
from regions.questions.problem import Point, Problem
from regions.questions.relaxation import as_float
from regions.questions.unit_bounds import (
    Ends,
    FloatBounds,
    float_above,
    outward,
    upward_root,
)
from regions.signs.exact import to_fmpq

MAX_DIM = 6
"""In more dimensions halving boxes takes too long."""


class Boxes(NamedTuple):
    """Some boxes, each with a goal; arrays over them.

    Attributes:
        goals: Number of the goal of each.
        low: Lower ends, `(boxes, dim)`.
        high: Upper ends.
        unit_low: Lower ends of all hidden units, `(boxes, units)`.
        unit_high: Upper ends.
        upper: A proved upper bound of the goal; infinite where numbers overflow, minus
            infinite where a box lies outside of a round ball.
        points: Corners at which the lines attain the bounds, up to rounding.
        open_units: How many units are open.
        axes: The axis that makes most of what the lines miss.
    """

    goals: np.ndarray
    low: np.ndarray
    high: np.ndarray
    unit_low: np.ndarray
    unit_high: np.ndarray
    upper: np.ndarray
    points: np.ndarray
    open_units: np.ndarray
    axes: np.ndarray

    def take(self, which: np.ndarray) -> "Boxes":
        """Some of them."""
        return Boxes(*(part[which] for part in self))


def serves(problem: Problem) -> bool:
    """Whether a problem is bounded so: a box or a round ball, plain goals."""
    plain = all(len(goal) == 1 and not goal[0].inputs for goal in problem.goals)
    return (
        plain
        and problem.dim <= MAX_DIM
        and not problem.rows
        and (problem.square is not None or problem.domain.is_chart_identity)
        and all(
            as_float(to_fmpq(w)) == w for goal in problem.goals for w in goal[0].outputs
        )
    )


def roots(problem: Problem) -> Boxes:
    """The whole box, for every goal."""
    goals = np.arange(len(problem.goals))
    ends = outward(Box(tuple(problem.low), tuple(problem.high)))
    low, high = (np.tile(end, (len(goals), 1)) for end in ends)
    with np.errstate(all="ignore"):
        found = FloatBounds(problem, low[:1], high[:1])
        # Units have the same bounds whatever the goal.
        units = found.all_layers()
        found.repeat(len(goals))
    units = [(a.repeat(len(goals), 0), b.repeat(len(goals), 0)) for a, b in units]
    return _with_goals(problem, goals, low, high, found, units)


def halves(problem: Problem, boxes: Boxes) -> Boxes:
    """Both halves of each box along its axis, one after the other."""
    twice = np.repeat(np.arange(len(boxes.goals)), 2)
    low, high = boxes.low[twice], boxes.high[twice]
    place = np.arange(len(boxes.goals)), boxes.axes
    middle = middles(boxes)
    high[0::2][place] = middle
    low[1::2][place] = middle
    known = boxes.unit_low[twice], boxes.unit_high[twice]
    return bounded(problem, boxes.goals[twice], low, high, known)


def middles(boxes: Boxes) -> np.ndarray:
    """Where each box falls in two, on its axis."""
    place = np.arange(len(boxes.goals)), boxes.axes
    return 0.5 * boxes.low[place] + 0.5 * boxes.high[place]


def may_be_halved(problem: Problem, boxes: Boxes, part: float) -> np.ndarray:
    """Which boxes are larger than such a part of the domain, and hold their middle."""
    # Halves, as no width may overflow.
    ends = zip(problem.low, problem.high, strict=True)
    whole = float(max(b / 2 - a / 2 for a, b in ends))
    widest = (0.5 * boxes.high - 0.5 * boxes.low).max(1)
    place, middle = (np.arange(len(widest)), boxes.axes), middles(boxes)
    inside = (boxes.low[place] < middle) & (middle < boxes.high[place])
    return inside & (widest > part * whole)


def best_point(problem: Problem, boxes: Boxes) -> tuple[int, float, Point]:
    """The best of the corners and middles: its goal, float64 value, and itself."""
    points = np.concatenate([boxes.points, 0.5 * boxes.low + 0.5 * boxes.high])
    goals = np.tile(boxes.goals, 2)
    weights, offsets = _goals(problem)
    with np.errstate(all="ignore"):
        if problem.square is not None:
            radius = upward_root(problem.square)
            far = np.linalg.norm(points, axis=1, keepdims=True)
            points = points * (radius / np.maximum(far, radius))
        values = (problem.chart(points) * weights[goals]).sum(1) + offsets[goals]
    k = int(np.nan_to_num(values, nan=-np.inf).argmax())
    return int(goals[k]), float(values[k]), point_inside(problem, points[k])


def exact_box(problem: Problem, boxes: Boxes, k: int) -> Box:
    """One box, no larger than the domain."""
    low, high = (map(to_fmpq, end[k].tolist()) for end in (boxes.low, boxes.high))
    return Box(tuple(map(max, low, problem.low)), tuple(map(min, high, problem.high)))


def _goals(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the outputs in each goal, and constants, rounded up."""
    parts = [goal[0] for goal in problem.goals]
    weights = [[float(w) for w in part.outputs] for part in parts]
    return np.array(weights), np.array([float_above(part.offset) for part in parts])


def _lie_outside(square: fmpq, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Which boxes surely have no point in a round ball around 0."""
    nearest = np.maximum(np.maximum(low, -high), 0.0)
    radius = upward_root(square)
    # Far more than rounding makes, of small numbers too.
    return (nearest * nearest).sum(1) > radius * radius * (1.0 + 2.0**-40) + 2.0**-1000


def bounded(
    problem: Problem,
    goals: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    known: Ends | None = None,
) -> Boxes:
    """Bounds of boxes, sharper where something is known of all units there."""
    starts = problem.chart.unit_starts
    layers = None
    if known is not None:
        layers = [
            (known[0][:, a:b], known[1][:, a:b]) for a, b in itertools.pairwise(starts)
        ]
    with np.errstate(all="ignore"):
        found = FloatBounds(problem, low, high)
        ends = found.all_layers(layers)
    return _with_goals(problem, goals, low, high, found, ends)


def _with_goals(
    problem: Problem,
    goals: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    found: FloatBounds,
    ends: list[Ends],
) -> Boxes:
    """Bounds of boxes, from those of all units there."""
    weights, offsets = _goals(problem)
    with np.errstate(all="ignore"):
        every = np.arange(len(goals))
        carried = found.carried(len(ends), weights[goals], every)
        upper = carried.upper + offsets[goals]
        upper = np.where(np.isfinite(upper), np.nextafter(upper, np.inf), np.inf)
        if problem.square is not None:
            upper[_lie_outside(problem.square, low, high)] = -np.inf
        gaps = np.zeros_like(low)
        open_units = np.zeros(len(goals), int)
        for index, (box, unit, shares) in enumerate(found.spreads):
            above = found.above[index][box, unit]
            missed = np.abs(carried.weights[index][box, unit]) * above
            np.add.at(gaps, box, missed[:, None] * shares)
            np.add.at(open_units, box, above > 0)
    # Where nothing is missed, the widest axis.
    widths = 0.5 * high - 0.5 * low
    widths = widths / np.maximum(widths.max(1, keepdims=True), 1e-300)
    gaps = np.where(gaps.max(1, keepdims=True) > 0, gaps, widths)
    return Boxes(
        goals,
        low,
        high,
        np.concatenate([np.zeros((len(goals), 0)), *(a for a, _ in ends)], axis=1),
        np.concatenate([np.zeros((len(goals), 0)), *(b for _, b in ends)], axis=1),
        upper,
        np.where(carried.gradient > 0, high, low),
        open_units,
        gaps.argmax(1),
    )
