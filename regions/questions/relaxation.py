"""The triangle relaxation of a node as a linear program in floating point: hints.

Variables are the chart's coordinates and the activations of the open units, those that
have both signs. Its optimum is a point to try, and its multipliers choose the lines and
multiples with which `backward` proves a bound. Nothing that comes from here is trusted.
"""

from collections.abc import Sequence
from math import frexp, inf, ldexp
from typing import NamedTuple

import highspy
import numpy as np
from flint import fmpq

from regions.errors.limits import check
from regions.lp.warm_lp import Hearing
from regions.questions.backward import ONE, ZERO, Box, Dual, Lines, straight
from regions.questions.conic import solve_in_ball
from regions.questions.exact_bounds import UnitBounds, lines_of
from regions.questions.problem import Linear, Problem, power_near
from regions.signs.exact import to_fmpq

Unit = tuple[int, int]
"""Layer and number of a hidden unit."""

MULTIPLIER_BITS = 30
"""Bits after the point of the multipliers that are taken over."""


MOST_BITS = 900
"""Values are scaled by no larger power of two."""


class Node(NamedTuple):
    """A part of the domain.

    Attributes:
        box: A box of the chart.
        bounds: Bounds of all units on it.
        fixed: Units whose sign is fixed: True where they are on.
    """

    box: Box
    bounds: UnitBounds
    fixed: dict[Unit, bool]

    def is_open(self, unit: Unit, slope: fmpq) -> bool:
        """Whether a unit may have both signs here, and a kink."""
        layer, number = unit
        low, high = self.bounds.low[layer][number], self.bounds.high[layer][number]
        return low < 0 < high and slope != 1 and unit not in self.fixed

    def open_units(self, problem: Problem) -> list[Unit]:
        """All open units."""
        return [
            (layer, number)
            for layer, slopes in enumerate(problem.slopes)
            for number, slope in enumerate(slopes)
            if self.is_open((layer, number), slope)
        ]

    def lines(self, problem: Problem, tangents: dict[Unit, fmpq]) -> list[list[Lines]]:
        """The lines of all units, with tangents of those that are open."""
        result = []
        for layer, slopes in enumerate(problem.slopes):
            row = []
            for number, slope in enumerate(slopes):
                on = self.fixed.get((layer, number))
                if on is not None:
                    row.append(straight(fmpq(1) if on else slope))
                    continue
                low, high = (
                    self.bounds.low[layer][number],
                    self.bounds.high[layer][number],
                )
                row.append(lines_of(low, high, slope, tangents.get((layer, number))))
            result.append(row)
        return result


class Hint(NamedTuple):
    """What the program suggests.

    Attributes:
        point: Coordinates of the chart; None if the program found none.
        dual: Multipliers for `backward`.
        tangents: Slopes of the lower lines of the open units.
        gaps: For each open unit how far its activation is off, weighted: the largest
            is to be split.
        value: The optimum of the program.
    """

    point: np.ndarray | None
    dual: Dual
    tangents: dict[Unit, fmpq]
    gaps: dict[Unit, float]
    value: float


class _Program:
    """Rows `a . (t, h, s) <= b`, gathered one by one."""

    def __init__(self, columns: int):
        self.columns = columns
        self.rows: list[np.ndarray] = []
        self.right: list[float] = []

    def add(self, row: np.ndarray, right: float) -> int:
        """Take a row; its number."""
        self.rows.append(row)
        self.right.append(right)
        return len(self.rows) - 1


