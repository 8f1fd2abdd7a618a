"""An unbounded domain as a cone: every region of R^d is the slice s = 1 of a cone.

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

from regions.domains.shapes import (
    BoundedDomain,
    Box,
    Domain,
    HPolytope,
    Slice,
    WholeSpace,
    embed_exactly,
)
from regions.enumeration.budget import Budget
from regions.network import Layer, ReluNetwork
from regions.signs.exact import nearest_float, to_fmpq
from regions.signs.inside import inside_domain
from regions.signs.predicate import Predicate

Rational = dict[int, tuple[Fraction, ...]]

CHUNK = 64
"""Regions between two questions whether to end."""


def is_bias_free(network: ReluNetwork) -> bool:
    """Whether the network has hidden layers and all their biases are exactly zero."""
    return bool(network.hidden) and not any(h.bias.any() for h in network.hidden)


def are_cones(network: ReluNetwork, domain: Domain) -> bool:
    """Whether the regions on a domain are those of a fan around the origin.

    They are for a network without biases in the whole space, and in a box with the
    origin in its interior, which every cone meets.
    """
    if isinstance(domain, Box):
        around = bool((domain.lower < 0.0).all() and (domain.upper > 0.0).all())
    else:
        around = isinstance(domain, WholeSpace)
    return around and is_bias_free(network)


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


def cone_problem(
    network: ReluNetwork, domain: Domain
) -> tuple[ReluNetwork, BoundedDomain]:
    """A network and a bounded domain whose regions are those on an unbounded one.

    The cone over a polytope `A x <= b` is `A x <= b s`.
    """
    if isinstance(domain, HPolytope):
        cone = np.column_stack([domain.A, -domain.b])
        unit = np.eye(domain.dim + 1)
        ends = np.append(np.ones(2 * domain.dim + 1), 0.0)
        sides = np.concatenate([unit[:-1], -unit[:-1], unit[-1:], -unit[-1:]])
        bounded = HPolytope(
            np.concatenate([cone, sides]), np.append(np.zeros(len(cone)), ends)
        )
        return homogenized(network), bounded
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
    domain: Domain,
    cone_domain: BoundedDomain,
    bits: Bool[np.ndarray, "regions units"],
    center: Float64[np.ndarray, "regions chart"],
    rational: Rational,
    budget: Budget,
) -> tuple[Float64[np.ndarray, "regions dim"], Rational]:
    """Witnesses of regions from those of their cones: x / s, float64 if possible.

    Those of the first regions only, once `budget.late()`.
    """
    predicate = Predicate(network, domain)
    kinks = network.kinks
    parts = [np.zeros((0, network.input_dim))]
    left: Rational = {}
    for start in range(0, len(center), CHUNK):
        if start and budget.late():
            break
        part = range(start, min(start + CHUNK, len(center)))
        exact = [_on_slice(rational.get(k), center[k], cone_domain) for k in part]
        points = np.array([[nearest_float(v) for v in point] for point in exact])
        found = predicate.signs(points)
        same = (found.on == bits[part]) | ~kinks
        # Far out rounding may lead out of the domain, though no unit tells.
        fine = found.strict & same.all(1) & inside_domain(points, domain)
        left |= {start + k: exact[k] for k in np.flatnonzero(~fine).tolist()}
        parts.append(points)
    return np.concatenate(parts), left


def _on_slice(
    rational: tuple[Fraction, ...] | None,
    center: Float64[np.ndarray, " chart"],
    cone_domain: BoundedDomain,
) -> tuple[Fraction, ...]:
    """Where the ray through a point of a cone meets the slice s = 1."""
    t = rational or tuple(Fraction(float(v)) for v in center)
    y = embed_exactly(cone_domain, t)
    return tuple(v / y[-1] for v in y[:-1])
