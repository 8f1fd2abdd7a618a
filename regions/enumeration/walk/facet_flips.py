"""Regions around a point, by walking across facets, in any dimension.

Breadth first: a region's facets are decided with proofs
(`regions.polytopes.facet_search`), the pattern beyond each facet is exact, and a point
strictly inside the neighbor is proved (`crossing`). No region is
found twice. Two regions of a convex domain are joined by a generic curve that crosses
facets only, so a search that ends because every facet leads to a region it knows, or
out of the domain, has found all.

Reference for the walk over facets: Avis and Fukuda, "Reverse search for enumeration",
Discrete Applied Mathematics 65, 1996, section 3.3 (cells of an arrangement).
"""

import dataclasses
import functools
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, UInt8

from regions.domains.shapes import Ball, Domain
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.walk.in_ball import InBall
from regions.errors import LimitError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import hearing_by_itself, limited, never
from regions.lp.exact_lp import check_witness
from regions.models.arguments import (
    DomainLike,
    NetworkLike,
    network_and_domain,
    read_point,
)
from regions.network import ArrayLike, ReluNetwork
from regions.patterns.packing import pack_bits
from regions.polytopes.crossing import (
    Place,
    exact_crossing,
    place_near,
    points_across,
)
from regions.polytopes.facet_evidence import FacetSearch
from regions.polytopes.facet_search import search_facets
from regions.polytopes.network_rows import NetworkRows
from regions.results.region_set import RegionSet
from regions.results.statistics import Statistics

BATCH = 64
"""Neighbors whose rows are held at a time."""

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkStats(Statistics):
    """What a walk did: regions, and decisions on rows by the test that made them.

    Attributes:
        expanded: Regions whose facets were crossed.
        frontier: Regions found whose facets were not.
        constant: Rows without gradient.
        same: Rows that are the same halfspace as another.
        ray: Facets that a ray met.
        program: Facets that a linear program found.
        multipliers: Rows that multipliers proved redundant, in float64.
        exact_multipliers: The same in rational arithmetic.
        exact_programs: Rows that an exact linear program decided.
        no_ball: Regions without a Chebyshev ball that was proved inside.
        solver_failures: Programs that were left to the next test.
        float64_witnesses: Neighbors with a float64 point proved inside.
        exact_crossings: Facets crossed in rational arithmetic.
    """

    expanded: int | None = None
    frontier: int = 0
    constant: int | None = None
    same: int | None = None
    ray: int | None = None
    program: int | None = None
    multipliers: int | None = None
    exact_multipliers: int | None = None
    exact_programs: int | None = None
    no_ball: int | None = None
    solver_failures: int | None = None
    float64_witnesses: int | None = None
    exact_crossings: int | None = None


@kinds_checked
def explore_regions(
    network: NetworkLike,
    start: ArrayLike,
    domain: DomainLike = None,
    *,
    max_regions: int | None = None,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
    stop: Callable[[], bool] = never,
    progress: Progress | None = None,
) -> RegionSet:
    """Activation regions around a point, nearest in facet crossings first.

    Args:
        network: Any network.
        start: A point strictly inside a region, in chart coordinates of `domain`.
        domain: Where to stay; None for the whole space. In a ball of the norm 2 regions
            are found whose interior meets the open ball.
        max_regions: Stop when so many regions are found.
        max_seconds: Stop after this time.
        max_bytes: Stop when the process has taken so much memory more; by default half
            of what the machine has left.
        stop: Called often: says whether to stop, as when a key was pressed.
        progress: Called with (regions found, regions in sight at least).

    Returns:
        The regions in the order in which they were found, the one of `start` first,
        with their `adjacency()`; `complete` is True if the search came to its end,
        which proves that these are all regions of the domain.

    Raises:
        ValueError: If `start` has the wrong shape, lies outside the domain or on a
            boundary.
        SolverError: If a solver stops without an answer.

    Example:
        >>> from regions.domains.shapes import Box
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> rs = explore_regions(net, np.array([0.5, 0.5]), Box([-1, -1], [1, 1]))
        >>> len(rs), rs.complete
        (4, True)
    """
    network, domain = network_and_domain(network, domain, or_whole=True, or_round=True)
    start = read_point(start, domain.dim, "start", chart=not domain.is_chart_identity)
    rows = NetworkRows(network, domain)
    budget = Budget(max_regions, max_seconds, max_bytes, stop)
    with hearing_by_itself():
        ball = None
        if isinstance(domain, Ball) and domain.squared_radius is not None:
            ball = InBall(network, domain)
            ball.check_start(start)
        first = _first_place(rows, start, domain)
        walk = Walk(rows, first) if ball is None else Walk(rows, first, ball.belongs)
        while walk.queue and not budget.spent() and not budget.full(len(walk.places)):
            number = walk.queue.popleft()
            try:
                with limited(stop=budget.spent):
                    walk.expand(number, budget)
            except (StoppedError, LimitError):
                walk.queue.appendleft(number)
            if progress is not None:
                progress(len(walk.places) - len(walk.queue), len(walk.places))
        if ball is not None:
            # Facets beyond the ball make no neighbors in it.
            walk.edges = {
                pair: row
                for pair, row in walk.edges.items()
                if ball.shares(walk.places[pair[0]].bits, int(rows.units[row]))
            }
            walk.places = [ball.moved(place) for place in walk.places]
        return walk.result(network, domain, budget)