class Relaxation:
    """Builds and solves the programs of a problem's nodes."""

    def __init__(self, problem: Problem):
        self._problem = problem
        self._rows = np.array(
            [[as_float(v) for v in row] for row in problem.rows]
        ).reshape(len(problem.rows), problem.dim + 1)

    @np.errstate(all="ignore")
    def hint(
        self,
        node: Node,
        goal: int,
        *,
        feasibility: bool = False,
        most: float = 0.0,
        by_box: bool = False,
    ) -> Hint | None:
        """Solve a node's program; None if that fails.

        Args:
            node: The node.
            goal: Which goal to maximize.
            feasibility: Look for the smallest violation of the fixed signs instead: its
                multipliers may prove the node empty.
            most: How large a slack of the fixed signs is looked for then.
            by_box: Whether to take the box around a round ball: a simplex program has
                multipliers without noise, which prove that a node has no interior.

        Raises:
            LimitError: If a limit of a block around falls.
        """
        check()
        problem, parts = self._problem, self._problem.goals[goal]
        units = self.asked(node) if feasibility else node.open_units(problem)
        column = {unit: problem.dim + k for k, unit in enumerate(units)}
        size = problem.dim + len(units) + 1
        forms, outputs = self.forms(node, column, size)
        program = _Program(size)
        domain = [
            program.add(np.append(row[:-1], np.zeros(size - problem.dim)), row[-1])
            for row in self._rows
        ]
        triangles = {
            unit: self._triangle(program, node, unit, forms[unit], column[unit])
            for unit in units
        }
        # The last column is the goal's value, or minus the violation.
        if feasibility:
            for k in domain:
                program.rows[k][-1] = 1.0
        signs = {}
        for unit, on in node.fixed.items():
            side = -1.0 if on else 1.0
            row = side * forms[unit][:-1]
            if feasibility:
                row[-1] = 1.0
            signs[unit] = program.add(row, -side * forms[unit][-1])
        mixed, scales = self._enter_goal(program, () if feasibility else parts, outputs)
        # Of the last column, and so of all multipliers but those of the parts.
        grain = min(scales, default=ONE)
        most = most if feasibility else inf
        solved = self._solve(program, node, most, by_box)
        if solved is None:
            return None
        x, duals, pull = solved
        mix = [
            _multiplier(float(duals[k])) / scale
            for k, scale in zip(mixed, scales, strict=True)
        ]
        return Hint(
            x[: problem.dim],
            Dual(
                _mixture(mix or [ZERO] * len(parts)),
                {
                    unit: _multiplier(float(duals[k]))
                    * (grain if node.fixed[unit] else -grain)
                    for unit, k in signs.items()
                },
                {
                    r: _multiplier(float(duals[k])) * grain
                    for r, k in enumerate(domain)
                    if duals[k] > 0
                },
                None if pull is None else [v * grain for v in pull],
            ),
            {
                unit: self._tangent(unit, duals[steep], duals[flat])
                for unit, (steep, flat, _) in triangles.items()
            },
            self._gaps(x, duals, forms, triangles, column),
            float(x[-1]),
        )

    def _enter_goal(
        self, program: _Program, parts: Sequence[Linear], outputs: np.ndarray
    ) -> tuple[list[int], list[fmpq]]:
        """Rows that keep the value below each part; by what each part is divided.

        The value is divided by the least of these.
        """
        scales = [part.scale() for part in parts]
        rows = []
        for part, scale in zip(parts, scales, strict=True):
            weights = np.array([as_float(to_fmpq(w) / scale) for w in part.outputs])
            total = weights @ outputs
            own = [as_float(to_fmpq(v) / scale) for v in part.inputs]
            total[: len(own)] += own
            total[-1] += as_float(to_fmpq(part.offset) / scale)
            rows.append(total)
        if len(rows) == 1:
            # A value far from 1 is lost in what a solver takes for 0.
            power = _power_of(np.abs(rows[0]).max())
            scales, rows = [scales[0] * power], [rows[0] / as_float(power)]
        numbers = []
        for total, scale in zip(rows, scales, strict=True):
            row = -total[:-1]
            row[-1] = as_float(min(scales) / scale)
            numbers.append(program.add(row, total[-1]))
        return numbers, scales

    def asked(self, node: Node) -> list[Unit]:
        """Open units that those read whose sign is fixed, at whatever remove."""
        network = self._problem.network
        read = [np.zeros(width, bool) for width in network.widths]
        for layer, unit in node.fixed:
            read[layer][unit] = True
        for index in range(len(read) - 1, 0, -1):
            for source, matrix in network.hidden[index].blocks(index):
                if source > 0:
                    read[source - 1] |= (matrix[read[index]] != 0.0).any(0)
        units = node.open_units(self._problem)
        return [(layer, unit) for layer, unit in units if read[layer][unit]]

    def forms(
        self, node: Node, column: dict[Unit, int], size: int
    ) -> tuple[dict[Unit, np.ndarray], np.ndarray]:
        """Pre-activations of open and fixed units, and outputs, over the variables."""
        dim = self._problem.dim
        sources, forms = [np.zeros((0, 0))], {}
        for index, layer in enumerate(self._problem.chart.layers):
            pre = np.zeros((layer.width, size + 1))
            for source, matrix in layer.blocks(index):
                if source == 0:
                    pre[:, :dim] += matrix
                else:
                    pre += matrix @ sources[source]
            pre[:, -1] += layer.bias
            if index == len(self._problem.chart.hidden):
                return forms, pre
            held = np.empty_like(pre)
            for unit in range(layer.width):
                key = (index, unit)
                if key in column:
                    forms[key] = pre[unit]
                    held[unit] = 0.0
                    held[unit, column[key]] = 1.0
                    continue
                on = node.fixed.get(key)
                if on is not None:
                    forms[key] = pre[unit]
                else:
                    on = node.bounds.low[index][unit] >= 0
                held[unit] = pre[unit] * (1.0 if on else layer.slopes[unit])
            sources.append(held)
        raise AssertionError("a network ends with its output layer")

    def _triangle(
        self, program: _Program, node: Node, unit: Unit, form: np.ndarray, column: int
    ) -> tuple[int, int, int]:
        """Rows of an open unit: above `pre`, above `slope pre`, below the chord.

        The other way around for a slope above 1.
        """
        layer, number = unit
        slope = as_float(self._problem.slopes[layer][number])
        low = as_float(node.bounds.low[layer][number])
        high = as_float(node.bounds.high[layer][number])
        chord = (high - slope * low) / (high - low)
        turn = 1.0 if slope < 1.0 else -1.0
        rows = []
        for factor, constant in (
            (1.0, 0.0),
            (slope, 0.0),
            (chord, (slope - chord) * low),
        ):
            side = turn if len(rows) < 2 else -turn
            row = side * factor * form[:-1]
            row[column] -= side
            rows.append(program.add(row, side * -(factor * form[-1] + constant)))
        return rows[0], rows[1], rows[2]

    def _tangent(self, unit: Unit, steep: float, flat: float) -> fmpq:
        """Slope of the tangent line that the multipliers mix."""
        slope = self._problem.slopes[unit[0]][unit[1]]
        total = steep + flat
        if not total > 0.0:
            return slope
        share = _multiplier(min(1.0, steep / total))
        return slope + share * (1 - slope)

    def _solve(
        self, program: _Program, node: Node, most: float, by_box: bool
    ) -> tuple[np.ndarray, np.ndarray, list[fmpq] | None] | None:
        """Optimum, multipliers, and what a ball holds; None unless one is found."""
        size, dim = program.columns, self._problem.dim
        G = np.array(program.rows).reshape(len(program.rows), size)
        right = np.array(program.right)
        if not np.isfinite(G).all() or not np.isfinite(right).all():
            return None
        low, high = np.full(size, -highspy.kHighsInf), np.full(size, highspy.kHighsInf)
        low[:dim] = [as_float(v) for v in node.box.low]
        high[:dim] = [as_float(v) for v in node.box.high]
        high[-1] = most
        cost = np.zeros(size)
        cost[-1] = 1.0
        if self._problem.square is None or by_box:
            solved = solve_rows(G, right, cost, low, high)
            return None if solved is None else (*solved, None)
        radius = float(np.sqrt(as_float(self._problem.square)))
        found = solve_in_ball(G, right, cost, low, high, radius, dim)
        if found is None:
            return None
        return found.x, found.rows, [signed_multiplier(v) for v in found.pull.tolist()]

    def _gaps(
        self,
        x: np.ndarray,
        duals: np.ndarray,
        forms: dict[Unit, np.ndarray],
        triangles: dict[Unit, tuple[int, int, int]],
        column: dict[Unit, int],
    ) -> dict[Unit, float]:
        """How far each open unit is off its kinked graph, times what it weighs."""
        gaps = {}
        for unit, rows in triangles.items():
            pre = forms[unit][:-1] @ x + forms[unit][-1]
            slope = as_float(self._problem.slopes[unit[0]][unit[1]])
            off = abs(x[column[unit]] - (pre if pre > 0.0 else slope * pre))
            gaps[unit] = off * (1e-6 + sum(duals[k] for k in rows))
        return gaps


