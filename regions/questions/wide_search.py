"""Search with thousands of nodes a second: bounds by gradient steps, proofs at leaves.

For questions whose answer is a bound that is to stay on one side of a threshold, in
many dimensions. Nodes wait in batches and are split by units alone; a node is closed
when the exact bound of its multipliers is harmless. Where no unit is open an exact
program ends it, as in `search`.
"""

import contextlib
import heapq
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from regions.errors import LimitError
from regions.errors.limits import limited, never
from regions.questions.backward import ONE, ZERO, Box, Dual, goal_bound
from regions.questions.dual_ascent import Batch, Bounds, DualAscent
from regions.questions.node_proofs import point_inside, round_grains
from regions.questions.problem import Problem
from regions.questions.proof_tree import Proof, Split
from regions.questions.relaxation import Node, Unit, as_float, signed_multiplier
from regions.questions.search import Search
from regions.questions.unit_bounds import unit_bounds
from regions.signs.exact import to_fmpq, to_fraction

ROOT_STEPS, STEPS = 60, 15
"""Gradient steps at the roots, and at other nodes, which begin where others ended."""

BATCH = 64
"""Nodes that are split at once."""

MARGIN = 1e-9
"""A bound so little above a threshold is worth a proof, too: at ties rounding decides
nothing."""

BITS = 24
"""Bits after the point of the multipliers that are taken over."""


class _Waiting(NamedTuple):
    """A node to be split: its number and arrays, a batch of one."""

    number: int
    batch: Batch
    unit: Unit


