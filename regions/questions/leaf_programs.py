"""The exact optimum on a part of the domain where the network is affine.

Floating point names the coordinates that end at a face of the box; on the few others an
exact linear program decides. Its multipliers, with the signs of the reduced costs of
the coordinates that were set, prove the optimum, or else none is claimed.
"""

from typing import NamedTuple

import numpy as np
from flint import fmpq

from regions.lp.exact_lp import Start, maximize
from regions.questions.backward import ONE, ZERO, Dual, goal_rows
from regions.questions.gated_forms import activations, input_forms, pre_activations
from regions.questions.problem import Point, Problem
from regions.questions.relaxation import Node, Unit, as_float, float_row, solve_rows
from regions.signs.exact import to_fmpq, to_fraction

FEW = 12
"""In at most so many dimensions all coordinates go to the exact program."""


class Leaf(NamedTuple):
    """The optimum of a goal on a node without open units.

    Attributes:
        value: The largest value; None if no point is there.
        point: Where it is attained, in the chart.
        dual: Multipliers that prove it.
    """

    value: fmpq | None
    point: Point | None
    dual: Dual


class Row(NamedTuple):
    """A row `a . t + e s <= b`, and what it stands for."""

    a: list[fmpq]
    e: fmpq
    b: fmpq
    name: tuple[str, object]


def solve_leaf(problem: Problem, node: Node, goal: int) -> Leaf | None:
    """The exact optimum; None if floating point did not name the coordinates."""
    rows = node_rows(problem, node, goal)
    at, first = _suggested(problem, node, goal, rows)
    if at is None:
        return None
    free = [k for k, end in enumerate(at) if end is None]
    A, b, names = [], [], []
    for row in rows:
        pairs = zip(row.a, at, strict=True)
        set_part = sum((a * end for a, end in pairs if end is not None), ZERO)
        A.append([*(row.a[k] for k in free), row.e])
        b.append(row.b - set_part)
        names.append(row.name)
    for place, k in enumerate(free):
        for sign, end in ((-1, -node.box.low[k]), (1, node.box.high[k])):
            A.append([fmpq(sign * int(i == place)) for i in range(len(free) + 1)])
            b.append(end)
            names.append(("box", k))
    cost = [ZERO] * len(free) + [ONE]
    best = maximize(cost, A, b, start=Start(tight=first))
    multipliers = best.multipliers or {}
    dual = _dual(problem, node, goal, names, multipliers)
    if best.status == "infeasible" and len(free) == problem.dim:
        return Leaf(None, None, dual)
    if best.status != "optimal" or not _ends_hold(rows, multipliers, at, node):
        return None
    assert best.x is not None
    places = {k: place for place, k in enumerate(free)}
    point = tuple(
        best.x[places[k]] if end is None else to_fraction(end)
        for k, end in enumerate(at)
    )
    return Leaf(to_fmpq(best.value or 0), point, dual)


def node_rows(problem: Problem, node: Node, goal: int) -> list[Row]:
    """Rows of the fixed units, of the domain, and of the goal's parts."""
    rows = []
    sources = [input_forms(problem.dim)]
    for index, slopes in enumerate(problem.slopes):
        layer = problem.exact.layer(index)
        pre = pre_activations(layer, sources)
        table = pre.matrix.tolist()
        on = []
        for unit in range(len(slopes)):
            side = node.fixed.get((index, unit))
            if side is not None:
                sign = -1 if side else 1
                *gradient, offset = (
                    fmpq(sign * v, 1 << pre.shift) for v in table[unit]
                )
                name = ("unit", (index, unit))
                rows.append(Row(gradient, ZERO, -offset, name))
            else:
                side = bool(node.bounds.low[index][unit] >= 0)
            on.append(side)
        sources.append(activations(layer, pre, on))
    rows += [
        Row(row[:-1], ZERO, row[-1], ("row", k)) for k, row in enumerate(problem.rows)
    ]
    outputs = pre_activations(problem.exact.layer(len(problem.exact.widths)), sources)
    forms = [
        [fmpq(v, 1 << outputs.shift) for v in row] for row in outputs.matrix.tolist()
    ]
    for k in range(len(problem.goals[goal])):
        mix = [fmpq(int(i == k)) for i in range(len(problem.goals[goal]))]
        weights, inputs, offset = goal_rows(problem, goal, mix)
        total = [*inputs, offset]
        for weight, form in zip(weights, forms, strict=True):
            if weight != 0:
                total = [a + weight * v for a, v in zip(total, form, strict=True)]
        rows.append(Row([-v for v in total[:-1]], ONE, total[-1], ("part", k)))
    return rows


def _suggested(
    problem: Problem, node: Node, goal: int, rows: list[Row]
) -> tuple[list[fmpq | None] | None, list[int]]:
    """For each coordinate the face on which it ends, or None; rows that are tight."""
    at: list[fmpq | None] = [None] * problem.dim
    grain = min(part.scale() for part in problem.goals[goal])
    table = np.array([float_row([*row.a, row.e * grain, row.b]) for row in rows])
    G, right = table[:, :-1], table[:, -1]
    low = np.append([as_float(v) for v in node.box.low], -np.inf)
    high = np.append([as_float(v) for v in node.box.high], np.inf)
    cost = np.append(np.zeros(problem.dim), 1.0)
    solved = None
    if np.isfinite(G).all() and np.isfinite(right).all():
        solved = solve_rows(G, right, cost, low, high)
    if solved is None:
        return (at, []) if problem.dim <= FEW else (None, [])
    x, duals = solved
    tight = [int(k) for k in np.argsort(-duals) if duals[k] > 1e-9]
    if problem.dim <= FEW:
        return at, tight
    reduced = cost - duals @ G
    for k in range(problem.dim):
        if x[k] <= low[k] and reduced[k] < 0.0:
            at[k] = node.box.low[k]
        elif x[k] >= high[k] and reduced[k] > 0.0:
            at[k] = node.box.high[k]
    return at, tight


def _dual(
    problem: Problem,
    node: Node,
    goal: int,
    names: list[tuple[str, object]],
    multipliers: dict[int, fmpq],
) -> Dual:
    """Multipliers by what their rows stand for."""
    mix = [ZERO] * len(problem.goals[goal])
    signs: dict[Unit, fmpq] = {}
    rows: dict[int, fmpq] = {}
    for k, weight in multipliers.items():
        kind, what = names[k]
        if kind == "part":
            assert isinstance(what, int)
            mix[what] = weight
        elif kind == "row":
            assert isinstance(what, int)
            rows[what] = weight
        elif kind == "unit":
            assert isinstance(what, tuple)
            signs[what] = weight if node.fixed[what] else -weight
    return Dual(mix, signs, rows)


def _ends_hold(
    rows: list[Row],
    multipliers: dict[int, fmpq],
    at: list[fmpq | None],
    node: Node,
) -> bool:
    """Whether the reduced costs keep every coordinate that was set on its face."""
    for k, end in enumerate(at):
        if end is None:
            continue
        cost = -sum(
            (y * rows[r].a[k] for r, y in multipliers.items() if r < len(rows)), ZERO
        )
        if (cost > 0 and end != node.box.high[k]) or (
            cost < 0 and end != node.box.low[k]
        ):
            return False
    return True
