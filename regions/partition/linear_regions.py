"""Linear regions of a network on a domain: enumerate, then merge."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from regions.enumeration import enumerate_regions
from regions.errors.arguments import kinds_checked
from regions.errors.limits import limited, never, telling
from regions.models.arguments import DomainLike, NetworkLike
from regions.results.merging import LinearRegions, merge_linear_regions
from regions.results.region_set import RegionSet
from regions.results.statistics import Stop

MOMENT = 0.5
"""Seconds that may pass after a limit to make something of what was found."""


@kinds_checked
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
    found = enumerate_regions(network, domain, **options)
    with after_listing(found, **options):
        return merge_linear_regions(found)


@contextmanager
def after_listing(
    found: RegionSet,
    *,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
    **others: Any,
) -> Iterator[None]:
    """The limits of a list for what is made of it; an error keeps the list.

    Of a list that was cut short a result is made, too, if that takes but a moment.

    Args:
        found: The list.
        max_seconds: The limit that it was given.
        stop: Likewise.
        others: Other arguments of `enumerate_regions`, which do not matter here.
    """
    del others
    left = None if max_seconds is None else max(max_seconds - found.seconds, MOMENT)
    if found.stop is Stop.INTERRUPTED:
        left, stop = MOMENT, never
    what = f"{len(found)} regions are found, and not yet how they are joined"
    with (
        limited(max_seconds=left, stop=stop),
        telling(lambda: what, lambda: found),
    ):
        yield
