"""Largest values over all regions in one pass: floats first, then exact for the rest.

The network at the corners, with proved bounds of all errors, leaves few corners, or
regions, at which the largest value can be; exact arithmetic decides between these, and
thins them out where values are equal at many.
Most regions are never made: a cell of the layers before the last, or a part of it, is
left out where no value on it can be as large as one that is attained elsewhere
(`enumeration/cells/space/hopes.py`).
"""

import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.shapes import BoundedDomain, Domain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.cells.space import hopes
from regions.enumeration.cells.space.network import Hopes
from regions.enumeration.cells.valued import (
    Valued,
    Visit,
    hopes_serve,
    visit_regions,
    visits_serve,
)
from regions.network import ReluNetwork
from regions.questions.answer import Point, Value, ends, known
from regions.questions.corner_values import CornerValues, Spot, below
from regions.questions.last_layer import combined_weights, with_sums
from regions.questions.norms import float_norms, operator_norm
from regions.questions.problem import Problem
from regions.questions.records import Record
from regions.signs.exact import ExactNetwork
from regions.signs.rounding import SAFETY

MOST_KEPT = 1 << 14
"""Of more Jacobians no norm is kept."""
GOALS = {1: hopes.ONE, 2: hopes.TWO, math.inf: hopes.INFINITY}
"""What is looked for by norms."""

Best = tuple[int, Fraction, Point]
"""A goal, its largest value, and where in the chart."""
Row = tuple[Fraction, ...]


class Candidate(NamedTuple):
    """A region whose Jacobian may be the largest.

    Attributes:
        units: Which hidden units are on.
        inside: Gives a point inside, in the chart.
    """

    units: Bool[np.ndarray, " units"]
    inside: Callable[[], Point]


class EngineList:
    """Largest values over all regions of a network; asked for several goals.

    A pass finds the largest and the smallest value of each combination that is asked
    for: one pass serves both ends of a range.
    """

    def __init__(self, network: ReluNetwork, domain: BoundedDomain):
        self._network, self._domain = network, domain
        self._exact = ExactNetwork(network, domain)
        self._records: dict[Row, Record[Spot]] = {}
        self._values: dict[Row, CornerValues] = {}
        self._is_over = not visits_serve(network, domain)

    def largest(self, problem: Problem, budget: Budget) -> Best | None:
        """The largest value of the goals; None if that is not found in time.

        Args:
            problem: Goals of one part on the outputs.
            budget: The list's own.
        """
        rows = [goal[0].outputs for goal in problem.goals]
        offsets = [goal[0].offset for goal in problem.goals]
        new = [row for row in rows if row not in self._records]
        if self._is_over or (new and not self._visited(new, budget)):
            return None
        places = [
            (top if top == math.inf else Fraction(top) + offset, goal, spot)
            for goal, (row, offset) in enumerate(zip(rows, offsets, strict=True))
            for top, spot in self._records[row].places()
        ]
        best = None
        for top, goal, spot in sorted(places, key=lambda held: -held[0]):
            if best is not None and top <= best[1]:
                break
            if budget.spent():
                return None
            value = self._values[rows[goal]].at(spot) + offsets[goal]
            if best is None or value > best[1]:
                best = goal, value, spot
        return None if best is None else (*best[:2], best[2].point)

    def _visited(self, rows: Sequence[Row], budget: Budget) -> bool:
        """Visit all regions for some combinations and their negatives; whether all."""
        own = []
        for row in rows:
            if row not in own and tuple(-w for w in row) not in own:
                own.append(row)
        both = [row for held in own for row in _both(held)]
        self._values |= {row: CornerValues(self._exact, row) for row in both}
        records = self._ends_of(own, budget.spent)
        if records is None:
            return False
        self._records |= records
        return True

    def _ends_of(
        self, rows: Sequence[Row], stop: Callable[[], bool]
    ) -> dict[Row, Record[Spot]] | None:
        """Where combinations, and their negatives, can be largest; None if stopped."""
        records = {
            row: Record(functools.partial(self._values[row].thinned, stop=stop))
            for held in rows
            for row in _both(held)
        }

        @np.errstate(all="ignore")
        def take(regions: Valued) -> None:
            def spot(place: int) -> Spot:
                region = int(np.searchsorted(regions.end, place, side="right"))
                return Spot(regions, region, place)

            for held in rows:
                row, negative = _both(held)
                value, doubt = (part[0] for part in regions.combined(row).at_corners())
                records[row].take(value - doubt, value + doubt, spot)
                records[negative].take(-value - doubt, doubt - value, spot)

        network = self._network
        weights = [combined_weights(network, row) for row in rows]
        goal = hopes.VALUES

        def over() -> bool:
            return stop() or any(record.is_open for record in records.values())

        visit = _visit(network, self._domain, goal, np.array(weights), take, over)
        is_open = any(record.is_open for record in records.values())
        return records if visit.complete and not is_open else None


def _both(row: Row) -> tuple[Row, Row]:
    """A combination and its negative."""
    return row, tuple(-w for w in row)


def _visit(
    network: ReluNetwork,
    domain: BoundedDomain,
    goal: int,
    weight: Float64[np.ndarray, "sums units_and_outputs"],
    take: Callable[[Valued], None],
    stop: Callable[[], bool],
) -> Visit:
    """Hand over all regions that may have what is looked for, and perhaps others."""
    if not _hopes_serve(network, domain):
        return visit_regions(network, domain, take, stop)
    best = np.full((len(weight), 2), -math.inf)
    looked_for = Hopes(goal, len(network.hidden) - 1, weight, best)
    return visit_regions(with_sums(network), domain, take, stop, hopes=looked_for)


