"""Signs at vertices proved by float64 error bounds, many vertices at once.

Let v be a vertex with zeros Z and claimed signs. With its units taken on or off as
claimed (zeros off), every pre-activation is an affine form F_j. The exact vertex x* is
the solution of F_Z(x*) = 0. With J the gradients of F_Z, R an approximate inverse of J
and r = F_Z(x) at the float64 position x,

    |x* - x| <= |R| (|r| + e_r) / (1 - a),   a >= ||I - R J|| + |R| e_J,   a < 1,

where e_r and e_J bound the rounding of r and J. Then |F_j(x*) - F_j(x)| is at most the
rounding of F_j(x) plus what |x* - x| can add. Rounding: a dot product of n terms in any
order errs by at most g_n |w| |h|, g_n = n u / (1 - n u), u = 2^-53 (Higham, Accuracy
and Stability of Numerical Algorithms, section 3.1), and by one smallest number per term
where products underflow; an error passes through a layer by at most its largest
absolute row sum and through a kink by at most its steepest slope. Overflow gives
infinities or NaN, which prove nothing.
Where |F_j(x)| exceeds its bound, the sign is proved.
"""

from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int, Int32, UInt32

from regions.domains.shapes import BoundedDomain
from regions.domains.simple_polytope import SimplePolytope
from regions.enumeration.sweep.complex import Complex
from regions.network import Layer, ReluNetwork
from regions.packing import sign_words

UNIT_ROUNDOFF = 2.0**-53
SMALLEST = 2.0**-1074
"""What a product can lose to underflow, at most."""
SAFETY = 1.0 + 2.0**-20
"""Covers the rounding of the bounds themselves."""


def gamma(terms: int) -> float:
    """Relative error of a dot product of `terms` terms, evaluated in any order."""
    return terms * UNIT_ROUNDOFF / (1.0 - terms * UNIT_ROUNDOFF)


