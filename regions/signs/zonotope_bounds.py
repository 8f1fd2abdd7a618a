"""Sharper float64 bounds for deep networks: rounding errors carried as zonotopes.

`float_bounds` multiplies an error by the absolute row sums of every layer, which grow
exponentially with depth while true errors do not. Here the error of the activations is
a zonotope C s, |s| <= 1, pushed through the layers by the layers' own maps; each layer
adds a generator per unit for its rounding, and old generators are replaced by their
bounding box when there are many. The argument is otherwise that of `float_bounds`.
"""

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.shapes import Domain
from regions.network import Layer, ReluNetwork
from regions.signs.rounding import (
    SAFETY,
    SMALLEST,
    chart_rounding,
    gamma,
    is_certain,
    slope_error,
)

MAX_GENERATORS = 64
"""Generators per unit before they are boxed; at least two layers' worth are kept."""


class ZonotopeBounds:
    """Proves signs at points of one network on one domain; no skip blocks."""

    def __init__(self, network: ReluNetwork, domain: Domain):
        self.layers = domain.restrict(network).hidden
        self.first = network.unit_starts
        self.row_error, self.bias_error = chart_rounding(network, domain)
        self._kinks = network.kinks
        self.available = not network.has_skips

    @np.errstate(all="ignore")
    def prove(
        self,
        points: Float64[np.ndarray, "points dim"],
        bits: Bool[np.ndarray, "points units"],
    ) -> Bool[np.ndarray, " points"]:
        """At which points all units have the claimed signs, proved.

        Args:
            points: Positions.
            bits: Claimed signs of all hidden units.
        """
        value, error = _ZonotopePass(self, points, bits.T).run()
        strict = is_certain(np.where(bits.T, value, -value), SAFETY * error)
        return np.asarray((strict.T | ~self._kinks).all(1))


class _ZonotopePass:
    """Values and error generators through the layers; units lead."""

    def __init__(self, bounds: ZonotopeBounds, points: np.ndarray, bits: np.ndarray):
        self._bounds, self._points, self._bits = bounds, points, bits

    def run(self) -> tuple[np.ndarray, np.ndarray]:
        """Values and error bounds of all units."""
        count, dim = self._points.shape
        units = int(self._bounds.first[-1])
        value, error = np.empty((2, units, count))
        held, generators = self._points.T, np.zeros((dim, count, 0))
        for index, layer in enumerate(self._bounds.layers):
            part = slice(self._bounds.first[index], self._bounds.first[index + 1])
            rounding = self._rounding(index, layer, held, generators)
            held = layer.weight @ held + layer.bias[:, None]
            generators = _apply(layer.weight, generators)
            value[part] = held
            error[part] = SAFETY * (np.abs(generators).sum(2) + rounding)
            gate = np.where(self._bits[part], 1.0, layer.slopes[:, None])
            rounding += slope_error(np.abs(held) + error[part])
            held = held * gate
            generators = _gated(generators, rounding, gate)
        return value, error

    def _rounding(
        self, index: int, layer: Layer, held: np.ndarray, generators: np.ndarray
    ) -> np.ndarray:
        """Rounding of one layer, in values and generators together."""
        terms = layer.weight.shape[1] + 2
        norms = np.abs(layer.weight).sum(1)[:, None]
        size = np.abs(held).max(axis=0)
        spread = np.abs(generators).sum(2).max(0, initial=0.0)
        result = gamma(terms) * (norms * (size + spread) + np.abs(layer.bias)[:, None])
        # Underflow, in the values and in every generator.
        result += terms * (generators.shape[2] + 2) * SMALLEST
        if index == 0:
            size = np.maximum(size, np.abs(self._points).max(1))
            result += self._bounds.row_error[0] * size + self._bounds.bias_error[0]
        return result * SAFETY


def _apply(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A matrix times the leading axis of an array."""
    flat = columns.reshape(columns.shape[0], -1)
    return (matrix @ flat).reshape(matrix.shape[0], *columns.shape[1:])


def _gated(
    generators: np.ndarray, rounding: np.ndarray, gate: np.ndarray
) -> np.ndarray:
    """Generators after the kinks, with one more per unit for the layer's rounding."""
    width, count, held = generators.shape
    if held + width > max(MAX_GENERATORS, 2 * width):
        rounding = SAFETY * (np.abs(generators).sum(2) + rounding)
        generators = np.zeros((width, count, 0))
    fresh = np.zeros((width, count, width))
    unit = np.arange(width)
    # The products with a slope may underflow, in the value and in every generator.
    is_exact = (gate == 0.0) | (gate == 1.0)
    underflow = np.where(is_exact, 0.0, (held + 2) * SMALLEST)
    fresh[unit, :, unit] = np.abs(gate) * rounding + underflow
    return np.concatenate([generators * gate[:, :, None], fresh], axis=2)
