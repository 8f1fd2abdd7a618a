"""A journal of the runs of an estimate: what was begun, and what every run gave."""

import hashlib
import json
import os

from regions.domains.shapes import Domain
from regions.enumeration.tree.journal import fingerprint
from regions.estimates.run import RunValue
from regions.files.line_journal import LineJournal
from regions.network import ReluNetwork

VERSION = 1
"""Also of the guess and of how cells are drawn: other ones give other runs."""


class RunJournal:
    """Runs of one estimate, by their numbers, kept in a file.

    Args:
        path: The file; begun when missing.
        network: The network.
        domain: Where to count.
        cells: Cells that a run keeps.
        seed: Of all runs.
        linear: Whether linear regions are counted.

    Attributes:
        values: What every run that ended gave.
        begun: Runs that were begun.
        damaged: Numbers of the lines that could not be used, from 1.

    Raises:
        FileFormatError: If the file is no journal, or one of another estimate.
        BlockingIOError: If another process has it open.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        network: ReluNetwork,
        domain: Domain,
        cells: int,
        seed: int,
        *,
        linear: bool = False,
    ):
        self.values: dict[int, RunValue] = {}
        self.begun: set[int] = set()
        problem = json.dumps(
            [fingerprint(network, domain), cells, seed, *["linear"] * linear]
        )
        self._lines = LineJournal(
            path,
            hashlib.sha256(problem.encode()).hexdigest(),
            kind="journal of an estimate",
            about="network, domain, number of cells, seed or kind of regions",
            version=VERSION,
        )
        self.damaged = self._lines.damaged
        for data in self._lines.lines:
            self.begun.add(data["run"])
            if "log" in data:
                value = RunValue(data["log"], data["exact"], data["cells"])
                self.values[data["run"]] = value

    def __enter__(self) -> "RunJournal":
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.__exit__(*error)

    def record_begin(self, run: int) -> None:
        """Keep that a run was begun: it is not to be forgotten for being slow."""
        if run not in self.begun:
            self._lines.append({"run": run})
            self.begun.add(run)

    def record(self, run: int, value: RunValue) -> None:
        """Keep what a run gave.

        Raises:
            OSError: If it could not be written; the journal is as it was before.
        """
        data = {"log": value.log, "exact": value.exact, "cells": value.cells}
        self._lines.append({"run": run, **data})
        self.values[run] = value
