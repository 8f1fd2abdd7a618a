"""Sharper float64 bounds for deep networks: rounding errors carried as zonotopes.

`float_bounds` multiplies an error by the absolute row sums of every layer, which grow
exponentially with depth while true errors do not. Here the error of the activations is
a zonotope C s, |s| <= 1, pushed through the layers by the layers' own maps; each layer
adds a generator per unit for its rounding, and old generators are replaced by their
bounding box when there are many. The argument is otherwise that of `float_bounds`; the
gradients are accumulated forward, and their rounding obeys the same bounds.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int32

from regions.domains.shapes import Domain
from regions.domains.simple_polytope import SimplePolytope
from regions.network import Layer, ReluNetwork
from regions.signs.rounding import (
    SAFETY,
    SMALLEST,
    chart_rounding,
    gamma,
    is_certain,
    position_bound,
    slope_error,
    sum_error,
)

MAX_GENERATORS = 64
"""Generators per unit before they are boxed; at least two layers' worth are kept."""


class ZonotopeBounds:
    """Proves signs at points of one network on one domain; no skip blocks."""

    def __init__(
        self,
        network: ReluNetwork,
        domain: Domain,
        polytope: SimplePolytope | None = None,
    ):
        self._polytope = polytope
        self._layers = domain.restrict(network).hidden
        self._first = network.unit_starts
        self._row_error, self._bias_error = chart_rounding(network, domain)
        self._facets = 0 if polytope is None else len(polytope.b)
        self._kinks = network.kinks
        self.available = not network.has_skips

    @np.errstate(all="ignore")
    def prove(
        self,
        points: Float64[np.ndarray, "points dim"],
        bits: Bool[np.ndarray, "points units"],
        zeros: Int32[np.ndarray, "points dim"] | None = None,
    ) -> tuple[Bool[np.ndarray, " points"], Float64[np.ndarray, " points"]]:
        """Whether units have the claimed signs at points, or at vertices near them.

        Args:
            points: Positions.
            bits: Claimed signs of all hidden units.
            zeros: Zeros of the vertices; by default the points themselves are meant.

        Returns:
            Which points have all signs proved, and bounds of their position errors.
        """
        own = np.zeros_like(bits)
        if zeros is not None:
            row, slot = np.nonzero(zeros >= self._facets)
            own[row, zeros[row, slot] - self._facets] = True
        # Only a position that is not known exactly asks for gradients.
        walk = _ZonotopePass(self, points, bits.T, own.T, zeros is not None)
        value, steep, error, jacobian = walk.run()
        dim = points.shape[1]
        position = np.zeros(len(points))
        if zeros is not None:
            J, J_error, residual = self._zero_forms(
                points, zeros, value, error, jacobian
            )
            position = position_bound(J, J_error, residual)
        finite = np.isfinite(position)
        reach = np.where(finite, position, 0.0)
        bound = SAFETY * (error * (1.0 + dim * reach) + steep * reach)
        strict = is_certain(np.where(bits.T, value, -value), bound)
        fine = np.where(own, ~bits, strict.T) | ~self._kinks
        return fine.all(1) & finite, position

    def _zero_forms(
        self,
        points: np.ndarray,
        zeros: np.ndarray,
        value: np.ndarray,
        error: np.ndarray,
        jacobian: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradients of the zeros, their errors, and bounds of the zeros' values."""
        assert self._polytope is not None
        count, dim = zeros.shape
        J, J_error = np.zeros((count, dim, dim)), np.zeros((count, dim))
        residual = np.zeros((count, dim))
        row, slot = np.nonzero(zeros < self._facets)
        facet = zeros[row, slot]
        A, b = self._polytope.A[facet], self._polytope.b[facet]
        J[row, slot] = A
        size = (np.abs(A) * np.abs(points[row])).sum(1) + np.abs(b)
        gap = np.abs((A * points[row]).sum(1) - b)
        residual[row, slot] = gap + sum_error(dim + 2, size)
        row, slot = np.nonzero(zeros >= self._facets)
        unit = zeros[row, slot] - self._facets
        J[row, slot] = jacobian[unit, row]
        J_error[row, slot] = dim * error[unit, row]
        residual[row, slot] = np.abs(value[unit, row]) + error[unit, row]
        return J, J_error, residual


class _ZonotopePass:
    """Values, gradients and error generators through the layers; units lead."""

    def __init__(
        self,
        bounds: ZonotopeBounds,
        points: np.ndarray,
        bits: np.ndarray,
        own: np.ndarray,
        gradients: bool,
    ):
        self._bounds, self._points, self._bits, self._own = bounds, points, bits, own
        self._columns = points.shape[1] if gradients else 0

    def run(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Values, absolute gradient sums, error bounds and gradients of all units."""
        count, dim = self._points.shape
        units = int(self._bounds._first[-1])
        value, steep = np.empty((units, count)), np.empty((units, count))
        error = np.empty((units, count))
        gradient = np.empty((units, count, self._columns))
        # Column 0 is the value, the others the gradient.
        unit_rows = np.eye(dim, self._columns)[:, None, :]
        held = np.concatenate(
            [
                self._points.T[:, :, None],
                np.broadcast_to(unit_rows, (dim, count, self._columns)),
            ],
            axis=2,
        )
        generators = np.zeros((dim, count, 0))
        for index, layer in enumerate(self._bounds._layers):
            part = slice(self._bounds._first[index], self._bounds._first[index + 1])
            rounding = self._rounding(index, layer, held, generators)
            held = _apply(layer.weight, held)
            held[:, :, 0] += layer.bias[:, None]
            generators = _apply(layer.weight, generators)
            value[part], gradient[part] = held[:, :, 0], held[:, :, 1:]
            steep[part] = np.abs(held[:, :, 1:]).sum(2)
            error[part] = SAFETY * (np.abs(generators).sum(2) + rounding)
            gate = np.where(self._bits[part], 1.0, layer.slopes[:, None])
            gate[self._own[part]] = 0.0
            rounding += slope_error(np.abs(held).max(2) + error[part])
            held = held * gate[:, :, None]
            generators = _gated(generators, rounding, gate)
        return value, steep, error, gradient

    def _rounding(
        self, index: int, layer: Layer, held: np.ndarray, generators: np.ndarray
    ) -> np.ndarray:
        """Rounding of one layer, in values, gradients and generators together."""
        terms = layer.weight.shape[1] + 2
        norms = np.abs(layer.weight).sum(1)[:, None]
        size = np.abs(held).max(axis=(0, 2))
        spread = np.abs(generators).sum(2).max(0, initial=0.0)
        result = gamma(terms) * (norms * (size + spread) + np.abs(layer.bias)[:, None])
        # Underflow, in the values and in every generator.
        result += terms * (generators.shape[2] + 2) * SMALLEST
        if index == 0:
            size = np.maximum(size, np.abs(self._points).max(1))
            result += self._bounds._row_error[0] * size + self._bounds._bias_error[0]
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