def _first_place(rows: NetworkRows, start: np.ndarray, domain: Domain) -> Place:
    """The region of a point.

    Raises:
        ValueError: If the point is in no region, with what to do.
    """
    point = np.array(start, np.float64)
    if point.shape != (domain.dim,) or not np.isfinite(point).all():
        raise ValueError(
            f"`start` has shape {point.shape}: a finite vector of {domain.dim} entries "
            "is required."
        )
    found = rows.signs(point[None])
    bits = rows.all_bits(found.on[:, rows.units])[0]
    if found.strict[0] and rows.proves_inside(point):
        return Place(bits, point)
    table = rows.integers(bits)
    steep = [k for k, row in enumerate(table) if any(row[:-1])]
    for k in steep:
        row = table[k]
        if check_witness([row[:-1]], [row[-1]], point.tolist()):
            continue
        if k >= rows.num_units:
            raise ValueError(
                f"`start` is not inside the domain: it violates or touches "
                f"{rows.name(k)}; give a point inside."
            )
        raise ValueError(
            f"`start` lies on the boundary of {rows.name(k)}: give a point inside a "
            "region (`regions.regions_meeting_at` lists those around)."
        )
    return Place(bits, point)


def _usual_slack(rows: NetworkRows, place: Place) -> float:
    """The scale of the partition around a place: larger balls are of no use."""
    A, b, _ = (part[0] for part in rows.batch(place.bits[None]))
    steep = A.any(axis=1)
    with np.errstate(all="ignore"):
        # A length may underflow.
        slack = (b - A @ place.point)[steep] / np.linalg.norm(A[steep], axis=1)
    slack = slack[np.isfinite(slack)]
    return 4.0 * float(np.median(np.abs(slack))) if len(slack) else 1.0


