"""Jacobians of regions, their operator norms, and the largest of them, exactly."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from flint import fmpq

from regions.certificates.answer_bounds import ExactLayers, Lines
from regions.certificates.checks import Wrong
from regions.certificates.rationals import dot, ends
from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork

Gates = Sequence[Sequence[bool]]
"""For each hidden layer which units are on; False for units of slope 1."""


def check_constant(
    network: ReluNetwork, kind: str, value: Any, regions: Iterable[Gates]
) -> None:
    """Whether a value is the largest norm of a Jacobian on all regions.

    Raises:
        Wrong: If not.
    """
    low, high = ends(value)
    layers = ExactLayers(network, WholeSpace(network.input_dim))
    attained, seen = False, set()
    for number, on in enumerate(regions):
        rows = _jacobian(layers, on)
        key = tuple((v.p, v.q) for row in rows for v in row)
        if key in seen:
            continue
        seen.add(key)
        if not _norm_at_most(rows, kind, high):
            raise Wrong(f"leaf {number} has a larger norm")
        attained |= not _norm_below(rows, kind, low)
    if not attained:
        raise Wrong("no leaf has so large a norm")


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