class FloatBounds:
    """Proves the signs at vertices of complexes of one network on one domain."""

    def __init__(
        self, network: ReluNetwork, domain: BoundedDomain, polytope: SimplePolytope
    ):
        self.polytope = polytope
        self.layers = domain.restrict(network).hidden
        self._first = network.unit_starts
        self.row_doubt, self.bias_doubt = chart_rounding(network, domain)
        self._facets = len(polytope.b)
        self.has_skips = network.has_skips

    @np.errstate(all="ignore")
    def prove(
        self, complex_: Complex, part: slice | Int[np.ndarray, " vertices"]
    ) -> tuple[Bool[np.ndarray, " vertices"], Float64[np.ndarray, " vertices"]]:
        """Which vertices have proved signs, and bounds of their position errors.

        The bound is infinite where none was proved.
        """
        walk = _Walk(self, complex_.vertices[part], complex_.zeros[part])
        agree = walk.forward(complex_.signs[part])
        J, J_error, residual = self._zero_forms(walk)
        position = position_bound(J, J_error, residual)
        # An infinite bound times a zero row sum is no bound at all.
        finite = np.isfinite(position)
        proved = agree & finite
        reach = np.where(finite, position, 0.0)
        for index in range(len(self.layers)):
            proved &= walk.gaps[index] > walk.error(index, reach)
        return proved, position

    @np.errstate(all="ignore")
    def prove_points(
        self,
        points: Float64[np.ndarray, "points dim"],
        signs: UInt32[np.ndarray, "points words"],
    ) -> Bool[np.ndarray, " points"]:
        """Which of some points (not vertices) have the claimed signs, proved."""
        walk = _Walk(self, points, np.zeros((len(points), 0), np.int32))
        proved = walk.forward(signs)
        for index in range(len(self.layers)):
            proved &= walk.gaps[index] > walk.error(index, np.zeros(len(points)))
        return proved

    def _zero_forms(self, walk: "_Walk") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradients of the zeros, bounds of their rounding, and residuals."""
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
            residual[at, k] = np.abs(gap) + gamma(dim + 2) * size + SMALLEST
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
        walk: "_Walk",
        at: Int[np.ndarray, " rows"],
        unit: Int[np.ndarray, " rows"],
    ) -> tuple[Float64[np.ndarray, "rows dim"], Float64[np.ndarray, " rows"]]:
        """Gradient of one unit per vertex by reverse accumulation, and its rounding."""
        layer_of = np.searchsorted(self._first, unit, side="right") - 1
        result = np.zeros((len(at), walk.points.shape[1]))
        error = np.zeros(len(at))
        adjoint: dict[int, np.ndarray] = {}
        doubt = {s: np.zeros(len(at)) for s in range(1, len(self.layers) + 1)}
        for index in range(int(layer_of.max(initial=-1)), -1, -1):
            layer = self.layers[index]
            live = np.flatnonzero(layer_of >= index)
            starts = layer_of[live] == index
            rows = np.zeros((len(live), layer.width))
            if index + 1 in adjoint:
                rows = walk.gated(index, adjoint[index + 1][live], at[live])
            rows[starts] = 0.0
            rows[starts, unit[live[starts]] - self._first[index]] = 1.0
            rough, size = doubt[index + 1][live] * _steepest(layer), np.abs(rows).sum(1)
            # Products with slopes may underflow.
            rough += layer.width * SMALLEST
            # Several readers of one source add up, hence the terms for the layers.
            terms = layer.width + 3 + len(self.layers)
            for source, matrix in layer.blocks(index):
                new = (rough + gamma(terms) * size) * _row_sum(matrix)
                new += terms * matrix.shape[1] * SMALLEST
                if source == 0:
                    result[live] += rows @ matrix
                    error[live] += new + (rough + size) * self.row_doubt[index]
                else:
                    if source not in adjoint:
                        adjoint[source] = np.zeros((len(at), matrix.shape[1]))
                    adjoint[source][live] += rows @ matrix
                    doubt[source][live] += new
        return result, error * SAFETY


class _Walk:
    """A forward pass at stored positions, with the zeros of each vertex off."""

    def __init__(
        self,
        bounds: FloatBounds,
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

    def forward(
        self, claimed: UInt32[np.ndarray, "vertices words"]
    ) -> Bool[np.ndarray, " vertices"]:
        """Evaluate all layers; whether the signs are as claimed, own zeros aside."""
        held, word = {0: self.points}, 0
        agree = np.ones(len(self.points), bool)
        layers = self._bounds.layers
        for index, layer in enumerate(layers):
            pre = layer.bias + sum(held[s] @ m.T for s, m in layer.blocks(index))
            row, slot, unit = self._own(index)
            self.residual[row, slot] = pre[row, unit]
            pre[row, unit] = -np.inf
            words = sign_words(pre)
            last = word + words.shape[1]
            agree &= _same_signs(words, claimed[:, word:last], layer)
            word = last
            self.gaps.append(np.abs(pre[:, layer.kinks]).min(1, initial=np.inf))
            if index + 1 < len(layers):
                self._on.append(pre > 0.0)
                pre[row, unit] = 0.0
                held[index + 1] = _activate(layer, pre, self._on[-1])
                self._note_errors(index, held[index + 1])
        return agree

    def _note_errors(self, index: int, activation: np.ndarray) -> None:
        """Error bounds of the activations of a layer."""
        layer = self._bounds.layers[index]
        self._size[index + 1] = np.abs(activation).max(1)
        steep = _steepest(layer) * SAFETY
        self._slope[index + 1] = steep * self._error_slope(index)
        none = np.zeros(len(self.points))
        # One more rounding, where the slope is neither 0 nor 1.
        rounding = 2.0 * UNIT_ROUNDOFF * self._size[index + 1] + SMALLEST
        self._offset[index + 1] = steep * self.error(index, none) + rounding

    def _error_slope(self, index: int) -> float:
        """Error of the layer's pre-activations per unit of |x* - x|."""
        bounds = self._bounds
        total = 0.0
        for source, matrix in bounds.layers[index].blocks(index):
            total += _row_sum(matrix) * self._slope[source]
            if source == 0:
                total += bounds.row_doubt[index]
        return total

    def error(
        self, index: int, position: Float64[np.ndarray, " vertices"]
    ) -> Float64[np.ndarray, " vertices"]:
        """Bound of |F_j(x*) - computed F_j(x)| over the units j of a layer."""
        bounds, layer = self._bounds, self._bounds.layers[index]
        blocks = layer.blocks(index)
        terms = sum(m.shape[1] for _, m in blocks) + len(blocks) + 1
        constant = gamma(terms) * np.abs(layer.bias).max() + terms * SMALLEST
        total = np.full(len(self.points), constant)
        for source, matrix in blocks:
            rounding = self._offset[source] + gamma(terms) * self._size[source]
            total += _row_sum(matrix) * rounding
            if source == 0:
                total += bounds.row_doubt[index] * self._size[0]
                total += bounds.bias_doubt[index]
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


