"""Counting in parts that are known before: any engine that splits, on any domain.

Parts are disjoint sets of regions and their counts add up, in whatever order and on
whatever machine they are made. A journal keeps every count, and a killed run goes on.
The parts of many networks and settings go into one bag: no worker waits for the last
part of a network.
"""

import contextlib
import dataclasses
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Protocol, runtime_checkable

from regions.domains.shapes import Domain
from regions.enumeration.budget import Budget, StoppedError
from regions.enumeration.cells.engine import refusal
from regions.enumeration.tree.journal import fingerprint
from regions.errors.limits import never
from regions.files.line_journal import LineJournal
from regions.files.reading import reading
from regions.network import ReluNetwork
from regions.pieces.cell_parts import CellParts
from regions.pieces.restriction_parts import RestrictionParts
from regions.pieces.tree_parts import TreeParts
from regions.results.region_set import RegionCount
from regions.results.statistics import Statistics

VERSION = 2
PARTS = 200
"""Enough for some tens of workers to end at about the same time."""


@runtime_checkable
class Parts(Protocol):
    """A count that is the sum of independent ones."""

    def __len__(self) -> int:
        """How many parts there are."""
        ...

    def key(self, part: int) -> str:
        """What one part is: the same text is the same part."""
        ...

    def count(self, part: int, stop: Callable[[], bool]) -> int:
        """Regions of one part, at least one; StoppedError if it was asked to stop."""
        ...


Part = tuple[int, int]
"""Which setting, and which part of it."""
Runner = Callable[[Sequence[Parts], Sequence[Part]], Iterator[tuple[Part, int]]]
"""Counts parts in any order and gives each with its count, exactly once."""

