"""The network in exact integer arithmetic (python-flint).

Weights are float64 and so dyadic rationals. A layer is held as integer matrices with a
common power of two; a rational point is held as integers over one denominator. Nothing
is ever rounded, and no fraction is ever reduced: a forward pass is integer products.
"""

import copyreg
import dataclasses
import math
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq, fmpz, fmpz_mat
from jaxtyping import Bool, Float64

from regions.domains.domain_vectors import dyadic as dyadic
from regions.domains.shapes import Ball, Domain
from regions.errors.limits import check
from regions.network import Layer, ReluNetwork

_MANY = 64
"""From so many numbers on, an array is faster than a loop."""


def nearest_float(value: Fraction | float) -> float:
    """The nearest finite float64 number."""
    largest = sys.float_info.max
    return float(max(-largest, min(largest, value)))


def float_or_infinity(value: Fraction) -> float:
    """The nearest float64 number, infinite beyond."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def to_fmpq(value: Fraction | float | int) -> fmpq:
    """The exact value of a number as a flint rational."""
    if not isinstance(value, float | Fraction):
        value = Fraction(value)
    return fmpq(*value.as_integer_ratio())


def _parts(value: fmpq) -> tuple[type[fmpq], tuple[int, int]]:
    return fmpq, (int(value.p), int(value.q))


def _entries(matrix: fmpz_mat) -> tuple[type[fmpz_mat], tuple[int, int, list[int]]]:
    return fmpz_mat, (
        matrix.nrows(),
        matrix.ncols(),
        [int(v) for v in matrix.entries()],
    )


# How they are pickled, in answers that keep their proofs: the library does not say.
copyreg.pickle(fmpq, _parts)
copyreg.pickle(fmpz, lambda value: (fmpz, (int(value),)))
copyreg.pickle(fmpz_mat, _entries)


def to_fraction(value: fmpq) -> Fraction:
    """A flint rational as a standard fraction."""
    return Fraction(int(value.p), int(value.q))


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Inner product of exact numbers: integers, fractions or flint rationals."""
    return sum(x * y for x, y in zip(a, b, strict=True))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Rational vectors as the columns of an integer matrix, each over a denominator.

    A column with denominator 0 is a direction: layers apply their linear part to it.
    """

    numerators: fmpz_mat
    denominators: list[int]

    @classmethod
    def of_points(cls, points: Sequence[Sequence[Fraction | fmpq]]) -> "Columns":
        """Rational points as columns."""
        dim, entries, denominators = len(points[0]), [], []
        for point in points:
            pairs = [
                (int(v.p), int(v.q))
                if isinstance(v, fmpq)
                else (v.numerator, v.denominator)
                for v in point
            ]
            common = 1
            for _, q in pairs:
                common = int(fmpz(common).lcm(q))
            entries.append([p * (common // q) for p, q in pairs])
            denominators.append(common)
        return cls(
            fmpz_mat(len(points), dim, [v for row in entries for v in row]).transpose(),
            denominators,
        )

    @classmethod
    def of_floats(cls, points: Float64[np.ndarray, "points dim"]) -> "Columns":
        """float64 points as columns, exactly; all share one denominator."""
        numerators, shift = dyadic(points.ravel())
        count, dim = points.shape
        matrix = fmpz_mat(count, dim, numerators).transpose()
        return cls(matrix, [1 << shift] * len(points))

    @classmethod
    def identity(cls, dim: int, copies: int = 1) -> "Columns":
        """The unit directions, then the origin: columns whose images are affine forms.

        Pushed through a network with its pattern fixed, column k of the result is the
        k-th column of the Jacobian, and the last one the offset.
        """
        block = [[int(i == j) for j in range(dim)] + [0] for i in range(dim)]
        entries = [v for row in block for v in row * copies]
        return cls(
            fmpz_mat(dim, (dim + 1) * copies, entries), ([0] * dim + [1]) * copies
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ExactLayer:
    """A layer over the integers, the powers of two apart.

    Attributes:
        blocks: Pairs `(source, matrix)`, over `2**shift`.
        bias: A column, over `2**shift`.
        shift: The exponent of both.
        slopes: Slope of each unit below zero, over `2**slope_shift`.
        slope_shift: The exponent of these.
    """

    blocks: list[tuple[int, fmpz_mat]]
    bias: fmpz_mat
    shift: int
    slopes: list[int]
    slope_shift: int


def _exact_layer(layer: Layer, index: int) -> ExactLayer:
    """A layer with all its numbers over one power of two."""
    blocks = layer.blocks(index)
    parts = [layer.bias, *(matrix.ravel() for _, matrix in blocks)]
    numbers, shift = dyadic(np.concatenate(parts))
    held, start = [], layer.width
    for source, matrix in blocks:
        entries = numbers[start : start + matrix.size]
        held.append((source, fmpz_mat(layer.width, matrix.shape[1], entries)))
        start += matrix.size
    bias = fmpz_mat(layer.width, 1, numbers[: layer.width])
    return ExactLayer(held, bias, shift, *dyadic(layer.slopes))


def _in_chart(layer: ExactLayer, domain: Domain) -> ExactLayer:
    """A layer with what it reads of the input in chart coordinates instead."""
    if isinstance(domain, Ball):
        return _moved(layer, domain)
    origin, directions = domain.rational_chart()
    # Their numbers come from float64 ones: all denominators are powers of two.
    rows = [origin, *directions]
    numbers = [v.as_integer_ratio() for row in rows for v in row]
    up = max(bottom.bit_length() for _, bottom in numbers) - 1
    entries = [top << (up + 1 - bottom.bit_length()) for top, bottom in numbers]
    ends = fmpz_mat(len(rows), len(origin), entries).transpose()
    bias, blocks = layer.bias * (1 << up), []
    for source, matrix in layer.blocks:
        if source > 0:
            blocks.append((source, matrix * (1 << up)))
            continue
        image = (matrix * ends).table()
        entries = [v for row in image for v in row[1:]]
        bias += fmpz_mat(len(image), 1, [row[0] for row in image])
        blocks.append((source, fmpz_mat(len(image), len(directions), entries)))
    return dataclasses.replace(layer, blocks=blocks, bias=bias, shift=layer.shift + up)


def _moved(layer: ExactLayer, ball: Ball) -> ExactLayer:
    """The same where the chart's directions are those of the axes."""
    entries, up = dyadic(ball.center)
    center, bias, blocks = fmpz_mat(ball.dim, 1, entries), layer.bias * (1 << up), []
    for source, matrix in layer.blocks:
        blocks.append((source, matrix * (1 << up)))
        if source == 0:
            bias += matrix * center
    return dataclasses.replace(layer, blocks=blocks, bias=bias, shift=layer.shift + up)