def solve_rows(
    G: np.ndarray,
    right: np.ndarray,
    cost: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> tuple[np.ndarray, np.ndarray] | None:
    """`max cost.x` with `G x <= right` in a box: optimum and multipliers of the rows.

    None unless HiGHS ends at an optimum.
    """
    solver = _solver(G, right, cost, low, high)
    if solver is None:
        return None
    solution = solver.getSolution()
    return np.array(solution.col_value), np.abs(np.array(solution.row_dual))


def tight_rows(G: np.ndarray, right: np.ndarray, cost: np.ndarray) -> list[int] | None:
    """Rows of the basis in which `max cost.x` with `G x <= right` ends, x being free.

    None unless HiGHS ends at an optimum.
    """
    free = np.full(len(cost), highspy.kHighsInf)
    solver = _solver(G, right, cost, -free, free)
    if solver is None:
        return None
    basic, states = highspy.HighsBasisStatus.kBasic, solver.getBasis().row_status
    return [k for k, state in enumerate(states) if state != basic]


def _solver(
    G: np.ndarray,
    right: np.ndarray,
    cost: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> highspy.Highs | None:
    """HiGHS at the optimum of such a program."""
    rows, size = G.shape
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = size, rows
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_, program.col_lower_, program.col_upper_ = cost, low, high
    program.row_lower_ = np.full(rows, -highspy.kHighsInf)
    program.row_upper_ = right
    at_row, at_column = np.nonzero(G)
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    starts = np.searchsorted(at_row, np.arange(rows + 1))
    program.a_matrix_.start_ = starts.astype(np.int32)
    program.a_matrix_.index_ = at_column.astype(np.int32)
    program.a_matrix_.value_ = G[at_row, at_column]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    if solver.passModel(program) == highspy.HighsStatus.kError:
        return None
    if Hearing(solver, G.size).run() != highspy.HighsModelStatus.kOptimal:
        return None
    return solver


def as_float(value: fmpq) -> float:
    """The nearest float64 number, infinite beyond."""
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def float_row(row: Sequence[fmpq]) -> list[float]:
    """A row of a program, divided by a power of two if it is beyond float64."""
    scale = power_near(row)
    return [as_float(v / scale) for v in row]


def _power_of(value: float) -> fmpq:
    """A power of two near a positive number, or 1 for other numbers."""
    if not 0.0 < value < inf:
        return fmpq(1)
    return fmpq(2) ** max(-MOST_BITS, min(int(np.frexp(value)[1]), MOST_BITS))


def _multiplier(value: float) -> fmpq:
    """A short number near a multiplier, not negative."""
    if not 0.0 < value < inf:
        return fmpq(0)
    # So many bits of its own, however small it is.
    part, exponent = frexp(value)
    top, shift = round(ldexp(part, MULTIPLIER_BITS)), exponent - MULTIPLIER_BITS
    return fmpq(top << shift) if shift >= 0 else fmpq(top, 1 << -shift)


def signed_multiplier(value: float) -> fmpq:
    """A short number near a number of any sign."""
    return _multiplier(value) if value > 0.0 else -_multiplier(-value)


def _mixture(weights: list[fmpq]) -> list[fmpq]:
    """Weights in the same proportions that sum to 1, or all 0."""
    total = sum(weights, ZERO)
    return weights if total == 0 else [weight / total for weight in weights]
