"""Runs of an estimate as tasks: on threads here, or on the workers of a cluster.

A run follows from the seed and its number alone, so that it gives the same wherever and
whenever it is done, and can be done again by another worker.
"""

import dataclasses
import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from regions.domains.ball import Ball
from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.cluster import ClusterError, ClusterTasks
from regions.enumeration.tree.homogeneous import cone_problem
from regions.enumeration.workers import workers
from regions.errors.limits import never
from regions.estimates.few_inputs import InputTree
from regions.estimates.linear import LinearParts
from regions.estimates.many_inputs.balls import BallTree, image_of_ball
from regions.estimates.many_inputs.image import image_of
from regions.estimates.many_inputs.search import ImageTree
from regions.estimates.run import RunValue, SampledTree, run_once
from regions.lp.blas import one_blas_thread
from regions.network import ReluNetwork

if TYPE_CHECKING:
    from distributed import Client


class DoneRun(NamedTuple):
    """What a run gave and took.

    Attributes:
        value: Its value, or how far it came.
        seconds: Wall time.
        counts: Decisions by the test that made them.
    """

    value: RunValue
    seconds: float
    counts: Counter[str]


@runtime_checkable
class Watch(Protocol):
    """Who has runs done, and says when to do no more."""

    def may_begin(self, run: int) -> bool:
        """Whether to begin a run now; what is begun counts."""
        ...

    def over(self) -> bool:
        """Whether runs that have begun are to stop."""
        ...


@dataclasses.dataclass(frozen=True)
class Runs:
    """All runs of one estimate.

    Attributes:
        network: The network.
        domain: Where to count.
        cells: Cells that a run keeps.
        seed: Of all runs.
        on_from: Only cells where this unit and all after it are on are counted.
        linear: Whether linear regions are counted, and not activation regions.
    """

    network: ReluNetwork
    domain: Domain
    cells: int
    seed: int
    on_from: int | None = None
    linear: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """What goes to other processes: nothing that each makes for itself."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}

    @functools.cached_property
    def new_tree(self) -> Callable[[], SampledTree]:
        """What makes a new tree for every run."""
        return tree_of(self.network, self.domain)

    @functools.cached_property
    def parts(self) -> LinearParts | None:
        """Linear regions that runs have found, if these are counted."""
        return LinearParts(self.network, self.domain) if self.linear else None

    def do(self, run: int, stop: Callable[[], bool] = never) -> DoneRun:
        """One run, until it ends or is stopped."""
        begin = time.perf_counter()
        tree: Any = self.new_tree()
        rng = np.random.default_rng([self.seed, run])
        value = run_once(
            tree, self.cells, rng, stop, on_from=self.on_from, parts=self.parts
        )
        return DoneRun(value, time.perf_counter() - begin, tree.counts)


def tree_of(network: ReluNetwork, domain: Domain) -> Callable[[], SampledTree]:
    """What makes a new tree for every run."""
    if isinstance(domain, Ball) and domain.squared_radius is not None:
        image = image_of_ball(network, domain)
        if image is not None:
            return functools.partial(BallTree, image, network, domain)
    image = image_of(network, domain)
    if image is not None:
        return functools.partial(ImageTree, image)
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        return functools.partial(InputTree, *cone_problem(network, domain))
    return functools.partial(InputTree, network, domain)


Runner = Callable[[Runs, Sequence[int], Watch], Iterator[tuple[int, DoneRun]]]
"""Does runs in any order, each once; gives those that were begun, as they end."""


def run_here(
    runs: Runs, numbers: Sequence[int], watch: Watch
) -> Iterator[tuple[int, DoneRun]]:
    """Runs on the threads of this process."""
    left = threading.Event()

    def one(run: int) -> DoneRun | None:
        if left.is_set() or not watch.may_begin(run):
            return None
        return runs.do(run, lambda: left.is_set() or watch.over())

    if len(numbers) == 1:
        # By itself it may use the threads that else have a run each.
        with one_blas_thread():
            done = one(numbers[0])
        if done is not None:
            yield numbers[0], done
        return
    with workers() as pool:
        futures = {pool.submit(one, run): run for run in numbers}
        try:
            for future in as_completed(futures):
                done = future.result()
                if done is not None:
                    yield futures[future], done
        finally:
            left.set()


def run_on(client: "Client") -> Runner:
    """A runner for the workers of a cluster."""

    def run(
        runs: Runs, numbers: Sequence[int], watch: Watch
    ) -> Iterator[tuple[int, DoneRun]]:
        tasks = ClusterTasks(
            client,
            _do,
            runs,
            numbers,
            functools.partial(_give_up, runs),
            may_begin=watch.may_begin,
            stop=watch.over,
        )
        yield from tasks.results()

    return run


def _do(runs: Runs, run: int) -> DoneRun:
    """One run, on a worker."""
    with one_blas_thread():
        return runs.do(run)


def _give_up(runs: Runs, run: int) -> DoneRun:
    """What to say of a run of which workers died again and again."""
    raise ClusterError(
        f"workers died again and again in run {run} of {runs.cells} cells: see their "
        "logs, and give them more memory, or keep fewer cells."
    )
