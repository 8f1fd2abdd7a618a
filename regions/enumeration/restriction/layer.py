"""The one layer of a network whose units have kinks, as hyperplanes of the domain."""

import numpy as np

from regions.domains.shapes import Ball, Box, Domain, Slice, WholeSpace
from regions.enumeration.restriction.hyperplanes import Row
from regions.network import ReluNetwork
from regions.signs.exact import ExactNetwork

MAX_CORNERS_DIM = 10
"""Boxes of more dimensions have too many corners."""


def refusal(network: ReluNetwork, domain: Domain) -> str | None:
    """Why restriction can not count a network, and what to do; None if it can."""
    kinked = [layer.kinks.any() for layer in network.hidden]
    if sum(kinked) > 1:
        return (
            f"has kinks in {sum(kinked)} layers, and restriction counts those of one: "
            "use method='auto'."
        )
    if not isinstance(domain, WholeSpace) and not domain.is_simple:
        return "starts from corners in float64, as a Box has them: use method='auto'."
    if isinstance(domain, Box | Slice | Ball) and domain.dim > MAX_CORNERS_DIM:
        return (
            f"lies in a box of dimension {domain.dim}, whose corners are too many from "
            f"dimension {MAX_CORNERS_DIM + 1} on: use method='tree'."
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
