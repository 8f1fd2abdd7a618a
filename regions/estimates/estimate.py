"""Estimating the number of regions of a network on a domain."""

import contextlib
import itertools
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator

import numpy as np

from regions.domains.domain_vectors import whole_number
from regions.enumeration.cluster import open_client
from regions.errors import RegionsError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import asking, hearing_by_itself, never
from regions.estimates.classes import class_network
from regions.estimates.journal import RunJournal
from regions.estimates.linear import require_flat_sides
from regions.estimates.result import RegionEstimate
from regions.estimates.run import RunValue
from regions.estimates.tasks import DoneRun, Runner, Runs, run_here, run_on
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain

CELLS, RUNS = 200, 16
"""What is kept and done if nothing is asked for."""

FEWEST_RUNS = 8
"""A spread of fewer runs than these decides nothing; it is looked at every so many."""

LONGEST = 1.5
"""A run is taken to end within this many times the longest so far."""

Progress = Callable[[int, int], None]


@kinds_checked
def estimate_regions(
    network: NetworkLike,
    domain: DomainLike,
    *,
    relative_error: float | None = None,
    max_seconds: float | None = None,
    cells: int | None = None,
    runs: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    journal: str | os.PathLike[str] | None = None,
    scheduler: str | None = None,
    of_class: int | None = None,
    linear: bool = False,
    stop: Callable[[], bool] = never,
) -> RegionEstimate:
    """Unbiased estimate of the number of regions, with an interval.

    For networks whose regions nobody can list: the cost of a run grows with the number
    of units and the cells kept, not with the number of regions. Every split is proved,
    so the estimate is free of tolerances; what is left to chance is which cells are
    followed. It is an estimate: a count it is only where `exact` says so.

    Runs are begun only if, by the longest so far, they will end in time, and where
    `stop` ends them, those that began so late that a longer one would not have ended
    are left out: which runs are used then does not depend on their own values. Only a
    run that takes longer than 1.5 times the longest before is left out for being slow:
    `abandoned_runs` of the stats says how many did not end, and the mean may lean a
    little to what fast runs give. All that were begun count in `at_least`.

    Args:
        network: The network.
        domain: Where to count; any domain.
        relative_error: Go on until the standard error is below this part of the mean;
            looked at after every 8 runs. As their number follows from their values
            then, the mean is only nearly unbiased; `at_least` holds as it is.
        max_seconds: Begin no run that would end later, and stop one that does.
        cells: Cells that a run keeps, 200 if not given. More of them make a run longer
            and its value spread less; as many as there are regions make it exact.
        runs: Independent runs, 16 if neither these nor a relative error are given.
        seed: The same seed gives the same runs, whatever the number of threads or
            workers.
        progress: Called with (runs done, runs to do).
        journal: A file that keeps every run. The same call goes on where an earlier one
            was stopped or killed, and gives what it would have given.
        scheduler: Address of a `dask.distributed` scheduler, on whose workers runs are
            done, each a task of its own; they need this package.
        of_class: Count only regions with points where this output, from 0, exceeds all
            others.
        linear: Count linear regions, and not activation regions: connected sets on
            which the network is one affine map (`count_linear_regions`). What a run
            ends with counts one over the number of activation regions that make up its
            linear region, which are walked through; where these are very many, a run
            takes as long as that takes.
        stop: Asked often; the runs that have ended are kept when it says so.

    Raises:
        ValueError: If an argument is not positive, the domain does not fit, or `linear`
            is asked of one class or on a ball of the norm 2.
        RegionsError: If not even one run ended before the time was up, or `stop` said
            so; it says how many regions were seen.
        FileFormatError: If the journal is one of another estimate.
        ClusterError: If the cluster can not go on.

    Example:
        >>> import regions
        >>> net = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> estimate_regions(net, regions.Box([-1, -1], [1, 1])).exact
        4
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    limits = {"relative_error": relative_error, "max_seconds": max_seconds}
    for name, value in {**limits, "cells": cells, "runs": runs}.items():
        if value is not None and not value > 0:
            raise ValueError(f"`{name}` is {value}: a positive number is required.")
    wanted = runs or (RUNS if relative_error is None else None)
    domain.restrict(network)
    if linear:
        require_flat_sides(domain)
        if of_class is not None:
            raise ValueError(
                f"`linear` is set and `of_class` is {of_class}: one of them alone is "
                "required; regions of a class are activation regions."
            )
    on_from = None
    if of_class is not None:
        on_from = sum(network.widths) + network.output.width
        network = class_network(network, of_class)
    seed = whole_number(seed, "seed", 0)
    task = Runs(network, domain, cells or CELLS, seed, on_from, linear)
    around = asking()
    with contextlib.ExitStack() as stack:
        # What it found it returns, and asks itself when to end.
        stack.enter_context(hearing_by_itself())
        book, runner = None, run_here
        if journal is not None:
            opened = RunJournal(
                journal, network, domain, task.cells, seed, linear=linear
            )
            book = stack.enter_context(opened)
        if scheduler is not None:
            runner = run_on(stack.enter_context(open_client(scheduler)))
        sampler = _Sampler(
            task, book, max_seconds, lambda: stop() or around(), progress
        )
        for goal in _goals(wanted, relative_error):
            sampler.reach(goal, runner)
            if sampler.ended or (
                relative_error is not None
                and goal >= FEWEST_RUNS
                and sampler.result().relative_error <= relative_error
            ):
                break
        return sampler.result()


def _goals(wanted: int | None, relative_error: float | None) -> Iterator[int]:
    """Numbers of runs after which to look at what there is.

    They do not depend on the number of workers, so that the result does not either.
    """
    # A first run by itself: where nothing is dropped it is the count.
    yield 1
    if relative_error is not None:
        for goal in itertools.count(FEWEST_RUNS, FEWEST_RUNS):
            if wanted is not None and goal >= wanted:
                break
            yield goal
    if wanted is not None:
        yield wanted


class _Sampler:
    """The runs of one estimate: those known, those begun, and when to begin none."""

    def __init__(
        self,
        task: Runs,
        book: RunJournal | None,
        max_seconds: float | None,
        stop: Callable[[], bool],
        progress: Progress | None,
    ):
        self._task, self._book = task, book
        self._max_seconds, self._stop, self._progress = max_seconds, stop, progress
        self._start = time.perf_counter()
        self._longest, self._goal = 0.0, 0
        self._counts: Counter[str] = Counter()
        self._values = dict(book.values) if book is not None else {}
        self._known = len(self._values)
        self._begun = set(book.begun) if book is not None else set()
        self._stopped: dict[int, RunValue] = {}
        self._since: dict[int, float] = {}
        """When runs began; those of the journal did so long ago."""
        self._end = math.inf
        self._lock = threading.Lock()
        self.why = "finished"

    @property
    def ended(self) -> bool:
        """Whether no further run is to be begun."""
        return self.why != "finished" or any(v.exact for v in self._values.values())

    def reach(self, goal: int, runner: Runner) -> None:
        """Do what is missing of the first `goal` runs."""
        self._goal = goal
        missing = [run for run in range(goal) if run not in self._values]
        if missing:
            # Closed at the end: what a cluster still runs is taken back.
            with contextlib.closing(_generated(runner, self._task, missing, self)) as f:
                for run, done in f:
                    self._take(run, done)
        if len(self._ended()) < goal and self.why == "finished":
            # Without a time only `stop` ends it, whatever it says by now.
            timed = self._max_seconds is not None and not self._stop()
            self.why = "seconds" if timed else "interrupted"
            self._end = time.perf_counter()

    def may_begin(self, run: int) -> bool:
        """Whether to begin a run; asked from any thread."""
        with self._lock:
            now = time.perf_counter()
            late = self._max_seconds is not None and (
                now - self._start + LONGEST * self._longest > self._max_seconds
            )
            if late or self._stop():
                return False
            if self._book is not None:
                self._book.record_begin(run)
            self._begun.add(run)
            self._since[run] = now
            return True

    def over(self) -> bool:
        """Whether runs that have begun are to stop."""
        now = time.perf_counter() - self._start
        late = self._max_seconds is not None and now > self._max_seconds
        return late or self._stop()

    def _take(self, run: int, done: DoneRun) -> None:
        """Keep what a run gave."""
        self._counts += done.counts
        if not done.value.ended:
            self._stopped[run] = done.value
            return
        self._longest = max(self._longest, done.seconds)
        with self._lock:
            if self._book is not None:
                self._book.record(run, done.value)
            self._values[run] = done.value
        if self._progress is not None:
            self._progress(len(self._ended()), self._goal)

    def _ended(self) -> list[int]:
        """The runs asked for that have ended."""
        return [run for run in range(self._goal) if run in self._values]

    def _used(self) -> list[int]:
        """Those of them that are not there for being fast."""
        ended = self._ended()
        if self.why != "interrupted":
            return ended
        end = self._end - LONGEST * self._longest
        early = [run for run in ended if self._since.get(run, -math.inf) <= end]
        return early or ended

    def result(self) -> RegionEstimate:
        """The estimate of the runs that ended."""
        used, values = self._used(), self._values
        seen = [*values.values(), *self._stopped.values()]
        # Some region there is; perhaps none of a class.
        least = int(self._task.on_from is None)
        proved = max((value.cells for value in seen), default=least)
        if not used:
            raise RegionsError(
                f"no run of {self._task.cells} cells ended in time; at least {proved} "
                "regions exist. Allow more seconds, or keep fewer `cells`."
            )
        begun = sorted(run for run in self._begun if run < self._goal)
        others = [
            value.log if value is not None else -math.inf
            for run in begun
            if run not in used
            for value in [values.get(run, self._stopped.get(run))]
        ]
        exact = [values[run].cells for run in used if values[run].exact]
        stats = {
            **{f"by_{test}": number for test, number in sorted(self._counts.items())},
            "cells": self._task.cells,
            "abandoned_runs": sum(run not in values for run in begun),
            "late_runs": sum(run in values for run in begun) - len(used),
            "stopped": self.why,
        }
        if self._book is not None:
            stats["from_journal"] = self._known
            if self._book.damaged:
                stats["damaged_journal_lines"] = list(self._book.damaged)
        return RegionEstimate(
            np.array([values[run].log for run in used]),
            exact[0] if exact else None,
            time.perf_counter() - self._start,
            stats,
            proved,
            np.array(others),
            self._task.linear,
        )


def _generated(
    runner: Runner, task: Runs, missing: list[int], watch: _Sampler
) -> Generator[tuple[int, DoneRun], None, None]:
    """What a runner gives, as something that can be closed."""
    yield from runner(task, missing, watch)
