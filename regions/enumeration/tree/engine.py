"""Counting and listing with the tree, on bounded domains and in the whole space."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from regions.domains.shapes import BoundedDomain, Box, Domain, WholeSpace
from regions.enumeration.engine import Listing, Tally, Task
from regions.enumeration.found import regions_at
from regions.enumeration.stages import Stages
from regions.enumeration.tree.cells import TreeCells
from regions.enumeration.tree.homogeneous import are_cones, cone_problem, from_cone
from regions.enumeration.tree.journal import Journal, fingerprint
from regions.enumeration.tree.search import Tree
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits
from regions.results.statistics import Statistics
from regions.signs.predicate import Predicate

MAX_FAN_DIM = 8
"""Above it the facets of a cube make more work than a direction more."""
PROGRESS_STEPS = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeStats(Statistics):
    """What the tree did: its decisions by the test that made them, and times.

    A decision is whether a unit crosses a cell.

    Attributes:
        by_bounds: Decisions by interval bounds on the box around the cell.
        by_ball: Decisions by a point found in the cell's ball.
        by_lp: Decisions by a point that a linear program found.
        by_farkas: Decisions by multipliers of its dual.
        by_exact: Decisions by an exact rational linear program.
        linear_programs: Linear programs solved in floating point.
        exact_witnesses: Regions whose witness is rational.
        product_seconds: Time to evaluate units on cells; of blocks that are worked on
            side by side the sum, as of the other stages.
        programs_seconds: Time in linear programs, the exact ones included.
        listing_seconds: Time to put the list together.
    """

    by_bounds: int | None = None
    by_ball: int | None = None
    by_lp: int | None = None
    by_farkas: int | None = None
    by_exact: int | None = None
    linear_programs: int | None = None
    exact_witnesses: int | None = None
    product_seconds: float | None = None
    programs_seconds: float | None = None
    listing_seconds: float | None = None


class TreeEngine:
    """The engine `tree`: every network, every domain."""

    name = "tree"
    lists = True

    def refuses(self, task: Task) -> str | None:
        """Round domains."""
        if task.domain.squared_radius is not None:
            return "serves polytopes: use method='balls'."
        return None

    def suits(self, task: Task) -> str | None:
        """Everything: it is asked last."""
        if task.failed:
            return f"not in general position: {[*task.failed.values()][-1]}"
        if task.journal is not None:
            return "it keeps a journal"
        if not task.domain.is_bounded:
            return "the domain is unbounded"
        return f"the domain has {task.domain.dim} dimensions"

    def count(self, task: Task) -> Tally:
        """Number of regions."""
        with _Search(task) as search:
            for _ in search.blocks():
                pass
        # An unfinished cell holds a region, at least.
        return Tally(search.found + search.waiting(), search.complete, search.stats())

    def list(self, task: Task) -> Listing:
        """All regions, in the order in which the tree finishes them."""
        with _Search(task) as search:
            finished = [(b.bits, b.center, b.exact) for b in search.blocks()]
            started = search.partial()
            while search.falls_short(started):
                finished += [(b.bits, b.center, b.exact) for b in search.blocks()]
                started = search.partial()
            with search.stages("listing"):
                return _listed(task, search, finished, started)


def _listed(
    task: Task, search: "_Search", finished: list["Found"], started: list["Found"]
) -> Listing:
    """The regions that a search found."""
    network, domain, budget = task.network, task.domain, task.budget
    if search.journal is not None:
        finished = list(search.journal.parts(sum(network.widths)))
    found = finished + started
    bits, center, exact = _joined(found, network, search.tree.domain.dim)
    if not len(bits):
        bits, center, exact = search.anything()
    if budget.max_regions is not None and len(bits) > budget.max_regions:
        kept = slice(0, budget.max_regions)
        bits, center, exact = bits[kept], center[kept], exact[kept]
        search.complete = False
    rational = {int(k): exact[k] for k in np.flatnonzero(exact != np.array(None))}
    if not domain.is_bounded and not search.is_fan:
        center, rational = from_cone(
            network, domain, search.tree.domain, bits, center, rational, budget
        )
        search.complete &= len(center) == len(bits)
        bits = bits[: len(center)]
    return Listing(
        pack_bits(bits[:, network.kinks]),
        center,
        rational,
        search.complete,
        dataclasses.replace(search.stats(), exact_witnesses=len(rational)),
    )


Found = tuple[np.ndarray, np.ndarray, np.ndarray]


def _joined(found: list[Found], network: ReluNetwork, dim: int) -> Found:
    """Bits, centers and rational witnesses of several blocks as one."""
    none = (
        np.zeros((0, sum(network.widths)), bool),
        np.zeros((0, dim)),
        np.full(0, None, object),
    )
    bits, center, exact = zip(none, *found, strict=True)
    return np.concatenate(bits), np.concatenate(center), np.concatenate(exact)


def is_small_fan(network: ReluNetwork, domain: Domain) -> bool:
    """Whether the regions are cones of a space of few dimensions."""
    small = isinstance(domain, WholeSpace) and domain.dim <= MAX_FAN_DIM
    return small and are_cones(network, domain)


def bounded_problem(
    network: ReluNetwork, domain: Domain
) -> tuple[ReluNetwork, BoundedDomain]:
    """A network and a bounded domain with as many regions."""
    if is_small_fan(network, domain):
        # Cones need no direction more to make the whole space bounded: a cube around
        # the origin holds a part of each.
        return network, Box.cube(domain.dim)
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        return cone_problem(network, domain)
    return network, domain


class _Search:
    """One run of the tree, with its journal and progress."""

    def __init__(self, task: Task):
        network, domain = task.network, task.domain
        self.is_fan = is_small_fan(network, domain)
        self.stages = Stages()
        self.tree = Tree(*bounded_problem(network, domain), self.stages)
        self.complete = False
        self.found = 0
        self.journal = None
        self._budget, self._progress = task.budget, task.progress
        self._limit = task.budget.max_regions
        self._done = 0.0
        if task.journal is not None:
            self.journal = Journal(task.journal, fingerprint(network, domain))

    def __enter__(self) -> "_Search":
        """Go on where the journal ends."""
        if self.journal is None:
            return self
        try:
            stack = self.journal.resume()
        except BaseException:
            self.journal.__exit__()
            raise
        if stack is not None:
            self.tree.stack = stack
            self.found = self.journal.regions
            self._done = 1.0 - sum(float(b.share.sum()) for b in stack)
        return self

    def __exit__(self, *_: object) -> None:
        """Let another run have the journal."""
        if self.journal is not None:
            self.journal.__exit__()

    def blocks(self) -> Iterator[TreeCells]:
        """Finished blocks; with a journal they are written there too."""
        waiting: list[TreeCells] = []
        for block in self.tree.leaves(self._budget, self._report, self._enough):
            self._done += float(block.share.sum())
            self.found += len(block)
            yield block
            if self.journal is not None:
                waiting.append(block)
                if self.journal.due():
                    self.journal.write(waiting, self.tree.stack)
                    waiting = []
        self.complete = not self.tree.stack
        if self.journal is not None:
            self.journal.write(waiting, self.tree.stack)
        self._report()

    def waiting(self) -> int:
        """How many cells are unfinished."""
        return sum(len(block) for block in self.tree.stack)

    def _enough(self) -> bool:
        """Whether more cells are known than regions are asked for."""
        return self._limit is not None and self.found + self.waiting() > self._limit

    def falls_short(self, started: list[Found]) -> bool:
        """Whether to go on, as unfinished cells gave too few regions; asks for more."""
        if self.complete or self._budget.spent() or self._limit is None:
            return False
        known = self.found + sum(len(bits) for bits, _, _ in started)
        self._limit *= 2
        return not self._budget.full(known)

    def _report(self) -> None:
        """Tell how much of the tree is done: a split halves a cell's share."""
        done = 1.0 if self.complete else min(self._done, 1.0 - 1e-6)
        self._progress(int(done * PROGRESS_STEPS), PROGRESS_STEPS)

    def partial(self) -> list[Found]:
        """Proved regions among the unfinished cells of a search that stopped.

        Cells of fewer units differ in some unit; a witness whose signs of all units are
        proved strict lies in a region of the whole network.
        """
        if not self.tree.stack:
            return []
        exact = np.concatenate([block.exact for block in self.tree.stack])
        points = np.concatenate([block.center for block in self.tree.stack])
        plain = exact == np.array(None)
        result = [self._at(points[plain], any_region=False)]
        predicate = Predicate(self.tree.network, self.tree.domain)
        for row in np.flatnonzero(~plain).tolist():
            if self._budget.late():
                break
            found = predicate.signs([exact[row]])
            if found.strict[0]:
                result.append((found.on, points[[row]], exact[[row]]))
        return result

    def anything(self) -> Found:
        """A proved region, where no cell has shown one."""
        return self._at(np.zeros((0, self.tree.domain.dim)), any_region=True)

    def _at(self, points: np.ndarray, *, any_region: bool) -> Found:
        """Regions at float64 points."""
        tree = self.tree
        bits, inside = regions_at(
            tree.network, tree.domain, points, self._budget, any_region=any_region
        )
        return bits, inside, np.full(len(bits), None, object)

    def stats(self) -> TreeStats:
        """Decisions by test, times, and the reason of an early stop."""
        counts = dict(self.tree.counts)
        programs = counts.pop("lps", None)
        return TreeStats(
            **{f"by_{test}": number for test, number in counts.items()},
            linear_programs=programs,
            stopped=None if self.complete else self._budget.reason(),
            **self.stages.seconds(),
        )
