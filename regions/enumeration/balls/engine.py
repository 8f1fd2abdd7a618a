"""Counting and listing on balls of the norm 2.

The regions of the box around a ball are listed, and those are kept whose exact distance
from the center is below the radius. In up to `MAX_CELLS_DIM` dimensions cells list the
whole box, which has at most a few times the ball's volume; in more, and in balls too
large for cells, the tree leaves out cells as soon as they are proved to lie beyond the
ball.
"""

import dataclasses

import numpy as np

from regions.domains.ball import Ball
from regions.domains.domain_vectors import fractions
from regions.domains.shapes import Slice
from regions.enumeration.balls.meeting import BallTest, Point
from regions.enumeration.cells.engine import LARGEST_CHART, CellsEngine
from regions.enumeration.engine import Engine, Listing, Tally, Task, tell_nobody
from regions.enumeration.found import regions_at
from regions.enumeration.stages import Stages
from regions.enumeration.tree.engine import TreeEngine
from regions.patterns.packing import pack_bits, unpack_bits
from regions.results.statistics import Statistics
from regions.signs.exact import nearest_float

MAX_CELLS_DIM, BOX_SHARE = 4, 8


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BallStats(Statistics):
    """What balls took.

    Attributes:
        listed: Regions of the box around the ball that were looked at.
        decided_by_distance: Regions whose exact distance was found.
        listing_seconds: Time to list those of the box.
        meeting_seconds: Time to decide which of them meet the ball.
    """

    listed: int = 0
    decided_by_distance: int = 0
    listing_seconds: float | None = None
    meeting_seconds: float | None = None


class BallEngine:
    """The engine `balls`: any network on a ball of the norm 2."""

    name = "balls"
    lists = True

    def refuses(self, task: Task) -> str | None:
        """Other domains, and journals."""
        if task.domain.squared_radius is None:
            return "needs a Ball of the norm 2: use method='auto'."
        if task.journal is not None:
            return "keeps no journal: leave it out."
        return None

    def suits(self, task: Task) -> str | None:
        """Whatever it serves."""
        return "the domain is round" if self.refuses(task) is None else None

    def count(self, task: Task) -> Tally:
        """Number of regions; if stopped, of those found."""
        found = self.list(task)
        return Tally(len(found.patterns), found.complete, found.stats)

    def list(self, task: Task) -> Listing:
        """All regions that meet the ball, with a point of it inside each."""
        stages, most = Stages(), task.budget.max_regions
        # Of the box so many are listed at first, and more if too few meet the ball.
        limit = None if most is None else BOX_SHARE * most
        while True:
            outer, engine = _around(task, limit)
            with stages("listing"):
                listed = engine.list(outer)
            with stages("meeting"):
                kept = _Kept(task, listed)
            if listed.complete or task.budget.spent() or kept.is_full or limit is None:
                break
            limit *= BOX_SHARE
        complete = listed.complete and kept.complete
        if complete:
            task.progress(len(kept.points), len(kept.points))
        stats = BallStats(
            listed=len(listed.patterns),
            decided_by_distance=kept.asked,
            stopped=None if complete else task.budget.reason(),
            **stages.seconds(),
        )
        return kept.listing(complete, stats)


def _around(task: Task, limit: int | None) -> tuple[Task, Engine]:
    """The task to list the box around a ball, and what lists it."""
    ball = task.domain
    assert isinstance(ball, Ball)
    engine: Engine = TreeEngine()
    domain: Ball | Slice = ball
    if ball.dim <= MAX_CELLS_DIM and ball.radius <= LARGEST_CHART:
        engine = CellsEngine()
        domain = Slice(ball.center, np.eye(ball.dim), ball.chart_box())
    budget = task.budget.with_regions(limit)
    return (
        dataclasses.replace(task, domain=domain, budget=budget, progress=tell_nobody),
        engine,
    )


class _Kept:
    """The regions of a list that meet a ball.

    Attributes:
        patterns: Their patterns, packed.
        points: A point of each, in the ball.
        asked: Of how many regions the distance was found.
        is_full: Whether there are more of them than were asked for.
        complete: Whether all regions of the list were decided.
    """

    def __init__(self, task: Task, listed: Listing):
        assert isinstance(task.domain, Ball)
        self._task, self._listed = task, listed
        self._test = BallTest(task.network, task.domain)
        self.points: list[Point] = []
        self.asked, self.is_full, self.complete = 0, False, False
        numbers = self._decided()
        self.patterns = listed.patterns[numbers]
        if not numbers:
            self._take_any()

    def _decided(self) -> list[int]:
        """The numbers in the list of those that meet the ball."""
        near, numbers = self._test.inside(self._listed.coordinates), []
        # The point given is another one there, and may lie outside.
        near[[*self._listed.exact_witnesses]] = False
        budget, count = self._task.budget, self._task.network.num_bits
        for number, packed in enumerate(self._listed.patterns):
            if budget.late():
                return numbers
            point: Point | None = self._witness(number)
            if not near[number] and not self._test.holds(point):
                self.asked += 1
                bits = unpack_bits(packed[None], count)[0]
                point = self._test.point(bits, point)
            if point is not None:
                # One more than is asked for: they are not all.
                self.is_full = budget.full(len(numbers))
                if self.is_full:
                    return numbers
                numbers.append(number)
                self.points.append(point)
        self.complete = True
        return numbers

    def _witness(self, number: int) -> Point:
        """The point that the list gives for a region, exactly."""
        exact = self._listed.exact_witnesses.get(number)
        if exact is not None:
            return exact
        return tuple(fractions(self._listed.coordinates[number]))

    def _take_any(self) -> None:
        """One region, where a run was stopped before it had found any."""
        network, domain = self._task.network, self._task.domain
        none = np.zeros((0, domain.dim))
        bits, points = regions_at(network, domain, none, self._task.budget)
        self.patterns = pack_bits(bits[:1, network.kinks])
        self.points = [tuple(fractions(point)) for point in points[:1]]

    def listing(self, complete: bool, stats: Statistics) -> Listing:
        """The regions, their points in float64 where these are the points."""
        near = [[nearest_float(v) for v in point] for point in self.points]
        exact = {
            k: point
            for k, (point, floats) in enumerate(zip(self.points, near, strict=True))
            if list(point) != floats
        }
        coordinates = np.array(near).reshape(len(near), self._task.domain.dim)
        return Listing(self.patterns, coordinates, exact, complete, stats)
