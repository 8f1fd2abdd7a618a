"""Vertices and neighbors of a complete list of regions that came without them."""

import numpy as np
from jaxtyping import UInt8

from regions.domains.shapes import BoundedDomain
from regions.enumeration import enumerate_regions
from regions.errors.limits import check, telling
from regions.network import ReluNetwork
from regions.patterns.packing import places_of
from regions.results.cells import Cells


def cells_again(
    network: ReluNetwork,
    domain: BoundedDomain,
    patterns: UInt8[np.ndarray, "regions bytes"],
) -> Cells:
    """Vertices and neighbors of all regions, in the order of their patterns.

    The regions are listed anew, with every sign proved; the list must be the same.

    Args:
        network: The network.
        domain: A bounded domain of up to six dimensions.
        patterns: The packed patterns of all its regions, each once.

    Raises:
        ValueError: If these are not all regions that the network has on the domain.
        NotGenericError: If a region has more corners than cells can hold.
    """
    method = "line" if domain.dim == 1 else "cells"
    found = enumerate_regions(network, domain, method=method)
    with telling(lambda: f"{len(found)} regions are found again", lambda: found):
        check()
    return found.cells.reordered(places_of(found.patterns, patterns))
