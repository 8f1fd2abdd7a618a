"""Signs at points proved by float64 error bounds, many points at once.

A sign is proved where the value of its unit exceeds the bound of its error. The errors
are those of `regions.signs.rounding`; the errors of one layer pass through the next by
the largest absolute row sums of its blocks.
"""

import functools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64, UInt32

from regions.domains.shapes import Domain
from regions.network import Layer, ReluNetwork
from regions.patterns.packing import sign_words
from regions.signs.rounding import (
    SAFETY,
    are_on,
    chart_rounding,
    gamma,
    is_certain,
    row_sum,
    slope_error,
    steepest,
    sum_error,
)


class PointBounds:
    """Proves signs at points of a domain's chart.

    Attributes:
        layers: The hidden layers in chart coordinates, rounded to float64.
        row_error: Per layer, the error of a row that was composed with the chart.
        bias_error: Per layer, the error of a bias that was composed with the chart.
        has_skips: Whether any layer reads more than the previous one.
    """

    def __init__(self, network: ReluNetwork, domain: Domain):
        self.layers = domain.restrict(network).hidden
        self.row_error, self.bias_error = chart_rounding(network, domain)
        self.has_skips = network.has_skips
        kinks = [sign_words(np.where(h.kinks, 1.0, -1.0)[None]) for h in self.layers]
        self._kink_words = np.concatenate([np.zeros((1, 0), np.uint32), *kinks], axis=1)

    @functools.cached_property
    def row_sums(self) -> list[list[float]]:
        """Largest absolute row sum of each block of each layer."""
        return [
            [row_sum(matrix) for _, matrix in layer.blocks(index)]
            for index, layer in enumerate(self.layers)
        ]

    @functools.cached_property
    def bias_rounding(self) -> list[tuple[int, float]]:
        """Terms of the sums of each layer, and what adding its biases loses."""
        found = []
        for index, layer in enumerate(self.layers):
            blocks = layer.blocks(index)
            terms = sum(m.shape[1] for _, m in blocks) + len(blocks) + 1
            found.append((terms, float(sum_error(terms, np.abs(layer.bias).max()))))
        return found

    @np.errstate(all="ignore")
    def signs_at(
        self, points: Float64[np.ndarray, "points dim"]
    ) -> tuple[
        UInt32[np.ndarray, "points words"],
        Bool[np.ndarray, " points"],
        Bool[np.ndarray, " points"],
    ]:
        """Computed signs at points.

        Returns:
            The signs of all units as words, at which points those of all units with a
            kink are proved, and at which one of them is computed to be zero.
        """
        walk = _ForwardPass(self, points)
        words = walk.forward()
        tied = np.zeros(len(points), bool)
        for gap in walk.gaps:
            tied |= gap == 0.0
        return words, walk.clear(np.zeros(len(points))), tied

    @np.errstate(all="ignore")
    def last_layer(
        self,
        points: Float64[np.ndarray, "points dim"],
        position: Float64[np.ndarray, " points"],
    ) -> tuple[Float64[np.ndarray, "points units"], Float64[np.ndarray, " points"]]:
        """Values of the units of the last hidden layer, and bounds of their errors.

        Args:
            points: Computed positions.
            position: Bounds of the position errors, in every coordinate.
        """
        walk = _ForwardPass(self, points)
        *_, last = walk.pre_activations()
        error = walk.error(len(self.layers) - 1, position)
        # An infinite bound times a zero row sum is no bound at all.
        return last, np.where(np.isfinite(error), error, np.inf)

    def same_signs(
        self,
        words: UInt32[np.ndarray, "rows words"],
        claimed: UInt32[np.ndarray, "rows words"],
    ) -> Bool[np.ndarray, " rows"]:
        """Whether sign words agree on all units with a kink."""
        return ((words ^ claimed) & self._kink_words == 0).all(1)


class _ForwardPass:
    """A forward pass at stored positions."""

    def __init__(self, bounds: PointBounds, points: Float64[np.ndarray, "points dim"]):
        self.gaps: list[np.ndarray] = []
        self._points, self._bounds = points, bounds
        self._size = {0: np.abs(points).max(1)}
        # Error of the activations of a source: slope * |x* - x| + offset.
        self._slope = {0: 1.0}
        self._offset = {0: np.zeros(len(points))}

    def forward(self) -> UInt32[np.ndarray, "points words"]:
        """Evaluate all layers; the computed signs."""
        found = [np.zeros((len(self._points), 0), np.uint32)]
        layers = self._bounds.layers
        for layer, pre in zip(layers, self.pre_activations(), strict=True):
            found.append(sign_words(pre))
            self.gaps.append(np.abs(pre[:, layer.kinks]).min(1, initial=np.inf))
        return np.concatenate(found, axis=1)

    def pre_activations(self) -> Iterator[Float64[np.ndarray, "points units"]]:
        """Those of one layer after another."""
        held = {0: self._points}
        layers = self._bounds.layers
        for index, layer in enumerate(layers):
            pre = layer.bias + sum(held[s] @ m.T for s, m in layer.blocks(index))
            yield pre
            if index + 1 < len(layers):
                held[index + 1] = _activate(layer, pre)
                self._note_errors(index, held[index + 1])

    def clear(
        self, position: Float64[np.ndarray, " points"]
    ) -> Bool[np.ndarray, " points"]:
        """Where all units are farther from zero than their errors.

        Args:
            position: Bounds of the position errors of the points.
        """
        result = np.ones(len(self._points), bool)
        for index, gap in enumerate(self.gaps):
            result &= is_certain(gap, self.error(index, position))
        return result

    def _note_errors(self, index: int, activation: np.ndarray) -> None:
        """Error bounds of the activations of a layer."""
        layer = self._bounds.layers[index]
        self._size[index + 1] = np.abs(activation).max(1)
        steep = steepest(layer) * SAFETY
        self._slope[index + 1] = steep * self._error_slope(index)
        none = np.zeros(len(self._points))
        self._offset[index + 1] = steep * self.error(index, none) + slope_error(
            self._size[index + 1]
        )

    def _error_slope(self, index: int) -> float:
        """Error of the layer's pre-activations per unit of |x* - x|."""
        bounds = self._bounds
        total = 0.0
        blocks, sums = bounds.layers[index].blocks(index), bounds.row_sums[index]
        for (source, _), steep in zip(blocks, sums, strict=True):
            total += steep * self._slope[source]
            if source == 0:
                total += bounds.row_error[index]
        return total

    def error(
        self, index: int, position: Float64[np.ndarray, " points"]
    ) -> Float64[np.ndarray, " points"]:
        """Bound of |F_j(x*) - computed F_j(x)| over the units j of a layer."""
        bounds, blocks = self._bounds, self._bounds.layers[index].blocks(index)
        terms, constant = bounds.bias_rounding[index]
        total = np.full(len(self._points), constant)
        for (source, _), steep in zip(blocks, bounds.row_sums[index], strict=True):
            rounding = self._offset[source] + gamma(terms) * self._size[source]
            total += steep * rounding
            if source == 0:
                total += bounds.row_error[index] * self._size[0]
                total += bounds.bias_error[index]
        return SAFETY * (total + self._error_slope(index) * position)


def _activate(layer: Layer, pre: np.ndarray) -> np.ndarray:
    """Activations of a layer."""
    if not layer.slopes.any():
        return np.maximum(pre, 0.0)
    return pre * np.where(are_on(pre), 1.0, layer.slopes)
