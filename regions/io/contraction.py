"""Products of a tensor with a constant, summed over shared axes, as one matrix."""

import math
from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp

from regions.io.graph import Expression, GraphBuilder


def contract(
    builder: GraphBuilder,
    tensor: Expression,
    labels: str,
    constant: np.ndarray,
    constant_labels: str,
    result: str,
) -> Expression:
    """`einsum("labels,constant_labels->result", tensor, constant)`.

    Args:
        builder: Where layers go.
        tensor: The first operand.
        labels: One letter for each of its axes.
        constant: The second operand.
        constant_labels: One letter for each of its axes.
        result: Letters of the result, each of one of the two.

    Raises:
        ValueError: If letters and shapes do not fit, a letter stands twice in one
            operand, or the constant is summed alone, which would round.
    """
    sizes: dict[str, int] = {}
    for axes, shape in ((labels, tensor.shape), (constant_labels, constant.shape)):
        if len(axes) != len(shape) or len(set(axes)) != len(axes):
            raise ValueError(f"axes {axes!r} do not fit shape {shape}")
        for axis, size in zip(axes, shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise ValueError(f"axis {axis!r} has sizes {sizes[axis]} and {size}")
    if set(constant_labels) - set(labels) - set(result):
        raise ValueError("its constant is summed alone: do that on export")
    if set(result) - set(sizes) or len(set(result)) != len(result):
        raise ValueError(f"axes {result!r} of its result are not those of its inputs")
    builder.reserve(32 * math.prod(sizes.values()))
    rows, columns, entries = (
        _positions(axes, sizes) for axes in (result, labels, constant_labels)
    )
    shape = tuple(sizes[axis] for axis in result)
    matrix = sp.csr_array(
        (constant.ravel()[entries], (rows, columns)),
        shape=(math.prod(shape), tensor.size),
    )
    return builder.affine(tensor, matrix, 0.0, shape)


def _positions(labels: str, sizes: Mapping[str, int]) -> np.ndarray:
    """Flat position in a tensor with these axes, for every value of every letter."""
    grid = np.zeros([1] * len(sizes), np.int64)
    for axis in labels:
        form = [-1 if other == axis else 1 for other in sizes]
        grid = grid * sizes[axis] + np.arange(sizes[axis]).reshape(form)
    return np.broadcast_to(grid, list(sizes.values())).ravel()
