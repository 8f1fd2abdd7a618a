"""A combination of the outputs on a region, exactly, carried back layer by layer.

What stands before a unit that is off, or before units whose sum cancels, is not read:
regions that differ only there share one map, and what is known of it.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from flint import fmpz_mat
from jaxtyping import Bool

from regions.signs.exact import ExactNetwork

MOST_KEPT = 1 << 16
"""Of more maps, finished or not, none is kept."""

Owed = dict[int, tuple[int, ...]]
"""What is multiplied with the input, 0, and with activations of layers, from 1 on."""


class Map(NamedTuple):
    """An affine function of some activations.

    Attributes:
        owed: Factors of these; none where all are 0.
        offset: The constant.
        bottom: What all are divided by.
        layer: The last layer that is read; -1 if there is none: it is finished.
        used: Which of its units are read.
        steps: Maps without that layer, by which of these units are on.
    """

    owed: Owed
    offset: int
    bottom: int
    layer: int
    used: Bool[np.ndarray, " units"]
    steps: dict[bytes, "Map"]

    @property
    def is_constant(self) -> bool:
        """Whether it is the same everywhere."""
        return not self.owed

    def at(self, point: Sequence[Fraction]) -> Fraction:
        """The value of a finished map at a point of the chart."""
        factors = self.owed.get(0, ())
        total = sum((v * t for v, t in zip(factors, point, strict=False)), Fraction())
        return (total + self.offset) / self.bottom


class CarriedBack:
    """The affine maps of one combination of the outputs, in the chart.

    Args:
        exact: The network.
        weights: One for each output.

    Example:
        >>> from regions.domains.shapes import Box
        >>> from regions.network import ReluNetwork
        >>> weights, biases = [[[2.0], [2.0]], [[1.0, -1.0]]], [[0.0, -1.0], [3.0]]
        >>> net = ReluNetwork.from_arrays(weights, biases)
        >>> maps = CarriedBack(ExactNetwork(net, Box.cube(1)), [Fraction(1, 2)])
        >>> found = maps(np.array([True, True]))  # 2x - (2x - 1) + 3
        >>> found.is_constant, found.at(())
        (True, Fraction(2, 1))
    """

    def __init__(self, exact: ExactNetwork, weights: Sequence[Fraction]):
        self._exact = exact
        self._begin = np.cumsum([0, *exact.widths])
        self._kept: dict[tuple, Map] = {}
        bottom = 1
        for weight in weights:
            bottom = bottom * weight.denominator  # few, and mostly 1
        row = tuple(int(weight * bottom) for weight in weights)
        whole = self._map({len(exact.widths) + 1: row}, 0, bottom)
        self._first = whole if whole.is_constant else self._without_last(whole, None)

    def __call__(self, units: Bool[np.ndarray, " units"]) -> Map:
        """The map on a region, given which of the hidden units are on."""
        found = self._first
        while found.layer >= 0:
            begin, end = self._begin[found.layer : found.layer + 2]
            key = units[begin:end][found.used].tobytes()
            step = found.steps.get(key)
            if step is None:
                step = self._without_last(found, units[begin:end])
                found.steps[key] = step
            found = step
        return found

    def _without_last(self, old: Map, on: np.ndarray | None) -> Map:
        """A map in terms of what its last layer reads.

        Args:
            old: The map.
            on: Which units of that layer are on; None for the output layer.
        """
        layer, factors = self._exact.layer(old.layer), list(old.owed[old.layer + 1])
        up = 0 if on is None else layer.slope_shift
        if on is not None:
            factors = [
                v << up if held else v * slope
                for v, held, slope in zip(factors, on, layer.slopes, strict=True)
            ]
        row, scale = fmpz_mat(1, len(factors), factors), up + layer.shift
        owed = {
            source: tuple(v << scale for v in part)
            for source, part in old.owed.items()
            if source != old.layer + 1
        }
        for source, matrix in layer.blocks:
            part = [int(v) for v in (row * matrix).entries()]
            held = owed.get(source, (0,) * len(part))
            owed[source] = tuple(a + b for a, b in zip(held, part, strict=True))
        offset = (old.offset << scale) + int((row * layer.bias)[0, 0])
        return self._map(owed, offset, old.bottom << scale)

    def _map(self, owed: Owed, offset: int, bottom: int) -> Map:
        """A map; the one that is kept, if it was met before."""
        owed = {source: owed[source] for source in sorted(owed) if any(owed[source])}
        key = (*owed.items(), offset, bottom)
        if key not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                for one in self._kept.values():
                    one.steps.clear()
                self._kept.clear()
            last = max(owed, default=0)
            used = np.array([v != 0 for v in owed.get(last, ())], bool)
            self._kept[key] = Map(owed, offset, bottom, last - 1, used, {})
        return self._kept[key]