SPLITS: dict[str, Callable[[ReluNetwork, Domain, int], Parts]] = {
    "cells": CellParts,
    "tree": TreeParts,
    "restriction": RestrictionParts,
}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One count of a study.

    Attributes:
        network: The network.
        domain: Where to count; what `method` serves.
        method: `"cells"`, whose parts are what the first cuts leave of a bounded
            domain of two to six dimensions, `"tree"`, whose parts are the cells of the
            first units, or `"restriction"`, whose parts are hyperplanes of the last
            layer, or cells of those before. By default cells where they serve, and the
            tree elsewhere.
        parts: How many parts to make, about. It decides what a kill costs, never the
            total.

    Raises:
        ValueError: If the method is none of these, or there are no parts.
    """

    network: ReluNetwork
    domain: Domain
    method: str | None = None
    parts: int = PARTS

    def __post_init__(self):
        if self.method is None:
            refused = refusal(self.network, self.domain)
            object.__setattr__(self, "method", "cells" if refused is None else "tree")
        if self.method not in SPLITS:
            names = ", ".join(SPLITS)
            raise ValueError(
                f"`method` is {self.method!r}: one of {names} is required."
            )
        if self.parts < 1:
            raise ValueError(f"`parts` is {self.parts}: at least 1 is required.")

    def split(self) -> Parts:
        """The parts."""
        assert self.method is not None
        return SPLITS[self.method](self.network, self.domain, self.parts)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartStats(Statistics):
    """What a count in parts did.

    Attributes:
        parts: How many there are.
        from_journal: Those that an earlier run had counted.
        damaged_journal_lines: Lines whose parts were counted again.
    """

    parts: int
    from_journal: int | None = None
    damaged_journal_lines: list[int] | None = None


def count_in_parts(
    network: ReluNetwork,
    domain: Domain,
    *,
    method: str | None = None,
    parts: int = PARTS,
    journal: str | os.PathLike[str] | None = None,
    runner: Runner | None = None,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> RegionCount:
    """Number of activation regions, counted in independent parts.

    Arguments are those of `Setting` and of `count_study`, whose promises hold.

    Example:
        >>> import numpy as np
        >>> from regions.domains.shapes import WholeSpace
        >>> net = ReluNetwork.from_arrays([np.eye(3), np.ones((1, 3))], None)
        >>> int(count_in_parts(net, WholeSpace(3), method="restriction", parts=2))
        8
    """
    setting = Setting(network, domain, method, parts)
    (count,) = count_study(
        [setting],
        journal=journal,
        runner=runner,
        max_seconds=max_seconds,
        stop=stop,
        progress=progress,
    )
    return count


def count_study(
    settings: Sequence[Setting],
    *,
    journal: str | os.PathLike[str] | None = None,
    runner: Runner | None = None,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = never,
    progress: Callable[[int, int], None] | None = None,
) -> list[RegionCount]:
    """Numbers of activation regions of many networks and settings, in one bag of parts.

    Args:
        settings: What to count.
        journal: A file to keep each part's count in. A run that was killed goes on from
            there when it is called again; it then keeps to the parts of its first run.
        runner: Who counts the parts: one after another in this process, or
            `regions.pieces.cluster.run_parts_on(client)`.
        max_seconds: Stop after this time; with a journal a later call goes on.
        stop: Called often, from any thread: says whether to stop.
        progress: Called with (done, total), in parts.

    Returns:
        A count for each setting, complete unless it was stopped: then at least so many
        regions exist.

    Raises:
        ValueError: If a method does not serve its network and domain.
        FileFormatError: If the journal belongs to other counts.
        OSError: If the journal can not be written.
    """
    budget = Budget(None, max_seconds, stop=stop)
    with contextlib.ExitStack() as stack:
        book = None
        if journal is not None:
            book = stack.enter_context(PartJournal(journal, settings))
            settings = book.begin(settings)
        splits = [setting.split() for setting in settings]
        counts = {} if book is None else book.counts_of(splits)
        known = Counter(which for which, _ in counts)
        every = [(k, i) for k, split in enumerate(splits) for i in range(len(split))]
        tell = progress or _tell_nobody
        tell(len(counts), len(every))
        run = runner or _here(budget.spent)
        left = [part for part in every if part not in counts]
        # Closed at the end: what a cluster still runs is taken back.
        with contextlib.closing(_generated(run(splits, left))) as found:
            for part, count in _until(found, budget.spent):
                if book is not None:
                    book.record(part, splits[part[0]].key(part[1]), count)
                counts[part] = count
                tell(len(counts), len(every))
    damaged = None if book is None else book.damaged or None
    result = []
    for which, split in enumerate(splits):
        own = [count for part, count in counts.items() if part[0] == which]
        # A part that is left holds a region, at least.
        missing = len(split) - len(own)
        stats = PartStats(
            parts=len(split),
            from_journal=None if book is None else known[which],
            damaged_journal_lines=damaged,
            stopped=budget.reason() if missing else None,
        )
        total = sum(own) + missing
        result.append(RegionCount(total, not missing, "parts", budget.seconds, stats))
    return result


def _problem(settings: Sequence[Setting]) -> str:
    """A digest of what is counted, and how."""
    digest = hashlib.sha256()
    for setting in settings:
        text = f"{fingerprint(setting.network, setting.domain)} {setting.method}\n"
        digest.update(text.encode())
    return digest.hexdigest()


class PartJournal:
    """Counts of the parts of one study, kept in a file.

    Attributes:
        damaged: Numbers of the lines that could not be used, from 1.

    Raises:
        FileFormatError: If the file is no journal, or one of another problem.
        BlockingIOError: If another process has it open.
    """

    def __init__(self, path: str | os.PathLike[str], settings: Sequence[Setting]):
        self._counts: dict[tuple[int, int, str], int] = {}
        self._parts: list[int] | None = None
        self._lines = LineJournal(
            path,
            _problem(settings),
            kind="journal of parts",
            about="network, domain or method",
            version=VERSION,
        )
        self.damaged = self._lines.damaged
        disputed = set[tuple[int, int, str]]()
        with reading(self._lines.path, "a journal of parts", "give another --journal"):
            for data in self._lines.lines:
                if "parts" in data:
                    self._parts = data["parts"]
                    continue
                part, count = (*data["part"], data["key"]), data["count"]
                if self._counts.setdefault(part, count) != count:
                    disputed.add(part)
        for part in disputed:
            # Two lines disagree: neither is used.
            del self._counts[part]

    def __enter__(self) -> "PartJournal":
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.__exit__(*error)

    def begin(self, settings: Sequence[Setting]) -> list[Setting]:
        """The settings with as many parts as in the run that began the journal.

        Raises:
            OSError: If it could not be written.
        """
        if self._parts is None:
            self._parts = [setting.parts for setting in settings]
            self._lines.append({"parts": self._parts})
        pairs = zip(settings, self._parts, strict=True)
        return [dataclasses.replace(setting, parts=parts) for setting, parts in pairs]

    def counts_of(self, splits: Sequence[Parts]) -> dict[Part, int]:
        """The counts so far, of parts that are what they were then."""
        return {
            (which, number): count
            for (which, number, key), count in self._counts.items()
            if which < len(splits)
            and number < len(splits[which])
            and key == splits[which].key(number)
        }

    def record(self, part: Part, key: str, count: int) -> None:
        """Keep the count of one part.

        Raises:
            OSError: If it could not be written; the journal is as it was before.
        """
        self._lines.append({"part": part, "key": key, "count": count})


def _here(stop: Callable[[], bool]) -> Runner:
    """Counts parts one after another in this process, until asked to stop."""

    def run(
        splits: Sequence[Parts], parts: Sequence[Part]
    ) -> Iterator[tuple[Part, int]]:
        for which, number in parts:
            try:
                yield (which, number), splits[which].count(number, stop)
            except StoppedError:
                return

    return run


def _until(
    found: Iterator[tuple[Part, int]], stop: Callable[[], bool]
) -> Iterator[tuple[Part, int]]:
    """What is found until it is to stop; what was found is never lost."""
    if stop():
        return
    for result in found:
        yield result
        if stop():
            return


def _generated(
    found: Iterator[tuple[Part, int]],
) -> Generator[tuple[Part, int], None, None]:
    """What a runner gives, as something that can be closed."""
    yield from found


def _tell_nobody(done: int, total: int) -> None:
    """Progress in which no one is interested."""
    del done, total
