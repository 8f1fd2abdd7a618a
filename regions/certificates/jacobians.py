"""Jacobians of regions, their operator norms, and the largest of them, exactly."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from flint import fmpq, fmpq_mat

from regions.certificates.answer_bounds import ExactLayers, Lines
from regions.certificates.checks import Wrong
from regions.certificates.rationals import Row, dot, ends, exact
from regions.domains.shapes import Domain, WholeSpace
from regions.network import ReluNetwork
from regions.patterns.names import unit_name

Gates = Sequence[Sequence[bool]]
"""For each hidden layer which units are on; False for units of slope 1."""


def wide_axes(domain: Domain) -> list[int]:
    """The axes along which points of a domain differ, whose columns count.

    Raises:
        Wrong: If it lies in a plane that is not along axes.
    """
    if domain.dim == domain.ambient_dim:
        return [*range(domain.dim)]
    _, directions = domain.rational_chart()
    axes = [axis for row in directions for axis, v in enumerate(row) if v != 0]
    if len(axes) != domain.dim:
        raise Wrong("the domain is not of full dimension, and no flat box")
    return axes


def check_constant(
    network: ReluNetwork,
    domain: Domain,
    kind: str,
    value: Any,
    regions: Iterable[Gates],
) -> None:
    """Whether a value is the largest norm of a Jacobian on all regions of a domain.

    Raises:
        Wrong: If not.
    """
    low, high = ends(value)
    layers = ExactLayers(network, WholeSpace(network.input_dim))
    attained, seen, axes = False, set(), wide_axes(domain)
    for number, on in enumerate(regions):
        rows = _columns(_jacobian(layers, on), axes)
        key = tuple((v.p, v.q) for row in rows for v in row)
        if key in seen:
            continue
        seen.add(key)
        if not _norm_at_most(rows, kind, high):
            raise Wrong(f"leaf {number} has a larger norm")
        attained |= not _norm_below(rows, kind, low)
    if not attained:
        raise Wrong("no leaf has so large a norm")


def check_between(
    network: ReluNetwork,
    layers: ExactLayers,
    axes: Sequence[int],
    kind: str,
    low: fmpq,
    high: fmpq,
    point: Row,
) -> None:
    """Whether the norm at a point is at least one number, and none is above another.

    Args:
        network: The network.
        layers: The same in the chart of a domain.
        axes: Those along which its points differ.
        kind: Which norm.
        low: What the norm of the Jacobian at the point is at least.
        high: What that of no Jacobian exceeds, whichever units are on.
        point: A point of the chart, inside a region.

    Raises:
        Wrong: If not.
    """
    *hidden, _ = layers.at_points([point])
    on = [[v > 0 for v in layer[0]] for layer in hidden]
    for index, (values, slopes) in enumerate(zip(hidden, layers.slopes, strict=True)):
        for unit, (v, slope) in enumerate(zip(values[0], slopes, strict=True)):
            # One that vanishes all around has no slope, whether it is on or off.
            if v == 0 and slope != 1 and is_anywhere(layers, index, unit, on):
                raise Wrong(f"{unit_name((index, unit))} changes its sign at the point")
    whole = ExactLayers(network, WholeSpace(network.input_dim))
    rows = _columns(_jacobian(whole, on), axes)
    if _norm_below(rows, kind, low):
        raise Wrong("the norm at the point is less than the lower end")
    entries = _columns(_largest_entries(network), axes)
    if kind == "2":
        # No singular value is above the root of the sum of all squares.
        if high < 0 or sum((dot(row, row) for row in entries), fmpq(0)) > high * high:
            raise Wrong("the weights allow a norm above the upper end")
    elif _sum_norm(entries, kind) > high:
        raise Wrong("the weights allow a norm above the upper end")


def _columns(rows: Sequence[Row], axes: Sequence[int]) -> list[Row]:
    """Some columns of a matrix."""
    return [[row[axis] for axis in axes] for row in rows]


def is_anywhere(layers: ExactLayers, layer: int, unit: int, on: Gates) -> bool:
    """Whether a unit's pre-activation is another one than 0 where these are on."""
    weights = [fmpq(int(k == unit)) for k in range(len(layers.slopes[layer]))]
    lines = gated_lines(layers, on)
    gradient, constant = layers.carried_back(layer, weights, lines, {})
    return any(v != 0 for v in (*gradient, constant))


