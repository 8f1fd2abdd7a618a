"""A network in flat arrays for the compiled proofs."""

from typing import NamedTuple

import numpy as np

from regions.enumeration.sweep.complex import Complex, SignWords
from regions.enumeration.sweep.kernels.norms import norms_of
from regions.signs.float_bounds import FloatBounds

LANES = 8
"""The units of a layer are filled up to a multiple of these, by zeros."""


class Net(NamedTuple):
    """A network without skip blocks in flat arrays; layers count from 0.

    Attributes:
        turned: Transposed matrices, row by row, each row filled up with zeros.
        at: Where each matrix starts.
        room: Units of each layer, filled up.
        bias: Bias of each unit, layer by layer, filled up.
        place: Where the biases of each layer start.
        fan_in: Columns of each matrix.
        first: First unit of each layer, and the number of units.
        words: First sign word of each layer, and the number of words.
        slopes: Slope of each unit below zero.
        leaky: Units whose slope is not 0, as sign words.
        kinks: Units with a kink, as sign words.
        layer: Layer of each unit.
        units: Unit of each bit of the sign words; -1 where there is none.
        A: Facets of the domain.
        b: Their right-hand sides.
        middle: A point around which the affine forms are written.
        steep: Largest absolute slope of each layer, at least 1.
        spectral: Bound of the spectral norm of each matrix.
        row: Bound of the largest 2-norm of a row of each matrix.
        bias_size: Largest absolute bias of each layer.
        doubts: Rounding of the rows and of the biases of the first layer.
    """

    turned: np.ndarray
    at: np.ndarray
    room: np.ndarray
    bias: np.ndarray
    place: np.ndarray
    fan_in: np.ndarray
    first: np.ndarray
    words: np.ndarray
    slopes: np.ndarray
    leaky: np.ndarray
    kinks: np.ndarray
    layer: np.ndarray
    units: np.ndarray
    A: np.ndarray
    b: np.ndarray
    middle: np.ndarray
    steep: np.ndarray
    spectral: np.ndarray
    row: np.ndarray
    bias_size: np.ndarray
    doubts: np.ndarray


def flatten(bounds: FloatBounds, complex_: Complex) -> Net:
    """The network of some bounds, laid out for the compiled code."""
    # Copies all: code is compiled once more for arrays that are read-only.
    layers, words = bounds.layers, complex_.words
    widths = np.array([layer.width for layer in layers], np.int64)
    room = -(-widths // LANES) * LANES
    fan_in = np.array([layer.weight.shape[1] for layer in layers], np.int64)
    place, at = np.cumsum([0, *room]), np.cumsum([0, *(room * fan_in)])
    bias, turned = np.zeros(place[-1]), np.zeros(at[-1])
    for k, layer in enumerate(layers):
        bias[place[k] : place[k] + layer.width] = layer.bias
        matrix = turned[at[k] : at[k + 1]].reshape(fan_in[k], room[k])
        matrix[:, : layer.width] = layer.weight.T
    units = np.full(32 * words.num_words, -1, np.int64)
    units[words.word * 32 + words.bit] = np.arange(len(words.word))
    slopes = np.concatenate([layer.slopes for layer in layers])
    norms = norms_of(layers)
    return Net(
        turned=turned,
        at=at,
        room=room,
        bias=bias,
        place=place,
        fan_in=fan_in,
        first=np.cumsum([0, *widths]),
        words=np.cumsum([0, *(-(-widths // 32))]),
        slopes=slopes,
        leaky=_flags(words, slopes != 0.0),
        kinks=_flags(words, words.kinks),
        layer=np.repeat(np.arange(len(layers)), widths),
        units=units,
        A=np.array(bounds.polytope.A, order="C"),
        b=np.array(bounds.polytope.b),
        middle=bounds.polytope.vertices.mean(0),
        steep=np.array([max(1.0, np.abs(layer.slopes).max()) for layer in layers]),
        spectral=norms.spectral,
        row=norms.row,
        bias_size=norms.bias,
        doubts=np.array([bounds.row_error[0], bounds.bias_error[0]]),
    )


def _flags(words: SignWords, chosen: np.ndarray) -> np.ndarray:
    """Some units as sign words."""
    result = np.zeros(words.num_words, np.uint32)
    bits = np.left_shift(np.uint32(1), words.bit[chosen].astype(np.uint32))
    np.bitwise_or.at(result, words.word[chosen], bits)
    return result
