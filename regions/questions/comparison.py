"""Whether two networks are equal, by the units in which they differ alone.

A node is a part of the domain, with the signs of some units. Its units are compared by
`canonical`: outputs with equal forms are equal, and nothing is left to do there. Else a
unit that one of the networks has alone is split first, so that all that they share need
not be looked at. A node that is proved to be empty is closed, and a point in one at
which the outputs differ ends the search. An unbounded domain is the slice s = 1 of a
cone, in a box of which the networks, with biases times s, are compared instead.
"""

import contextlib
import functools
import heapq
from collections.abc import Sequence
from fractions import Fraction
from math import inf
from typing import Any, NamedTuple, cast

import numpy as np
from flint import fmpq, fmpz

from regions.domains.shapes import BoundedDomain, Box, Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.tree.homogeneous import cone_problem, homogenized
from regions.errors import LimitError
from regions.errors.limits import limited
from regions.lp.exact_lp import interior, maximize
from regions.lp.least_distance import nearest_to_origin
from regions.network import ReluNetwork
from regions.questions import backward
from regions.questions.answer import Point
from regions.questions.apart import unit_apart
from regions.questions.backward import ZERO, Dual, goal_bound
from regions.questions.canonical import CONSTANT, Form, Forms, Unit, unit_forms
from regions.questions.equal_regions import beside, largest_gap
from regions.questions.exact_bounds import UnitBounds
from regions.questions.leaf_programs import Row, node_rows
from regions.questions.node_proofs import rational_point
from regions.questions.problem import Problem
from regions.questions.proof_tree import Proof, Split, halves, middle
from regions.questions.relaxation import Hint, Node, Relaxation
from regions.questions.search import FEW_DIMENSIONS, FEW_UNITS, PROGRESS
from regions.questions.unit_bounds import unit_bounds
from regions.signs.exact import Columns, to_fmpq, to_fraction


class Same(NamedTuple):
    """The outputs have equal forms on a node."""


class _Looked(NamedTuple):
    """What was seen of a node: its slack, a point strictly inside, gaps of units."""

    slack: float
    inside: Point | None
    gaps: dict[Unit, float]


class _Open(NamedTuple):
    """A node to be split: its number, what was seen of it, open units before."""

    number: int
    node: Node
    looked: _Looked
    before: float


INSIDE = (Fraction(1, 1 << 40), Fraction(1, 1 << 20), Fraction(1, 1 << 10))
"""How far a point is moved to the middle of the domain, to lie in no face."""


NEAR = 1e-6
"""With less slack in a round ball its box is asked, too."""


