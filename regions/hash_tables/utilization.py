"""How many of the possible activation patterns a network uses, counted six ways."""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64

from regions.bounds import (
    central_count,
    montufar_2017_upper_bound,
    serra_2018_upper_bound,
    zaslavsky_count,
)
from regions.domains.shapes import Ball, Box, Domain, HPolytope, WholeSpace
from regions.enumeration import count_regions
from regions.errors.limits import never
from regions.grid.hash_grid import GridCount, hash_grid
from regions.hash_tables.hash_table import HashTable, occupancy_gini
from regions.network import ReluNetwork
from regions.results.region_set import RegionCount
from regions.results.statistics import Stop
from regions.signs.inside import inside_domain

GRID_RESOLUTION = 512
MAX_GRID_DIM = 2
"""In more dimensions a grid that sees anything has too many points."""

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Utilization:
    """From what is possible to what the data meets; each number bounds the next.

    Attributes:
        bits: Units that take a bit, n.
        bound: Upper bound of the number of regions from the literature.
        bound_name: Which formula.
        domain: Where regions are counted.
        exact: Regions that meet the domain; not all when `exact.complete` is false.
        grid: Regions that a dense grid on the domain meets, or None in more than two
            dimensions, without bounds, and when the count was interrupted.
        points: Data points in the domain.
        occupied: Regions that hold one of those points inside.
        entropy: Entropy of the occupancy of all codes by all data, in bits.
        gini: Gini coefficient of the points per code, over the codes that occur.
        gini_of_regions: The same over all regions that meet the domain, the empty ones
            included; None unless all are counted and all data lies inside them.
    """

    bits: int
    bound: int
    bound_name: str
    domain: Domain
    exact: RegionCount
    grid: GridCount | None
    points: int
    occupied: int
    entropy: float
    gini: float
    gini_of_regions: float | None

    @property
    def interrupted(self) -> bool:
        """Whether the caller's `stop` ended the exact count."""
        return self.exact.stop is Stop.INTERRUPTED

    @property
    def possible(self) -> int:
        """Bit strings of this length: 2^n."""
        return 1 << self.bits


def utilization(
    table: HashTable,
    domain: Domain,
    *,
    resolution: int = GRID_RESOLUTION,
    max_regions: int | None = None,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> Utilization:
    """Count the regions that are possible, exist, meet a grid and hold data.

    Args:
        table: Codes of the data, from `hash_table`.
        domain: Where to count: a box, polytope, ball or the whole space. Data outside
            are left out of `occupied`, and those on its border if it is no box.
        resolution: Grid points along each axis.
        max_regions: Stop the exact count there; see `count_regions`.
        max_seconds: Stop the exact count after this time.
        stop: Stop it when this says so, as when a key was pressed; no grid is made.
        progress: Called with (done, total) during the exact count.

    Raises:
        ValueError: If the domain does not fit the network, or is of another kind.
    """
    network = table.network
    if not isinstance(domain, Box | HPolytope | Ball | WholeSpace):
        raise ValueError(
            f"`domain` is of the kind {type(domain).__name__}: a Box, HPolytope, Ball "
            "or WholeSpace is required, in which data lie."
        )
    exact = count_regions(
        network,
        domain,
        progress=progress,
        max_regions=max_regions,
        max_seconds=max_seconds,
        stop=stop,
    )
    grid = None
    seen = domain.is_bounded and domain.dim <= MAX_GRID_DIM
    if seen and exact.stop is not Stop.INTERRUPTED:
        grid = hash_grid(network, domain, resolution, labels=False)
    bound, name = region_bound(network)
    within = _within(table.points, domain)
    held = np.unique(table.codes[within & table.inside])
    all_inside = exact.complete and bool((within & table.inside).all())
    return Utilization(
        bits=network.num_bits,
        bound=bound,
        bound_name=name,
        domain=domain,
        exact=exact,
        grid=grid,
        points=int(within.sum()),
        occupied=len(held),
        entropy=table.entropy,
        gini=table.gini,
        gini_of_regions=(
            occupancy_gini(table.counts, int(exact)) if all_inside else None
        ),
    )


def _within(
    points: Float64[np.ndarray, "points dim"], domain: Domain
) -> Bool[np.ndarray, " points"]:
    """Which points lie in a box, its border included, or strictly in another domain."""
    if isinstance(domain, Box):
        return np.all((points >= domain.lower) & (points <= domain.upper), axis=1)
    if isinstance(domain, Ball):
        # Its chart is centered; each difference is rounded once, to either side.
        points = np.nextafter(np.abs(points - domain.center), np.inf)
    return inside_domain(points, domain)


def region_bound(network: ReluNetwork) -> tuple[int, str]:
    """The best upper bound here of the activation regions, and the name of its formula.

    A layer of n units cuts each region of the layers before into at most
    `zaslavsky_count(n, dim)` parts, whatever it reads: the bound for networks with skip
    blocks or units of slope 1. The others have sharper ones.
    """
    dim, bits = network.input_dim, network.num_bits
    widths = [int(layer.kinks.sum()) for layer in network.hidden]
    bound, name = 1, "Zaslavsky, layer by layer"
    for width in widths:
        bound *= zaslavsky_count(width, dim)
    plain = not network.has_skips and all(layer.kinks.all() for layer in network.hidden)
    if len(widths) == 1:
        name = "Zaslavsky"
        if bits and not network.hidden[0].bias.any():
            bound, name = central_count(bits, dim), "through the origin"
    elif widths and plain:
        relu = not any(layer.slopes.any() for layer in network.hidden)
        formula = serra_2018_upper_bound if relu else montufar_2017_upper_bound
        bound = formula(dim, widths)
        name = "Serra 2018" if relu else "Montufar 2017"
    return min((bound, name), (1 << bits, "2^n"))


def data_box(table: HashTable) -> Box:
    """The smallest box around the data; a constant coordinate gets 1/2 on each side."""
    lower, upper = table.points.min(0), table.points.max(0)
    flat = lower == upper
    # A half is lost in numbers beyond 2^53: there the next numbers must do.
    low = np.minimum(lower - 0.5, np.nextafter(lower, -np.inf))
    high = np.maximum(upper + 0.5, np.nextafter(upper, np.inf))
    return Box(np.where(flat, low, lower), np.where(flat, high, upper))
