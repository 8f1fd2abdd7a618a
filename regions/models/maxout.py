"""Maxout networks as ReLU networks with skip blocks, without rounding.

A maxout unit of rank k is the largest of k affine functions of the previous layer. It
is a tournament of ReLU units, `max(a, b) = b + relu(a - b)`, so that every engine takes
it. At rank 2 a pattern says which function is the larger in every unit; above, the
tournament also cuts where two functions that lose to a third are equal: count linear
regions there, by merging.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from regions.errors.arguments import kinds_checked
from regions.io.graph import GraphBuilder
from regions.io.spatial import tournament
from regions.network import ArrayLike, ReluNetwork, as_numbers

MAX_BYTES = 1 << 30
"""Largest size of the matrices of one network."""


@kinds_checked
def maxout_network(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike],
    output_weight: ArrayLike,
    output_bias: ArrayLike,
    *,
    max_bytes: int = MAX_BYTES,
) -> ReluNetwork:
    """A network of maxout layers with an affine last layer.

    The result computes the same function as the float64 numbers given, in exact
    arithmetic: what would round is kept as a layer of units of slope 1, which make no
    kink.

    Args:
        weights: One array `(rank, fan_out, fan_in)` per maxout layer.
        biases: One array `(rank, fan_out)` per maxout layer.
        output_weight: Matrix `(outputs, fan_in)` of the last layer.
        output_bias: Vector `(outputs,)` of the last layer.
        max_bytes: Limit of the memory of all dense matrices together.

    Raises:
        ValueError: If shapes do not fit or a number is not finite.
        FileFormatError: If the matrices need more than `max_bytes`.

    References:
        Goodfellow, Warde-Farley, Mirza, Courville, Bengio, Maxout networks, ICML 2013.

    Example:
        >>> absolute = maxout_network([[[[1.0]], [[-1.0]]]], [[[0.0], [0.0]]],
        ...                           [[1.0]], [0.0])
        >>> absolute(np.array([[-3.0], [2.0]])).ravel().tolist()
        [3.0, 2.0]
    """
    layers, output = _checked(weights, biases, output_weight, output_bias)
    builder = GraphBuilder(
        (layers[0][0].shape[2],), name="the maxout network", max_bytes=max_bytes
    )
    hidden = builder.input
    for weight, bias in layers:
        rank, fan_out, fan_in = weight.shape
        matrix = sp.csr_array(weight.reshape(rank * fan_out, fan_in))
        players = builder.affine(hidden, matrix, bias.ravel(), (rank, fan_out))
        hidden = tournament(
            builder, [players.select(row) for row in players.positions()]
        )
    matrix, shift = output
    return builder.finish(builder.affine(hidden, sp.csr_array(matrix), shift))


def _checked(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike],
    output_weight: ArrayLike,
    output_bias: ArrayLike,
) -> tuple[list[tuple[np.ndarray, np.ndarray]], tuple[np.ndarray, np.ndarray]]:
    """The layers as float64 arrays of shapes that fit each other."""
    if not len(weights) or len(weights) != len(biases):
        raise ValueError(
            f"`weights` has {len(weights)} entries and `biases` {len(biases)}: one "
            "each per maxout layer, and at least one, is required."
        )
    layers, fan_in = [], None
    for index, (given, shift) in enumerate(zip(weights, biases, strict=True)):
        weight = _finite(given, f"weights[{index}]", 3)
        bias = _finite(shift, f"biases[{index}]", 2)
        if bias.shape != weight.shape[:2]:
            raise ValueError(
                f"`biases[{index}]` has shape {bias.shape} and `weights[{index}]` "
                f"{weight.shape}: (rank, fan_out) and (rank, fan_out, fan_in) are "
                "required."
            )
        _check_fan_in(f"weights[{index}]", weight, fan_in)
        layers.append((weight, bias))
        fan_in = weight.shape[1]
    matrix = _finite(output_weight, "output_weight", 2)
    vector = _finite(output_bias, "output_bias", 1)
    _check_fan_in("output_weight", matrix, fan_in)
    if len(vector) != len(matrix):
        raise ValueError(
            f"`output_bias` has {len(vector)} entries and `output_weight` "
            f"{len(matrix)} rows: they must be equal."
        )
    return layers, (matrix, vector)


def _finite(value: ArrayLike, name: str, ndim: int) -> np.ndarray:
    """A float64 array, which must be finite, not empty and of `ndim` axes."""
    array = as_numbers(value, name)
    if array.ndim != ndim or not array.size:
        raise ValueError(
            f"`{name}` has shape {array.shape}: {ndim} axes, none of them empty, are "
            "required."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` holds NaN or infinity: finite numbers only.")
    return array


def _check_fan_in(name: str, weight: np.ndarray, fan_in: int | None) -> None:
    """Raise unless a layer reads as many numbers as the one before it gives."""
    if fan_in is not None and weight.shape[-1] != fan_in:
        raise ValueError(
            f"`{name}` has shape {weight.shape} and the layer before it has {fan_in} "
            "units: the last axis must be as long."
        )
