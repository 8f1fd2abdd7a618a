"""Linear regions of a network on a domain: enumerate, then merge."""

from typing import Any

from regions.enumeration import enumerate_regions
from regions.models.arguments import DomainLike, NetworkLike
from regions.results.merging import LinearRegions, merge_linear_regions


def count_linear_regions(
    network: NetworkLike, domain: DomainLike, **options: Any
) -> LinearRegions:
    """Linear regions of a network on a domain, from all its activation regions.

    Args:
        network: The network.
        domain: Where to count.
        options: Passed to `enumerate_regions`.

    Returns:
        Both counts; `int()` of it is the number of linear regions.

    Example:
        >>> from regions.network import ReluNetwork
        >>> from regions.domains.shapes import Box
        >>> identity = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, -1.0]]], None)
        >>> print(count_linear_regions(identity, Box([-1], [1])))
        1 linear regions of 2 activation regions (all of them)
    """
    return merge_linear_regions(enumerate_regions(network, domain, **options))