class Comparison:
    """One run.

    Attributes:
        problem: The networks side by side, on a bounded domain.
        tree: Every node: how it was split, or why it was closed.
        bounds: Bounds of all units by the number of the node where their box begins.
        witness: A point of the domain's chart at which the outputs differ; None if
            none was found.
        nodes: How many nodes were looked at.
    """

    def __init__(self, both: ReluNetwork, domain: Domain, first: Sequence[int]):
        """A comparison.

        Args:
            both: Two networks side by side.
            domain: The domain.
            first: Units of the first network, by hidden layer.
        """
        self._first, self._budget = first, Budget()
        self._is_cone = not domain.is_bounded
        self.problem = Problem(*_bounded(both, domain), [()])
        self._relaxation = Relaxation(self.problem)
        self.tree: list[Split | Proof | Same | None] = [None]
        self.bounds: dict[int, UnitBounds] = {}
        self.witness: Point | None = None
        self.nodes = 0
        self._queue: list[tuple[float, int, _Open]] = []
        # Without bounds: what is equal whatever the inputs are needs none.
        forms = self._forms({})
        if not any(forms.gaps()):
            self.tree = [Same()]

    @property
    def is_equal(self) -> bool:
        """Whether the networks are proved to be equal."""
        return all(entry is not None for entry in self.tree)

    def __getstate__(self) -> dict[str, Any]:
        """What proves the answer, without what was asked while it was sought."""
        return {name: v for name, v in self.__dict__.items() if name != "_budget"}

    def run(self, budget: Budget, max_nodes: float = inf) -> bool:
        """Search until the answer is known, and say whether it is; or again, and go on.

        Args:
            budget: When to stop.
            max_nodes: After how many nodes in all to stop.
        """
        self._budget = budget
        if not self.nodes and not self.is_equal:
            box = backward.Box(tuple(self.problem.low), tuple(self.problem.high))
            self.bounds[0] = unit_bounds(self.problem, box)
            self._take(0, Node(box, self.bounds[0], {}), inf)
        while self._queue and self.witness is None:
            if self._budget.spent() or self.nodes >= max_nodes:
                return False
            *_, entry = heapq.heappop(self._queue)
            self._split(entry)
        return self.witness is not None or self.is_equal

    def _take(
        self, number: int, node: Node, before: float, *, is_refined: bool = False
    ) -> None:
        """Close a node, find a point in it, or put it in the queue."""
        self.nodes += 1
        # A part of a node that may be empty is not compared before it has a point.
        if not is_refined and self._is_same(number, self._forms(self._signs(node))):
            return
        found: _Looked | None = _Looked(inf, self.problem.inside(), {})
        if node.fixed:
            found = _Looked(
                0.0, None, dict.fromkeys(node.open_units(self.problem), 1.0)
            )
            with contextlib.suppress(LimitError), limited(stop=self._budget.spent):
                found = self._look(number, node)
        if found is not None:
            entry = _Open(number, node, found, before)
            heapq.heappush(self._queue, (-found.slack, number, entry))

    def _is_same(self, number: int, forms: Forms) -> bool:
        """Close a node on which the outputs have equal forms."""
        if any(forms.gaps()):
            return False
        self.tree[number] = Same()
        return True

    def _look(self, number: int, node: Node) -> _Looked | None:
        """Look for a point of a node; None if it has no interior, which is proved."""
        asked = self._relaxation.asked(node)
        if not asked:
            return self._look_exactly(number, node)
        hint, is_round = None, self.problem.square is not None
        for by_box in (False, True):
            hint = self._relaxation.hint(
                node, 0, feasibility=True, most=inf, by_box=by_box
            )
            if hint is not None and self._is_thin(number, node, hint):
                return None
            if not is_round or (hint is not None and hint.value > NEAR):
                break
        if hint is None:
            return _Looked(0.0, None, dict.fromkeys(asked, 1.0))
        return _Looked(hint.value, self._try(node, hint), hint.gaps)

    def _look_exactly(self, number: int, node: Node) -> _Looked | None:
        """The same where all that the fixed units read is affine."""
        rows = self._rows(node)
        A, b = [row.a for row in rows], [row.b for row in rows]
        found = interior(A, b)
        weights, pull, point = found.multipliers, None, found.witness
        square = self.problem.square
        if point is not None and square is not None:
            nearest, weights = _nearest(A, b)
            if _squared(nearest) >= square:
                pull = nearest
            else:
                # On the way from inside to the nearest point, which the ball holds.
                while to_fmpq(_squared(point)) >= square:
                    pairs = zip(point, nearest, strict=True)
                    point = tuple((s + to_fraction(t)) / 2 for s, t in pairs)
                weights = None
        if weights is not None:
            self.tree[number] = Proof(None, _dual(node, rows, weights, pull), {})
            return None
        assert point is not None
        if largest_gap(self.problem.exact, point):
            self._offer(point)
        return _Looked(0.0, point, {})

    def _rows(self, node: Node) -> list[Row]:
        """All rows of a node: of its units, of the domain and of its box."""
        rows = [
            row
            for row in node_rows(self.problem, node, 0)
            # A unit that is zero all over a node is off there.
            if any(row.a) or row.b != 0 or self._is_on(row.name, node)
        ]
        axes = range(self.problem.dim)
        for k in axes:
            axis = [fmpq(int(i == k)) for i in axes]
            rows.append(Row(axis, ZERO, node.box.high[k], ("box", k)))
            rows.append(Row([-v for v in axis], ZERO, -node.box.low[k], ("box", k)))
        return rows

    @staticmethod
    def _is_on(name: tuple[str, object], node: Node) -> bool:
        """Whether a row is that of a unit that is on."""
        kind, unit = name
        return kind == "unit" and node.fixed[cast(Unit, unit)]

    def _forms(self, signs: dict[Unit, bool]) -> Forms:
        """All outputs where these signs are known."""
        return unit_forms(self.problem.network, self.problem.domain, signs)

    def _signs(self, node: Node) -> dict[Unit, bool]:
        """Signs that are known on a node: those fixed, and those that bounds tell."""
        known = {}
        for layer, (lows, highs) in enumerate(zip(*node.bounds, strict=True)):
            for unit, (low, high) in enumerate(zip(lows, highs, strict=True)):
                if low >= 0 or high <= 0:
                    known[layer, unit] = low >= 0
        return known | node.fixed

    def _is_thin(self, number: int, node: Node, hint: Hint) -> bool:
        """Close a node that has no interior, if that is proved."""
        lines = node.lines(self.problem, hint.tangents)
        bound = goal_bound(self.problem, 0, hint.dual, lines, node.box)
        thin = bound < 0 or (bound == 0 and self._is_strict(hint.dual, node))
        if thin:
            self.tree[number] = Proof(None, hint.dual, hint.tangents)
        return thin

    def _is_strict(self, dual: Dual, node: Node) -> bool:
        """Whether multipliers of a bound of 0 say that a node has no interior.

        What they sum up vanishes on all of the node: units that are on do so nowhere
        in it, by convention, and affine functions and rows do so on a hyperplane.
        """
        rows = [k for k, weight in dual.rows.items() if weight != 0]
        if any(any(self.problem.rows[k][:-1]) for k in rows):
            return True
        weighed = [unit for unit, weight in dual.signs.items() if weight != 0]
        if any(node.fixed[unit] for unit in weighed):
            return True
        rows_of = self._forms(self._signs(node)).rows
        return any(_is_affine(rows_of[layer][unit]) for layer, unit in weighed)

    def _try(self, node: Node, hint: Hint) -> Point | None:
        """Look near the suggested point; a point strictly inside the node, if there."""
        point = rational_point(self.problem, node.box, hint)
        if point is None:
            return None
        middle_ = self.problem.inside()
        for part in INSIDE:
            moved = tuple(
                (1 - part) * a + part * b for a, b in zip(point, middle_, strict=True)
            )
            if largest_gap(self.problem.exact, moved):
                self._offer(moved)
                return moved
            if self._is_strictly_in(node, moved):
                return moved
        return None

    def _is_strictly_in(self, node: Node, point: Point) -> bool:
        """Whether all fixed units have their signs at a point, and none vanishes."""
        numerators, _ = self.problem.exact.forward(Columns.of_points([point]))
        ends = zip(node.box.low, map(to_fmpq, point), node.box.high, strict=True)
        return all(low < t < high for low, t, high in ends) and all(
            numerators[layer][unit][0] * (1 if on else -1) > 0
            for (layer, unit), on in node.fixed.items()
        )

    def _offer(self, point: Point) -> None:
        """Keep a point at which the outputs differ, if it lies on no border."""
        if self._is_cone:
            if point[-1] <= 0:
                return
            point = tuple(v / point[-1] for v in point[:-1])
        self.witness = point

    def _beside(self, point: Point, gap: Form) -> Point:
        """A point at or near one inside a node, at which the outputs differ."""
        problem = self.problem
        gradient = [to_fraction(gap.get(k, ZERO)) for k in range(problem.dim)]
        return beside(problem.exact, problem.domain, point, gradient)

    def _split(self, entry: _Open) -> None:
        """Split a node, and look at both parts."""
        node, (_, inside, gaps) = entry.node, entry.looked
        unit, before = None, float(len(gaps))
        if inside is not None:
            forms, before = self._forms(self._signs(node)), entry.before
            if self._is_same(entry.number, forms):
                return
            unit = unit_apart(forms, self._is_first)
            if unit is None:
                gap = next(form for form in forms.gaps() if form)
                self._offer(self._beside(inside, gap))
                return
        first = len(self.tree)
        parts = (first, first + 1)
        if unit is None and self._suits_box(entry):
            axis, at = middle(node.box)
            self._grow(entry.number, Split(axis, at, None, parts))
            for number, half in zip(parts, halves(node.box, axis, at), strict=True):
                self.bounds[number] = bounds = unit_bounds(self.problem, half)
                part = Node(half, bounds, node.fixed)
                self._take(number, part, before, is_refined=True)
            return
        chosen = unit or max(gaps, key=lambda unit: (gaps[unit], unit))
        self._grow(entry.number, Split(None, ZERO, chosen, parts))
        for number, on in zip(parts, (False, True), strict=True):
            part = node._replace(fixed={**node.fixed, chosen: on})
            self._take(number, part, before, is_refined=unit is None)

    def _grow(self, number: int, split: Split) -> None:
        """Room for both parts of a node."""
        self.tree[number] = split
        self.tree += [None, None]

    def _suits_box(self, entry: _Open) -> bool:
        """Whether to split a node's box: while that makes fewer units open."""
        count = len(entry.looked.gaps)
        few = self.problem.dim > FEW_DIMENSIONS or count <= FEW_UNITS
        return not few and count < PROGRESS * entry.before

    def _is_first(self, unit: Unit) -> bool:
        """Whether a unit is one of the first network."""
        layer, number = unit
        return layer < len(self._first) and number < self._first[layer]


