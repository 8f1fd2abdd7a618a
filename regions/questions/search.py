"""Best first branch and bound: the largest value of a goal, between proved ends.

A node is a box with the signs of some units fixed. A linear program in floating point
suggests a point and multipliers; the network at the point is a lower bound, and the
multipliers, carried back exactly, give an upper one. A node that may hold more than the
best point known is split: by its box while many units are open in few dimensions, else
by a unit. Where no unit is open an exact program ends it. So the two ends are proved at
any time, and meet when the search is done. Boxes with many open units are bounded and
split many at once, without programs (`box_batches`); of a round ball, those that meet
it.
"""

import heapq
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from regions.enumeration.budget import Budget
from regions.errors import LimitError
from regions.errors.limits import limited, never
from regions.questions import box_batches
from regions.questions.answer import Point
from regions.questions.backward import ONE, ZERO, Box
from regions.questions.best_point import BestPoint
from regions.questions.box_batches import Boxes
from regions.questions.exact_bounds import UnitBounds
from regions.questions.leaf_programs import solve_leaf
from regions.questions.node_proofs import (
    exact_proof,
    largest_terms,
    leaf_proof,
    proof_by,
    proves_empty,
    rational_point,
    round_grains,
)
from regions.questions.problem import Problem
from regions.questions.proof_tree import (
    BoxProof,
    Entry,
    Proof,
    Split,
    halves,
    middle,
    pruned,
)
from regions.questions.relaxation import Hint, Node, Relaxation, Unit, as_float
from regions.questions.unit_bounds import sharpest_bounds, unit_bounds
from regions.signs.exact import to_fmpq, to_fraction

FEW_UNITS = 12
"""With more open units a box is split, in few dimensions."""
FEW_DIMENSIONS = box_batches.MAX_DIM
PROGRESS = 0.95
"""The share of open units that a half of a box may keep, for its box to be split."""

BATCH = 64
"""Boxes that are split at once."""
SMALL_PART = 2.0**-12
"""Boxes are split so down to such a part of the domain: then by programs."""
PROGRAM_UNITS, MOST_PATIENCE = 150, 63
"""Programs are tried on boxes with at most so many open units meanwhile: where the
largest value is attained all over a face, only an exact bound is that value. After one
that closes no box the next waits for twice as many batches, for no more than so many.
"""

NEAR, EXACT_UNITS = fmpq(1, 1 << 20), 60
"""Where a bound is above the best by a smaller share, and so few units are open, exact
multipliers are sought: those of a program are rounded."""
EXACT_BOUNDS_UNITS = 200
"""Networks of so few units have bounds of their units without rounding at the root, if
these are the sharper ones."""


class _Open(NamedTuple):
    """A node that may hold more than the best known; whether to split its box."""

    number: int
    goal: int
    node: Node
    gaps: dict[Unit, float]
    by_box: bool


class _OpenBox(NamedTuple):
    """A box that is to be split with others.

    Attributes:
        number: Its number.
        boxes: Arrays of one box.
        bound: The best bound of it, or of a box that holds it.
    """

    number: int
    boxes: Boxes
    bound: fmpq


