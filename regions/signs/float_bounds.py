"""Signs at vertices proved by float64 error bounds, many vertices at once.

Let v be a vertex with zeros Z and claimed signs. With its units taken on or off as
claimed (zeros off), every pre-activation is an affine form F_j. The exact vertex x* is
the solution of F_Z(x*) = 0. With J the gradients of F_Z, R an approximate inverse of J
and r = F_Z(x) at the float64 position x,

    |x* - x| <= |R| (|r| + e_r) / (1 - a),   a >= ||I - R J|| + |R| e_J,   a < 1,

where e_r and e_J bound the errors of r and J. Then |F_j(x*) - F_j(x)| is at most the
error of F_j(x) plus what |x* - x| can add. Where |F_j(x)| exceeds its bound, the sign
is proved. The errors are those of `regions.signs.rounding`. A point that is no vertex
is its own exact position.
"""

import functools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64, Int, Int32, UInt32

from regions.domains.shapes import Domain
from regions.domains.simple_polytope import SimplePolytope
from regions.network import Layer, ReluNetwork
from regions.patterns.packing import sign_words
from regions.signs.rounding import (
    SAFETY,
    SMALLEST,
    are_on,
    chart_rounding,
    gamma,
    is_certain,
    position_bound,
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

    def __init__(self, network: ReluNetwork, domain: Domain, facets: int = 0):
        self.layers = domain.restrict(network).hidden
        self._first = network.unit_starts
        self.row_error, self.bias_error = chart_rounding(network, domain)
        self._facets = facets
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
        walk = _ForwardPass(self, points, np.zeros((len(points), 0), np.int32))
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
        walk = _ForwardPass(self, points, np.zeros((len(points), 0), np.int32))
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


class FloatBounds(PointBounds):
    """Proves signs at vertices, too: facets of the polytope are zeros like units.

    Attributes:
        polytope: The domain's polytope.
    """

    def __init__(self, network: ReluNetwork, domain: Domain, polytope: SimplePolytope):
        super().__init__(network, domain, len(polytope.b))
        self.polytope = polytope

    @np.errstate(all="ignore")
    def prove(
        self,
        vertices: Float64[np.ndarray, "vertices dim"],
        zeros: Int32[np.ndarray, "vertices dim"],
        signs: UInt32[np.ndarray, "vertices words"],
    ) -> tuple[Bool[np.ndarray, " vertices"], Float64[np.ndarray, " vertices"]]:
        """Which vertices have proved signs, and bounds of their position errors.

        The bound is infinite where none was proved.

        Args:
            vertices: Computed positions.
            zeros: The facets (first) and units that vanish at each.
            signs: Claimed signs of all units, as words.
        """
        walk = _ForwardPass(self, vertices, zeros)
        agree = self.same_signs(walk.forward(), signs)
        J, J_error, residual = self._zero_forms(walk)
        position = position_bound(J, J_error, residual)
        # An infinite bound times a zero row sum is no bound at all.
        finite = np.isfinite(position)
        return agree & finite & walk.clear(np.where(finite, position, 0.0)), position

    def _zero_forms(
        self, walk: "_ForwardPass"
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradients of the zeros, their errors, and bounds of the zeros' values."""
        count, dim = walk.zeros.shape
        J, error = np.zeros((count, dim, dim)), np.zeros((count, dim))
        residual = np.abs(walk.residual)
        none = np.zeros(count)
        for k in range(dim):
            facet = walk.zeros[:, k] < self._facets
            at = np.flatnonzero(facet)
            A, b = self.polytope.A[walk.zeros[at, k]], self.polytope.b
            J[at, k] = A
            right = b[walk.zeros[at, k]]
            gap = (A * walk.points[at]).sum(1) - right
            size = (np.abs(A) * np.abs(walk.points[at])).sum(1) + np.abs(right)
            residual[at, k] = np.abs(gap) + sum_error(dim + 2, size)
            at = np.flatnonzero(~facet)
            unit = walk.zeros[at, k] - self._facets
            J[at, k], error[at, k] = self._gradients(walk, at, unit)
        for index in range(len(self.layers)):
            inside = (walk.zeros >= self._facets + self._first[index]) & (
                walk.zeros < self._facets + self._first[index + 1]
            )
            residual += np.where(inside, walk.error(index, none)[:, None], 0.0)
        return J, error, residual

    def _gradients(
        self,
        walk: "_ForwardPass",
        at: Int[np.ndarray, " rows"],
        unit: Int[np.ndarray, " rows"],
    ) -> tuple[Float64[np.ndarray, "rows dim"], Float64[np.ndarray, " rows"]]:
        """Gradient of one unit per vertex by reverse accumulation, and its error."""
        layer_of = np.searchsorted(self._first, unit, side="right") - 1
        result = np.zeros((len(at), walk.points.shape[1]))
        error = np.zeros(len(at))
        adjoint: dict[int, np.ndarray] = {}
        # Errors of the adjoints, in the sum of absolute values.
        adjoint_error = {s: np.zeros(len(at)) for s in range(1, len(self.layers) + 1)}
        for index in range(int(layer_of.max(initial=-1)), -1, -1):
            layer = self.layers[index]
            live = np.flatnonzero(layer_of >= index)
            starts = layer_of[live] == index
            rows = np.zeros((len(live), layer.width))
            if index + 1 in adjoint:
                rows = walk.gated(index, adjoint[index + 1][live], at[live])
            rows[starts] = 0.0
            rows[starts, unit[live[starts]] - self._first[index]] = 1.0
            size = np.abs(rows).sum(1)
            # Products with slopes may underflow.
            carried = adjoint_error[index + 1][live] * steepest(layer)
            carried += layer.width * SMALLEST
            # Several readers of one source add up, hence the terms for the layers.
            terms = layer.width + 3 + len(self.layers)
            sums = self.row_sums[index]
            for (source, matrix), steep in zip(layer.blocks(index), sums, strict=True):
                new = (carried + gamma(terms) * size) * steep
                new += terms * matrix.shape[1] * SMALLEST
                if source == 0:
                    result[live] += rows @ matrix
                    error[live] += new + (carried + size) * self.row_error[index]
                else:
                    if source not in adjoint:
                        adjoint[source] = np.zeros((len(at), matrix.shape[1]))
                    adjoint[source][live] += rows @ matrix
                    adjoint_error[source][live] += new
        return result, error * SAFETY


class _ForwardPass:
    """A forward pass at stored positions, with the zeros of each vertex off."""

    def __init__(
        self,
        bounds: PointBounds,
        points: Float64[np.ndarray, "vertices dim"],
        zeros: Int32[np.ndarray, "vertices zeros"],
    ):
        self.points, self.zeros = points, zeros
        self.residual = np.zeros(zeros.shape)
        self.gaps: list[np.ndarray] = []
        self._bounds = bounds
        self._on: list[np.ndarray] = []
        self._size = {0: np.abs(points).max(1)}
        # Error of the activations of a source: slope * |x* - x| + offset.
        self._slope = {0: 1.0}
        self._offset = {0: np.zeros(len(points))}

    def _own(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Vertex, slot and unit of the zeros that lie in a layer."""
        unit = self.zeros - self._bounds._facets - self._bounds._first[index]
        row, slot = np.nonzero((unit >= 0) & (unit < self._bounds.layers[index].width))
        return row, slot, unit[row, slot]

    def forward(self) -> UInt32[np.ndarray, "vertices words"]:
        """Evaluate all layers; the computed signs, own zeros off."""
        found = [np.zeros((len(self.points), 0), np.uint32)]
        layers = self._bounds.layers
        for layer, pre in zip(layers, self.pre_activations(), strict=True):
            found.append(sign_words(pre))
            self.gaps.append(np.abs(pre[:, layer.kinks]).min(1, initial=np.inf))
        return np.concatenate(found, axis=1)

    def pre_activations(self) -> Iterator[Float64[np.ndarray, "vertices units"]]:
        """Those of one layer after another; own zeros are minus infinity."""
        held = {0: self.points}
        layers = self._bounds.layers
        for index, layer in enumerate(layers):
            pre = layer.bias + sum(held[s] @ m.T for s, m in layer.blocks(index))
            row, slot, unit = self._own(index)
            self.residual[row, slot] = pre[row, unit]
            pre[row, unit] = -np.inf
            yield pre
            if index + 1 < len(layers):
                self._on.append(are_on(pre))
                pre[row, unit] = 0.0
                held[index + 1] = _activate(layer, pre, self._on[-1])
                self._note_errors(index, held[index + 1])

    def clear(
        self, position: Float64[np.ndarray, " vertices"]
    ) -> Bool[np.ndarray, " vertices"]:
        """Where all units but own zeros are farther from zero than their errors.

        Args:
            position: Bounds of the position errors of the vertices.
        """
        result = np.ones(len(self.points), bool)
        for index, gap in enumerate(self.gaps):
            result &= is_certain(gap, self.error(index, position))
        return result

    def _note_errors(self, index: int, activation: np.ndarray) -> None:
        """Error bounds of the activations of a layer."""
        layer = self._bounds.layers[index]
        self._size[index + 1] = np.abs(activation).max(1)
        steep = steepest(layer) * SAFETY
        self._slope[index + 1] = steep * self._error_slope(index)
        none = np.zeros(len(self.points))
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
        self, index: int, position: Float64[np.ndarray, " vertices"]
    ) -> Float64[np.ndarray, " vertices"]:
        """Bound of |F_j(x*) - computed F_j(x)| over the units j of a layer."""
        bounds, blocks = self._bounds, self._bounds.layers[index].blocks(index)
        terms, constant = bounds.bias_rounding[index]
        total = np.full(len(self.points), constant)
        for (source, _), steep in zip(blocks, bounds.row_sums[index], strict=True):
            rounding = self._offset[source] + gamma(terms) * self._size[source]
            total += steep * rounding
            if source == 0:
                total += bounds.row_error[index] * self._size[0]
                total += bounds.bias_error[index]
        return SAFETY * (total + self._error_slope(index) * position)

    def gated(
        self, index: int, rows: np.ndarray, at: Int[np.ndarray, " rows"]
    ) -> np.ndarray:
        """Rows times the slope of each unit as claimed; 0 for a vertex's own zeros."""
        slopes = self._bounds.layers[index].slopes
        on = self._on[index][at]
        if not slopes.any():
            # Own zeros count as off, and off means 0.
            return rows * on
        gate = np.where(on, 1.0, slopes)
        row, _, unit = self._own(index)
        back = np.full(len(self.points), -1)
        back[at] = np.arange(len(at))
        inside = back[row] >= 0
        gate[back[row[inside]], unit[inside]] = 0.0
        return rows * gate


def _activate(layer: Layer, pre: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Activations of a layer; `on` says which units are positive."""
    if not layer.slopes.any():
        return np.maximum(pre, 0.0)
    return pre * np.where(on, 1.0, layer.slopes)
