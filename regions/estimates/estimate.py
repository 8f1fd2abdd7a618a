"""Estimating the number of regions of a network on a domain."""

import functools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from regions.domains.shapes import Domain, WholeSpace
from regions.enumeration.tree.homogeneous import cone_problem
from regions.enumeration.workers import worker_count, workers
from regions.errors import RegionsError
from regions.estimates.few_inputs import InputTree
from regions.estimates.many_inputs.image import image_of
from regions.estimates.many_inputs.search import ImageTree
from regions.estimates.result import RegionEstimate
from regions.estimates.run import RunValue, SampledTree, run_once
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ReluNetwork

CELLS, RUNS = 200, 16
"""What is kept and done if nothing is asked for."""

FEWEST_RUNS = 8
"""A spread of fewer runs than these decides nothing."""

Progress = Callable[[int, int], None]


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
    stop: Callable[[], bool] = lambda: False,
) -> RegionEstimate:
    """Unbiased estimate of the number of activation regions, with an interval.

    For networks whose regions nobody can list: the cost of a run grows with the number
    of units and the cells kept, not with the number of regions. Every split is proved,
    so the estimate is free of tolerances; what is left to chance is which cells are
    followed. It is an estimate: a count it is only where `exact` says so.

    Runs are begun only if, by the longest so far, they will end in time: which runs are
    finished then does not depend on their own values, and slow runs are not left out
    for being slow. One that is stopped all the same counts as 0 in `at_least`.

    Args:
        network: The network.
        domain: Where to count; boxes, slices, simplices or the whole space.
        relative_error: Go on until the standard error is below this part of the mean.
        max_seconds: Begin no run that would end later, and stop one that does.
        cells: Cells that a run keeps, 200 if not given. More of them make a run longer
            and its value spread less; as many as there are regions make it exact.
        runs: Independent runs, 16 if neither these nor a relative error are given.
        seed: The same seed gives the same runs, whatever the number of threads.
        progress: Called with (runs done, runs to do).
        stop: Asked often; the runs that have ended are kept when it says so.

    Raises:
        ValueError: If an argument is not positive, or the domain does not fit.
        RegionsError: If not even one run ended before the time was up, or `stop` said
            so.

    Example:
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> estimate_regions(net, Box([-1, -1], [1, 1])).exact
        4
    """
    network, domain = network_and_domain(network, domain)
    limits = {"relative_error": relative_error, "max_seconds": max_seconds}
    for name, value in {**limits, "cells": cells, "runs": runs}.items():
        if value is not None and not value > 0:
            raise ValueError(f"`{name}` is {value}: a positive number is required.")
    wanted = runs or (RUNS if relative_error is None else None)
    sampler = _Sampler(network, domain, cells or CELLS, seed, max_seconds, stop)
    with workers() as pool:
        # A first run by itself: where nothing is dropped it is the count.
        sampler.round(map, 1)
        while not sampler.ended and not sampler.is_enough(wanted, relative_error):
            left = worker_count() if wanted is None else wanted - len(sampler.values)
            sampler.round(pool.map, min(worker_count(), left))
            if progress is not None:
                progress(len(sampler.values), wanted or len(sampler.values) + 1)
    return sampler.result()


def tree_of(network: ReluNetwork, domain: Domain) -> Callable[[], SampledTree]:
    """What makes a new tree for every run."""
    image = image_of(network, domain)
    if image is not None:
        return functools.partial(ImageTree, image)
    if isinstance(domain, WholeSpace) or not domain.is_bounded:
        return functools.partial(InputTree, *cone_problem(network, domain))
    return functools.partial(InputTree, network, domain)


class _Sampler:
    """The runs of one estimate."""

    def __init__(
        self,
        network: ReluNetwork,
        domain: Domain,
        cells: int,
        seed: int,
        max_seconds: float | None,
        stop: Callable[[], bool],
    ):
        domain.restrict(network)
        self._tree = tree_of(network, domain)
        self._cells, self._seed = cells, seed
        self._max_seconds, self._stop = max_seconds, stop
        self._begin = time.perf_counter()
        self._longest = 0.0
        self._counts: Counter[str] = Counter()
        self.values: list[RunValue] = []
        self.abandoned = 0
        self.why = "finished"

    @property
    def ended(self) -> bool:
        """Whether no further run is to be begun."""
        if self.why == "finished" and self._late():
            self.why = "seconds"
        exact = any(value.exact for value in self.values)
        return exact or self.why != "finished"

    def round(self, mapped: Callable, count: int) -> None:
        """Some runs side by side; all of them are waited for."""
        first = len(self.values)
        for value in mapped(self._run, range(first, first + count)):
            if value is None:
                self.abandoned += 1
                self.why = "interrupted" if self._stop() else "seconds"
            elif self.why == "finished":
                self.values.append(value)

    def is_enough(self, runs: int | None, relative_error: float | None) -> bool:
        """Whether the runs asked for are done, or the error asked for is reached."""
        if runs is not None and len(self.values) >= runs:
            return True
        if relative_error is None or len(self.values) < FEWEST_RUNS:
            return False
        return self.result().relative_error <= relative_error

    def result(self) -> RegionEstimate:
        """The estimate of the runs that ended."""
        if not self.values:
            raise RegionsError(
                f"no run of {self._cells} cells ended in time: allow more seconds, or "
                "keep fewer `cells`."
            )
        exact = [v for v in self.values if v.exact]
        stats = {
            **{f"by_{test}": number for test, number in sorted(self._counts.items())},
            "cells": self._cells,
            "abandoned_runs": self.abandoned,
            "stopped": self.why,
        }
        return RegionEstimate(
            np.array([value.log for value in self.values]),
            exact[0].cells if exact else None,
            time.perf_counter() - self._begin,
            stats,
            max(value.cells for value in self.values),
        )

    def _run(self, index: int) -> RunValue | None:
        """One run; its chances follow from the seed and its index alone."""
        begin = time.perf_counter()
        tree: Any = self._tree()
        rng = np.random.default_rng([self._seed, index])
        value = run_once(tree, self._cells, rng, self._is_over)
        self._longest = max(self._longest, time.perf_counter() - begin)
        self._counts += tree.counts
        return value

    def _is_over(self) -> bool:
        """Whether runs that have begun are to stop."""
        if self._stop():
            return True
        now = time.perf_counter() - self._begin
        return self._max_seconds is not None and now > self._max_seconds

    def _late(self) -> bool:
        """Whether a run begun now may end after the time that is allowed."""
        if self._max_seconds is None:
            return False
        now = time.perf_counter() - self._begin
        return now + 1.5 * self._longest > self._max_seconds
