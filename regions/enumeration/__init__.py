"""Every activation region of a network on a domain, exactly once.

Engines: `line` (dimension 1), `sweep` (networks in general position, dimension up to
about 8), `cones` (networks without biases, by slices of one dimension less), `sectors`
(counts of generic networks in the whole space of few dimensions) and `tree` (any
network, any dimension). `count_regions` and `enumerate_regions` choose.
"""

import os
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from regions.domains.shapes import Box, Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.cells.engine import cells_serve, count_cells
from regions.enumeration.faces.cones import (
    MAX_RANK,
    are_cones,
    count_cones,
    is_origin_crowded,
    list_cones,
    slices_serve,
)
from regions.enumeration.faces.sectors import MAX_DIM, count_sectors, sectors_serve
from regions.enumeration.line import Line, cut_line
from regions.enumeration.listing import Listing
from regions.enumeration.sweep.engine import count_generic, list_generic
from regions.enumeration.tree.engine import count_any, list_any
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from regions.packing import pack_bits
from regions.results.region_set import RegionCount, RegionSet
from regions.signs.exact import nearest_float

METHODS = ("auto", "line", "cells", "sweep", "cones", "sectors", "tree")
MAX_SWEEP_DIM = 8
"""Above this a box has too many corners for the sweep to be the faster engine."""

Progress = Callable[[int, int], None]


