"""Verifiers in floating point, as they are commonly built, with their usual tolerances.

Each says whether an output stays at most a bound on a box. They are no straw men: what
they do is exact in real arithmetic, and their solver is HiGHS as it comes.
"""

import dataclasses
import itertools

import highspy
import numpy as np
import scipy.optimize

from experiments.referee.cases import Case
from regions.lp.model_files import MixedIntegerProgram, Row
from regions.patterns.halfspaces import affine_pre_activations
from regions.questions.mixed_integer import mixed_integer_program

VERIFIERS = (
    "mixed-integer program, optimum",
    "mixed-integer program, a point beyond",
    "a linear program for each pattern",
    "float32 at the best point",
)


class FloatVerifiers:
    """All of them for one case.

    Attributes:
        best: A point at which the output is the largest, exactly, as float64.
    """

    def __init__(self, case: Case, best: np.ndarray):
        self._case, self._best = case, best
        self._program = mixed_integer_program(
            case.network, case.domain, case.output, unit_seconds=0
        )
        self._optimum = solved(self._program)
        self._by_patterns = largest_by_patterns(case)

    def hold(self, bound: float) -> tuple[bool, ...]:
        """What each says of a bound, in the order of `VERIFIERS`."""
        return (
            self._optimum is not None and self._optimum <= bound,
            solved(_beyond(self._program, self._case.output, bound)) is None,
            self._by_patterns <= bound,
            bool(self._in_float32() <= np.float32(bound)),
        )

    def _in_float32(self) -> np.float32:
        """The forward pass in float32 at the best point."""
        held = self._best.astype(np.float32)
        *hidden, last = self._case.network.layers
        for layer in hidden:
            pre = layer.weight.astype(np.float32) @ held + layer.bias.astype(np.float32)
            held = np.maximum(pre, np.float32(0.0))
        outputs = last.weight.astype(np.float32) @ held + last.bias.astype(np.float32)
        return outputs[self._case.output]


def _beyond(
    program: MixedIntegerProgram, output: int, bound: float
) -> MixedIntegerProgram:
    """The same program with a row that asks for an output of at least the bound."""
    row = Row("beyond", {f"y{output}": -1.0}, -bound)
    return dataclasses.replace(program, rows=[*program.rows, row])


def solved(program: MixedIntegerProgram) -> float | None:
    """The optimum by HiGHS with its own tolerances; None if it says infeasible."""
    names = {name: k for k, name in enumerate(program.columns)}
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(names), len(program.rows)
    model.sense_ = highspy.ObjSense.kMaximize
    cost = np.zeros(len(names))
    for name, weight in program.objective.items():
        cost[names[name]] = weight
    ends = np.array([*program.columns.values()])
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, ends[:, 0], ends[:, 1]
    right = np.array([row.right for row in program.rows])
    equal = np.array([row.is_equal for row in program.rows])
    model.row_lower_ = np.where(equal, right, -highspy.kHighsInf)
    model.row_upper_ = right
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    entries = [[(names[n], w) for n, w in row.weights.items()] for row in program.rows]
    starts = np.cumsum([0, *map(len, entries)])
    flat = [*itertools.chain.from_iterable(entries)]
    model.a_matrix_.start_ = starts.astype(np.int32)
    model.a_matrix_.index_ = np.array([k for k, _ in flat], np.int32)
    model.a_matrix_.value_ = np.array([w for _, w in flat])
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    model.integrality_ = [kinds[name in program.binaries] for name in names]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(model)
    solver.run()
    if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
        return float(solver.getInfo().objective_function_value)
    return None


def largest_by_patterns(case: Case) -> float:
    """The largest optimum of the linear programs of all patterns of one layer."""
    network, box = case.network, case.domain
    units, best = network.num_bits, -np.inf
    ends = np.stack([box.lower, box.upper], axis=1)
    for signs in itertools.product((False, True), repeat=units):
        bits = np.array([signs], bool)
        (J, c), (K, k) = affine_pre_activations(network, bits)
        side = np.where(bits[0], -1.0, 1.0)
        rows, right = side[:, None] * J[0], -side * c[0]
        gradient, offset = K[0, case.output], k[0, case.output]
        found = scipy.optimize.linprog(
            -gradient, A_ub=rows, b_ub=right, bounds=ends, method="highs"
        )
        if found.status == 0:
            best = max(best, float(gradient @ found.x + offset))
    return best
