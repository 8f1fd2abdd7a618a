"""What an engine is: it takes a task, and gives a count or a list of regions.

The engines stand under their public names in `regions.enumeration.table`.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, UInt8

from regions.domains.shapes import Domain
from regions.enumeration.budget import Budget
from regions.network import ReluNetwork
from regions.results.cells import Cells
from regions.results.statistics import Statistics

Progress = Callable[[int, int], None]


def tell_nobody(done: int, total: int) -> None:
    """Progress in which no one is interested."""
    del done, total


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What to count or to list, and within which limits.

    Attributes:
        network: The network; it fits the domain.
        domain: Where to count.
        budget: The limits, and the caller's wish to stop.
        progress: Called with (done, total) as the work goes on.
        journal: A folder to keep checkpoints in, and to go on from; None for none.
        failed: Engines that found the network not to be in general position, with what
            they said. `auto` takes none of them again.
    """

    network: ReluNetwork
    domain: Domain
    budget: Budget = dataclasses.field(default_factory=Budget)
    progress: Progress = tell_nobody
    journal: str | os.PathLike[str] | None = None
    failed: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """How many regions an engine counted.

    Attributes:
        count: The number; if not `complete`, so many are proved to exist.
        complete: Whether these are all.
        stats: What the engine did.
    """

    count: int
    complete: bool
    stats: Statistics


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Regions found by an engine, each once.

    Attributes:
        patterns: Packed patterns.
        coordinates: Points strictly inside, in chart coordinates.
        exact_witnesses: Rational points, where no float64 point was proved.
        complete: Whether these are all.
        stats: What the engine did.
        make_cells: Gives the vertices of the regions; None if it can not.
    """

    patterns: UInt8[np.ndarray, "regions bytes"]
    coordinates: Float64[np.ndarray, "regions dim"]
    exact_witnesses: dict[int, tuple[Fraction, ...]]
    complete: bool
    stats: Statistics
    make_cells: Callable[[], Cells] | None = None


@runtime_checkable
class Engine(Protocol):
    """One way to find all regions.

    An engine must do the following; `tests/regions/enumeration/test_conformance.py`
    runs every engine of the table over all of it.

    - **Right or refused.** Counts and lists are proved. It raises `NotGenericError` if
      and only if the network's position is at fault and another engine may answer.
      The same task gives the same regions in the same order, on any number of threads.
    - **The limits are heard at every stage**, in every thread: `task.budget.spent()`
      is asked at least every quarter of a second of work (a compiled loop returns that
      often), before the first step, too. Ctrl-C in the main thread is an exception
      that must get through within two seconds: work on other threads goes through
      `map_chunks(function, tasks, task.budget)`, which tells them, or does the same.
      An engine never touches signals.
    - **What was found is kept.** When the budget is spent it returns a count that is a
      proved lower bound, or regions each of which is proved, with `complete=False` and
      `stats.stopped = task.budget.reason()`. Work on what was found ends when
      `task.budget.late()`. At least one region is always found.
    - **`max_regions`**: once `task.budget.full(n)`, it stops likewise. A list has no
      more regions than that; a count may be larger. A run that finds no more regions
      than that is complete.
    - **Memory**: much of it at once is announced by `task.budget.reserve(bytes)`.
    - **Progress** is called with (done, total); done never falls, and is total at the
      end of a complete run. What it raises goes through.
    - **A journal** is kept and gone on from, or refused.

    Attributes:
        name: Public name, the `method` of `count_regions`.
        lists: Whether `list` is served; else it is never called.
    """

    @property
    def name(self) -> str:
        """Public name."""
        ...

    @property
    def lists(self) -> bool:
        """Whether `list` is served."""
        ...

    def refuses(self, task: Task) -> str | None:
        """Why it can not serve the task and what to do; None if it can.

        The words follow "method='NAME' ": "needs a bounded domain: use ...". Must be
        cheap, as `suits` must.
        """
        ...

    def suits(self, task: Task) -> str | None:
        """Why `auto` should take it for a task, in a few words; None if it should not.

        The first engine of the table that suits is taken. One that suits also serves.
        """
        ...

    def count(self, task: Task) -> Tally:
        """The number of regions of a task that it serves.

        Raises:
            NotGenericError: If the network is not in general position.
        """
        ...

    def list(self, task: Task) -> Listing:
        """All regions of a task that it serves.

        Raises:
            NotGenericError: If the network is not in general position.
        """
        ...