class WideSearch(Search):
    """One run; what it gives is what `Search` gives."""

    @staticmethod
    def serves(problem: Problem) -> bool:
        """Whether a problem is of the kind that this searches."""
        return DualAscent.serves(problem)

    def __init__(self, problem: Problem, budget: Any, **limits: Any):
        super().__init__(problem, budget, **limits)
        self._waiting: list[tuple[float, int, _Waiting]] = []
        self._roots: list[Proof] = []
        self._finished = False

    @property
    def upper(self) -> Fraction | None:
        """A proved upper bound of all goals."""
        ends = [] if self.best is None else [to_fmpq(self.best)]
        if not self._finished:
            ends += [proof.bound for proof in self._roots if proof.bound is not None]
        elif self._closed is not None:
            ends.append(self._closed)
        return to_fraction(max(ends)) if ends else None

    def run(
        self, max_nodes: int | None = None, stop: Callable[[], bool] = never
    ) -> bool:
        """Search until all nodes are closed, or the caller is content; once."""
        self._offer_first_point(self._budget.spent)
        box = Box(tuple(self.problem.low), tuple(self.problem.high))
        self.bounds[0] = bounds = unit_bounds(self.problem, box)
        self._root, self._ascent = (
            Node(box, bounds, {}),
            DualAscent(self.problem, bounds),
        )
        roots = self._ascent.roots()
        self.tree += [None] * len(roots.goals)
        steps = 0 if self._is_enough() else ROOT_STEPS
        batch, found = self._ascent.improved(roots, steps)
        self._roots = [self._proof(batch, k) for k in range(len(roots.goals))]
        if self.problem.square is not None:
            _, self._grain = round_grains(self.problem, self._root)
        self._enter([*range(len(roots.goals))], batch, found)
        most = math.inf if max_nodes is None else max_nodes
        while self._waiting and not self._is_enough() and self.nodes < most:
            if self._budget.spent() or stop():
                break
            self._split_batch()
        self._finished = all(entry is not None for entry in self.tree)
        if not self._finished:
            # Of some nodes nothing is proved: the roots are the proof.
            self.tree = [*self._roots]
        return self._finished or self._is_enough()

    def _enter(self, numbers: list[int], batch: Batch, found: Bounds) -> None:
        """Close nodes, or let them wait."""
        self.nodes += len(numbers)
        self._try_points(batch, found)
        for k, number in enumerate(numbers):
            if self._is_enough():
                return
            if self._seems_closed(found.upper[k]) and self._prove_closed(
                number, batch, k
            ):
                continue
            layer = max(range(len(found.gaps)), key=lambda i: found.gaps[i][k].max())
            unit = layer, int(found.gaps[layer][k].argmax())
            if found.gaps[layer][k][unit[1]] > 0.0:
                own = batch.take(np.array([k]))
                entry = -float(found.upper[k]), number, _Waiting(number, own, unit)
                heapq.heappush(self._waiting, entry)
                continue
            self._end_by_program(number, int(batch.goals[k]), self._node(batch, k))

    def _end_by_program(self, number: int, goal: int, node: Node) -> None:
        """Settle a node without open units; one that no program settles stays open."""
        if node.open_units(self.problem):
            return  # Gaps that are not finite are none of its own.
        with contextlib.suppress(LimitError), limited(stop=self._budget.spent):
            if not self._end(number, goal, node):
                self._is_empty(number, goal, node, None)

    def _seems_closed(self, bound: float) -> bool:
        """Whether a bound in floating point is worth a proof."""
        return math.isfinite(bound) and self._is_closed(to_fmpq(float(bound) - MARGIN))

    def _prove_closed(self, number: int, batch: Batch, k: int) -> bool:
        """Close a node by the exact bound of its multipliers; whether that served."""
        proof = self._proof(batch, k)
        if not self._is_closed(proof.bound):
            return False
        self.tree[number] = proof
        self._close(proof)
        return True

    def _try_points(self, batch: Batch, found: Bounds) -> None:
        """Look at the best of the corners at which the lines attain the bounds."""
        values = self._ascent.values(batch.goals, found.points)
        for k in np.argsort(-values)[:1].tolist():
            if self.best is not None and values[k] <= as_float(to_fmpq(self.best)):
                return
            goal = int(batch.goals[k])
            point = point_inside(self.problem, found.points[k])
            self._offer(goal, self.problem.value(goal, point), point)

    def _split_batch(self) -> None:
        """Split the nodes with the largest bounds, each by one unit."""
        numbers, parts = [], []
        for _ in range(min(BATCH, len(self._waiting))):
            _, _, entry = heapq.heappop(self._waiting)
            first = len(self.tree)
            self.tree += [None, None]
            self.tree[entry.number] = Split(None, ZERO, entry.unit, (first, first + 1))
            numbers += [first, first + 1]
            layer, unit = entry.unit
            for sign in (-1.0, 1.0):
                fixed = [array.copy() for array in entry.batch.fixed]
                fixed[layer][0, unit] = sign
                parts.append(entry.batch._replace(fixed=fixed))
        joined = Batch(
            np.concatenate([part.goals for part in parts]),
            *(
                [np.concatenate(rows) for rows in zip(*arrays, strict=True)]
                for arrays in zip(*(part[1:] for part in parts), strict=True)
            ),
        )
        self._enter(numbers, *self._ascent.improved(joined, STEPS))

    def _node(self, batch: Batch, k: int) -> Node:
        """A node, with the units that are fixed."""
        fixed = {
            (layer, unit): bool(array[k, unit] > 0.0)
            for layer, array in enumerate(batch.fixed)
            for unit in np.flatnonzero(array[k]).tolist()
        }
        return self._root._replace(fixed=fixed)

    def _proof(self, batch: Batch, k: int) -> Proof:
        """The exact bound of a node's multipliers."""
        node, goal = self._node(batch, k), int(batch.goals[k])
        signs = {
            (layer, unit): _short(batch.multipliers[layer][k, unit]) * (1 if on else -1)
            for (layer, unit), on in node.fixed.items()
        }
        tangents = {
            (layer, unit): self._tangent(layer, unit, batch.tangents[layer][k, unit])
            for layer, is_open in enumerate(self._ascent.is_open)
            for unit in np.flatnonzero(is_open).tolist()
            if (layer, unit) not in node.fixed
        }
        pull = None
        if self.problem.square is not None:
            # Short numbers near the gradient: what is left of it the box bounds.
            gradient = self._ascent.gradient(batch.take(np.array([k])))
            pull = [signed_multiplier(v) for v in gradient.tolist()]
        dual = Dual([ONE], signs, {}, pull)
        lines = node.lines(self.problem, tangents)
        return Proof(
            goal_bound(self.problem, goal, dual, lines, node.box), dual, tangents
        )

    def _tangent(self, layer: int, unit: int, value: float) -> fmpq:
        """A short number near a slope, between that of the unit and 1."""
        slope = self.problem.slopes[layer][unit]
        return max(slope, min(ONE, _short(value)))


def _short(value: float) -> fmpq:
    """A number near, with few bits after the point."""
    return fmpq(round(float(value) * (1 << BITS)), 1 << BITS)
