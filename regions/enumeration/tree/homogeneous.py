"""The whole space as a cone: every region of R^d is the slice s = 1 of a cone.

With an extra input s that multiplies every bias, the network becomes positively
homogeneous, and its regions in the half-space s > 0 are the cones over the regions of
R^d. Every such cone meets the box |x| <= 1, 0 <= s <= 1 in an open set, so the regions
of that box are those of the whole space: no size is ever chosen, and no region is
missed. Directions that no layer sees are left out first (rank reduction).
"""

from fractions import Fraction

import numpy as np
from flint import fmpq_mat
from jaxtyping import Bool, Float64

from regions.domains.shapes import BoundedDomain, Box, Slice, WholeSpace, embed_exactly
from regions.network import Layer, ReluNetwork
from regions.signs.exact import nearest_float, to_fmpq
from regions.signs.predicate import Predicate

Rational = dict[int, tuple[Fraction, ...]]


def homogenized(network: ReluNetwork) -> ReluNetwork:
    """The network in (x, s) whose biases are multiplied by s; exact."""
    layers, dim = [], network.input_dim
    for index, layer in enumerate(network.layers):
        column = layer.bias[:, None]
        blocks = {0: np.concatenate([np.zeros((layer.width, dim)), column], axis=1)}
        for source, matrix in layer.blocks(index):
            blocks[source] = (
                np.concatenate([matrix, column], axis=1) if source == 0 else matrix
            )
        weight = blocks.pop(index)
        layers.append(
            Layer(
                weight,
                np.zeros(layer.width),
                layer.slopes,
                tuple(sorted(blocks.items())),
            )
        )
    return ReluNetwork(tuple(layers[:-1]), layers[-1])


def seen_directions(network: ReluNetwork) -> Float64[np.ndarray, "rank dim"]:
    """Independent rows that span all that the hidden layers read of the input."""
    rows = [
        matrix
        for index, layer in enumerate(network.hidden)
        for source, matrix in layer.blocks(index)
        if source == 0
    ]
    stacked = np.concatenate([np.zeros((0, network.input_dim)), *rows])
    table = fmpq_mat(
        network.input_dim, len(stacked), [to_fmpq(float(v)) for v in stacked.T.ravel()]
    )
    reduced, rank = table.rref()
    pivots = []
    for row in range(rank):
        pivots.append(next(k for k in range(len(stacked)) if reduced[row, k] != 0))
    return stacked[pivots]


def cone_problem(network: ReluNetwork) -> tuple[ReluNetwork, BoundedDomain]:
    """A network and a box whose regions are those of `network` in the whole space."""
    directions = seen_directions(network)
    rank, dim = len(directions), network.input_dim
    box = Box([-1.0] * rank + [0.0], [1.0] * (rank + 1))
    if rank == dim:
        return homogenized(network), box
    rows = np.zeros((rank + 1, dim + 1))
    rows[:rank, :dim] = directions
    rows[rank, dim] = 1.0
    return homogenized(network), Slice(np.zeros(dim + 1), rows, box)


def from_cone(
    network: ReluNetwork,
    domain: WholeSpace,
    cone_domain: BoundedDomain,
    bits: Bool[np.ndarray, "regions units"],
    center: Float64[np.ndarray, "regions chart"],
    rational: Rational,
) -> tuple[Float64[np.ndarray, "regions dim"], Rational]:
    """Witnesses of regions from those of their cones: x / s, float64 if possible."""
    predicate = Predicate(network, domain)
    kinks = network.kinks
    points = np.empty((len(center), network.input_dim))
    left: Rational = {}
    for k in range(len(center)):
        t = rational.get(k) or tuple(Fraction(float(v)) for v in center[k])
        y = embed_exactly(cone_domain, t)
        left[k] = tuple(v / y[-1] for v in y[:-1])
        points[k] = [nearest_float(v) for v in left[k]]
    for start in range(0, len(points), 1024):
        part = slice(start, start + 1024)
        found = predicate.signs(points[part])
        same = (found.on == bits[part]) | ~kinks
        for k in np.flatnonzero(found.strict & same.all(1)).tolist():
            del left[start + k]
    return points, left
