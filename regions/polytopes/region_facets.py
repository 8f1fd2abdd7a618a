"""The facets of one region of a network, found in the coordinates that suit best.

In the whole space, where the rows of the first layer are independent, its
pre-activations serve as coordinates: most of the input space is then never touched.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.shapes import WholeSpace
from regions.lp.exact_lp import Point
from regions.lp.exact_rows import IntegerRow
from regions.network import ReluNetwork
from regions.patterns.halfspaces import Halfspaces
from regions.polytopes.facet_evidence import FacetSearch, RowSystem, rounded_point
from regions.polytopes.facet_search import search_facets
from regions.polytopes.network_rows import NetworkRows, Reduction, reduce_first_layer
from regions.signs.exact import dyadic

Progress = Callable[[int, int], None]


class RegionFacets(NamedTuple):
    """The facets of a region.

    Attributes:
        points: A point in the relative interior of each facet, rounded, by row.
        beyond: A point across each, inside all others, rounded.
        counts: How they were decided.
        search: The search in the input space; None if it was made in another.
    """

    points: dict[int, np.ndarray]
    beyond: dict[int, np.ndarray]
    counts: dict[str, int]
    search: FacetSearch | None


def region_facets(
    chart: ReluNetwork,
    rows: NetworkRows,
    bits: Bool[np.ndarray, " units"],
    inside: Point | Float64[np.ndarray, " dim"],
    *,
    whole: bool,
    system: RowSystem | None = None,
    progress: Progress | None = None,
) -> RegionFacets:
    """Facets of a region by row.

    Args:
        chart: The network as a function of the chart coordinates.
        rows: Its rows.
        bits: The pattern, a bit for every hidden unit.
        inside: A point strictly inside.
        whole: Whether the domain is the whole space.
        system: The rows of this pattern, if they are at hand.
        progress: Called with (rows decided, rows).

    Raises:
        SolverError: If a solver stops without an answer.
    """
    if whole:
        start = rounded_point(inside)
        found = _in_reduced_space(chart, rows, bits, start, progress)
        if found is not None:
            return found
    system = rows.system(bits) if system is None else system
    return searched(search_facets(system, inside, progress=progress))


def searched(search: FacetSearch) -> RegionFacets:
    """What a search in the input space found."""
    return RegionFacets(
        {row: search.facet_point(row) for row in search.facets},
        {
            row: rounded_point(evidence.beyond)
            for row, evidence in search.facets.items()
        },
        dict(search.counts),
        search,
    )


def given_system(rows: Halfspaces) -> RowSystem:
    """Rows that nothing was rounded in, for a search."""

    def integers() -> list[IntegerRow]:
        return [
            dyadic([*row.tolist(), float(right)])[0]
            for row, right in zip(rows.A, rows.b, strict=True)
        ]

    return RowSystem(rows.A, rows.b, np.zeros(len(rows)), integers)


def recession_rows(
    chart: ReluNetwork, bits: Bool[np.ndarray, " units"], system: RowSystem
) -> tuple[Float64[np.ndarray, "rows dim"], Float64[np.ndarray, " rows"]]:
    """Gradients whose cone `A u <= 0` has an interior if the region's has, and errors.

    In the first layer's coordinates where these serve: of a cone that does not depend
    on most of the input space, no more is left than what it depends on.

    Args:
        chart: The network as a function of the chart coordinates, in the whole space.
        bits: The pattern, a bit for every hidden unit.
        system: The rows in the input space.
    """
    reduced = _reduced(chart, bits)
    if reduced is not None:
        _, own_rows, own_bits = reduced
        system = own_rows.system(own_bits)
    return system.A, system.error


def _reduced(
    chart: ReluNetwork, bits: Bool[np.ndarray, " units"]
) -> tuple[Reduction, NetworkRows, Bool[np.ndarray, " own"]] | None:
    """The first layer's coordinates, with the rows and the pattern in them."""
    reduction = reduce_first_layer(chart, bits)
    if reduction is None or not chart.hidden[0].kinks.all():
        return None
    width = chart.hidden[0].width
    own_bits = np.concatenate([bits[:width][reduction.kept], bits[width:]])
    own_rows = NetworkRows(reduction.network, WholeSpace(len(reduction.kept)))
    return reduction, own_rows, own_bits


@np.errstate(over="ignore", invalid="ignore")
def _in_reduced_space(
    chart: ReluNetwork,
    rows: NetworkRows,
    bits: Bool[np.ndarray, " units"],
    x: Float64[np.ndarray, " dim"],
    progress: Progress | None,
) -> RegionFacets | None:
    """Facets found in the first layer's coordinates; None if these do not serve."""
    reduced = _reduced(chart, bits)
    if reduced is None:
        return None
    reduction, own_rows, own_bits = reduced
    width, kept = chart.hidden[0].width, reduction.kept
    z = chart.pre_activations(x[None])[0][0]
    search = search_facets(own_rows.system(own_bits), z[kept], progress=progress)
    if search.vanishing or any(e.same for e in search.facets.values()):
        return None
    # Rows of units without a kink are not rows: count as the large network does.
    counts = {**search.counts, "independent": len(reduction.dropped)}
    found = searched(search)
    points, beyond = {}, {}
    for k, row in enumerate(own_rows.units.tolist()):
        if k not in search.facets:
            continue
        unit = int(kept[row]) if row < len(kept) else row - len(kept) + width
        own = int(np.flatnonzero(rows.units == unit)[0])
        back = reduction.inverse[:, kept]
        points[own] = x + back @ (found.points[k] - z[kept])
        beyond[own] = x + back @ (found.beyond[k] - z[kept])
    for unit in reduction.dropped.tolist():
        points[unit] = x - reduction.inverse[:, unit] * z[unit]
        beyond[unit] = x - 2.0 * reduction.inverse[:, unit] * z[unit]
    if not all(np.isfinite([points[row], beyond[row]]).all() for row in points):
        return None
    return RegionFacets(points, beyond, counts, None)
