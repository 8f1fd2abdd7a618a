"""How many regions a cell may hold in the end: a guess that makes runs spread less.

Runs stay unbiased whatever the guess, as every cell is divided by its chance to be
kept; where the guess is proportional to the truth, they do not spread at all.
"""

import math
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.network import ReluNetwork

SHARE = 0.6
"""What the logarithm of the guess gains with that of the parts that layers to come have
in general position, and with the entropy of the units of this one. Tried on 200
networks of one to thirty inputs and a wide one: at full length both serve worse."""

DECIMALS = 6
"""Guesses are rounded: what differs between machines in the last place orders none."""

LEAST_SPREAD = 1e-100
"""Variances below it count as it."""


@runtime_checkable
class CellBoxes(Protocol):
    """Cells of the first `unit` units, with boxes around them."""

    @property
    def unit(self) -> int:
        """Units decided."""
        ...

    @property
    def bits(self) -> np.ndarray:
        """Signs of the units."""
        ...

    @property
    def low(self) -> np.ndarray:
        """Lower ends."""
        ...

    @property
    def high(self) -> np.ndarray:
        """Upper ends."""
        ...


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
        alive = [layer.slopes != 0.0 for layer in network.hidden]
        self._alive = np.concatenate([np.zeros(0, bool), *alive])
        most = max(network.widths, default=0)
        self._pieces = {
            n: np.array([_log_pieces(n, k) for k in range(most + 1)])
            for n in range(most + 1)
        }

    def of_cells(
        self,
        cells: CellBoxes,
        forms: tuple[np.ndarray, np.ndarray, np.ndarray],
        parent: Int[np.ndarray, " cells"],
    ) -> Float64[np.ndarray, " cells"]:
        """Logarithms of guesses of how many regions cells hold in the end.

        Args:
            cells: The cells, with boxes around them.
            forms: Gradients and offsets of the layer on earlier cells.
            parent: Which of these each cell is part of.
        """
        units = self.log_sizes(cells.bits, cells.unit)
        both = units + self.to_come(cells, forms, parent)
        return np.round(SHARE * both, DECIMALS)

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

    def to_come(
        self,
        cells: CellBoxes,
        forms: tuple[np.ndarray, np.ndarray, np.ndarray],
        parent: Int[np.ndarray, " cells"],
    ) -> Float64[np.ndarray, " cells"]:
        """How evenly the rest of the layer parts the cells."""
        layer = int(np.searchsorted(self._first, cells.unit - 1, side="right") - 1)
        rest = slice(cells.unit - int(self._first[layer]), None)
        gradients, offsets = forms[0][parent, rest], forms[1][parent, rest]
        return evenness(cells.low, cells.high, gradients, offsets)

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


def evenness(
    low: Float64[np.ndarray, "cells dim"],
    high: Float64[np.ndarray, "cells dim"],
    gradients: Float64[np.ndarray, "cells units dim"],
    offsets: Float64[np.ndarray, "cells units"],
) -> Float64[np.ndarray, " cells"]:
    """How evenly units to come part the boxes of cells: the sum of their entropies.

    A unit is on with the probability that a normal form has, whose coordinates have
    their means in the middle of the box and its half sides as standard deviations.
    """
    from scipy.special import entr, ndtr

    mean = np.einsum("cud,cd->cu", gradients, 0.5 * (low + high)) + offsets
    spread = np.einsum("cud,cd->cu", gradients**2, (0.5 * (high - low)) ** 2)
    on = ndtr(mean / np.sqrt(np.maximum(spread, LEAST_SPREAD)))
    return (entr(on) + entr(1.0 - on)).sum(1)
