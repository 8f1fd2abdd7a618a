"""Bounds of a combination of units over a box, carried back to the input, exactly.

Every unit lies between two lines: `lower <= activation <= upper`, affine in its
pre-activation. A combination of activations is bounded by replacing each with one of
its lines, layer by layer, until only the input is left. Units whose sign a node has
fixed may add a multiple of their pre-activation, which has that sign there. Whatever
the lines' slopes and the multiples, the bound holds: floating point may choose them.
(These are the dual bounds of the triangle relaxation: E. Wong and Z. Kolter, ICML 2018;
S. Wang et al., NeurIPS 2021.)
"""

from collections.abc import Sequence
from typing import NamedTuple

from flint import fmpq

from regions.questions.answer import ends, square_root
from regions.questions.problem import Problem, row_times
from regions.signs.exact import to_fmpq, to_fraction

ZERO, ONE = fmpq(0), fmpq(1)

SHORT_BITS = 8
"""Chords with denominators of so many bits are kept as they are: sums of them have one
of some hundred bits at most, and of quantized networks they are exact where others are
not. A rule of the format of answers."""


class Lines(NamedTuple):
    """Two lines around a unit's activation, as functions of its pre-activation.

    Attributes:
        upper: Slope of the upper one.
        above: Its value at 0.
        lower: Slope of the lower one.
        below: Its value at 0.
    """

    upper: fmpq
    above: fmpq
    lower: fmpq
    below: fmpq


class Box(NamedTuple):
    """A box in the chart, exactly."""

    low: tuple[fmpq, ...]
    high: tuple[fmpq, ...]


def straight(slope: fmpq) -> Lines:
    """The lines of a unit that is affine."""
    return Lines(slope, ZERO, slope, ZERO)


def around(low: fmpq, high: fmpq, slope: fmpq, tangent: fmpq | None = None) -> Lines:
    """The lines of a unit whose pre-activation has both signs, low < 0 < high.

    Args:
        low: Lower end of its pre-activation.
        high: Upper end.
        slope: Slope of the unit below zero.
        tangent: Slope of the line through the kink, between `slope` and 1.
    """
    if tangent is None:
        tangent = ONE if high > -low else slope
    chord = (high - slope * low) / (high - low)
    if chord.q.bit_length() > SHORT_BITS:
        # A rounded chord moves to where it touches from outside.
        chord = rounded(chord, 24)
    ends = (slope - chord) * low, (1 - chord) * high
    if slope < 1:
        return Lines(chord, max(ends), tangent, ZERO)
    return Lines(tangent, ZERO, chord, min(ends))


def rounded(value: fmpq, bits: int) -> fmpq:
    """A number near, with so many bits after the point."""
    return fmpq((value * (1 << bits)).floor(), 1 << bits)


class Dual(NamedTuple):
    """Multipliers that make a bound sharp where they are well chosen.

    Attributes:
        mix: Weights of the parts of the goal, not negative, that sum to 1; or all 0, to
            prove a node empty.
        signs: For units, by layer and number, the multiple of the pre-activation that
            is added: positive where the unit is on, negative where it is off.
        rows: Weights of the domain's rows, not negative.
        pull: In a round ball, the part of the gradient that is bounded there; the rest
            is bounded in the box. None: all of it where that is less.
    """

    mix: Sequence[fmpq]
    signs: dict[tuple[int, int], fmpq]
    rows: dict[int, fmpq]
    pull: Sequence[fmpq] | None = None


def goal_rows(
    problem: Problem, goal: int, mix: Sequence[fmpq]
) -> tuple[list[fmpq], list[fmpq], fmpq]:
    """A mixture of the parts of a goal: weights of outputs and inputs, and constant."""
    outputs = [ZERO] * problem.network.output_dim
    inputs, offset = [ZERO] * problem.dim, ZERO
    for weight, part in zip(mix, problem.goals[goal], strict=True):
        if weight == 0:
            continue
        for k, v in enumerate(part.outputs):
            outputs[k] += weight * fmpq(v.numerator, v.denominator)
        for k, v in enumerate(part.inputs):
            inputs[k] += weight * fmpq(v.numerator, v.denominator)
        offset += weight * fmpq(part.offset.numerator, part.offset.denominator)
    return outputs, inputs, offset


