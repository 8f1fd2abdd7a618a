"""A network on a domain as a mixed-integer linear program, for other solvers.

Each unit that may have both signs has a binary and four rows, as sharp as its bounds
(V. Tjeng, K. Xiao and R. Tedrake, ICLR 2019); units with one sign are written out, and
have neither. Bounds are proved, and as sharp as search makes them in a given time.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq

from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.lp.model_files import MixedIntegerProgram, Row
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ArrayLike, Layer, ReluNetwork
from regions.questions.backward import Box
from regions.questions.directions import read_direction
from regions.questions.exact_bounds import UnitBounds
from regions.questions.maxima import search_maximum
from regions.questions.problem import Linear, Problem
from regions.questions.relaxation import Node, Relaxation, Unit, as_float
from regions.questions.unit_bounds import unit_bounds
from regions.signs.exact import to_fmpq


@kinds_checked
def mixed_integer_program(
    network: NetworkLike,
    domain: DomainLike,
    direction: int | ArrayLike | None = None,
    *,
    maximize: bool = True,
    unit_seconds: float | int = 0.25,
) -> MixedIntegerProgram:
    """The program whose optimum is the largest or smallest value of an output.

    Columns are `x0, ...` (inputs), `y0, ...` (outputs), and for each unit k of a hidden
    layer l that may have both signs `hl_k`, its activation, and `zl_k`, which is 1
    where it is on. On a slice or a simplex the inputs are functions of the domain's
    coordinates `t0, ...`. Coefficients are rounded to float64; the bounds are not to be
    doubted, but what a solver makes of the program is as good as its tolerances.

    Args:
        network: The network.
        domain: A bounded domain.
        direction: The number of an output, or one weight for each; may be left out
            where there is one output.
        maximize: Whether to look for the largest value.
        unit_seconds: How long to sharpen each end of a unit's bounds; 0 takes them as
            propagation gives them. Ends that search settles are exact.

    Returns:
        The program; `save` writes it as `.mps` or `.lp`.

    Raises:
        ValueError: If an argument does not fit, or a number is beyond those of float64.

    Example:
        >>> from regions.domains.shapes import Box
        >>> net = ReluNetwork.from_arrays([[[1.0], [1.0]], [[1.0, 1.0]]], [[0, 3], [0]])
        >>> program = mixed_integer_program(net, Box([-1.0], [2.0]))
        >>> [row.name for row in program.rows]  # the second unit is always on
        ['y0', 'on0_0', 'off0_0', 'at_most_on0_0', 'at_most_off0_0']
    """
    network, domain = network_and_domain(network, domain, bounded=True)
    if not unit_seconds >= 0:
        raise ValueError(f"`unit_seconds` is {unit_seconds}: 0 or more is required.")
    weights = read_direction(direction, network)
    problem = Problem(network, domain, [(Linear(tuple(weights)),)])
    box = Box(tuple(problem.low), tuple(problem.high))
    bounds = unit_bounds(problem, box)
    if unit_seconds:
        bounds = sharpened(problem, bounds, unit_seconds)
    return _Builder(problem, Node(box, bounds, {}), maximize).program()


def sharpened(problem: Problem, bounds: UnitBounds, seconds: float | int) -> UnitBounds:
    """Bounds in which the ends of open units are as sharp as search makes them."""
    root = Node(Box(tuple(problem.low), tuple(problem.high)), bounds, {})
    low, high = ([list(row) for row in ends] for ends in bounds)
    network = problem.network
    for layer, unit in root.open_units(problem):
        # The units of this layer are the outputs of a shorter network.
        held = network.hidden[layer]
        last = Layer(held.weight, held.bias, np.ones(held.width), held.skips)
        short = ReluNetwork(network.hidden[:layer], last)
        for sign, ends, better in ((-1, low, max), (1, high, min)):
            weights = [Fraction(0)] * held.width
            weights[unit] = Fraction(sign)
            goal = Problem(short, problem.domain, [(Linear(tuple(weights)),)])
            found = search_maximum(goal, Fraction(0), seconds, never)
            end = sign * to_fmpq(found.upper)
            ends[layer][unit] = better(ends[layer][unit], end)
    return UnitBounds(low, high)


class _Builder:
    """Columns and rows of one program."""

    def __init__(self, problem: Problem, root: Node, maximize: bool):
        self._problem, self._root, self._maximize = problem, root, maximize
        self._columns: dict[str, tuple[float, float]] = {}
        self._rows: list[Row] = []
        self._binaries: set[str] = set()

    def program(self) -> MixedIntegerProgram:
        """The program."""
        problem, units = self._problem, self._root.open_units(self._problem)
        names = self._inputs() + [f"h{layer}_{unit}" for layer, unit in units]
        column = {unit: problem.dim + k for k, unit in enumerate(units)}
        forms, outputs = Relaxation(problem).forms(self._root, column, len(names))
        _require_finite([*outputs, *forms.values()])
        for k, form in enumerate(outputs):
            self._equal(f"y{k}", names, form)
        for unit in units:
            self._unit(unit, names, forms[unit])
        ((goal,),) = problem.goals
        objective = {f"y{k}": float(w) for k, w in enumerate(goal.outputs) if w}
        comment = (
            f"{problem.network!r}: {len(units)} of {sum(problem.network.widths)} units "
            "have both signs on the domain"
        )
        return MixedIntegerProgram(
            self._columns,
            self._binaries,
            self._rows,
            objective,
            self._maximize,
            comment,
        )

    def _inputs(self) -> list[str]:
        """Columns of the coordinates, and rows of the domain; their names."""
        problem = self._problem
        is_input = problem.domain.is_chart_identity
        names = [f"{'x' if is_input else 't'}{k}" for k in range(problem.dim)]
        for name, low, high in zip(names, problem.low, problem.high, strict=True):
            self._columns[name] = as_float(low), as_float(high)
        for k, row in enumerate(problem.rows):
            *normal, right = map(as_float, row)
            self._rows.append(Row(f"domain{k}", _weights(names, normal), right))
        if not is_input:
            origin, directions = problem.domain.rational_chart()
            for k, (start, *steps) in enumerate(zip(origin, *directions, strict=True)):
                self._equal(f"x{k}", names, [float(v) for v in (*steps, start)])
        return names

    def _equal(self, name: str, names: list[str], form: "np.ndarray | list[float]"):
        """A free column that is an affine function of others, offset last."""
        self._columns[name] = -np.inf, np.inf
        weights = _weights(names, form[:-1])
        row = Row(name, {name: -1.0, **weights}, 0.0 - float(form[-1]), True)
        self._rows.append(row)

    def _unit(self, unit: Unit, names: list[str], form: np.ndarray) -> None:
        """Columns and rows of a unit with both signs.

        Where it is on, the activation h is the pre-activation p, else `slope p`; the
        larger of both for slopes below 1, and the smaller beyond.
        """
        layer, number = unit
        slope = as_float(self._problem.slopes[layer][number])
        low = _outward(self._root.bounds.low[layer][number], -1)
        high = _outward(self._root.bounds.high[layer][number], 1)
        tail = f"{layer}_{number}"
        ends = [low * slope, high, 0.0]
        self._columns[f"h{tail}"] = min(ends), max(ends)
        self._columns[f"z{tail}"] = 0.0, 1.0
        self._binaries.add(f"z{tail}")
        turn = 1.0 if slope < 1.0 else -1.0
        gap = abs(1.0 - slope)
        # h >= p, h >= slope p, h <= p - gap low (1 - z), h <= slope p + gap high z.
        for name, sign, factor, z, right in (
            ("on", 1.0, 1.0, 0.0, 0.0),
            ("off", 1.0, slope, 0.0, 0.0),
            ("at_most_on", -1.0, 1.0, -gap * low, -gap * low),
            ("at_most_off", -1.0, slope, -gap * high, 0.0),
        ):
            scaled = sign * turn * factor
            weights = _weights(names, scaled * form[:-1])
            weights[f"h{tail}"] = -sign * turn
            if z:
                weights[f"z{tail}"] = z
            right = 0.0 + right - scaled * float(form[-1])
            self._rows.append(Row(f"{name}{tail}", weights, right))


def _weights(names: list[str], row: "np.ndarray | list[float]") -> dict[str, float]:
    """Weights that are not 0, by name."""
    return {n: float(v) for n, v in zip(names, row, strict=True) if v}


def _require_finite(numbers: "Sequence[np.ndarray | float]") -> None:
    """Raise for numbers that no file of a solver can hold."""
    if not all(np.isfinite(v).all() for v in numbers):
        raise ValueError(
            "the program has a number beyond those of float64: scale the weights."
        )


def _outward(value: fmpq, side: int) -> float:
    """The nearest float64 number on one side, or the number itself."""
    near = as_float(value)
    _require_finite([near])
    wrong = (to_fmpq(near) - value) * side < 0
    return float(np.nextafter(near, side * np.inf)) if wrong else near