def _nearest(
    A: list[list[fmpq]], b: list[fmpq]
) -> tuple[list[fmpq], dict[int, fmpq] | None]:
    """The point of a polyhedron nearest to 0, and weights of rows that sum up to it.

    The weights have `y A = -p` and `y b = -p.p` for the point p.
    """
    table = []
    for row, end in zip(A, b, strict=True):
        bottom = functools.reduce(lambda m, v: v.q.lcm(m), [*row, end], fmpz(1))
        table.append([int((v * bottom).p) for v in (*row, end)])
    nearest = nearest_to_origin(table, len(A[0]))
    assert nearest is not None  # there is a point
    return nearest, maximize([-v for v in nearest], A, b).multipliers


def _dual(
    node: Node, rows: list[Row], weights: dict[int, fmpq], pull: list[fmpq] | None
) -> Dual:
    """Weights of rows by what the rows stand for."""
    dual = Dual([], {}, {}, pull)
    for k, weight in weights.items():
        kind, name = rows[k].name
        if kind == "unit":
            unit = cast(Unit, name)
            dual.signs[unit] = weight if node.fixed[unit] else -weight
        elif kind == "row":
            dual.rows[cast(int, name)] = weight
    return dual


def _squared(point: Sequence[Any]) -> Any:
    """The squared distance of a point from 0."""
    return sum(v * v for v in point)


def _is_affine(row: Form) -> bool:
    """Whether a pre-activation is an affine function of the inputs, and no constant."""
    return min(row, default=CONSTANT) >= CONSTANT and max(row, default=CONSTANT) >= 0


def _bounded(both: ReluNetwork, domain: Domain) -> tuple[ReluNetwork, BoundedDomain]:
    """What to compare: on an unbounded domain other networks in its place."""
    if isinstance(domain, WholeSpace):
        ones = np.ones(domain.dim + 1)
        return homogenized(both), Box([*-ones[:-1], 0.0], ones)
    return (both, domain) if domain.is_bounded else cone_problem(both, domain)
