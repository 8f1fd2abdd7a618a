"""Affine forms of units on single intervals of a line, in integers, on demand.

An interval of one layer lies in one of the layer before: its forms follow from those of
that one by one product, and are kept while they may be asked for again. Only what the
float64 bounds leave open comes here, so nothing is converted before it is needed.
"""

import itertools
import math
from fractions import Fraction
from operator import mul
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from regions.domains.shapes import Domain
from regions.network import Layer, ReluNetwork
from regions.signs.exact import dyadic

Forms = tuple[list[int], list[int]]
"""Slopes and offsets of all units of a layer, times a common power of two."""


class Level(NamedTuple):
    """How a layer cut the intervals that it found.

    Attributes:
        parent: Which of them each new interval lies in.
        bits: Signs of the layer's units on the new intervals, `(units, intervals)`.
    """

    parent: Int[np.ndarray, " intervals"]
    bits: Bool[np.ndarray, "units intervals"]


class _Row(NamedTuple):
    """The nonzero entries of one row of a matrix."""

    columns: list[int]
    entries: list[int]


class _ExactLayer(NamedTuple):
    """A layer in integers over `2**shift`, its slopes over `2**slope_shift`."""

    blocks: list[tuple[int, list[_Row]]]
    bias: list[int]
    shift: int
    slopes: list[int]
    slope_shift: int


class _Activations(NamedTuple):
    """What a layer gives on one interval: forms over `2**shift`."""

    slopes: list[int]
    offsets: list[int]
    shift: int


def last_readers(network: ReluNetwork) -> dict[int, int]:
    """The last hidden layer that reads each source; -1 where none does."""
    last = dict.fromkeys(range(len(network.hidden) + 1), -1)
    for index, layer in enumerate(network.hidden):
        for source, _ in layer.blocks(index):
            last[source] = index
    return last


class ExactForms:
    """Exact forms of a network on the intervals of a one-dimensional domain.

    Args:
        network: The network.
        domain: The domain.
        levels: What each layer did so far; grows while this is in use.
    """

    def __init__(self, network: ReluNetwork, domain: Domain, levels: list[Level]):
        self._network = network
        self._levels = levels
        self._layers: dict[int, _ExactLayer] = {}
        self._known: dict[
            tuple[int, int], tuple[_Activations, dict[int, _Activations]]
        ] = {}
        self._last = last_readers(network)
        origin, (direction,) = domain.rational_chart()
        common = math.lcm(*(v.denominator for v in (*origin, *direction)))
        slopes, offsets = (
            [int(v * common) for v in row] for row in (direction, origin)
        )
        # All numbers are float64: the common denominator is a power of two.
        self._input = _Activations(slopes, offsets, common.bit_length() - 1)

    def forms(self, layer: int, interval: int) -> Forms:
        """Forms of a layer's units on an interval of the layers before it."""
        chain = [interval]
        while (layer - len(chain) + 1, chain[-1]) not in self._known and (
            len(chain) <= layer
        ):
            level = self._levels[layer - len(chain)]
            chain.append(int(level.parent[chain[-1]]))
        while chain:
            index, place = layer - len(chain) + 1, chain.pop()
            if (index, place) not in self._known:
                held = self._held(index, place)
                pre = self._pre_activations(index, held)
                self._known[index, place] = pre, held
        pre, _ = self._known[layer, interval]
        return pre.slopes, pre.offsets

    def _held(self, index: int, place: int) -> dict[int, _Activations]:
        """What layers from this one on read, on an interval of the layers before."""
        if index == 0:
            return {0: self._input}
        level = self._levels[index - 1]
        pre, held = self._known[index - 1, int(level.parent[place])]
        kept = {s: v for s, v in held.items() if self._last[s] >= index}
        kept[index] = self._activated(index - 1, pre, level.bits[:, place].tolist())
        return kept

    def root(self, layer: int, interval: int, unit: int) -> Fraction:
        """Where a unit vanishes that has a slope there."""
        slopes, offsets = self.forms(layer, interval)
        return Fraction(-offsets[unit], slopes[unit])

    def sign(self, layer: int, interval: int, unit: int, point: Fraction) -> int:
        """Sign of a unit's form on an interval at a point."""
        slopes, offsets = self.forms(layer, interval)
        value = slopes[unit] * point.numerator + offsets[unit] * point.denominator
        return (value > 0) - (value < 0)

    def slope_sign(self, layer: int, interval: int, unit: int) -> int:
        """Sign of the slope of a unit's form."""
        slopes, _ = self.forms(layer, interval)
        return (slopes[unit] > 0) - (slopes[unit] < 0)

    def forget(self, layer: int) -> None:
        """Drop the forms of layers before this one: they are made again if needed."""
        self._known = {key: v for key, v in self._known.items() if key[0] >= layer}

    def _pre_activations(
        self, index: int, held: dict[int, _Activations]
    ) -> _Activations:
        """Pre-activations of a layer from what it reads."""
        layer = self._layer(index)
        top = max(held[source].shift for source, _ in layer.blocks)
        slopes, offsets = [0] * len(layer.bias), [b << top for b in layer.bias]
        for source, rows in layer.blocks:
            own = held[source]
            up = top - own.shift
            get_slope = [v << up for v in own.slopes].__getitem__
            get_offset = [v << up for v in own.offsets].__getitem__
            for j, (columns, entries) in enumerate(rows):
                slopes[j] += sum(map(mul, entries, map(get_slope, columns)))
                offsets[j] += sum(map(mul, entries, map(get_offset, columns)))
        return _Activations(slopes, offsets, top + layer.shift)

    def _activated(self, index: int, pre: _Activations, on: list[bool]) -> _Activations:
        """Activations of a layer."""
        layer = self._layer(index)
        one = 1 << layer.slope_shift
        gates = [one if o else s for o, s in zip(on, layer.slopes, strict=True)]
        return _Activations(
            list(map(mul, gates, pre.slopes)),
            list(map(mul, gates, pre.offsets)),
            pre.shift + layer.slope_shift,
        )

    def _layer(self, index: int) -> _ExactLayer:
        """A layer in integers, converted once."""
        if index not in self._layers:
            self._layers[index] = _exact_layer(self._network.hidden[index], index)
        return self._layers[index]


def _exact_layer(layer: Layer, index: int) -> _ExactLayer:
    """A layer in integers, without its zeros."""
    places = [(s, m, np.nonzero(m)) for s, m in layer.blocks(index)]
    numbers = [layer.bias, *(m[at] for _, m, at in places)]
    integers, shift = dyadic(np.concatenate(numbers))
    bias, left = integers[: layer.width], integers[layer.width :]
    blocks = []
    for source, _, (rows, columns) in places:
        ends = np.searchsorted(rows, np.arange(layer.width + 1)).tolist()
        where = columns.tolist()
        table = [_Row(where[a:b], left[a:b]) for a, b in itertools.pairwise(ends)]
        blocks.append((source, table))
        left = left[len(where) :]
    slopes, slope_shift = dyadic(layer.slopes)
    return _ExactLayer(blocks, bias, shift, slopes, slope_shift)
