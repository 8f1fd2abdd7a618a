"""How many regions a cell may hold in the end: a guess that makes runs spread less.

Runs stay unbiased whatever the guess, as every cell is divided by its chance to be
kept; where the guess is proportional to the truth, they do not spread at all.
"""

import math

import numpy as np
from jaxtyping import Bool, Float64

from regions.network import ReluNetwork

SMALLEST_SIDE = 1e-100
"""Sides of boxes below it count as it: a guess is positive."""


class RegionGuess:
    """A guess for the cells of one network, from what the units so far leave alive.

    On a cell, a layer reads as many dimensions as the narrowest layer before it has
    units that are on (all of them, where their slope below zero is not 0 either). From
    k dimensions of ReLU outputs, all positive, n hyperplanes in general position cut
    one orthant of `2^k`: about `sum_{i <= k} C(n + k, i) / 2^k` parts.

    Args:
        network: The network.
        dim: Dimension of the domain.
    """

    def __init__(self, network: ReluNetwork, dim: int):
        self._first = network.unit_starts
        self._dim = dim
        self._widths = network.widths
        self._alive = np.concatenate([layer.slopes != 0.0 for layer in network.hidden])
        most = max(network.widths)
        self._pieces = {
            n: np.array([_log_pieces(n, k) for k in range(most + 1)])
            for n in range(most + 1)
        }

    def log_sizes(
        self, bits: Bool[np.ndarray, "cells units"], unit: int
    ) -> Float64[np.ndarray, " cells"]:
        """Logarithms of the guesses of cells of the first `unit` units."""
        total = np.zeros(len(bits))
        dims = np.full(len(bits), float(self._dim))
        for index, width in enumerate(self._widths):
            start = int(self._first[index])
            done = min(max(unit - start, 0), width)
            if done < width and index:
                # What is cut already counts no more.
                total += self._at(width, dims) - self._at(done, dims)
            part = slice(start, start + done)
            on = (bits[:, part] | self._alive[part]).sum(1)
            dims = np.minimum(dims, on + 0.5 * (width - done))
        return total

    def _at(
        self, hyperplanes: int, dims: Float64[np.ndarray, " cells"]
    ) -> Float64[np.ndarray, " cells"]:
        """Logarithms of the numbers of parts, between whole dimensions by a line."""
        table = self._pieces[hyperplanes]
        return np.interp(dims, np.arange(len(table)), table)


def _log_pieces(hyperplanes: int, dim: int) -> float:
    """Logarithm of `sum_{i <= dim} C(hyperplanes + dim, i) / 2^dim`."""
    total = sum(math.comb(hyperplanes + dim, i) for i in range(dim + 1))
    return math.log(total) - dim * math.log(2.0)


def log_sides(
    low: Float64[np.ndarray, "cells dim"], high: Float64[np.ndarray, "cells dim"]
) -> Float64[np.ndarray, " cells"]:
    """Logarithms of the mean sides of boxes: units cut large cells more often."""
    return np.log(np.maximum((high - low).mean(1), SMALLEST_SIDE))
