"""What the command lines of experiments share: run, draw, print, report errors."""

import pathlib
import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from experiments.common import RunFolderError, open_run, read_json
from experiments.plotting.style import save_figure
from regions.errors import FileFormatError, RegionsError

BAD_INPUT = (
    FileFormatError,
    FloatingPointError,
    ImportError,
    OSError,
    RunFolderError,
    ValueError,
)
"""Errors that say that something given cannot be used."""


def run_and_show(
    experiment: Any,
    plotting: Any,
    config: Any,
    folder: pathlib.Path,
    *,
    force: bool = False,
) -> int:
    """Run a configuration in a folder, or show the run that is there.

    Args:
        experiment: Module with `NAME`, `run` and `load`.
        plotting: Module with `figure`.
        config: What to run.
        folder: The run folder.
        force: Replace the run in the folder.

    Returns:
        The exit code: 0 done, 1 not verified or not decided, 2 bad input; an error is
        one line on the standard error.
    """
    try:
        return _execute(experiment, plotting, config, folder, force=force)
    except BAD_INPUT as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except RegionsError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


class Bars:
    """One progress bar per stage.

    Args:
        progress: The display, which the caller enters.
    """

    def __init__(self, progress: Progress):
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, done: int, total: int, message: str) -> None:
        """Show that `done` of `total` is done; a total of 0 is not known."""
        if message not in self._tasks:
            self._tasks[message] = self._progress.add_task(message)
        self._progress.update(self._tasks[message], completed=done, total=total or None)


def _execute(
    experiment: Any,
    plotting: Any,
    config: Any,
    folder: pathlib.Path,
    *,
    force: bool,
) -> int:
    """Run or show the run; the exit code says whether what was verified holds."""
    start, console = time.perf_counter(), Console(highlight=False)
    if open_run(folder, experiment.NAME, config, force=force) == "finished":
        console.print(f"{folder} holds this run, finished: --force runs it anew.")
        summary = read_json(folder / "summary.json")
    else:
        errors = Console(stderr=True)
        quiet = not errors.is_terminal
        with Progress(console=errors, transient=True, disable=quiet) as progress:
            summary = experiment.run(config, folder, Bars(progress))
    if not (folder / "figure.png").is_file():
        save_figure(
            plotting.figure(experiment.load(config, folder)), folder / "figure.png"
        )
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for key, value in summary.items():
        if key != "verification":
            table.add_row(key.replace("_", " "), _text(value))
    console.print(table)
    console.print(
        f"Wrote {folder / 'figure.png'} in {time.perf_counter() - start:.1f} s."
    )
    return 0 if summary.get("verified", True) else 1


def _text(value: Any) -> str:
    """A value of a summary, short."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_text(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:,}" if type(value) is int else str(value)
