"""Bounds of every pre-activation on a domain, by interval arithmetic over rationals.

Nothing is rounded, so that every bound holds. The bounds of the first layer are tight;
later ones forget how the units of a layer depend on each other.
"""

from fractions import Fraction
from typing import NamedTuple

from flint import fmpq, fmpq_mat

from regions.domains.shapes import BoundedDomain
from regions.network import Layer, ReluNetwork
from regions.signs.exact import to_fmpq, to_fraction


class Range(NamedTuple):
    """The numbers from `lower` to `upper`."""

    lower: Fraction
    upper: Fraction


def pre_activation_bounds(
    network: ReluNetwork, domain: BoundedDomain
) -> list[list[Range]]:
    """Bounds of each unit's pre-activation on the domain, by layer, the output last.

    Example:
        >>> from regions.domains.shapes import Box
        >>> net = ReluNetwork.from_arrays([[[1.0, 0.5]], [[2.0]]], [[4.0], [0.0]])
        >>> pre_activation_bounds(net, Box.cube(2))[0][0]
        Range(lower=Fraction(5, 2), upper=Fraction(11, 2))
    """
    domain.restrict(network)
    values = [_input_bounds(domain)]
    result = []
    for index, layer in enumerate(network.layers):
        center = fmpq_mat(layer.width, 1, [to_fmpq(float(v)) for v in layer.bias])
        radius = fmpq_mat(layer.width, 1)
        for source, weight in layer.blocks(index):
            entries = [to_fmpq(float(v)) for v in weight.ravel()]
            matrix = fmpq_mat(layer.width, weight.shape[1], entries)
            if source == 0 and not domain.is_chart_identity:
                origin, matrix = _in_chart(matrix, domain)
                center += origin
            middle, spread = values[source]
            center += matrix * middle
            radius += _absolute(matrix) * spread
        middles, spreads = center.entries(), radius.entries()
        pairs = [(c - r, c + r) for c, r in zip(middles, spreads, strict=True)]
        result.append([Range(to_fraction(a), to_fraction(b)) for a, b in pairs])
        values.append(_activation_bounds(layer, pairs))
    return result


def _input_bounds(domain: BoundedDomain) -> tuple[fmpq_mat, fmpq_mat]:
    """Center and half widths of the box around the domain, in its chart."""
    box = domain.chart_box()
    ends = [
        (to_fmpq(float(a)), to_fmpq(float(b)))
        for a, b in zip(box.lower, box.upper, strict=True)
    ]
    return _columns(ends)


def _columns(ends: list[tuple[fmpq, fmpq]]) -> tuple[fmpq_mat, fmpq_mat]:
    """Centers and half widths of intervals, as columns."""
    return (
        fmpq_mat(len(ends), 1, [(a + b) / 2 for a, b in ends]),
        fmpq_mat(len(ends), 1, [(b - a) / 2 for a, b in ends]),
    )


def _in_chart(matrix: fmpq_mat, domain: BoundedDomain) -> tuple[fmpq_mat, fmpq_mat]:
    """Offset and matrix of a block that reads the input, in chart coordinates."""
    origin, directions = domain.rational_chart()
    start = fmpq_mat(len(origin), 1, [to_fmpq(v) for v in origin])
    rows = fmpq_mat(
        len(directions), len(origin), [to_fmpq(v) for row in directions for v in row]
    )
    return matrix * start, matrix * rows.transpose()


def _absolute(matrix: fmpq_mat) -> fmpq_mat:
    """Absolute values, entry by entry."""
    return fmpq_mat(matrix.nrows(), matrix.ncols(), [abs(v) for v in matrix.entries()])


def _activation_bounds(
    layer: Layer, pairs: list[tuple[fmpq, fmpq]]
) -> tuple[fmpq_mat, fmpq_mat]:
    """Center and half widths of the activations; extremes lie at the ends or at 0."""
    ends = []
    for (low, high), slope in zip(pairs, layer.slopes, strict=True):
        factor = to_fmpq(float(slope))
        values = [v if v > 0 else factor * v for v in (low, high)]
        if low < 0 < high:
            values.append(fmpq(0))
        ends.append((min(values), max(values)))
    return _columns(ends)
