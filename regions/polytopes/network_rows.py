"""The rows of activation regions as the search for facets needs them.

float64 rows of many patterns at once, with bounds of their rounding, and the exact ones
on demand. In the whole space, where the first layer's rows are independent, its
pre-activations serve as coordinates: then most of the input space is never touched.
"""

import dataclasses
import functools
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.domains.shapes import Domain, WholeSpace
from regions.lp.exact_rows import IntegerRow, has_full_rank
from regions.lp.farkas import slack_signs
from regions.network import Layer, ReluNetwork
from regions.patterns.halfspaces import NO_UNIT
from regions.patterns.names import facet_name
from regions.polytopes.facet_evidence import RowSystem
from regions.signs.exact import ExactNetwork, dyadic
from regions.signs.layer_forms import forms_up_to
from regions.signs.predicate import Predicate, Signs
from regions.signs.rounding import SAFETY, chart_rounding, gamma, is_certain


class NetworkRows:
    """Rows of the regions of one network on one domain.

    Rows of the units that have a kink come first, in pattern order, then the facets of
    the domain. Patterns here have one bit for every hidden unit.

    Attributes:
        network: The network.
        domain: The domain.
        chart: The network as a function of the chart coordinates.
        units: Index of the hidden unit of each row.
        num_units: How many rows belong to units.
        names: `(layer, unit)` of each row; `(NO_UNIT, facet)` for those of the domain.
        reach: Bound of every coordinate on the domain, or None.
    """

    def __init__(
        self, network: ReluNetwork, domain: Domain, *, past_ball: bool = False
    ):
        """The rows.

        Args:
            network: The network.
            domain: The domain.
            past_ball: Of a ball of the norm 2, which has no rows: whether regions go on
                beyond it; else the box around it ends them.
        """
        self.chart = domain.restrict(network)
        self.network, self.domain = network, domain
        self.units = np.flatnonzero(network.kinks)
        self.num_units = len(self.units)
        self._past = False
        if isinstance(domain, WholeSpace):
            none = [0.0] * len(network.hidden)
            self._chart_error, self.reach = (none, none), None
        else:
            self._chart_error, self.reach = chart_rounding(network, domain), None
            self._past = past_ball and domain.squared_radius is not None
            if domain.is_bounded and not self._past:
                box = domain.chart_box()
                self.reach = float(np.abs([box.lower, box.upper]).max())
        self._A, self._b = domain.rows()
        if self._past:
            self._A, self._b = self._A[:0], self._b[:0]
        facets = [(NO_UNIT, facet) for facet in range(len(self._b))]
        self.names = np.array([*network.units, *facets], np.int64).reshape(-1, 2)
        self.names.setflags(write=False)
        self._layer_of = self.names[: self.num_units, 0]

    @functools.cached_property
    def exact(self) -> ExactNetwork:
        """The network in rational arithmetic, in the chart."""
        return ExactNetwork(self.network, self.domain)

    @functools.cached_property
    def _predicate(self) -> Predicate:
        """Decides signs."""
        return Predicate(self.network, self.domain)

    def name(self, row: int) -> str:
        """What texts call a row: its unit, or the facet of the domain."""
        if row >= self.num_units:
            return facet_name(None, row - self.num_units)
        return facet_name(self.network.units[row], None)

    def all_bits(
        self, bits: Bool[np.ndarray, "regions bits"]
    ) -> Bool[np.ndarray, "regions units"]:
        """Patterns with a bit, False, also for the units without a kink."""
        return self.network.unit_patterns(bits)

    def signs(self, points: Float64[np.ndarray, "points dim"]) -> Signs:
        """Exact signs of all hidden units at points of the chart."""
        return self._predicate.signs(points)

    def sides(self, point: Float64[np.ndarray, " dim"]) -> Int[np.ndarray, " facets"]:
        """Exact signs of the slack of the domain's facets at a point of the chart.

        Of a round ball that regions go beyond, one: that of its sphere.
        """
        square = self.domain.squared_radius
        if self._past and square is not None:
            slack = square - sum(Fraction(v) ** 2 for v in point.tolist())
            return np.array([(slack > 0) - (slack < 0)])
        return slack_signs(self._A, self._b, point)

    def proves_inside(self, point: Float64[np.ndarray, " dim"]) -> bool:
        """Whether float64 proves a point of the chart to lie inside the domain."""
        size = np.abs(self._A) @ np.abs(point) + np.abs(self._b)
        error = SAFETY * gamma(self.domain.dim + 2) * size
        # A coordinate is compared as it is.
        error[(self._A != 0.0).sum(1) == 1] = 0.0
        return bool(is_certain(self._b - self._A @ point, error).all())

    def batch(
        self, bits: Bool[np.ndarray, "regions units"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`A`, `b` and the rounding of each row, `(regions, rows, ...)`."""
        count = len(bits)
        last = len(self.chart.hidden) - 1
        forms = (
            forms_up_to(self.chart, bits, last, self._chart_error) if last >= 0 else []
        )
        number, units = self.num_units, self.units
        A = np.empty((count, len(self.names), self.chart.input_dim))
        b, error = np.empty(A.shape[:2]), np.zeros(A.shape[:2])
        A[:, number:], b[:, number:] = self._A, self._b
        if not number:
            return A, b, error
        J = np.concatenate([f[0] for f in forms], axis=1)
        c = np.concatenate([f[1] for f in forms], axis=1)
        errors = np.stack([f[2] for f in forms], axis=1)
        error[:, :number] = errors[:, self._layer_of]
        sign = np.where(bits, 1.0, -1.0)[:, units]
        # Adding 0.0 turns -0.0 into 0.0, so that equal rows are equal bytes.
        A[:, :number] = -sign[:, :, None] * J[:, units] + 0.0
        b[:, :number] = sign * c[:, units] + 0.0
        return A, b, error

    def integers(self, bits: Bool[np.ndarray, " units"]) -> list[IntegerRow]:
        """The rows of one pattern without rounding, up to positive factors."""
        layers = len(self.chart.hidden)
        forms = self.exact.affine_forms(bits, layers=layers) if layers else []
        table = []
        for unit in self.units.tolist():
            *gradient, offset = forms[unit]
            on = bits[unit]
            table.append([-v for v in gradient] if on else gradient)
            table[-1] = [*table[-1], offset if on else -offset]
        for row, right in zip(self._A, self._b, strict=True):
            table.append(dyadic([*row.tolist(), float(right)])[0])
        return table

    def system(self, bits: Bool[np.ndarray, " units"]) -> RowSystem:
        """The rows of one pattern."""
        A, b, error = (part[0] for part in self.batch(bits[None]))
        return RowSystem(A, b, error, lambda: self.integers(bits), self.reach)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """A network as a function of the first layer's pre-activations.

    Attributes:
        network: The network of those of them on which later layers depend.
        kept: Which units of the first layer these are.
        dropped: Those that are off with slope 0: each is a facet of its own.
        inverse: Moves `(dim, width)` of the input that change one of them by 1 each.
    """

    network: ReluNetwork
    kept: Int[np.ndarray, " coordinates"]
    dropped: Int[np.ndarray, " others"]
    inverse: Float64[np.ndarray, "dim width"]


def reduce_first_layer(
    network: ReluNetwork, bits: Bool[np.ndarray, " units"]
) -> Reduction | None:
    """Coordinates in which the rows of a pattern are sparse, in the whole space.

    None if the first layer's rows are not proved independent, or a later layer reads
    the input. Facets are the same in the new coordinates: the first layer maps the
    input space onto them.
    """
    first, *later = network.layers
    if not later or any(s == 0 for layer in later for s, _ in layer.skips):
        return None
    rows = [dyadic(row)[0] for row in first.weight]
    on = bits[: first.width]
    kept = np.flatnonzero(on | (first.slopes != 0.0))
    if first.width > network.input_dim or not len(kept) or not has_full_rank(rows):
        return None
    layers = [Layer(np.eye(len(kept)), np.zeros(len(kept)), first.slopes[kept])]
    for index, layer in enumerate(later, start=1):
        blocks = [
            (source, matrix[:, kept] if source == 1 else matrix)
            for source, matrix in layer.blocks(index)
        ]
        layers.append(Layer(blocks[0][1], layer.bias, layer.slopes, tuple(blocks[1:])))
    dropped = np.setdiff1d(np.arange(first.width), kept)
    return Reduction(
        ReluNetwork(tuple(layers[:-1]), layers[-1]),
        kept,
        dropped,
        _right_inverse(first.weight),
    )


def _right_inverse(
    matrix: Float64[np.ndarray, "rows dim"],
) -> Float64[np.ndarray, "dim rows"]:
    """The pseudoinverse of a matrix with independent rows."""
    Q, R = np.linalg.qr(matrix.T)
    try:
        return Q @ np.linalg.inv(R).T
    except np.linalg.LinAlgError:
        # Independent, but not in float64.
        return np.linalg.pinv(matrix)
