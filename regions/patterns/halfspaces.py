"""The polytope of an activation pattern as rows `A x <= b` (its H-representation).

Conventions: outward normals, rows not normalized, one row per bit of the pattern in
the order of `ReluNetwork.units`. Under a pattern the pre-activation of unit j is
`J_j x + c_j`, and the row of j says `s_j (J_j x + c_j) >= 0` with s = +1 where the unit
is on and -1 where it is off. A unit whose gradient vanishes gives a row of zeros: a
constant, which holds everywhere or nowhere.

The rows are float64 products of the weights. Where the weights are not small dyadic
numbers they are rounded, for layers after the first: `regions.signs.exact` has them
exactly.
"""

import dataclasses
import functools

import numpy as np
from jaxtyping import Bool, Float64, Int

from regions.errors.short_text import short_repr
from regions.network import ReluNetwork

NO_UNIT = -1
"""Layer given to the rows that belong to the domain and not to a unit."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class AffineMap:
    """`x -> jacobian @ x + offset`."""

    jacobian: Float64[np.ndarray, "outputs dim"]
    offset: Float64[np.ndarray, " outputs"]

    __repr__ = short_repr

    def __call__(
        self, points: Float64[np.ndarray, "points dim"]
    ) -> Float64[np.ndarray, "points outputs"]:
        """Values at `points`."""
        return points @ self.jacobian.T + self.offset


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Halfspaces:
    """The points with `A x <= b`.

    Attributes:
        A: Outward normals, not normalized; a row of zeros is a constant.
        b: Right-hand sides.
        units: `(layer, unit)` of each row, counted from 0; `(NO_UNIT, facet)` for
            facet number `facet` of a domain, or of rows given without units.

    Raises:
        ValueError: If the numbers of rows differ.
    """

    A: np.ndarray
    b: np.ndarray
    units: np.ndarray

    __repr__ = short_repr

    def __init__(
        self,
        A: Float64[np.ndarray, "rows dim"],
        b: Float64[np.ndarray, " rows"],
        units: Int[np.ndarray, "rows 2"] | None = None,
    ):
        if units is None:
            units = np.stack([np.full(len(A), NO_UNIT), np.arange(len(A))], axis=1)
        if not len(A) == len(b) == len(units):
            raise ValueError(
                f"`A`, `b` and `units` have {len(A)}, {len(b)} and {len(units)} rows: "
                "they must be equal."
            )
        object.__setattr__(self, "A", A)
        object.__setattr__(self, "b", b)
        object.__setattr__(self, "units", units)

    @property
    def dim(self) -> int:
        """Dimension of the space."""
        return self.A.shape[1]

    def __len__(self) -> int:
        return len(self.b)


def gates(
    network: ReluNetwork, patterns: Bool[np.ndarray, "regions bits"]
) -> list[np.ndarray]:
    """Factor of every hidden unit under each pattern, `(regions, width)` per layer.

    1 for a unit that is on or has no kink, its slope for one that is off.
    """
    if patterns.shape[1] != network.num_bits:
        raise ValueError(
            f"`patterns` has {patterns.shape[1]} bits and the network "
            f"{network.num_bits}: they must be equal."
        )
    factors, start = [], 0
    for layer in network.hidden:
        factor = np.ones((len(patterns), layer.width))
        stop = start + int(layer.kinks.sum())
        factor[:, layer.kinks] = np.where(
            patterns[:, start:stop], 1.0, layer.slopes[layer.kinks]
        )
        factors.append(factor)
        start = stop
    return factors


@np.errstate(all="ignore")
def affine_pre_activations(
    network: ReluNetwork, patterns: Bool[np.ndarray, "regions bits"]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pre-activations of every layer as affine functions of the input, per pattern.

    Forward mode: Jacobians `(regions, width, dim)` and offsets `(regions, width)` go
    through the layers together, the output layer last. The leading axis is 1 where
    all patterns agree, as in the first layer.
    """
    values: list[tuple[np.ndarray, np.ndarray]] = []
    result, factors = [], gates(network, patterns)
    for index, layer in enumerate(network.layers):
        jacobian: np.ndarray = np.zeros((1, 1, 1))
        offset: np.ndarray = layer.bias[None]
        for source, matrix in layer.blocks(index):
            if source == 0:
                # The input is the identity, of which no product need be taken.
                jacobian = jacobian + matrix
                continue
            jacobian = jacobian + matrix @ values[source - 1][0]
            offset = offset + values[source - 1][1] @ matrix.T
        result.append((jacobian, offset))
        if index < len(factors):
            factor = factors[index]
            values.append((factor[:, :, None] * jacobian, factor * offset))
    return result