def _largest_entries(network: ReluNetwork) -> list[list[fmpq]]:
    """At least the absolute values of the entries of all Jacobians.

    Products of absolute weights, with the steepest slope of each unit.
    """
    dim = network.input_dim
    held = [fmpq_mat(dim, dim, [int(i == j) for i in range(dim) for j in range(dim)])]
    for index, layer in enumerate(network.layers):
        total = fmpq_mat(layer.width, dim)
        for source, weight in layer.blocks(index):
            sizes = [[exact(abs(v)) for v in row] for row in weight.tolist()]
            total += fmpq_mat(sizes) * held[source]
        steep = [max(fmpq(1), exact(abs(float(s)))) for s in layer.slopes]
        rows = zip(steep, total.tolist(), strict=True)
        held.append(fmpq_mat([[s * v for v in row] for s, row in rows]))
    return held[-1].tolist()


def gated_lines(layers: ExactLayers, on: Gates) -> list[list[Lines]]:
    """The lines of all units where these are on."""
    lines = []
    for slopes, gates in zip(layers.slopes, on, strict=True):
        steady = [fmpq(1) if gate else s for s, gate in zip(slopes, gates, strict=True)]
        lines.append([Lines(s, fmpq(0), s, fmpq(0)) for s in steady])
    return lines


def _jacobian(layers: ExactLayers, on: Gates) -> list[list[fmpq]]:
    """The Jacobian where these units are on."""
    lines, rows = gated_lines(layers, on), []
    for k in range(layers.outputs):
        weights = [fmpq(int(k == j)) for j in range(layers.outputs)]
        rows.append(layers.carried_back(len(layers.slopes), weights, lines, {})[0])
    return rows


def _norm_at_most(rows: list[list[fmpq]], kind: str, end: fmpq) -> bool:
    """Whether an operator norm is at most a number."""
    if kind != "2":
        return _sum_norm(rows, kind) <= end
    return end >= 0 and not _has_eigenvalue_above(rows, end)


def _norm_below(rows: list[list[fmpq]], kind: str, end: fmpq) -> bool:
    """Whether an operator norm is less than a number."""
    if kind != "2":
        return _sum_norm(rows, kind) < end
    return end > 0 and _is_positive(_shifted(rows, end))


def _sum_norm(rows: list[list[fmpq]], kind: str) -> fmpq:
    """The largest sum of absolute values of a column, or of a row."""
    if kind not in ("1", str(math.inf)):
        raise Wrong(f"{kind!r} is no norm")
    lines = rows if kind == str(math.inf) else zip(*rows, strict=True)
    return max(sum((abs(v) for v in line), fmpq(0)) for line in lines)


def _shifted(rows: list[list[fmpq]], end: fmpq) -> list[list[fmpq]]:
    """`end^2 I - J J^T`."""
    gram = [[-dot(a, b) for b in rows] for a in rows]
    for k, row in enumerate(gram):
        row[k] += end * end
    return gram


def _has_eigenvalue_above(rows: list[list[fmpq]], end: fmpq) -> bool:
    """Whether `end^2 I - J J^T` is not positive semidefinite.

    Elimination with a pivot that is 0 goes on only if its whole row is.
    """
    table = _shifted(rows, end)
    for k, pivot in enumerate(table):
        if pivot[k] < 0 or (pivot[k] == 0 and any(pivot[k + 1 :])):
            return True
        if pivot[k] != 0:
            _eliminate(table, k)
    return False


def _is_positive(table: list[list[fmpq]]) -> bool:
    """Whether a symmetric matrix is positive definite."""
    for k, pivot in enumerate(table):
        if pivot[k] <= 0:
            return False
        _eliminate(table, k)
    return True


def _eliminate(table: list[list[fmpq]], k: int) -> None:
    """Clear column k below the diagonal."""
    for row in table[k + 1 :]:
        factor = row[k] / table[k][k]
        for j in range(k, len(row)):
            row[j] -= factor * table[k][j]