def _same_signs(
    words: np.ndarray, claimed: np.ndarray, layer: Layer
) -> Bool[np.ndarray, " vertices"]:
    """Whether sign words agree on all units with a kink."""
    mask = sign_words(np.where(layer.kinks, 1.0, -1.0)[None])
    return ((words ^ claimed) & mask == 0).all(1)


def _activate(layer: Layer, pre: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Activations of a layer; `on` says which units are positive."""
    if not layer.slopes.any():
        return np.maximum(pre, 0.0)
    return pre * np.where(on, 1.0, layer.slopes)


def _steepest(layer: Layer) -> float:
    """Largest absolute slope of the activation of a layer."""
    return max(1.0, float(np.abs(layer.slopes).max()))


def _row_sum(matrix: np.ndarray) -> float:
    """Largest absolute row sum."""
    return float(np.abs(matrix).sum(1).max())


def chart_rounding(
    network: ReluNetwork, domain: BoundedDomain
) -> tuple[list[float], list[float]]:
    """Per layer, rounding of the rows and biases that were composed with the chart.

    Infinite where the chart overflows.
    """
    rows, bias = [0.0] * len(network.hidden), [0.0] * len(network.hidden)
    if domain.is_chart_identity:
        return rows, bias
    origin, directions = domain.rational_chart()
    start = np.array([_magnitude(v) for v in origin])
    spread = np.array([[_magnitude(v) for v in row] for row in directions])
    # Directions are differences of float64 numbers: one rounding more.
    factor = 2.0 * gamma(len(start) + 4)
    for index, layer in enumerate(network.hidden):
        for source, matrix in layer.blocks(index):
            if source == 0 and matrix.any():
                with np.errstate(over="ignore", invalid="ignore"):
                    steep = _row_sum(np.abs(matrix) @ spread.T)
                    moved = np.abs(matrix) @ start + np.abs(layer.bias)
                # A product that underflows is lost, and t may be huge.
                lost = (len(start) + 2) * SMALLEST
                rows[index] += factor * steep + len(spread) * lost
                bias[index] += factor * float(moved.max()) + lost
    return rows, bias


def _magnitude(value: Fraction) -> float:
    """Absolute value in float64, infinite beyond its range."""
    try:
        return abs(float(value))
    except OverflowError:
        return float("inf")


def position_bound(
    J: Float64[np.ndarray, "vertices dim dim"],
    J_error: Float64[np.ndarray, "vertices dim"],
    residual: Float64[np.ndarray, "vertices dim"],
) -> Float64[np.ndarray, " vertices"]:
    """Bound of |x* - x| in every coordinate; infinite where none is proved.

    Args:
        J: Computed gradients of the zeros.
        J_error: Bounds of the absolute row sums of the error of J.
        residual: Bounds of the zeros' values at x.
    """
    dim = J.shape[1]
    try:
        R = np.linalg.inv(J)
    except np.linalg.LinAlgError:
        R = np.array([_inverse_or_nan(block) for block in J]).reshape(J.shape)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        size = np.abs(R) @ np.abs(J)
        defect = np.abs(np.eye(dim) - R @ J) + gamma(dim + 2) * size
        from_error = (np.abs(R) @ J_error[..., None])[..., 0]
        contraction = (defect.sum(2) + from_error).max(1)
        reach = (np.abs(R) @ residual[..., None])[..., 0].max(1) + dim * SMALLEST
        bound = SAFETY * reach / (1.0 - contraction)
    return np.where(np.isfinite(bound) & (contraction < 0.5), bound, np.inf)


def _inverse_or_nan(block: np.ndarray) -> np.ndarray:
    """The inverse of one matrix, NaN if it is singular."""
    try:
        return np.linalg.inv(block)
    except np.linalg.LinAlgError:
        return np.full_like(block, np.nan)