class Walk:
    """The state of a search.

    Args:
        rows: The rows of the regions of a network on a domain.
        first: Where to begin.
        belongs: Whether a region of these bits is to be found; all are by default.

    Attributes:
        places: Regions found.
        queue: Those whose facets were not looked at.
    """

    def __init__(
        self,
        rows: NetworkRows,
        first: Place,
        belongs: Callable[[Bool[np.ndarray, " units"]], bool] = lambda bits: True,
    ):
        self.rows = rows
        self._belongs = belongs
        self._cap = _usual_slack(rows, first)
        self.places = [first]
        self.index = {first.bits.tobytes(): 0}
        self.queue: deque[int] = deque([0])
        self.counts: Counter[str] = Counter()
        self.edges: dict[tuple[int, int], int] = {}
        self.cut_short = False

    def expand(self, number: int, budget: Budget) -> None:
        """Cross every facet of a region.

        Raises:
            StoppedError: If the budget is spent; some of its facets were not crossed.
        """
        place = self.places[number]
        search = search_facets(
            self.rows.system(place.bits),
            place.inside,
            progress=lambda done, total: budget.check(),
            max_radius=self._cap,
        )
        self.counts.update(search.counts)
        self.counts["expanded"] += 1
        single, shared = [], []
        for row, evidence in search.facets.items():
            if row >= self.rows.num_units or any(
                other >= self.rows.num_units for other in evidence.same
            ):
                continue
            rational = not isinstance(evidence.beyond, np.ndarray)
            rational |= not isinstance(search.center, np.ndarray)
            (shared if evidence.same or rational else single).append(row)
        for begin in range(0, len(single), BATCH):
            budget.check()
            self._cross(number, search, np.array(single[begin : begin + BATCH]), budget)
        for row in shared:
            self._cross_exactly(number, search, row, budget)

    def _cross(
        self,
        number: int,
        search: FacetSearch,
        facets: Int[np.ndarray, " facets"],
        budget: Budget,
    ) -> None:
        """Neighbors across facets that belong to one unit each."""
        bits = np.repeat(self.places[number].bits[None], len(facets), axis=0)
        flips = self.rows.units[facets]
        bits[np.arange(len(facets)), flips] ^= True
        fresh = []
        for k, row in enumerate(facets):
            known = self.index.get(bits[k].tobytes())
            # A unit that is zero all over this region may be on in the next one.
            if search.vanishing or (known is None and self._belongs(bits[k])):
                fresh.append(k)
            elif known is not None:
                self._join(number, known, int(row))
        if not fresh:
            return
        start = np.array(search.center)
        beyond = np.array([search.facets[int(row)].beyond for row in facets[fresh]])
        points, proved = points_across(
            self.rows, bits[fresh], facets[fresh], start, beyond
        )
        for k, point, sure in zip(fresh, points, proved, strict=True):
            if sure:
                self.counts["float64 witnesses"] += 1
                find = functools.partial(Place, bits[k], point)
                self._add(number, int(facets[k]), bits[k], find, budget)
            else:
                self._cross_exactly(number, search, int(facets[k]), budget)

    def _cross_exactly(
        self, number: int, search: FacetSearch, row: int, budget: Budget
    ) -> None:
        """The neighbor across a facet by rational arithmetic."""
        budget.check()
        self.counts["exact crossings"] += 1
        beyond = search.facets[row].beyond
        bits = self.places[number].bits
        across = exact_crossing(self.rows, bits, row, search.center, beyond)
        find = functools.partial(place_near, self.rows, *across)
        self._add(number, row, across.bits, find, budget)

    def _add(
        self,
        number: int,
        row: int,
        bits: Bool[np.ndarray, " units"],
        find: Callable[[], Place],
        budget: Budget,
    ) -> None:
        """Record a region, if it is new, and its edge; `find` gives a point of it."""
        key = bits.tobytes()
        if key not in self.index:
            if not self._belongs(bits):
                return
            if budget.full(len(self.places)):
                self.cut_short = True
                return
            place = find()
            self.index[key] = len(self.places)
            self.queue.append(len(self.places))
            self.places.append(place)
        self._join(number, self.index[key], row)

    def _join(self, a: int, b: int, row: int) -> None:
        """Record that two regions share a facet."""
        self.edges.setdefault((min(a, b), max(a, b)), row)

    def result(self, network: ReluNetwork, domain: Domain, budget: Budget) -> RegionSet:
        """What was found."""
        complete = not self.queue and not self.cut_short
        pairs = sorted(self.edges)
        stats = WalkStats(
            **self._counts(),
            frontier=len(self.queue),
            stopped=None if complete else budget.reason(),
        )
        return RegionSet(
            network,
            domain,
            self._packed(),
            np.array([place.point for place in self.places]),
            complete=complete,
            method="facets",
            seconds=budget.seconds,
            stats=stats,
            exact_witnesses={
                k: place.exact
                for k, place in enumerate(self.places)
                if place.exact is not None
            },
            neighbors=(
                np.array(pairs, np.int64).reshape(-1, 2),
                np.array([self.edges[pair] for pair in pairs], np.int64),
            ),
        )

    def _counts(self) -> dict[str, Any]:
        """The counts by the names of fields."""
        return {word.replace(" ", "_"): n for word, n in self.counts.items()}

    def _packed(self) -> UInt8[np.ndarray, "regions bytes"]:
        """The patterns, packed."""
        bits: Bool[np.ndarray, "regions bits"] = np.array(
            [place.bits[self.rows.units] for place in self.places], bool
        )
        return pack_bits(bits)
