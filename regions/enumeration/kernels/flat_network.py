"""A network in flat arrays for the compiled proofs."""

from typing import NamedTuple

import numpy as np

from regions.enumeration.complex import Complex
from regions.enumeration.float_bounds import FloatBounds


class Net(NamedTuple):
    """A network without skip blocks in flat arrays; layers count from 0.

    Attributes:
        weight: Matrices, row by row.
        turned: Transposed matrices, row by row.
        at: Where each matrix starts.
        fan_in: Columns of each matrix.
        first: First unit of each layer, and the number of units.
        words: First sign word of each layer, and the number of words.
        bias: Bias of each unit.
        slopes: Slope of each unit below zero.
        kinks: Units with a kink, as sign words.
        layer: Layer of each unit.
        units: Unit of each bit of the sign words; -1 where there is none.
        row_sum: Largest absolute row sum of each layer.
        bias_size: Largest absolute bias of each layer.
        steep: Largest absolute slope of each layer, at least 1.
        row_doubt: Rounding of the rows of each layer.
        bias_doubt: Rounding of the biases of each layer.
        A: Facets of the domain.
        b: Their right-hand sides.
        entry: Largest absolute entry of each matrix.
    """

    weight: np.ndarray
    turned: np.ndarray
    at: np.ndarray
    fan_in: np.ndarray
    first: np.ndarray
    words: np.ndarray
    bias: np.ndarray
    slopes: np.ndarray
    kinks: np.ndarray
    layer: np.ndarray
    units: np.ndarray
    row_sum: np.ndarray
    bias_size: np.ndarray
    steep: np.ndarray
    row_doubt: np.ndarray
    bias_doubt: np.ndarray
    A: np.ndarray
    b: np.ndarray
    entry: np.ndarray


def flatten(bounds: FloatBounds, complex_: Complex) -> Net:
    """The network of some bounds, laid out for the compiled code."""
    # Copies all: code is compiled once more for arrays that are read-only.
    layers, words = bounds.layers, complex_.words
    widths = np.array([layer.width for layer in layers], np.int64)
    matrices = [layer.weight for layer in layers]
    units = np.full(32 * words.num_words, -1, np.int64)
    units[words.word * 32 + words.bit] = np.arange(len(words.word))
    kinks = np.zeros(words.num_words, np.uint32)
    flags = np.left_shift(np.uint32(1), words.bit.astype(np.uint32))
    np.bitwise_or.at(kinks, words.word[words.kinks], flags[words.kinks])
    return Net(
        weight=np.concatenate([m.ravel() for m in matrices]),
        turned=np.concatenate([m.T.ravel() for m in matrices]),
        at=np.cumsum([0, *(m.size for m in matrices)]),
        fan_in=np.array([m.shape[1] for m in matrices], np.int64),
        first=np.cumsum([0, *widths]),
        words=np.cumsum([0, *(-(-widths // 32))]),
        bias=np.concatenate([layer.bias for layer in layers]),
        slopes=np.concatenate([layer.slopes for layer in layers]),
        kinks=kinks,
        layer=np.repeat(np.arange(len(layers)), widths),
        units=units,
        row_sum=np.array([np.abs(m).sum(1).max() for m in matrices]),
        bias_size=np.array([np.abs(layer.bias).max() for layer in layers]),
        steep=np.array([max(1.0, np.abs(layer.slopes).max()) for layer in layers]),
        row_doubt=np.array(bounds.row_doubt),
        bias_doubt=np.array(bounds.bias_doubt),
        A=np.array(bounds.polytope.A, order="C"),
        b=np.array(bounds.polytope.b),
        entry=np.array([np.abs(m).max() for m in matrices]),
    )
