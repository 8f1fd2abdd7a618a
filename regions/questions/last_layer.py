"""The last hidden layer of a network, and the network of all layers before it."""

import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Float64

from regions.network import Layer, ReluNetwork
from regions.questions.relaxation import as_float
from regions.signs.exact import to_fmpq


def before_last(network: ReluNetwork) -> ReluNetwork:
    """The network that ends with what the units of the last layer read.

    Behind these outputs are those of the network as far as they come from elsewhere.
    """
    index, last, output = len(network.hidden) - 1, network.hidden[-1], network.output
    width, count = last.width, output.width
    blocks = {0: np.zeros((width + count, network.input_dim))}
    for k, layer in enumerate(network.hidden[:-1]):
        blocks[k + 1] = np.zeros((width + count, layer.width))
    for source, matrix in last.blocks(index):
        blocks[source][:width] = matrix
    for source, matrix in output.skips:
        blocks[source][width:] = matrix
    weight = blocks.pop(index)
    skips = tuple((k, matrix) for k, matrix in blocks.items() if matrix.any())
    bias = np.concatenate([last.bias, output.bias])
    end = Layer(weight, bias, np.ones(width + count), skips)
    return ReluNetwork(network.hidden[:-1], end)


def with_sums(network: ReluNetwork) -> ReluNetwork:
    """The same network, whose outputs are sums over its last hidden layer alone.

    That has units without a kink in addition: the outputs of `before_last`.
    """
    before, count = before_last(network), network.output_dim
    slopes = np.concatenate([network.hidden[-1].slopes, np.ones(count)])
    last = dataclasses.replace(before.output, slopes=slopes)
    weight = np.concatenate([network.output.weight, np.eye(count)], axis=1)
    output = Layer(weight, np.zeros(count), np.ones(count))
    return ReluNetwork((*before.hidden, last), output)


def combined_weights(
    network: ReluNetwork, weights: Sequence[Fraction]
) -> Float64[np.ndarray, " units_and_outputs"]:
    """What a combination of the outputs multiplies, of the outputs of `before_last`.

    Each is rounded once: units of the last layer, then outputs.
    """
    some = [k for k, w in enumerate(weights) if w]
    if len(some) == 1:
        factor = as_float(to_fmpq(weights[some[0]]))
        if math.isfinite(factor) and Fraction(factor) == weights[some[0]]:
            with np.errstate(all="ignore"):
                own = factor * network.output.weight[some[0]]
            return np.concatenate([own, factor * np.eye(len(weights))[some[0]]])
    columns = network.output.weight.T.tolist()
    units = [
        sum((w * Fraction(v) for w, v in zip(weights, c, strict=True) if w), Fraction())
        for c in columns
    ]
    return np.array([as_float(to_fmpq(w)) for w in (*units, *weights)])
