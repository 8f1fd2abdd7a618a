"""The best point that is known of some goals, and where to look for better ones."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from regions.questions.answer import Point
from regions.questions.first_points import first_point
from regions.questions.leaf_programs import solve_leaf
from regions.questions.node_proofs import rational_point
from regions.questions.problem import Problem
from regions.questions.relaxation import Hint, Node
from regions.signs.exact import to_fraction


class BestPoint:
    """The largest value met so far.

    Attributes:
        problem: The goals, and where.
        best: The largest value found, in a goal.
        point: Where, in the chart.
        goal: Which goal has it.
    """

    def __init__(self, problem: Problem, enough: Callable[[Fraction], bool]):
        """None so far.

        Args:
            problem: The goals, and where.
            enough: Says of a value whether the caller is content.
        """
        self.problem, self._enough = problem, enough
        self.best: Fraction | None = None
        self.point: Point = ()
        self.goal = 0

    def _is_enough(self) -> bool:
        """Whether a value was found with which the caller is content."""
        return self.best is not None and self._enough(self.best)

    def _offer(self, goal: int, value: Fraction, point: Point) -> None:
        """Keep a value if it is the best."""
        if self.best is None or value > self.best:
            self.best, self.point, self.goal = value, point, goal

    def _offer_first_point(self, stop: Callable[[], bool]) -> None:
        """Look at a good point."""
        goal, point = first_point(self.problem, stop)
        self._offer(goal, self.problem.value(goal, point), point)

    def _try(self, goal: int, node: Node, hint: Hint) -> None:
        """Look at the suggested point, and at the best of the region around it."""
        point = rational_point(self.problem, node.box, hint)
        if point is None:
            return
        value = self.problem.value(goal, point)
        if self.best is not None and value <= self.best:
            return
        self._offer(goal, value, point)
        if self._is_enough():
            return
        if self.problem.square is not None:
            return
        signs = iter(self._signs(np.array([float(v) for v in point])))
        fixed = {
            (layer, unit): next(signs)
            for layer, slopes in enumerate(self.problem.slopes)
            for unit in range(len(slopes))
        }
        kept = {unit: fixed[unit] for unit in node.open_units(self.problem)}
        region = node._replace(fixed={**node.fixed, **kept})
        leaf = solve_leaf(self.problem, region, goal)
        if leaf is not None and leaf.value is not None and leaf.point is not None:
            self._offer(goal, to_fraction(leaf.value), leaf.point)

    def _signs(self, point: np.ndarray) -> list[bool]:
        """Which units are on at a point, as far as float64 shows."""
        pres = self.problem.chart.pre_activations(point[None])[:-1]
        return [bool(v > 0.0) for pre in pres for v in pre[0]]

    def try_all_goals(self) -> None:
        """Offer the best point for every goal, or one of the domain if there is none.

        Of a goal and its negative one is not negative there, so the best is not.
        """
        point = self.problem.inside() if self.best is None else self.point
        for goal, value in enumerate(self.problem.values(point)):
            self._offer(goal, value, point)