def affine_map(network: ReluNetwork, pattern: Bool[np.ndarray, " bits"]) -> AffineMap:
    """The affine map that the network computes under `pattern`."""
    jacobian, offset = affine_pre_activations(network, pattern[None])[-1]
    return AffineMap(jacobian[0], offset[0])


def augmented_product(
    network: ReluNetwork, pattern: Bool[np.ndarray, " bits"]
) -> Float64[np.ndarray, "outputs_plus_1 dim_plus_1"]:
    """`Wbar_L A_{L-1} Wbar_{L-1} ... A_1 Wbar_1`, the network on `[x; 1]`.

    `Wbar = [[W b], [0 1]]`, and `A_l` is diagonal with the gates of the pattern. With
    skip blocks the state between layers holds all earlier activations instead of the
    last one. A reference that is as short as the formula; `affine_map` is the fast way.
    """
    dim = network.input_dim
    product, sizes = np.eye(dim + 1), [dim]
    factors = [g[0] for g in gates(network, pattern[None])]
    for index, layer in enumerate(network.layers):
        starts = np.concatenate([[0], np.cumsum(sizes)])
        kept = int(starts[-1]) if network.has_skips else 0
        read = int(starts[-1]) if network.has_skips else sizes[-1]
        if index == len(network.hidden):
            kept = 0
        wbar = np.zeros((kept + layer.width + 1, read + 1))
        wbar[:kept, :kept] = np.eye(kept)
        for source, matrix in layer.blocks(index):
            first = int(starts[source]) if network.has_skips else 0
            wbar[kept:-1, first : first + matrix.shape[1]] = matrix
        wbar[kept:-1, -1] = layer.bias
        wbar[-1, -1] = 1.0
        product = wbar @ product
        if index < len(factors):
            product = np.diag(np.r_[np.ones(kept), factors[index], 1.0]) @ product
        sizes.append(layer.width)
    return product


def halfspaces_batch(
    network: ReluNetwork, patterns: Bool[np.ndarray, "regions bits"]
) -> tuple[
    Float64[np.ndarray, "regions bits dim"], Float64[np.ndarray, "regions bits"]
]:
    """Rows `A x <= b` of many patterns at once, one row per bit.

    Memory is `regions * units * (dim + 1)` numbers: give it chunks of a long list.
    """
    count, dim = len(patterns), network.input_dim
    A = np.empty((count, network.num_bits, dim))
    b = np.empty((count, network.num_bits))
    affine, start = affine_pre_activations(network, patterns), 0
    for layer, (jacobian, offset) in zip(network.hidden, affine, strict=False):
        stop = start + int(layer.kinks.sum())
        sign = np.where(patterns[:, start:stop], 1.0, -1.0)
        # Adding 0.0 turns -0.0 into 0.0, so that equal rows are equal bytes.
        A[:, start:stop] = -sign[:, :, None] * jacobian[:, layer.kinks] + 0.0
        b[:, start:stop] = sign * offset[:, layer.kinks] + 0.0
        start = stop
    return A, b


@functools.lru_cache(16)
def _unit_names(network: ReluNetwork) -> Int[np.ndarray, "bits 2"]:
    """`(layer, unit)` of each bit."""
    names = np.array(network.units, np.int64).reshape(-1, 2)
    names.setflags(write=False)
    return names


def halfspaces(network: ReluNetwork, pattern: Bool[np.ndarray, " bits"]) -> Halfspaces:
    """Rows `A x <= b` of one pattern, with the unit of each."""
    A, b = halfspaces_batch(network, pattern[None])
    return Halfspaces(A[0], b[0], _unit_names(network))