class ExactNetwork:
    """A network on a domain's chart, without rounding.

    Slices, segments and simplices are composed with the first layer exactly.

    Attributes:
        network: The network.
        domain: The domain.
        dim: Dimension of the chart.
        widths: Units per hidden layer.
    """

    def __init__(self, network: ReluNetwork, domain: Domain):
        self.network, self.domain = network, domain
        self.dim = domain.dim
        self.widths = network.widths
        self._layers: dict[int, ExactLayer] = {}

    def layer(self, index: int) -> ExactLayer:
        """A layer in chart coordinates; made when it is first asked for.

        Args:
            index: Which one, from 0; the output layer is the last.
        """
        if index not in self._layers:
            given = self.network.layers[index]
            layer = _exact_layer(given, index)
            reads_input = any(source == 0 for source, _ in layer.blocks)
            if reads_input and not self.domain.is_chart_identity:
                layer = _in_chart(layer, self.domain)
            self._layers[index] = layer
        return self._layers[index]

    def forward(
        self,
        columns: Columns,
        pattern: Bool[np.ndarray, "units columns"] | None = None,
        *,
        pinned: Bool[np.ndarray, "units columns"] | None = None,
        layers: int | None = None,
    ) -> tuple[list[list[list[int]]], list[list[int]]]:
        """Pre-activations of the layers at the columns.

        Args:
            columns: Rational points, or directions.
            pattern: Which units to take as on, in unit order over all hidden units;
                by default where the pre-activation is positive.
            pinned: Units whose activation is taken as 0 whatever their sign.
            layers: How many layers to evaluate; all, output included, by default.

        Returns:
            For each layer a list of rows of numerators, one row per unit; and for each
            layer the positive scale of each column. The pre-activation of a point is
            numerator over (scale times the point's denominator).
        """
        count = len(columns.denominators)
        den = fmpz_mat(1, count, columns.denominators)
        sources: dict[int, tuple[fmpz_mat, int]] = {0: (columns.numerators, 0)}
        numerators, scales, first = [], [], 0
        for index in range(len(self.network.layers))[:layers]:
            check()
            layer = self.layer(index)
            top = max(sources[s][1] for s, _ in layer.blocks)
            pre = layer.bias * (den * (1 << top))
            for source, matrix in layer.blocks:
                held, shift = sources[source]
                pre = pre + matrix * (held * (1 << (top - shift)))
            rows = [[int(v) for v in row] for row in pre.table()]
            numerators.append(rows)
            scales.append([1 << (top + layer.shift)] * count)
            if index < len(self.widths):
                stop = first + self.widths[index]
                on = None if pattern is None else pattern[first:stop]
                pin = None if pinned is None else pinned[first:stop]
                sources[index + 1] = _activate(layer, rows, top + layer.shift, on, pin)
                first = stop
        return numerators, scales

    def signs(self, columns: Columns) -> np.ndarray:
        """Signs (-1, 0, 1) of all hidden units at rational points: (units, points)."""
        numerators, _ = self.forward(columns, layers=len(self.widths))
        rows = [row for layer in numerators for row in layer]
        sign = [[(v > 0) - (v < 0) for v in row] for row in rows]
        return np.array(sign, np.int8).reshape(
            sum(self.widths), len(columns.denominators)
        )

    def affine_forms(
        self,
        pattern: Bool[np.ndarray, " units"],
        *,
        pinned: Bool[np.ndarray, " units"] | None = None,
        layers: int | None = None,
    ) -> list[list[int]]:
        """Every pre-activation as an affine form on the region of one pattern.

        Row j is an integer multiple, by a positive power of two, of (gradient, offset)
        of pre-activation j in unit order, the output layer last (unless `layers`).
        """
        columns = Columns.identity(self.dim)
        wide = np.repeat(pattern[:, None], self.dim + 1, axis=1)
        pins = None if pinned is None else np.repeat(pinned[:, None], self.dim + 1, 1)
        numerators, _ = self.forward(columns, wide, pinned=pins, layers=layers)
        return [row for layer in numerators for row in layer]

    def affine_map(
        self, pattern: Bool[np.ndarray, " units"]
    ) -> tuple[tuple[Fraction, ...], ...]:
        """The affine map on a region: one row (gradient, offset) per output."""
        columns = Columns.identity(self.dim)
        wide = np.repeat(pattern[:, None], self.dim + 1, axis=1)
        numerators, scales = self.forward(columns, wide)
        scale = scales[-1][0]
        return tuple(tuple(Fraction(v, scale) for v in row) for row in numerators[-1])


def _activate(
    layer: ExactLayer,
    rows: list[list[int]],
    shift: int,
    on: np.ndarray | None,
    pinned: np.ndarray | None,
) -> tuple[fmpz_mat, int]:
    """Activations of a layer and the power of two that they are over."""
    up, result = layer.slope_shift, []
    for j, row in enumerate(rows):
        slope = layer.slopes[j]
        keep = [v > 0 for v in row] if on is None else on[j].tolist()
        values = [v << up if k else slope * v for v, k in zip(row, keep, strict=True)]
        if pinned is not None and pinned[j].any():
            values = [
                0 if p else v for v, p in zip(values, pinned[j].tolist(), strict=True)
            ]
        result += values
    return fmpz_mat(len(rows), len(rows[0]), result), shift + up


def solve_rational(A: Sequence[Sequence[int]], b: Sequence[int]) -> list[fmpq] | None:
    """The exact solution of a square integer system, or None if it is singular."""
    size = len(A)
    matrix = fmpz_mat(size, size, [v for row in A for v in row])
    if matrix.det() == 0:
        return None
    return matrix.solve(fmpz_mat(size, 1, list(b))).entries()