def count_regions(
    network: ReluNetwork,
    domain: Domain,
    *,
    method: str = "auto",
    progress: Progress | None = None,
    max_regions: int | None = None,
    max_seconds: float | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> RegionCount:
    """Number of activation regions of `network` that meet the interior of `domain`.

    Args:
        network: The network.
        domain: Where to count.
        method: `"line"`, `"sweep"`, `"cones"`, `"sectors"`, `"tree"`, or `"auto"`,
            which takes the fastest engine that serves and falls back to the tree when
            the network turns out not to be in general position.
        progress: Called with (done, total) as the work goes on.
        max_regions: Stop when so many regions are known. The sweep, which counts all
            at once, goes on to the end.
        max_seconds: Stop after this time. Stopping early, by these or by Ctrl-C, gives
            a count with `complete=False`: at least so many regions exist.
        journal: A folder for checkpoints of the tree: a run that was killed goes on
            from there when it is called again, and ends with the same regions.

    Returns:
        The count, with its completeness; `int()` of it is the number.

    Raises:
        ValueError: If the domain does not fit the network or the method the domain.
        UndecidedError: If the chosen method can not answer; `"auto"` always does.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> int(count_regions(net, Box([-1, -1], [1, 1])))
        4
    """
    with Budget(max_regions, max_seconds) as budget:
        chosen, why = _choose(network, domain, method)
        # The tree stops at a number of regions and keeps a journal; sectors do not.
        plain = method == "auto" and max_regions is None and journal is None
        if plain and chosen == "tree" and sectors_serve(network, domain):
            chosen, why = "sectors", "the domain is unbounded, of low dimension"
        while True:
            try:
                count, complete, stats = _count(
                    network, domain, chosen, budget, progress, journal
                )
                break
            except NotGenericError as error:
                chosen, why = _fall_back(network, domain, method, chosen, error)
        return RegionCount(
            count, complete, chosen, budget.seconds, {**stats, "why": why}
        )


def enumerate_regions(
    network: ReluNetwork,
    domain: Domain,
    *,
    method: str = "auto",
    progress: Progress | None = None,
    max_regions: int | None = None,
    max_seconds: float | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> RegionSet:
    """All activation regions of `network` that meet the interior of `domain`.

    Arguments and errors are those of `count_regions`.

    Returns:
        Packed patterns and a point strictly inside each region, in a fixed order.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> rs = enumerate_regions(net, Box([-1, -1], [1, 1]))
        >>> len(rs), rs.complete
        (4, True)
    """
    with Budget(max_regions, max_seconds) as budget:
        chosen, why = _choose(network, domain, method)
        while True:
            try:
                listing = _listing(network, domain, chosen, budget, progress, journal)
                break
            except NotGenericError as error:
                chosen, why = _fall_back(network, domain, method, chosen, error)
        return RegionSet(
            network,
            domain,
            listing.patterns,
            listing.coordinates,
            complete=listing.complete,
            method=chosen,
            seconds=budget.seconds,
            stats={**listing.stats, "why": why},
            exact_witnesses=listing.exact_witnesses,
            cells=listing.make_cells,
        )


def _choose(network: ReluNetwork, domain: Domain, method: str) -> tuple[str, str]:
    """The engine to run first, and why."""
    if method not in METHODS:
        raise ValueError(
            f"`method` is {method!r}: one of {', '.join(METHODS)} is required."
        )
    domain.restrict(network)
    if method == "sweep" and isinstance(domain, WholeSpace):
        raise ValueError(
            "method='sweep' needs a bounded domain: use method='tree' or a Box."
        )
    if method == "cells" and (reason := cells_serve(network, domain)):
        raise ValueError(f"method='cells' needs a bounded plane domain: {reason}.")
    if method == "cones" and not slices_serve(network, domain):
        raise ValueError(
            "method='cones' needs a network without biases of rank 2 to "
            f"{MAX_RANK}, on the whole space or a Box around the origin: use "
            "method='auto'."
        )
    if method == "sectors" and not sectors_serve(network, domain):
        raise ValueError(
            "method='sectors' needs the whole space of 2 to "
            f"{MAX_DIM} dimensions, all seen by the layers: use method='auto'."
        )
    if method != "auto":
        return method, "asked for"
    if domain.dim == 1:
        return "line", "the domain has dimension 1"
    unbounded = isinstance(domain, WholeSpace)
    if slices_serve(network, domain) and (unbounded or is_origin_crowded(network)):
        return "cones", "the network has no biases"
    if isinstance(domain, WholeSpace):
        return "tree", "the domain is unbounded"
    if domain.dim > MAX_SWEEP_DIM:
        return "tree", f"the domain has more than {MAX_SWEEP_DIM} dimensions"
    return "sweep", "the domain is bounded and of low dimension"


def _fall_back(
    network: ReluNetwork,
    domain: Domain,
    method: str,
    failed: str,
    error: NotGenericError,
) -> tuple[str, str]:
    """What to run when an engine finds that the network is not generic."""
    if method != "auto" or failed not in ("sweep", "cones", "sectors"):
        raise error
    if failed == "sweep" and slices_serve(network, domain):
        return "cones", f"no biases, and not in general position: {error}"
    return "tree", f"not in general position: {error}"


def _count(
    network: ReluNetwork,
    domain: Domain,
    chosen: str,
    budget: Budget,
    progress: Progress | None,
    journal: str | os.PathLike[str] | None,
) -> tuple[int, bool, dict[str, Any]]:
    """What the chosen engine counts, whether that is all, and statistics."""
    if chosen == "line":
        line = cut_line(network, domain, budget)
        stats: dict[str, Any] = {"breakpoints": len(line.places)}
        if not line.complete:
            stats["stopped"] = budget.reason()
        return len(line.patterns), line.complete, stats
    if chosen == "sweep":
        assert not isinstance(domain, WholeSpace)
        return count_generic(network, domain, budget, progress)
    if chosen == "cells":
        assert not isinstance(domain, WholeSpace)
        return count_cells(network, domain, budget.spent, budget.max_regions, progress)
    if chosen == "cones":
        return count_cones(network, domain, budget, progress)
    if chosen == "sectors":
        return count_sectors(network, budget, progress)
    return count_any(network, _for_tree(network, domain), budget, progress, journal)


def _for_tree(network: ReluNetwork, domain: Domain) -> Domain:
    """A domain with the same regions in which the tree has less to do.

    Cones need no direction more to make the whole space bounded: a cube holds them all.
    """
    small = domain.dim <= MAX_SWEEP_DIM
    if isinstance(domain, WholeSpace) and small and are_cones(network, domain):
        return Box.cube(domain.dim)
    return domain


def _listing(
    network: ReluNetwork,
    domain: Domain,
    chosen: str,
    budget: Budget,
    progress: Progress | None,
    journal: str | os.PathLike[str] | None,
) -> Listing:
    """What the chosen engine finds."""
    if chosen == "line":
        return _list_line(network, domain)
    if chosen == "sweep":
        assert not isinstance(domain, WholeSpace)
        return list_generic(network, domain, budget, progress)
    if chosen == "sectors":
        raise ValueError("method='sectors' only counts: use method='auto' to list.")
    if chosen == "cones":
        return list_cones(network, domain, budget, progress)
    return list_any(network, _for_tree(network, domain), budget, progress, journal)


def _list_line(network: ReluNetwork, domain: Domain) -> Listing:
    """All intervals of a one-dimensional domain."""
    line = cut_line(network, domain)
    packed = pack_bits(line.patterns[:, network.kinks])
    middles = line.middles()
    exact: dict[int, tuple[Fraction, ...]] = {
        k: (m,) for k, m in enumerate(middles) if Fraction(nearest_float(m)) != m
    }
    stats: dict[str, Any] = {"breakpoints": len(line.places)}
    points = np.array([[nearest_float(m)] for m in middles])
    return Listing(packed, points, exact, True, stats, _line_cells(line))


def _line_cells(line: Line) -> Any:
    """Ends and neighbors of the intervals, if all are bounded."""
    if line.start is None or line.end is None:
        return None
    return line.cells
