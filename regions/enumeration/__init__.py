"""Every activation region of a network on a domain, exactly once.

The engines stand in `regions.enumeration.table`: `line` (dimension 1), `balls` (balls
of the norm 2), `cells` (any network in two to six dimensions, on a bounded domain or in
the whole space), `restriction` (counts of the last layer, without a list) and `tree`
(any network, any dimension). `count_regions` and `enumerate_regions` choose.
"""

import dataclasses
import os
import time
from collections.abc import Callable
from typing import TypeVar

from regions.enumeration.budget import Budget
from regions.enumeration.engine import Engine, Progress, Task, tell_nobody
from regions.enumeration.table import ENGINES, RETIRED
from regions.errors import NotGenericError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import hearing_by_itself, never
from regions.lp.blas import one_blas_thread
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.results.region_set import RegionCount, RegionSet

METHODS = ("auto", *ENGINES)

T = TypeVar("T")


@kinds_checked
def count_regions(
    network: NetworkLike,
    domain: DomainLike,
    *,
    method: str = "auto",
    progress: Progress | None = None,
    max_regions: int | None = None,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
    stop: Callable[[], bool] = never,
    journal: str | os.PathLike[str] | None = None,
) -> RegionCount:
    """Number of activation regions of `network` that meet the interior of `domain`.

    Args:
        network: The network: a `ReluNetwork`, a model of PyTorch, Flax, Keras or
            scikit-learn, or the path of a file.
        domain: Where to count: a Box, Segment, Slice, Simplex, HPolytope, Ball or
            WholeSpace.
        method: The name of an engine, one of `regions.enumeration.METHODS`, or
            `"auto"`, which takes the fastest engine that serves and falls back to the
            tree when the network turns out not to be in general position.
        progress: Called with (done, total) as the work goes on.
        max_regions: Stop when so many regions are known. An engine that counts all of
            them at once may count more.
        max_seconds: Stop after this time.
        max_bytes: Stop when the process has taken so much memory more; by default half
            of what the machine has left.
        stop: Called often, from any thread: says whether to stop, as when a key was
            pressed. Stopping early, by this or by a limit, gives a count with
            `complete=False`: at least so many regions exist. Ctrl-C is Python's
            KeyboardInterrupt, unless the caller makes it such a wish.
        journal: A folder for checkpoints: a run that was killed goes on from there
            when it is called again, and ends with the same regions. Only the tree
            keeps one, and `"auto"` then takes it.

    Returns:
        The count, with its completeness; `int()` of it is the number.

    Raises:
        ValueError: If the domain does not fit the network or the method the domain.
        UndecidedError: If the chosen method can not answer; `"auto"` always does.

    Example:
        >>> import numpy as np
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> int(count_regions(net, Box([-1, -1], [1, 1])))
        4
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    budget = Budget(max_regions, max_seconds, max_bytes, stop)
    task = Task(network, domain, budget, progress or tell_nobody, journal)
    return count_task(task, method)


def count_task(task: Task, method: str = "auto") -> RegionCount:
    """What `count_regions` answers, for a task."""
    begin = time.perf_counter()
    engine, found, why = _run(task, method, lambda engine: engine.count)
    seconds = time.perf_counter() - begin
    stats = dataclasses.replace(found.stats, why=why)
    return RegionCount(found.count, found.complete, engine, seconds, stats)


@kinds_checked
def enumerate_regions(
    network: NetworkLike,
    domain: DomainLike,
    *,
    method: str = "auto",
    progress: Progress | None = None,
    max_regions: int | None = None,
    max_seconds: float | None = None,
    max_bytes: int | None = None,
    stop: Callable[[], bool] = never,
    journal: str | os.PathLike[str] | None = None,
) -> RegionSet:
    """All activation regions of `network` that meet the interior of `domain`.

    Arguments and errors are those of `count_regions`.

    Returns:
        Packed patterns and a point strictly inside each region, in a fixed order.

    Example:
        >>> import numpy as np
        >>> from regions.network import ReluNetwork
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> from regions.domains.shapes import Box
        >>> rs = enumerate_regions(net, Box([-1, -1], [1, 1]))
        >>> len(rs), rs.complete
        (4, True)
    """
    network, domain = network_and_domain(network, domain, or_round=True)
    budget = Budget(max_regions, max_seconds, max_bytes, stop)
    task = Task(network, domain, budget, progress or tell_nobody, journal)
    engine, found, why = _run(task, method, lambda engine: engine.list, lists=True)
    return RegionSet(
        network,
        domain,
        found.patterns,
        found.coordinates,
        complete=found.complete,
        method=engine,
        seconds=budget.seconds,
        stats=dataclasses.replace(found.stats, why=why),
        exact_witnesses=found.exact_witnesses,
        cells=found.make_cells,
    )


@hearing_by_itself()
@one_blas_thread()
def _run(
    task: Task,
    method: str,
    call: Callable[[Engine], Callable[[Task], T]],
    *,
    lists: bool = False,
) -> tuple[str, T, str]:
    """The engine that answered, what it found, and why it was chosen.

    `auto` goes on to another engine when one gives up.
    """
    while True:
        engine, why = _choose(task, method, lists)
        try:
            return engine.name, call(engine)(task), why
        except NotGenericError as error:
            if method != "auto" or engine.name in task.failed:
                raise
            failed = {**task.failed, engine.name: str(error)}
            task = dataclasses.replace(task, failed=failed)


def _choose(task: Task, method: str, lists: bool) -> tuple[Engine, str]:
    """The engine to run, and why."""
    if method == "auto":
        for engine in ENGINES.values():
            why = None if lists and not engine.lists else engine.suits(task)
            if why is not None and engine.name not in task.failed:
                return engine, why
        raise AssertionError("the tree suits every task")
    if method in RETIRED:
        raise ValueError(
            f"method={method!r} is no more: method={RETIRED[method]!r} took its place, "
            "which serves degenerate networks, too ('tree' above six dimensions)."
        )
    if method not in ENGINES:
        raise ValueError(
            f"`method` is {method!r}: one of {', '.join(METHODS)} is required."
        )
    engine = ENGINES[method]
    if lists and not engine.lists:
        raise ValueError(f"method={method!r} only counts: use method='auto' to list.")
    refusal = engine.refuses(task)
    if refusal is not None:
        raise ValueError(f"method={method!r} {refusal}")
    return engine, "asked for"
