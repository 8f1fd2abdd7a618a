"""An upper bound of the norm of all Jacobians that a network can have."""

import math
from fractions import Fraction

import numpy as np

from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork
from regions.questions.answer import Interval, square_root
from regions.signs.exact import ExactNetwork


def norm_bound(network: ReluNetwork, norm: float | int) -> Fraction:
    """At least the norm of every Jacobian, whichever units are on.

    The product of absolute weights bounds every entry of every Jacobian.
    """
    units = np.zeros(sum(network.widths), bool)
    exact = ExactNetwork(_absolute(network), WholeSpace(network.input_dim))
    entries = [row[:-1] for row in exact.affine_map(units)]
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


def _absolute(network: ReluNetwork) -> ReluNetwork:
    """The network of absolute weights, whose units are steepest where they are off."""
    layers = network.layers
    return ReluNetwork.from_arrays(
        [np.abs(layer.weight) for layer in layers],
        None,
        [np.maximum(1.0, np.abs(layer.slopes)) for layer in network.hidden],
        skips={
            index: {source: np.abs(matrix) for source, matrix in layer.skips}
            for index, layer in enumerate(layers)
        },
    )
