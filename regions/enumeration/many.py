"""Counting the regions of many networks on one domain.

Networks of one shape on a plane are stacked, and compiled code goes from one to the
next. What it leaves open, and every other network, is counted by itself.
"""

import dataclasses
import time
from collections.abc import Callable, Iterable
from concurrent.futures import wait
from typing import Any

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration import count_task
from regions.enumeration.budget import Budget
from regions.enumeration.cells.engine import CellsEngine
from regions.enumeration.cells.flat import shape_of
from regions.enumeration.cells.meanwhile import seconds_without
from regions.enumeration.cells.stacks import Stack, load_loop
from regions.enumeration.engine import Progress, Task, tell_nobody
from regions.enumeration.workers import told, worker_count, workers as pool_of
from regions.errors.arguments import kinds_checked
from regions.errors.limits import never
from regions.models import NetworkLike, as_network
from regions.models.arguments import DomainLike, network_and_domain
from regions.network import ReluNetwork
from regions.results.region_set import RegionCount
from regions.results.statistics import Statistics

LARGEST_STACK = 128
"""Networks in one stack: more gain nothing, and take memory."""
LARGEST_WEIGHTS = 1 << 20
"""Weights in one stack."""
JOBS = 8
"""Stacks for each worker, at least, where there are enough networks."""
MOMENT = 0.1
"""Seconds between two calls of `progress`, at most."""


@kinds_checked
def count_many(
    networks: Iterable[NetworkLike],
    domain: DomainLike,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    max_regions: int | None = None,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
    stop: Callable[[], bool] = never,
) -> list[RegionCount]:
    """Number of activation regions of each of many networks on one domain.

    The counts are those of `count_regions`, proved in the same way. Small networks of
    one shape on a plane take much less time than one by one.

    Args:
        networks: The networks, of any shapes.
        domain: Where to count.
        workers: Threads to use; by default, as many as there are processors.
        progress: Called in this thread with (networks done, networks).
        max_regions: Stop counting a network when so many of its regions are known.
        max_seconds: Stop after this time; the count of a network that was not finished
            is a lower bound then, with `complete=False`.
        max_bytes: As in `count_regions`, for all networks together.
        stop: Called often, from any thread: says whether to stop, with the same effect.

    Returns:
        The counts, in the order of the networks; `int()` of one is its number.

    Raises:
        ValueError: If the domain does not fit a network, or `workers` is not positive.

    Example:
        >>> import numpy as np
        >>> from regions.domains.shapes import Box
        >>> rng = np.random.default_rng(0)
        >>> networks = [
        ...     ReluNetwork.from_arrays(
        ...         [rng.standard_normal((3, 2)), np.ones((1, 3))], None
        ...     )
        ...     for _ in range(4)
        ... ]
        >>> [int(count) for count in count_many(networks, Box.cube(2))]
        [6, 6, 6, 6]
    """
    if workers is not None and workers < 1:
        raise ValueError(f"`workers` is {workers}: a positive number is required.")
    everything = [as_network(network) for network in networks]
    for network in {shape_of(network): network for network in everything}.values():
        network_and_domain(network, domain, or_round=True)
    budget = Budget(max_regions, max_seconds, max_bytes, stop)
    counting = _Counting(everything, domain, budget)
    counting.run(workers or worker_count(), progress or tell_nobody)
    return counting.counts()


class _Counting:
    """One call: networks, their counts so far, and the work that is left."""

    def __init__(self, networks: list[ReluNetwork], domain: Domain, budget: Budget):
        self._networks = networks
        self._domain = domain
        self._budget = budget
        self._found: list[RegionCount | None] = [None] * len(networks)

    def run(self, workers: int, progress: Progress) -> None:
        """Count all, side by side, until it is time to stop."""
        jobs, total = self._jobs(workers), len(self._networks)
        progress(0, total)
        if len(jobs) == 1 and workers > 1:
            # With the threads of its engine.
            self._count(jobs[0])
        else:
            with pool_of(workers) as pool, told(self._budget):
                left = {pool.submit(self._count, job) for job in jobs}
                while left:
                    finished, left = wait(left, MOMENT, "FIRST_COMPLETED")
                    for future in finished:
                        future.result()
                    progress(self._done(), total)
        progress(self._done(), total)

    def counts(self) -> list[RegionCount]:
        """All counts; one region for each network that was not begun."""
        if None not in self._found:
            return [count for count in self._found if count is not None]
        stats = Statistics(stopped=self._budget.reason())
        one = RegionCount(1, False, "auto", 0.0, stats)
        return [count or one for count in self._found]

    def _done(self) -> int:
        """How many networks are counted."""
        return len(self._found) - self._found.count(None)

    def _jobs(self, workers: int) -> list[list[int]]:
        """Networks to be counted one after the other: stacks, and single ones."""
        groups: dict[Any, list[int]] = {}
        for k, network in enumerate(self._networks):
            groups.setdefault(shape_of(network), []).append(k)
        jobs = []
        for members in groups.values():
            size = 1
            if self._is_stacked(self._networks[members[0]]):
                weights = sum(h.weight.size for h in self._networks[members[0]].hidden)
                share = -(-len(members) // (JOBS * workers))
                size = max(1, min(LARGEST_STACK, LARGEST_WEIGHTS // weights, share))
            jobs += [members[k : k + size] for k in range(0, len(members), size)]
        return jobs

    def _is_stacked(self, network: ReluNetwork) -> bool:
        """Whether a network, and others of its shape, is counted in a stack."""
        task = Task(network, self._domain, self._budget)
        return bool(network.hidden) and CellsEngine().is_fastest(task)

    def _count(self, job: list[int]) -> None:
        """Count some networks of one shape, until it is time to stop."""
        for done, k in enumerate(job):
            if self._budget.spent():
                return
            if done + 1 < len(job) and self._is_code_at_hand(k):
                for left in self._count_stack(job[done:]):
                    self._count([left])
                return
            task = Task(self._networks[k], self._domain, self._budget)
            self._found[k] = count_task(task)

    def _is_code_at_hand(self, k: int) -> bool:
        """Whether stacks can be counted now; may begin to make their code ready."""
        task = Task(self._networks[k], self._domain, self._budget)
        left = self._found.count(None)
        return load_loop(ahead=left * seconds_without(task)) is not None

    def _count_stack(self, job: list[int]) -> list[int]:
        """Count networks in one loop; returns those that it leaves open."""
        assert not isinstance(self._domain, WholeSpace)
        begin = time.perf_counter()
        networks = [self._networks[k] for k in job]
        stack = Stack(networks, self._domain, self._budget.max_regions)
        while stack.advance() and not self._budget.spent():
            pass
        seconds = (time.perf_counter() - begin) / len(job)
        left = []
        for k, tally in zip(job, stack.tallies(seconds), strict=True):
            if tally is None:
                left.append(k)
                continue
            stats = tally.stats
            if not tally.complete:
                stats = dataclasses.replace(stats, stopped=self._budget.reason())
            self._found[k] = RegionCount(
                tally.count, tally.complete, CellsEngine.name, seconds, stats
            )
        return left
