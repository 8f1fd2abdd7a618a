"""What restriction serves, and the rows of a network with kinks in one layer."""

import math

import numpy as np

from regions.domains.shapes import Ball, Box, Domain, Slice, WholeSpace
from regions.enumeration.restriction.corners import has_corner, most_corners
from regions.enumeration.restriction.hyperplanes import Row
from regions.enumeration.restriction.prefix_cells import unseen
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork

MAX_CORNERS_DIM = 10
"""Boxes of more dimensions have too many corners."""
MAX_CORNERS = 1 << 12
"""Corners that a polytope may have, by the bound for its number of rows."""


def num_kinked_layers(network: ReluNetwork) -> int:
    """In how many layers there are kinks."""
    return sum(bool(layer.kinks.any()) for layer in network.hidden)


def regions_a_cell(network: ReluNetwork, dim: int) -> float:
    """How many regions the last layer makes of a cell of those before, about.

    Networks have about as many regions as if all units were in one layer (Hanin and
    Rolnick, 2019).
    """
    units = [int(layer.kinks.sum()) for layer in network.hidden if layer.kinks.any()]
    # What a narrow layer gives has no more dimensions than it has units.
    dim = min(dim, *(layer.width for layer in network.hidden))
    all_, before = (
        sum(math.comb(count, k) for k in range(dim + 1))
        for count in (sum(units), sum(units[:-1]))
    )
    return all_ / before


def refusal(network: ReluNetwork, domain: Domain) -> str | None:
    """Why restriction can not count a network, and what to do; None if it can."""
    if isinstance(domain, WholeSpace):
        deep = num_kinked_layers(network) > 1
        return unseen(network, MAX_CORNERS_DIM) if deep else None
    if domain.squared_radius is not None:
        return "serves polytopes: use method='balls'."
    if domain.is_simple:
        # A simplex has few corners.
        too_many = isinstance(domain, Box | Slice | Ball) and (
            domain.dim > MAX_CORNERS_DIM
        )
    else:
        too_many = most_corners(domain) > MAX_CORNERS
    if too_many:
        return (
            "begins with the corners of the domain, which are too many (a box has few "
            f"enough in at most {MAX_CORNERS_DIM} dimensions): use method='tree'."
        )
    if not (domain.is_bounded or has_corner(domain)):
        return (
            "begins with the corners of the domain, which has none: use method='tree'."
        )
    return None


def layer_rows(network: ReluNetwork, domain: Domain) -> list[Row]:
    """Integer rows `(normal | offset)`, in the chart, of the units with a kink.

    Layers without kinks are affine: they are composed with the next one exactly.
    """
    start = 0
    for index, layer in enumerate(network.hidden):
        if layer.kinks.any():
            nothing_on = np.zeros(sum(network.widths), bool)
            forms = ExactNetwork(network, domain).affine_forms(
                nothing_on, layers=index + 1
            )
            units = np.flatnonzero(layer.kinks).tolist()
            return [tuple(forms[start + unit]) for unit in units]
        start += layer.width
    return []
