"""Counting and listing in one dimension, within the limits of a task."""

import dataclasses
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, UInt8

from regions.domains.shapes import Domain
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.found import regions_at
from regions.enumeration.line.engine import Line, cut_line
from regions.enumeration.stages import Stages
from regions.patterns.packing import pack_bits
from regions.results.statistics import Statistics
from regions.signs.exact import nearest_float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineStats(Statistics):
    """What cutting a line took.

    Attributes:
        breakpoints: Breakpoints found; without those of the last layers, if stopped.
        exact_signs: Signs that needed rational arithmetic.
        exact_orders: Orders of two breakpoints that did.
        cutting_seconds: Time to find the breakpoints.
        listing_seconds: Time to make patterns and witnesses.
    """

    breakpoints: int
    exact_signs: int | None = None
    exact_orders: int | None = None
    cutting_seconds: float | None = None
    listing_seconds: float | None = None


def _has_one_end(domain: Domain) -> bool:
    """Whether a line is bounded on one side."""
    return not domain.is_bounded and len(domain.rows()[1]) > 0


class LineEngine:
    """The engine `line`: any network in one dimension."""

    name = "line"
    lists = True

    def refuses(self, task: Task) -> str | None:
        """More dimensions, and journals."""
        if task.domain.dim != 1 or _has_one_end(task.domain):
            return (
                "needs a domain of dimension 1, with two ends or none: use "
                "method='auto' or a Segment."
            )
        if task.journal is not None:
            return "keeps no journal: use method='tree', or no journal."
        return None

    def suits(self, task: Task) -> str | None:
        """Whatever it serves."""
        if self.refuses(task) is not None:
            return None
        return "the domain has dimension 1"

    def count(self, task: Task) -> Tally:
        """Number of intervals; if stopped, of those of the first layers."""
        stages = Stages()
        line = _cut(task, stages)
        if line.complete:
            task.progress(1, 1)
        # An interval of the first layers holds a region, at least.
        stats = _stats(task, line, stages, complete=line.complete)
        return Tally(max(1, len(line.patterns)), line.complete, stats)

    def list(self, task: Task) -> Listing:
        """All intervals, in order."""
        stages = Stages()
        line = _cut(task, stages)
        with stages("listing"):
            whole = line.complete and not task.budget.full(len(line.patterns) - 1)
            found = _list_all(task, line) if whole else _found_so_far(task, line)
        if whole:
            task.progress(1, 1)
        stats = _stats(task, line, stages, complete=whole)
        return dataclasses.replace(found, stats=stats)


def _cut(task: Task, stages: Stages) -> Line:
    """The intervals, with the time that they took."""
    with stages("cutting"):
        return cut_line(task.network, task.domain, task.budget)


def _stats(task: Task, line: Line, stages: Stages, *, complete: bool) -> LineStats:
    """What was done."""
    return LineStats(
        breakpoints=len(line.places),
        exact_signs=line.counts["exact_signs"],
        exact_orders=line.counts["exact_orders"],
        stopped=None if complete else task.budget.reason(),
        **stages.seconds(),
    )


def _list_all(task: Task, line: Line) -> Listing:
    """The intervals as regions."""
    packed = _packed(task, line.patterns)
    middles = line.middles()
    exact: dict[int, tuple[Fraction, ...]] = {
        k: (m,) for k, m in enumerate(middles) if Fraction(nearest_float(m)) != m
    }
    points = np.array([[nearest_float(m)] for m in middles])
    bounded = line.start is not None and line.end is not None
    cells = line.cells if bounded else None
    return Listing(packed, points, exact, True, Statistics(), cells)


def _found_so_far(task: Task, line: Line) -> Listing:
    """Intervals of the first layers, or the first of all: those that are proved."""
    middles = line.middles()[: task.budget.max_regions]
    points = np.array([[nearest_float(m)] for m in middles])
    bits, inside = regions_at(task.network, task.domain, points, task.budget)
    kept = slice(0, task.budget.max_regions)
    return Listing(_packed(task, bits[kept]), inside[kept], {}, False, Statistics())


def _packed(
    task: Task, bits: Bool[np.ndarray, "regions units"]
) -> UInt8[np.ndarray, "regions bytes"]:
    """Patterns over the units that have a kink, packed."""
    return pack_bits(bits[:, task.network.kinks])
