"""What a folder of `experiments` has to hold, and what is the same in every run."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure

from experiments.running.about import About
from experiments.running.claims import judge
from experiments.running.common import (
    AGAIN,
    FINISHED,
    Clock,
    read_record,
    write_json,
    write_provenance,
)
from regions.files.reading import reading
from training.progress import Progress

Config = TypeVar("Config")
Result = TypeVar("Result")

Summary = dict[str, Any]
"""What `summary.json` holds: `headline`, one line for the pages, and what else there is
to say; `claims`, if there are any, judged together; `verified`, if the run can fail."""

Rows = Iterable[tuple[str, ...]]
"""A table for readers, as Rich prints it: a name, its value, what is said of it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Study(Generic[Config, Result]):
    """One figure or claim: how it is computed, read back and drawn.

    Attributes:
        name: The name of its folder, of its command and of its runs.
        about: Its words on a page; None for what has no page.
        presets: `smoke`, which takes seconds and is the test, and `paper`, which is
            published; none for what is configured on the command line alone.
        conduct: Computes: called with a configuration, the folder of the run, what
            shows progress, and a clock whose `lap` ends a stage. It keeps in the folder
            all that `read` needs, goes on with an unfinished run, and returns the
            summary, with its claims as `Claim` objects.
        read: Gives the result, that is, what the figure needs, from a configuration,
            the folder of a finished run, and the summary.
        draw: Draws a result.
        rows: The summary as a table for readers; as it stands, where there is none.
        grows: Entries of the configuration that may change while a run goes on:
            `conduct` keeps what it finds in the folder apart from them.
    """

    name: str
    about: About | None = None
    presets: Mapping[str, Config] = dataclasses.field(default_factory=dict)
    conduct: Callable[[Config, pathlib.Path, Progress, Clock], Summary]
    read: Callable[[Config, pathlib.Path, Summary], Result]
    draw: Callable[[Result], Figure]
    rows: Callable[[Summary], Rows] | None = None
    grows: tuple[str, ...] = ()

    def run(self, config: Config, folder: pathlib.Path, progress: Progress) -> Summary:
        """Conduct the study; write `provenance.json`, and `summary.json` last.

        Args:
            config: What to run. An unfinished run of it in `folder` goes on.
            folder: From `open_run`.
            progress: Called with (done, total, what is being done).

        Returns:
            The summary, as JSON gives it back.
        """
        clock = Clock()
        summary = self.conduct(config, folder, progress, clock)
        if "claims" in summary:
            claims = [claim.to_dict() for claim in summary["claims"]]
            pairs = zip(claims, judge(claims), strict=True)
            judged = [claim | {"verdict": verdict} for claim, verdict in pairs]
            summary = summary | {"claims": judged}
        write_provenance(folder, seed=first_seed(config), seconds=clock.seconds)
        write_json(folder / "summary.json", summary)
        return summary

    def load(self, config: Config, folder: pathlib.Path) -> Result:
        """The result of a finished run, from the files in its folder.

        Raises:
            FileFormatError: If one of them is damaged.
            RunFolderError: If the summary is.
        """
        summary = read_record(folder / "summary.json")
        with reading(folder, FINISHED, AGAIN):
            return self.read(config, folder, summary)


def first_seed(config: Any) -> int:
    """The first seed of a configuration, for `provenance.json`.

    It is the first of `seeds`, where they are listed; else `seed`; 0 where seeds are
    only counted; else that of `training`, and 0 for what has no chance in it.
    """
    seeds = getattr(config, "seeds", None)
    if isinstance(seeds, tuple):
        return seeds[0]
    if hasattr(config, "seed"):
        return config.seed
    if seeds is None and hasattr(config, "training"):
        return config.training.seed
    return 0