def _hopes_serve(network: ReluNetwork, domain: Domain) -> bool:
    """Whether to leave out parts of cells of all layers but the last.

    In the plane that pays where these cells have many parts.
    """
    *before, last = network.widths
    is_wide = domain.dim > 2 or 2 * last >= 3 * sum(before)
    return is_wide and hopes_serve(network, domain)


class Steepest(NamedTuple):
    """Where the Jacobian is largest.

    Attributes:
        value: Its norm.
        witness: A point of the chart, inside a region that has it.
        stats: How many regions were visited, and how many Jacobians were found exactly.
        complete: Whether these are all.
    """

    value: Value
    witness: Point
    stats: dict[str, int]
    complete: bool


def steepest_visited(
    network: ReluNetwork,
    domain: BoundedDomain,
    norm: float | int,
    stop: Callable[[], bool],
) -> Steepest | None:
    """The largest norm of a Jacobian; None if no region, or no bound, is found.

    Args:
        network: The network.
        domain: A domain that is its own chart, and that visits serve.
        norm: 1, 2 or infinity.
        stop: Asked often; says whether to stop.
    """
    exact = _ExactNorms(network, norm)
    record: Record[Candidate] = Record(functools.partial(exact.thinned, stop=stop))

    @np.errstate(all="ignore")
    def take(regions: Valued) -> None:
        gradient = regions.form[:-1] / regions.scale[:, None, None]
        J = gradient.transpose(2, 1, 0)
        sound = np.asarray(np.isfinite(J).all((1, 2)))
        norms = float_norms(np.where(sound[:, None, None], J, 0.0), norm)
        # No norm of a matrix is larger than the sum of its entries' sizes; and the
        # rounding in the norm itself.
        doubt = SAFETY * regions.doubt.sum(0) / regions.scale.min()
        doubt = np.where(sound, doubt + 1e-11 * np.abs(J).sum((1, 2)), math.inf)

        def place(region: int) -> Candidate:
            (units,) = network.unit_patterns(regions.bits(np.array([region])))
            return Candidate(units, functools.partial(_middle, regions, region))

        record.take(norms - doubt, norms + doubt, place)

    weight = with_sums(network).output.weight

    def over() -> bool:
        return stop() or record.is_open

    visit = _visit(network, domain, GOALS[norm], weight, take, over)
    if record.is_open:
        return None
    low, high, done = exact.largest(record.places(), stop)
    if low is None or high is None:
        return None
    stats = {"regions": visit.regions, "exact_maps": exact.count}
    value = known(low.ends[0], high.ends[1])
    return Steepest(value, low.region.inside(), stats, visit.complete and done)


def _middle(regions: Valued, region: int) -> Point:
    """The mean of the corners of a region."""
    start, end = int(regions.starts()[region]), int(regions.end[region])
    corners = [regions.corner(region, q) for q in range(start, end)]
    columns = zip(*corners, strict=True)
    return tuple(sum(v, Fraction()) / len(corners) for v in columns)


class _Steep(NamedTuple):
    """A region and its norm.

    Attributes:
        ends: The ends of the norm.
        top: A bound above it.
        region: The region.
    """

    ends: tuple[Fraction, Fraction]
    top: float
    region: Candidate


class _ExactNorms:
    """Norms of Jacobians, each of which is found once.

    Attributes:
        count: How many were found.
    """

    def __init__(self, network: ReluNetwork, norm: float | int):
        self._exact = ExactNetwork(network, WholeSpace(network.input_dim))
        self._norm = norm
        self._norms: dict[Any, Value] = {}
        self.count = 0

    def largest(
        self,
        candidates: Sequence[tuple[float, Candidate]],
        stop: Callable[[], bool],
    ) -> tuple[_Steep | None, _Steep | None, bool]:
        """The region whose norm is largest from below, that from above, and if of all.

        Args:
            candidates: Bounds above the norms, and the regions. One is looked at.
            stop: Asked often; says whether to stop.
        """
        low = high = None
        for top, region in candidates:
            if low is not None and stop():
                return low, high, False
            # As exact numbers.
            if low is not None and low.ends[0] > top:
                continue
            held = _Steep(ends(self._norm_on(region)), top, region)
            if low is None or held.ends[0] > low.ends[0]:
                low = held
            if high is None or held.ends[1] > high.ends[1]:
                high = held
        return low, high, True

    def _norm_on(self, region: Candidate) -> Value:
        """The norm on a region."""
        jacobian = tuple(row[:-1] for row in self._exact.affine_map(region.units))
        if jacobian not in self._norms:
            if len(self._norms) >= MOST_KEPT:
                self._norms.clear()
            self._norms[jacobian] = operator_norm(jacobian, self._norm)
            self.count += 1
        return self._norms[jacobian]

    def thinned(
        self, held: list[tuple[float, Candidate]], stop: Callable[[], bool]
    ) -> tuple[float, list[tuple[float, Candidate]]]:
        """Those of some regions that are enough, and a bound below their norms.

        Args:
            held: Bounds above the norms, and the regions.
            stop: Asked often; says whether to stop: all are handed back then.
        """
        low, high, done = self.largest(held, stop)
        if not done or low is None or high is None:
            return -math.inf, held
        return below(low.ends[0]), [(one.top, one.region) for one in (low, high)]