def goal_bound(
    problem: Problem, goal: int, dual: Dual, lines: list[list[Lines]], box: Box
) -> fmpq:
    """An upper bound of a goal where the lines and the signs hold, in a box.

    With a mixture of zeros, a negative result proves that no point is there.
    """
    outputs, inputs, offset = goal_rows(problem, goal, dual.mix)
    form = carried_back(problem, len(problem.kinks), outputs, lines, dual.signs)
    inputs = [a + b for a, b in zip(inputs, form, strict=False)]
    constant = form[-1] + offset
    for k, weight in dual.rows.items():
        *normal, right = problem.rows[k]
        inputs = [a - weight * n for a, n in zip(inputs, normal, strict=True)]
        constant += weight * right
    return constant + _largest(problem, inputs, dual.pull, box)


def _largest(
    problem: Problem,
    gradient: Sequence[fmpq],
    pull: Sequence[fmpq] | None,
    box: Box,
) -> fmpq:
    """At least the largest value of a linear function in a part of the domain."""
    if problem.square is None:
        return largest_in_box(gradient, box)
    if pull is None:
        round_ = largest_in_ball(gradient, problem.square)
        return min(largest_in_box(gradient, box), round_)
    rest = [g - p for g, p in zip(gradient, pull, strict=True)]
    return largest_in_box(rest, box) + largest_in_ball(pull, problem.square)


def largest_in_ball(gradient: Sequence[fmpq], square: fmpq) -> fmpq:
    """At least the largest value of a linear function in a ball around 0.

    Example:
        >>> largest_in_ball([fmpq(3), fmpq(-4)], fmpq(1, 4))
        5/2
    """
    product = square * sum((g * g for g in gradient), ZERO)
    return to_fmpq(ends(square_root(to_fraction(product)))[1])


def largest_in_box(gradient: Sequence[fmpq], box: Box) -> fmpq:
    """The largest value of a linear function in a box."""
    total = ZERO
    for g, low, high in zip(gradient, box.low, box.high, strict=True):
        if g > 0:
            total += g * high
        elif g < 0:
            total += g * low
    return total


def carried_back(
    problem: Problem,
    layer: int,
    weights: Sequence[fmpq],
    lines: list[list[Lines]],
    signs: dict[tuple[int, int], fmpq],
) -> list[fmpq]:
    """A form of the input (offset last) above a combination of a layer's outputs.

    Args:
        problem: The network.
        layer: Index of the layer whose pre-activations are combined.
        weights: The combination.
        lines: Lines of the units of all layers before.
        signs: Multiples of the pre-activations of their units.
    """
    held: dict[int, list[fmpq]] = {}
    constant = _through(problem, layer, weights, held)
    for index in range(layer - 1, -1, -1):
        owed = held.pop(index + 1, None)
        units = len(problem.slopes[index])
        before = [ZERO] * units
        for unit, weight in enumerate(owed or ()):
            if weight > 0:
                before[unit] = weight * lines[index][unit].upper
                constant += weight * lines[index][unit].above
            elif weight < 0:
                before[unit] = weight * lines[index][unit].lower
                constant += weight * lines[index][unit].below
        for unit in range(units):
            extra = signs.get((index, unit))
            if extra is not None:
                before[unit] += extra
        if any(before):
            constant += _through(problem, index, before, held)
    return [*held.get(0, [ZERO] * problem.dim), constant]


def _through(
    problem: Problem,
    index: int,
    weights: Sequence[fmpq],
    held: dict[int, list[fmpq]],
) -> fmpq:
    """Add what a combination of a layer's units reads to `held`; its constant."""
    layer = problem.exact.layer(index)
    unit = fmpq(1, 1 << layer.shift)
    for source, matrix in layer.blocks:
        part = [v * unit for v in row_times(weights, matrix)]
        before = held.get(source)
        held[source] = (
            part
            if before is None
            else [a + b for a, b in zip(before, part, strict=True)]
        )
    (constant,) = row_times(weights, layer.bias)
    return constant * unit
