"""Largest values over all regions in one pass: floats first, then exact for the rest.

The network at the corners, with proved bounds of all errors, leaves few corners, or
regions, at which the largest value can be; exact arithmetic decides between these.
"""

import math
import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import BoundedDomain, WholeSpace
from regions.enumeration.budget import Budget
from regions.enumeration.cells.valued import Valued, visit_regions, visits_serve
from regions.network import ReluNetwork
from regions.questions.answer import Point, Value, ends, known
from regions.questions.norms import float_norms, operator_norm
from regions.questions.problem import Problem
from regions.signs.exact import ExactNetwork
from regions.signs.rounding import SAFETY

MOST_CANDIDATES = 100
"""Of more places with nearly equal values the exact values would take too long."""
MOST_HELD = 4096
"""Of so many places none is kept: the value is nearly the same all over."""

Best = tuple[int, Fraction, Point]
"""A goal, its largest value, and where in the chart."""


class Record:
    """The largest of numbers between ends, so far: where it can be.

    Attributes:
        least: What it is at least.
        is_crowded: Whether it can be at too many places.
    """

    def __init__(self):
        self.least = -math.inf
        self.is_crowded = False
        self._held: list[tuple[float, Valued, int]] = []
        self._lock = threading.Lock()

    def take(
        self,
        low: Float64[np.ndarray, " places"],
        high: Float64[np.ndarray, " places"],
        regions: Valued,
    ) -> None:
        """Look at some more places; of one with NaN for an end nothing is known."""
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            self.is_crowded = True
        if self.is_crowded:
            return
        places = np.flatnonzero(high >= max(self.least, low.max()))
        if not len(places):
            return
        with self._lock:
            self.least = max(self.least, float(low.max()))
            more = [(float(high[k]), regions, int(k)) for k in places[:MOST_HELD]]
            self._held = [
                held for held in (*self._held, *more) if held[0] >= self.least
            ]
            if len(self._held) >= MOST_HELD:
                self._held, self.is_crowded = [], True

    def places(self) -> list[tuple[float, Valued, int]]:
        """Where the largest can be, and what it is there at most."""
        return sorted(self._held, key=lambda held: -held[0])


class EngineList:
    """Largest values over all regions of a network; asked for several goals.

    A pass finds the largest and the smallest value of each combination that is asked
    for: one pass serves both ends of a range.
    """

    def __init__(self, network: ReluNetwork, domain: BoundedDomain):
        self._network, self._domain = network, domain
        self._records: dict[tuple[Fraction, ...], Record] = {}
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
            for high, regions, place in record.places():
                places.append((Fraction(high) + offset, goal, regions, place))
        seen: set[tuple[int, Point]] = set()
        for high, goal, regions, place in sorted(places, key=lambda held: -held[0]):
            if best is not None and high <= best[1]:
                break
            region = int(np.searchsorted(regions.end, place, side="right"))
            point = regions.corner(region, place)
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
        records: dict[tuple[Fraction, ...], tuple[Record, Record]] = {}
        for row in rows:
            if tuple(-w for w in row) not in records:
                records.setdefault(row, (Record(), Record()))

        @np.errstate(all="ignore")
        def take(regions: Valued) -> None:
            for row, (top, bottom) in records.items():
                one = regions.combined(row)
                value, doubt = (part[0] for part in one.at_corners())
                top.take(value - doubt, value + doubt, regions)
                bottom.take(-value - doubt, doubt - value, regions)

        visit = visit_regions(self._network, self._domain, take, budget.spent)
        if not visit.complete:
            return False
        for row, (top, bottom) in records.items():
            self._records[row] = top
            self._records[tuple(-w for w in row)] = bottom
        return True


class Steepest(NamedTuple):
    """Where the Jacobian is largest.

    Attributes:
        value: Its norm.
        witness: A point of the chart, inside a region that has it.
        regions: How many regions were visited.
        maps: How many Jacobians were found exactly.
        complete: Whether these are all.
    """

    value: Value
    witness: Point
    regions: int
    maps: int
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
    record = Record()

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
        record.take(norms - doubt, norms + doubt, regions)

    visit = visit_regions(network, domain, take, stop)
    if record.is_crowded or not record.places():
        return None
    value, (regions, region), maps = _largest_norm(network, record.places(), norm)
    start, end = int(regions.starts()[region]), int(regions.end[region])
    corners = [regions.corner(region, q) for q in range(start, end)]
    middle = tuple(
        sum(v, Fraction()) / len(corners) for v in zip(*corners, strict=True)
    )
    return Steepest(value, middle, visit.regions, maps, visit.complete)


def _largest_norm(
    network: ReluNetwork, places: list[tuple[float, Valued, int]], norm: float | int
) -> tuple[Value, tuple[Valued, int], int]:
    """The largest norm exactly, where it is, and how many Jacobians there were."""
    exact = ExactNetwork(network, WholeSpace(network.input_dim))
    best: tuple[Fraction, Fraction, tuple[Valued, int]] | None = None
    maps: dict[Any, Value] = {}
    for _, regions, region in places:
        bits = regions.bits(np.array([region]))
        (units,) = network.unit_patterns(bits)
        jacobian = tuple(row[:-1] for row in exact.affine_map(units))
        if jacobian not in maps:
            maps[jacobian] = operator_norm(jacobian, norm)
        low, high = ends(maps[jacobian])
        if best is None or low > best[0]:
            best = low, high if best is None else max(high, best[1]), (regions, region)
        elif high > best[1]:
            best = best[0], high, best[2]
    assert best is not None
    return known(best[0], best[1]), best[2], len(maps)
