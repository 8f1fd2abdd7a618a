"""What tensor programs of every framework have in common, as operations on expressions.

A program runs on one sample, batch axis and all; a tensor of it is an `Expression`, and
what does not depend on the input is an array.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from regions.io.graph import Expression, GraphBuilder, broadcast
from regions.io.spatial import concatenate, tournament


def constant(value: np.ndarray | float) -> Expression:
    """A tensor that reads no input."""
    array = np.asarray(value, np.float64)
    return Expression(array.shape, {}, array.ravel())


def dense(
    builder: GraphBuilder,
    tensor: Expression,
    weight: np.ndarray,
    bias: np.ndarray | float = 0.0,
) -> Expression:
    """`weight @ t + bias` for each vector t along the last axis.

    Raises:
        ValueError: If the shapes do not fit.
    """
    *front, size = tensor.shape
    if weight.ndim != 2 or weight.shape[1] != size:
        raise ValueError(f"a weight of shape {weight.shape} meets shape {tensor.shape}")
    rows = math.prod(front)
    builder.reserve(24 * rows * weight.size)
    matrix = sp.csr_array(weight)
    if rows > 1:
        matrix = sp.csr_array(sp.kron(sp.eye_array(rows), matrix))
    shift = np.broadcast_to(bias, (rows, len(weight))).ravel()
    return builder.affine(tensor, matrix, shift, (*front, len(weight)))


def in_a_row(
    tensors: Sequence[Expression],
) -> tuple[Expression, list[np.ndarray]]:
    """Several tensors end to end, and the positions there of the entries of each."""
    flat = concatenate([t.reshape((t.size,)) for t in tensors], 0)
    starts = np.cumsum([0, *(t.size for t in tensors)]).tolist()
    return flat, [t.positions() + s for t, s in zip(tensors, starts, strict=False)]


def total(
    builder: GraphBuilder, tensor: Expression, axes: Sequence[int], *, keep: bool
) -> Expression:
    """The sum over some axes."""
    kept = [1 if i in axes else n for i, n in enumerate(tensor.shape)]
    rows = np.broadcast_to(np.arange(math.prod(kept)).reshape(kept), tensor.shape)
    ones = (np.ones(tensor.size), (rows.ravel(), np.arange(tensor.size)))
    matrix = sp.csr_array(ones, shape=(math.prod(kept), tensor.size))
    shape = [n for i, n in enumerate(kept) if keep or i not in axes]
    return builder.affine(tensor, matrix, 0.0, shape)


def largest(
    builder: GraphBuilder, tensor: Expression, axes: Sequence[int], *, keep: bool
) -> Expression:
    """The largest entry along some axes."""
    shape = [1 if keep and i in axes else n for i, n in enumerate(tensor.shape)]
    shape = [n for i, n in enumerate(shape) if keep or i not in axes]
    table = np.moveaxis(tensor.positions(), list(axes), range(len(axes)))
    table = table.reshape(-1, *table.shape[len(axes) :])
    builder.reserve(32 * tensor.size)
    best = tournament(builder, [tensor.select(entries) for entries in table])
    return best.reshape(shape)


def at_least(
    builder: GraphBuilder, tensor: Expression, floor: np.ndarray | float
) -> Expression:
    """The larger of a tensor and constants, entry by entry."""
    if not np.any(floor):
        shape = np.broadcast_shapes(tensor.shape, np.shape(floor))
        return builder.kink(broadcast(tensor, shape), 0.0)
    above = builder.kink(builder.add(tensor, constant(-np.asarray(floor))), 0.0)
    return builder.add(above, constant(np.asarray(floor)))


def at_most(
    builder: GraphBuilder, tensor: Expression, ceiling: np.ndarray | float
) -> Expression:
    """The smaller of a tensor and constants, entry by entry."""
    return at_least(builder, tensor.negate(), -np.asarray(ceiling)).negate()


def times(
    builder: GraphBuilder, tensor: Expression, factors: np.ndarray | float
) -> Expression:
    """`factors * tensor`, both broadcast to one shape."""
    factors = np.asarray(factors, np.float64)
    shape = np.broadcast_shapes(tensor.shape, factors.shape)
    return builder.scale(broadcast(tensor, shape), factors)
