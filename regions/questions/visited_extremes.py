"""Largest values over all regions in one pass: floats first, then exact for the rest.

The network at the corners, with proved bounds of all errors, leaves few corners, or
regions, at which the largest value can be; exact arithmetic decides between these.
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
from regions.enumeration.cells.engine import MAX_FACETS
from regions.enumeration.cells.space import hopes
from regions.enumeration.cells.space.network import Hopes
from regions.enumeration.cells.valued import (
    Valued,
    Visit,
    visit_regions,
    visits_serve,
)
from regions.network import ReluNetwork
from regions.questions.answer import Point, Value, ends, known
from regions.questions.last_layer import combined_weights, with_sums
from regions.questions.norms import float_norms, operator_norm
from regions.questions.problem import Problem
from regions.questions.records import Record
from regions.signs.exact import ExactNetwork
from regions.signs.rounding import SAFETY

MOST_CANDIDATES = 100
"""Of more places with nearly equal values the exact values would take too long."""
DEEP = 3
"""Beyond so many layers forms in the plane are held in pairs of floats."""
GOALS = {1: hopes.ONE, 2: hopes.TWO, math.inf: hopes.INFINITY}
"""What is looked for by norms."""

Best = tuple[int, Fraction, Point]
"""A goal, its largest value, and where in the chart."""
Row = tuple[Fraction, ...]
Spot = Callable[[], Point]
"""Gives a point of the chart, exactly."""
Ends = tuple[Record[Spot], Record[Spot]]
"""Where a combination is largest, and where its negative is."""


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
        self._records: dict[tuple[Fraction, ...], Record[Spot]] = {}
        self._is_over = not visits_serve(network, domain)

    def largest(self, problem: Problem, budget: Budget) -> Best | None:
        """The largest value of the goals; None if that is not found in time.

        Args:
            problem: Goals of one part on the outputs.
            budget: The list's own.
        """
        rows = [goal[0].outputs for goal in problem.goals]
        new = [row for row in rows if row not in self._records]
        if self._is_over or (new and not self._visited(new, budget)):
            return None
        best, places = None, []
        for goal, row in enumerate(rows):
            record, offset = self._records[row], problem.goals[goal][0].offset
            if record.is_crowded:
                return None
            for high, spot in record.places():
                places.append((Fraction(high) + offset, goal, spot))
        seen: set[tuple[int, Point]] = set()
        for high, goal, spot in sorted(places, key=lambda held: -held[0]):
            if best is not None and high <= best[1]:
                break
            point = spot()
            if (goal, point) in seen:
                continue
            if len(seen) == MOST_CANDIDATES:
                return None
            seen.add((goal, point))
            value = problem.value(goal, point)
            if best is None or value > best[1]:
                best = goal, value, point
        return best

    def _visited(self, rows: Sequence[tuple[Fraction, ...]], budget: Budget) -> bool:
        """Visit all regions for some combinations and their negatives; whether all."""
        own = []
        for row in rows:
            if row not in own and tuple(-w for w in row) not in own:
                own.append(row)
        found = _ends_of(self._network, self._domain, own, budget.spent)
        if found is None:
            return False
        for row, (top, bottom) in found.items():
            self._records[row] = top
            self._records[tuple(-w for w in row)] = bottom
        return True


def _ends_of(
    network: ReluNetwork,
    domain: BoundedDomain,
    rows: Sequence[Row],
    stop: Callable[[], bool],
) -> dict[Row, Ends] | None:
    """Where combinations, and their negatives, can be largest; None if stopped."""
    records: dict[Row, Ends] = {row: (Record(), Record()) for row in rows}

    @np.errstate(all="ignore")
    def take(regions: Valued) -> None:
        def spot(place: int) -> Spot:
            region = int(np.searchsorted(regions.end, place, side="right"))
            return functools.partial(regions.corner, region, place)

        for row, (top, bottom) in records.items():
            one = regions.combined(row)
            value, doubt = (part[0] for part in one.at_corners())
            top.take(value - doubt, value + doubt, spot)
            bottom.take(-value - doubt, doubt - value, spot)

    weights = [combined_weights(network, row) for row in rows]
    visit = _visit(network, domain, hopes.VALUES, np.array(weights), take, stop)
    return records if visit.complete else None


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
    looked_for = Hopes(goal, weight, np.full((len(weight), 2), -math.inf))
    return visit_regions(with_sums(network), domain, take, stop, hopes=looked_for)


def _hopes_serve(network: ReluNetwork, domain: Domain) -> bool:
    """Whether to leave out parts of cells of all layers but the last.

    In the plane these cells take longer than with a walk of its own, the more so the
    deeper they are: that pays where they have many parts.
    """
    if domain.dim > 2:
        return True
    *before, last = network.widths
    wide = 2 * last >= 3 * sum(before) and len(before) <= DEEP
    return wide and len(domain.rows()[1]) <= MAX_FACETS


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
    """The largest norm of a Jacobian; None if no region, or too many, may have it.

    Args:
        network: The network.
        domain: A domain that is its own chart, and that visits serve.
        norm: 1, 2 or infinity.
        stop: Asked often; says whether to stop.
    """
    record: Record[Candidate] = Record()

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
    visit = _visit(network, domain, GOALS[norm], weight, take, stop)
    count = {"regions": visit.regions}
    return _steepest(network, norm, record.places(), count, visit.complete)


def _middle(regions: Valued, region: int) -> Point:
    """The mean of the corners of a region."""
    start, end = int(regions.starts()[region]), int(regions.end[region])
    corners = [regions.corner(region, q) for q in range(start, end)]
    columns = zip(*corners, strict=True)
    return tuple(sum(v, Fraction()) / len(corners) for v in columns)


def _steepest(
    network: ReluNetwork,
    norm: float | int,
    candidates: Sequence[tuple[float, Candidate]],
    count: dict[str, int],
    complete: bool,
) -> Steepest | None:
    """The largest norm exactly, where regions are in the order of their bounds."""
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    best: tuple[Fraction, Fraction, Candidate] | None = None
    maps: dict[Any, Value] = {}
    for bound, region in candidates:
        if best is not None and Fraction(bound) < best[0]:
            break
        jacobian = tuple(row[:-1] for row in exact.affine_map(region.units))
        if jacobian not in maps:
            maps[jacobian] = operator_norm(jacobian, norm)
        low, high = ends(maps[jacobian])
        if best is None or low > best[0]:
            best = low, high if best is None else max(high, best[1]), region
        elif high > best[1]:
            best = best[0], high, best[2]
    if best is None:
        return None
    stats = count | {"exact_maps": len(maps)}
    return Steepest(known(best[0], best[1]), best[2].inside(), stats, complete)
