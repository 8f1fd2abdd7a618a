"""The exact optimum of a node's relaxation, where floating point comes near it.

Multipliers of a program are rounded, and so is the bound that they prove: by a trifle
more than the largest value, in every node around the point that has it. Each would be
split until no unit is open. Exact multipliers close it as it is. Lines and signs are
those of `backward`, which finds the bound from the multipliers anew.
"""

from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from regions.questions.backward import ONE, ZERO, Dual, Lines, goal_rows
from regions.questions.problem import Problem
from regions.questions.relaxation import Node, Unit, float_row, tight_rows

Row = list[fmpq]
"""Coefficients of the variables, and a constant."""


class ExactProgram:
    """The program of a node: coordinates, activations of open units, the goal's value.

    Attributes:
        rows: Rows `a . x <= b`, b last.
        names: What each stands for.
    """

    def __init__(self, problem: Problem, node: Node, goal: int):
        self._problem, self._node = problem, node
        self._units = node.open_units(problem)
        self._parts = len(problem.goals[goal])
        self._grain = min(part.scale() for part in problem.goals[goal])
        self._size = problem.dim + len(self._units) + 1
        self.rows: list[Row] = []
        self.names: list[tuple[str, Any]] = []
        outputs = self._enter_units()
        for k, row in enumerate(problem.rows):
            self._add(("row", k), [*row[:-1]], -row[-1])
        self._enter_goal(goal, outputs)
        for k in range(problem.dim):
            for sign, end in ((-1, -node.box.low[k]), (1, node.box.high[k])):
                self._add(("box", k), [ZERO] * k + [fmpq(sign)], -end)

    def solve(self) -> tuple[Dual, dict[Unit, fmpq]] | None:
        """Multipliers and tangents of an optimum; None if floats do not point to it."""
        basis = self._suggested()
        if basis is None or len(basis) != self._size:
            return None
        square = fmpq_mat([self.rows[k][:-1] for k in basis]).transpose()
        cost = fmpq_mat(self._size, 1, [ZERO] * (self._size - 1) + [ONE])
        try:
            weights = square.solve(cost).entries()
        except ZeroDivisionError:
            return None
        if min(weights) < 0:
            return None
        return self._dual(dict(zip(basis, weights, strict=True)))

    def _add(self, name: tuple[str, Any], form: Row, constant: fmpq) -> None:
        """Take a row: a form of the variables, the first ones, is at most 0."""
        row = [*form, *[ZERO] * (self._size - len(form)), -constant]
        self.rows.append(row)
        self.names.append(name)

    def _enter_units(self) -> list[Row]:
        """Rows of open and fixed units; forms of the outputs, constant last."""
        problem, node, size = self._problem, self._node, self._size
        column = {unit: problem.dim + k for k, unit in enumerate(self._units)}
        eye = [[fmpq(int(i == j)) for j in range(size + 1)] for i in range(problem.dim)]
        sources, lines = [fmpq_mat(eye)], node.lines(problem, {})
        for index in range(len(problem.slopes) + 1):
            layer = problem.exact.layer(index)
            pre = fmpq_mat(layer.bias.nrows(), size + 1)
            for k, v in enumerate(layer.bias.entries()):
                pre[k, size] = v
            for source, matrix in layer.blocks:
                pre += fmpq_mat(matrix) * sources[source]
            table = (pre * fmpq(1, 1 << layer.shift)).tolist()
            if index == len(problem.slopes):
                return table
            held = []
            for number, form in enumerate(table):
                unit = index, number
                if unit in column:
                    self._enter_open(unit, column[unit], form, lines[index][number])
                    form = [ZERO] * (size + 1)
                    form[column[unit]] = ONE
                else:
                    on = node.fixed.get(unit)
                    if on is not None:
                        side = -1 if on else 1
                        self._add(
                            ("unit", unit),
                            [side * v for v in form[:-1]],
                            side * form[-1],
                        )
                    slope = lines[index][number].upper
                    form = [slope * v for v in form]
                held.append(form)
            sources.append(fmpq_mat(held))
        raise AssertionError("a network ends with its output layer")

    def _enter_open(self, unit: Unit, column: int, form: Row, lines: Lines) -> None:
        """Above both pieces and below the chord, or the other way around."""
        slope = self._problem.slopes[unit[0]][unit[1]]
        turn = 1 if slope < 1 else -1
        factor, constant = (
            (lines.upper, lines.above) if slope < 1 else (lines.lower, lines.below)
        )
        for name, side, steep, more in (
            ("steep", turn, ONE, ZERO),
            ("flat", turn, slope, ZERO),
            ("chord", -turn, factor, constant),
        ):
            row = [side * steep * v for v in form]
            row[column] -= side
            self._add((name, unit), row[:-1], row[-1] + side * more)

    def _enter_goal(self, goal: int, outputs: list[Row]) -> None:
        """The value is at most each part of the goal."""
        for k in range(self._parts):
            mix = [fmpq(int(i == k)) for i in range(self._parts)]
            weights, inputs, offset = goal_rows(self._problem, goal, mix)
            total = [*inputs, *[ZERO] * (self._size - len(inputs)), offset]
            for weight, form in zip(weights, outputs, strict=True):
                if weight != 0:
                    total = [a + weight * v for a, v in zip(total, form, strict=True)]
            row = [-v for v in total]
            row[self._size - 1] += ONE
            self._add(("part", k), row[:-1], row[-1])

    def _suggested(self) -> list[int] | None:
        """Rows of the basis in which floating point ends."""
        grain = self._grain
        G = np.array([float_row([*r[:-2], r[-2] * grain, r[-1]]) for r in self.rows])
        if not np.isfinite(G).all():
            return None
        cost = np.zeros(self._size)
        cost[-1] = 1.0
        return tight_rows(G[:, :-1], G[:, -1], cost)

    def _dual(self, multipliers: dict[int, fmpq]) -> tuple[Dual, dict[Unit, fmpq]]:
        """Multipliers by what their rows stand for."""
        held: dict[str, dict[Any, fmpq]] = {name: {} for name, _ in self.names}
        for k, weight in multipliers.items():
            name, what = self.names[k]
            held[name][what] = weight
        mix = [held["part"].get(k, ZERO) for k in range(self._parts)]
        signs = {
            unit: weight if self._node.fixed[unit] else -weight
            for unit, weight in held.get("unit", {}).items()
        }
        tangents = {}
        for unit in self._units:
            slope = self._problem.slopes[unit[0]][unit[1]]
            steep, flat = (held[name].get(unit, ZERO) for name in ("steep", "flat"))
            share = steep / (steep + flat) if steep + flat != 0 else ZERO
            tangents[unit] = slope + share * (1 - slope)
        return Dual(mix, signs, held.get("row", {})), tangents
