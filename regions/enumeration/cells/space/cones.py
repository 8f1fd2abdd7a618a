"""The whole space as a cone of rays: nothing is cut off far away.

Every bias is multiplied by one more input s (`homogenized`). The regions of the space
are then the cones of s >= 0, and the directions in which a region has no end are those
of its rays that have s = 0. Networks without biases need no s: their regions are cones
as they are. Either way the first layer has units whose forms are independent and span
all that is seen of the input. Between them and s = 0 lie simple cones, from which the
walk begins.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import BoundedDomain, HPolytope, WholeSpace
from regions.enumeration.restriction.corners import cones_between, independent
from regions.enumeration.restriction.polytopes import Corner
from regions.enumeration.restriction.prefix_cells import unseen
from regions.enumeration.tree.homogeneous import homogenized, is_bias_free
from regions.network import Layer, ReluNetwork
from regions.signs.exact import ExactNetwork, dot


class Cone(NamedTuple):
    """A network without biases on all or half of its space.

    Attributes:
        network: The network, of the inputs that are kept and of s, if there is one.
        domain: All of its space, or the half where s >= 0.
        kept: The inputs that are kept: what is seen does not depend on the others.
        dim: Number of inputs of the network that it was made of.
    """

    network: ReluNetwork
    domain: BoundedDomain | WholeSpace
    kept: list[int]
    dim: int

    @property
    def is_half(self) -> bool:
        """Whether s is an input."""
        return not isinstance(self.domain, WholeSpace)

    def points(
        self, rays: Float64[np.ndarray, "regions ray"]
    ) -> Float64[np.ndarray, "regions dim"]:
        """The points of the space on some rays."""
        points = np.zeros((len(rays), self.dim))
        with np.errstate(all="ignore"):
            seen = rays[:, :-1] / rays[:, -1:] if self.is_half else rays
        points[:, self.kept] = seen
        return points

    def point(self, ray: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """The same of one ray, exactly."""
        seen = [v / ray[-1] for v in ray[:-1]] if self.is_half else ray
        result = [Fraction(0)] * self.dim
        for place, value in zip(self.kept, seen, strict=True):
            result[place] = value
        return tuple(result)


def why_no_cone(network: ReluNetwork, most: int) -> str | None:
    """Why the regions of the whole space are not served as cones; None if they are."""
    if not network.hidden or not network.hidden[0].kinks.any():
        return "the first layer has no kinks"
    reason = unseen(network, most)
    if reason is not None:
        return f"it {reason}"
    if len(_kept(network)) < 2:
        return "the network sees less than a plane"
    return None


def _kept(network: ReluNetwork) -> list[int]:
    """Inputs on which the first layer keeps its rank."""
    first = network.hidden[0]
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    table = exact.affine_forms(np.zeros(sum(network.widths), bool), layers=1)
    rows = [table[unit][:-1] for unit in np.flatnonzero(first.kinks).tolist()]
    return independent(rows)[1]


def cone_of(network: ReluNetwork) -> Cone:
    """The cone whose regions are those of the whole space."""
    kept, size = _kept(network), network.input_dim
    if is_bias_free(network):
        return Cone(_reading(network, kept), WholeSpace(len(kept)), kept, size)
    half = HPolytope([[0.0] * len(kept) + [-1.0]], [0.0])
    return Cone(_reading(homogenized(network), [*kept, size]), half, kept, size)


def _reading(network: ReluNetwork, columns: list[int]) -> ReluNetwork:
    """A network as a function of some of its inputs, the others being zero."""
    layers = []
    for index, layer in enumerate(network.layers):
        blocks = {
            source: matrix[:, columns] if source == 0 else matrix
            for source, matrix in layer.blocks(index)
        }
        weight = blocks.pop(index)
        skips = tuple(sorted(blocks.items()))
        layers.append(Layer(weight, layer.bias, layer.slopes, skips))
    return ReluNetwork(tuple(layers[:-1]), layers[-1])


class FirstCone(NamedTuple):
    """A simple cone between boundaries of units.

    Attributes:
        rays: Its corners; the bits of their facets are the units, then s = 0.
        on: Which of the units are positive on it.
    """

    rays: list[Corner]
    on: list[bool]


def first_cones(
    network: ReluNetwork, domain: BoundedDomain | WholeSpace
) -> tuple[list[int], list[FirstCone]]:
    """Units of the first layer, and the cones between their boundaries."""
    size, is_half = domain.dim, not isinstance(domain, WholeSpace)
    exact = ExactNetwork(network, domain)
    table = exact.affine_forms(np.zeros(sum(network.widths), bool), layers=1)
    kinked = np.flatnonzero(network.hidden[0].kinks).tolist()
    seen = [table[unit][: size - is_half] for unit in kinked]
    units = [kinked[k] for k in independent(seen)[0]]
    forms = [tuple(table[unit][:size]) for unit in units]
    sides = [*forms, (*[0] * (size - 1), 1)] if is_half else forms
    cones = list(cones_between(sides))
    if not is_half:
        # On all of these the last form is positive.
        cones += [
            [Corner(tuple(-v for v in c.point), c.facets) for c in rays]
            for rays in cones
        ]
    return units, [
        FirstCone(
            rays, [dot(f, c.point) > 0 for f, c in zip(forms, rays, strict=False)]
        )
        for rays in cones
    ]
