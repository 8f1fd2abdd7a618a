"""An upper bound of the norm of all Jacobians that a network can have."""

import math
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat

from regions.network import Layer, ReluNetwork
from regions.questions.answer import Interval, square_root
from regions.signs.exact import to_fmpq, to_fraction


def norm_bound(network: ReluNetwork, norm: float | int) -> Fraction:
    """At least the norm of every Jacobian, whichever units are on.

    The product of absolute weights bounds every entry of every Jacobian.
    """
    held = [
        fmpq_mat(network.input_dim, network.input_dim, _identity(network.input_dim))
    ]
    for index, layer in enumerate(network.layers):
        total = fmpq_mat(layer.width, network.input_dim)
        for source, matrix in layer.blocks(index):
            total += _absolute(matrix) * held[source]
        held.append(_gated(layer, total))
    entries = [[to_fraction(v) for v in row] for row in held[-1].tolist()]
    if norm == math.inf:
        return max(sum(row, Fraction()) for row in entries)
    if norm == 1:
        return max(sum(column, Fraction()) for column in zip(*entries, strict=True))
    # The Frobenius norm is at least the largest singular value.
    root = square_root(sum((v * v for row in entries for v in row), Fraction()))
    return root.upper if isinstance(root, Interval) else root


def float_sizes(network: ReluNetwork) -> tuple[float, float]:
    """The sum of all entries of that product, about, in float64; infinite beyond.

    Every norm of such a matrix is at most that. Second, the largest such sum of the
    first layers, by which an error in what follows them may grow.
    """
    held = [np.eye(network.input_dim)]
    with np.errstate(over="ignore", invalid="ignore"):
        for index, layer in enumerate(network.layers):
            total = sum(np.abs(m) @ held[s] for s, m in layer.blocks(index))
            held.append(np.maximum(1.0, np.abs(layer.slopes))[:, None] * total)
        sums = np.array([np.sum(part) for part in held])
    sums = np.where(np.isfinite(sums), sums, math.inf)
    return float(sums[-1]), float(sums.max())


def _identity(dim: int) -> list[int]:
    """Entries of the identity matrix."""
    return [int(i == j) for i in range(dim) for j in range(dim)]


def _absolute(matrix: np.ndarray) -> fmpq_mat:
    """Absolute values, exactly."""
    rows, columns = matrix.shape
    entries = [to_fmpq(abs(float(v))) for v in matrix.ravel()]
    return fmpq_mat(rows, columns, entries)


def _gated(layer: Layer, forms: fmpq_mat) -> fmpq_mat:
    """Rows times the steepest slope of their units."""
    steep = [max(fmpq(1), to_fmpq(abs(float(s)))) for s in layer.slopes]
    rows = [[s * v for v in row] for s, row in zip(steep, forms.tolist(), strict=True)]
    return fmpq_mat(rows)
