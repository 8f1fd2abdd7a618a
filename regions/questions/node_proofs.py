"""Bounds of a goal on a node, proved from what a program suggests; points to try."""

from fractions import Fraction

import numpy as np
from flint import fmpq

from regions.questions.backward import ONE, ZERO, Box, Dual, goal_bound
from regions.questions.exact_relaxation import ExactProgram
from regions.questions.leaf_programs import Leaf
from regions.questions.problem import Point, Problem
from regions.questions.proof_tree import Proof
from regions.questions.relaxation import Hint, Node, as_float
from regions.signs.exact import to_fmpq, to_fraction

INWARD = (1.0, 1.0 - 2.0**-40, 1.0 - 2.0**-24)
"""What the way to a point near the border is multiplied by, for it to lie inside."""

ROUND_GRAIN = fmpq(1, 1 << 20)
"""The share of the first bound within which ends meet in a round ball."""
FINEST_SHARE = fmpq(1, 1 << 12)
"""The same of the size of its terms, on top: a program's rounding goes with these."""


def proof_by(problem: Problem, goal: int, node: Node, hint: Hint | None) -> Proof:
    """The bound that a hint's multipliers prove; without one, that of none."""
    dual, tangents = Dual((), {}, {}), {}
    if hint is not None:
        dual, tangents = hint.dual, hint.tangents
    if not any(dual.mix):
        dual = dual._replace(mix=[ONE, *[ZERO] * (len(problem.goals[goal]) - 1)])
    lines = node.lines(problem, tangents)
    bound = goal_bound(problem, goal, dual, lines, node.box)
    return Proof(bound, dual, tangents)


def largest_terms(problem: Problem, node: Node, *, before: bool = False) -> fmpq:
    """How large the terms are of which goals are sums, at most.

    A product of an output's weight and an activation is a term, and so is a constant.

    Args:
        problem: The goals.
        node: Where.
        before: Whether to take pre-activations in place of activations.
    """
    sizes = [[max(abs(a), abs(b)) for a, b in zip(*node.box, strict=True)]]
    for index, slopes in enumerate(problem.slopes):
        ends = zip(node.bounds.low[index], node.bounds.high[index], slopes, strict=True)
        sizes.append(
            [
                max(high, -low if before else slope * -low, ZERO)
                for low, high, slope in ends
            ]
        )
    output = problem.chart.output
    terms = [abs(to_fmpq(float(bias))) for bias in output.bias]
    for source, matrix in output.blocks(len(problem.slopes)):
        for k, row in enumerate(np.abs(matrix).tolist()):
            products = (
                to_fmpq(w) * size for w, size in zip(row, sizes[source], strict=True)
            )
            terms[k] = max(terms[k], *products)
    largest = ZERO
    for part in (part for goal in problem.goals for part in goal):
        pairs = zip(part.outputs, terms, strict=True)
        largest = max(
            [largest, abs(to_fmpq(part.offset))]
            + [abs(to_fmpq(w)) * t for w, t in pairs]
        )
        pairs = zip(part.inputs, sizes[0], strict=False)
        largest = max([largest] + [abs(to_fmpq(w)) * t for w, t in pairs])
    return largest


def exact_proof(problem: Problem, goal: int, node: Node, before: Proof) -> Proof:
    """The bound of exact multipliers, if they are found and are better."""
    found = ExactProgram(problem, node, goal).solve()
    if found is None or before.bound is None:
        return before
    dual, tangents = found
    lines = node.lines(problem, tangents)
    bound = goal_bound(problem, goal, dual, lines, node.box)
    return Proof(bound, dual, tangents) if bound < before.bound else before


def leaf_proof(problem: Problem, goal: int, node: Node, leaf: Leaf) -> Proof:
    """What ends a node without open units, computed anew from its multipliers.

    Raises:
        AssertionError: If they prove another bound, or not that no point is there.
    """
    bound = goal_bound(problem, goal, leaf.dual, node.lines(problem, {}), node.box)
    if not (bound < 0 if leaf.value is None else bound == leaf.value):
        raise AssertionError("the multipliers of a leaf do not prove its bound")
    return Proof(leaf.value, leaf.dual, {})


def proves_empty(problem: Problem, goal: int, node: Node, hint: Hint) -> bool:
    """Whether multipliers prove that no point is in a node."""
    lines = node.lines(problem, hint.tangents)
    return goal_bound(problem, goal, hint.dual, lines, node.box) < 0


def rational_point(problem: Problem, box: Box, hint: Hint) -> Point | None:
    """The suggested point, as a rational one of the domain; None if it is none."""
    assert hint.point is not None
    low, high = ([as_float(v) for v in end] for end in (box.low, box.high))
    clipped = np.clip(hint.point, low, high)
    # On the border of a ball rounding decides: a little less lies inside.
    for part in (1.0,) if problem.square is None else INWARD:
        # The ends of the box may be no float64 numbers.
        ends = zip((part * clipped).tolist(), box.low, box.high, strict=True)
        point = tuple(to_fraction(min(max(to_fmpq(v), a), b)) for v, a, b in ends)
        if problem.holds(point):
            return point
    return None


def point_inside(problem: Problem, near: np.ndarray) -> Point:
    """A point of the domain, at or near one of floats."""
    if not problem.rows and problem.square is None:
        ends = zip(near.tolist(), problem.low, problem.high, strict=True)
        return tuple(to_fraction(min(max(to_fmpq(v), a), b)) for v, a, b in ends)
    inside = problem.inside()
    middle = np.array([float(v) for v in inside])
    for part in INWARD:
        moved = tuple(map(Fraction, (middle + part * (near - middle)).tolist()))
        if problem.holds(moved):
            return moved
    return inside


def round_grains(problem: Problem, root: Node) -> tuple[fmpq, fmpq]:
    """How near ends come in a round ball, where optima are no rational numbers.

    By boxes, and by programs, of which rounding does what all pre-activations make.
    """
    inside, gaps = problem.inside(), []
    for goal in range(len(problem.goals)):
        bound = proof_by(problem, goal, root, None).bound
        assert bound is not None
        gaps.append(abs(bound - to_fmpq(problem.value(goal, inside))))
    # Where all terms are 0 bounds are not, by what underflows.
    ends = [abs(v) for end in root.bounds for row in end for v in row]
    floor = max(ends, default=ZERO) * FINEST_SHARE**6
    # Where a goal hardly changes, rounding still does what its terms make.
    terms = (largest_terms(problem, root, before=before) for before in (False, True))
    by_boxes, by_programs = (
        max(*gaps, t * FINEST_SHARE if t else floor) for t in terms
    )
    return by_boxes * ROUND_GRAIN, by_programs * ROUND_GRAIN