class Search(BestPoint):
    """One run.

    Attributes:
        tree: Every node: how it was split, or why it was closed. The first nodes are
            the roots, one for each goal.
        bounds: Bounds of all units on each box, by the number of the node where it
            begins; those of the root are number 0.
        nodes: How many nodes were bounded.
        listed: Of which problem a list gave the answer, taken over by `settle`.
    """

    def __init__(
        self,
        problem: Problem,
        budget: Budget,
        *,
        tolerance: Fraction = Fraction(0),
        enough: Callable[[Fraction], bool] = lambda value: False,
        harmless: Callable[[fmpq], bool] = lambda bound: False,
    ):
        """A search.

        Args:
            problem: What to maximize.
            budget: When to stop.
            tolerance: The ends may stay so far apart.
            enough: Says of a value that was found whether the caller is content, which
                ends the search.
            harmless: Says of a bound whether a node that has it may be closed, though
                it is above the best known.
        """
        super().__init__(problem, enough)
        self._budget, self._harmless = budget, harmless
        self._tolerance = to_fmpq(tolerance)
        self._relaxation = Relaxation(problem)
        self._is_quick = box_batches.serves(problem)
        self.tree: list[Entry] = []
        self._earlier: dict[int, Proof | BoxProof] = {}
        self.bounds: dict[int, UnitBounds] = {}
        self.nodes = 0
        self.listed: Problem | None = None
        # What programs tell apart in a round ball, and what boxes do.
        self._grain = self._box_grain = self._terms = ZERO
        self._queue: list[tuple[fmpq, int, _Open | _OpenBox]] = []
        self._closed: fmpq | None = None
        self._patience = self._waited = 0

    def __getstate__(self) -> dict[str, Any]:
        """What proves the answer, without what was asked while it was sought."""
        gone = ("_budget", "_enough", "_harmless")
        return {name: v for name, v in self.__dict__.items() if name not in gone}

    @property
    def upper(self) -> Fraction | None:
        """A proved upper bound of all goals; None before there is one."""
        ends = []
        if self.listed is None:
            if not self.tree:
                return None
            roots = pruned(self.tree, self._earlier)[1][: len(self.problem.goals)]
            ends = [bound for bound in roots if bound is not None]
        if self.best is not None:
            ends.append(to_fmpq(self.best))
        return to_fraction(max(ends)) if ends else None

    def proved_tree(self) -> list[Entry]:
        """The tree, without the parts of nodes whose own proofs are the better ones."""
        return pruned(self.tree, self._earlier)[0]

    def _keep_earlier(self, number: int) -> None:
        """Remember why a node had its bound, before it is split."""
        held = self.tree[number]
        assert isinstance(held, Proof | BoxProof)
        self._earlier[number] = held

    def run(
        self, max_nodes: int | None = None, stop: Callable[[], bool] = never
    ) -> bool:
        """Search until the ends meet; whether they do. May be called again."""
        if not self.tree:
            self._begin()
        while self._queue:
            if self._is_enough():
                return True
            is_full = max_nodes is not None and self.nodes >= max_nodes
            if is_full or self._budget.spent() or stop():
                return False
            entry = self._next()
            if isinstance(entry, _Open):
                self._split(entry)
            elif entry is not None and (left := self._bounded(entry)) is not None:
                self._split_boxes(left)
        return True

    def _next(self) -> _Open | _OpenBox | None:
        """Take the first of the queue; None if it needs no further look."""
        _, _, entry = heapq.heappop(self._queue)
        before = self.tree[entry.number]
        assert isinstance(before, Proof | BoxProof)
        bound = entry.bound if isinstance(entry, _OpenBox) else before.bound
        if not self._is_closed(bound, by_boxes=isinstance(entry, _OpenBox)):
            return entry
        self._close(before)
        return None

    def settle(
        self, problem: Problem, goal: int, value: Fraction, point: Point
    ) -> None:
        """Take over the exact answer of a list; the tree is no proof then.

        Args:
            problem: Of which the list is.
            goal: Which goal is largest.
            value: How large.
            point: Where.
        """
        self.goal, self.best, self.point = goal, value, point
        self._queue, self._closed, self.listed = [], None, problem

    def _begin(self) -> None:
        """Look at a point, and bound the whole domain, for every goal."""
        self._offer_first_point(self._budget.spent)
        box = Box(tuple(self.problem.low), tuple(self.problem.high))
        self.bounds[0] = bounds = self._root_bounds(box)
        root = Node(box, bounds, {})
        self.tree += [None] * len(self.problem.goals)
        self._terms = largest_terms(self.problem, root)
        if self.problem.square is not None:
            self._box_grain, self._grain = round_grains(self.problem, root)
        if self._is_quick:
            numbers = [*range(len(self.problem.goals))]
            roots = box_batches.roots(self.problem)
            self._enter_boxes(numbers, roots, [None] * len(numbers), root)
            return
        for goal in range(len(self.problem.goals)):
            self._take(goal, goal, root)

    def _wants_end(self) -> bool:
        """Whether to settle for what is known."""
        return self._is_enough() or self._budget.spent()

    def _root_bounds(self, box: Box) -> UnitBounds:
        """Bounds of all units on the domain: the sharpest, if there is time."""
        bounds = unit_bounds(self.problem, box)
        few = self.problem.network.num_bits <= EXACT_BOUNDS_UNITS
        if few and not self._is_quick:
            with suppress(LimitError), limited(stop=self._wants_end):
                bounds = sharpest_bounds(self.problem, box, bounds)
        return bounds

    def _is_closed(self, bound: fmpq | None, *, by_boxes: bool = False) -> bool:
        """Whether a node with this bound needs no further look."""
        if bound is None or self._harmless(bound):
            return True
        near = max(self._tolerance, self._box_grain if by_boxes else self._grain)
        return self.best is not None and bound <= to_fmpq(self.best) + near

    def _close(self, proof: Proof | BoxProof) -> None:
        """Keep the bound of a node that is done."""
        if proof.bound is not None:
            known = self._closed
            self._closed = proof.bound if known is None else max(known, proof.bound)

    def _take(
        self, number: int, goal: int, node: Node, before: int | None = None
    ) -> None:
        """Bound a node; close it, or put it in the queue.

        Args:
            number: Its number in the tree.
            goal: The goal.
            node: The node.
            before: How many units were open in the box of which it is a half.
        """
        self.nodes += 1
        open_units = node.open_units(self.problem)
        hint = None
        try:
            with limited(stop=self._wants_end):
                if not open_units and self._end(number, goal, node):
                    return
                hint = self._relaxation.hint(node, goal)
                if self._is_empty(number, goal, node, hint):
                    return
                if hint is not None:
                    self._try(goal, node, hint)
        except LimitError:
            # The node keeps the bound that it has without more work.
            pass
        proof = proof_by(self.problem, goal, node, hint)
        if hint is not None and self._is_near(proof.bound, open_units):
            with suppress(LimitError), limited(stop=self._budget.spent):
                proof = exact_proof(self.problem, goal, node, proof)
        self.tree[number] = proof
        if self._is_closed(proof.bound):
            self._close(proof)
            return
        assert proof.bound is not None
        gaps = hint.gaps if hint is not None else dict.fromkeys(open_units, 1.0)
        entry = _Open(number, goal, node, gaps, self._suits_box(node, before, gaps))
        heapq.heappush(self._queue, (-proof.bound, number, entry))

    def _split_boxes(self, first: _OpenBox) -> None:
        """Split a box, and the next ones of the queue that wait for the same."""
        entries = [first]
        while len(entries) < BATCH and self._queue:
            if not isinstance(self._queue[0][-1], _OpenBox):
                break
            entry = self._next()
            if entry is None:
                break
            assert isinstance(entry, _OpenBox)
            entries.append(entry)
        parts = zip(*(entry.boxes for entry in entries), strict=True)
        boxes = Boxes(*(np.concatenate(part) for part in parts))
        numbers = []
        for k, at in enumerate(box_batches.middles(boxes).tolist()):
            pair = len(self.tree), len(self.tree) + 1
            split = Split(int(boxes.axes[k]), to_fmpq(at), None, pair)
            self._keep_earlier(entries[k].number)
            self.tree[entries[k].number] = split
            self.tree += [None, None]
            numbers += pair
        bounds = [entry.bound for entry in entries for _ in range(2)]
        self._enter_boxes(numbers, box_batches.halves(self.problem, boxes), bounds)

    def _bounded(self, entry: _OpenBox) -> _OpenBox | None:
        """Bound a box by a program if it is time for one; None if that closes it."""
        number, goal = entry.number, int(entry.boxes.goals[0])
        self._waited += 1
        many = entry.boxes.open_units[0] > PROGRAM_UNITS
        if many or self._waited <= self._patience:
            return entry
        self._waited, self._patience = 0, min(2 * self._patience + 1, MOST_PATIENCE)
        box = box_batches.exact_box(self.problem, entry.boxes, 0)
        is_root = number < len(self.problem.goals)
        bounds = self.bounds[0] if is_root else unit_bounds(self.problem, box)
        node = Node(box, bounds, {})
        try:
            with limited(stop=self._budget.spent):
                hint = self._relaxation.hint(node, goal)
                if hint is not None:
                    self._try(goal, node, hint)
        except LimitError:
            return entry
        proof = proof_by(self.problem, goal, node, hint)
        assert proof.bound is not None
        if proof.bound >= entry.bound:
            return entry
        self.tree[number] = proof
        self.bounds[0 if is_root else number] = bounds
        if not self._is_closed(proof.bound, by_boxes=True):
            return entry._replace(bound=proof.bound)
        self._close(proof)
        self._patience = 0
        return None

    def _enter_boxes(
        self,
        numbers: list[int],
        boxes: Boxes,
        most: Sequence[fmpq | None],
        root: Node | None = None,
    ) -> None:
        """Close boxes, let them wait for others, or leave them to programs.

        Args:
            numbers: Their numbers in the tree.
            boxes: The boxes.
            most: What is known of each without its own bound.
            root: The root, if these are roots.
        """
        goal, value, point = box_batches.best_point(self.problem, boxes)
        if self.best is None or value > as_float(to_fmpq(self.best)):
            self._offer(goal, self.problem.value(goal, point), point)
        waits = box_batches.may_be_halved(self.problem, boxes, SMALL_PART)
        waits &= boxes.open_units > FEW_UNITS
        for k, number in enumerate(numbers):
            bound = float(boxes.upper[k])
            if bound == -np.inf:
                self.nodes += 1
                self.tree[number] = BoxProof(None)
                continue
            proof = BoxProof(to_fmpq(bound)) if np.isfinite(bound) else None
            reach = None
            if proof is not None and proof.bound is not None:
                before = most[k]
                reach = proof.bound if before is None else min(proof.bound, before)
            is_closed = reach is not None and self._is_closed(reach, by_boxes=True)
            if proof is None or not (is_closed or waits[k]):
                self._leave_to_programs(number, boxes, k, root)
                continue
            self.nodes += 1
            self.tree[number] = proof
            if is_closed:
                self._close(proof)
                continue
            assert reach is not None
            entry = _OpenBox(number, boxes.take(np.array([k])), reach)
            heapq.heappush(self._queue, (-reach, number, entry))

    def _leave_to_programs(
        self, number: int, boxes: Boxes, k: int, root: Node | None
    ) -> None:
        """Bound one box by a program: few units are open, or numbers overflow."""
        if root is None:
            box = box_batches.exact_box(self.problem, boxes, k)
            self.bounds[number] = bounds = unit_bounds(self.problem, box)
            root = Node(box, bounds, {})
        self._take(number, int(boxes.goals[k]), root)

    def _is_empty(self, number: int, goal: int, node: Node, hint: Hint | None) -> bool:
        """Whether a node that a program finds empty is proved to be."""
        if hint is not None:
            return False
        other = self._relaxation.hint(node, goal, feasibility=True)
        if other is None or not proves_empty(self.problem, goal, node, other):
            return False
        self.tree[number] = Proof(None, other.dual, other.tangents)
        return True

    def _suits_box(
        self, node: Node, before: int | None, gaps: dict[Unit, float]
    ) -> bool:
        """Whether to split a node's box: while that makes fewer units open.

        Around a point in which many units meet it never would; splits by units end.
        """
        if self.problem.dim > FEW_DIMENSIONS or node.fixed or len(gaps) <= FEW_UNITS:
            return False
        return before is None or len(gaps) < PROGRESS * before

    def _is_near(self, bound: fmpq | None, open_units: Sequence[Unit]) -> bool:
        """Whether all that keeps a node open may be the rounding of its multipliers."""
        if bound is None or self.best is None or self.problem.square is not None:
            return False
        if len(open_units) > EXACT_UNITS or self._is_closed(bound):
            return False
        near = max(min(self._terms, ONE), abs(to_fmpq(self.best))) * NEAR
        return self._is_closed(bound - near)

    def _end(self, number: int, goal: int, node: Node) -> bool:
        """Settle a node without open units; whether that was possible."""
        if self.problem.square is not None:
            return self._end_round(number, goal, node)
        leaf = solve_leaf(self.problem, node, goal)
        if leaf is None:
            return False
        self.tree[number] = proof = leaf_proof(self.problem, goal, node, leaf)
        if leaf.value is not None and leaf.point is not None:
            self._offer(goal, to_fraction(leaf.value), leaf.point)
        self._close(proof)
        return True

    def _end_round(self, number: int, goal: int, node: Node) -> bool:
        """The same in a round ball: its ends come near each other, and stay apart."""
        hint = self._relaxation.hint(node, goal)
        if hint is None:
            return self._is_empty(number, goal, node, None)
        proof = proof_by(self.problem, goal, node, hint)
        point = rational_point(self.problem, node.box, hint)
        assert proof.bound is not None
        value = None if point is None else self.problem.value(goal, point)
        if point is not None and value is not None:
            self._offer(goal, value, point)
        if not self._is_closed(proof.bound) and (
            value is None or proof.bound - to_fmpq(value) > self._grain
        ):
            return False
        self.tree[number] = proof
        self._close(proof)
        return True

    def _split(self, entry: _Open) -> None:
        """Split a node, and look at both parts."""
        first = len(self.tree)
        parts = (first, first + 1)
        self._keep_earlier(entry.number)
        self.tree += [None, None]
        before = None
        if entry.by_box or not entry.gaps:
            before = len(entry.gaps)
            axis, at = middle(entry.node.box)
            self.tree[entry.number] = Split(axis, at, None, parts)
            both = halves(entry.node.box, axis, at)
            nodes = []
            for number, half in zip(parts, both, strict=True):
                self.bounds[number] = bounds = unit_bounds(self.problem, half)
                nodes.append(Node(half, bounds, entry.node.fixed))
        else:
            unit = max(entry.gaps, key=lambda unit: (entry.gaps[unit], unit))
            self.tree[entry.number] = Split(None, ZERO, unit, parts)
            nodes = [
                entry.node._replace(fixed={**entry.node.fixed, unit: on})
                for on in (False, True)
            ]
        for number, node in zip(parts, nodes, strict=True):
            self._take(number, entry.goal, node, before)
