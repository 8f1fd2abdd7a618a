"""One command for every experiment: run it in a folder, or show the run that is there.

Its caller wraps it in `experiments.running.console.run_main`, which reports errors.
"""

import pathlib
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from rich.markup import escape

from experiments.plotting.style import FORMATS, save_figure
from experiments.running.claims import describe_value
from experiments.running.common import (
    AGAIN,
    FINISHED,
    mark_resumed,
    open_run,
    own_folder,
    read_record,
)
from experiments.running.console import Bars, print_rows
from experiments.running.device import device_line
from experiments.running.studies import Config, Study, Summary
from regions.files.reading import reading
from regions.files.writing import remove_left


def run_and_show(
    study: Study[Config, Any],
    config: Config,
    folder: pathlib.Path,
    *,
    force: bool = False,
    formats: tuple[str, ...] = FORMATS,
) -> int:
    """Run a configuration in a folder, or show the run that is there.

    Args:
        study: What is run.
        config: What to run.
        folder: The run folder.
        force: Replace the run in the folder.
        formats: Suffixes of the figure; drawn if one of them is missing.

    Returns:
        The exit code: 0 done, 1 not verified.

    Raises:
        BlockingIOError: If another run is going on in the folder.
        RunFolderError: See `open_run`.
    """
    with own_folder(folder):
        return _run_and_show(study, config, folder, force, formats)


def _run_and_show(
    study: Study[Config, Any],
    config: Config,
    folder: pathlib.Path,
    force: bool,
    formats: tuple[str, ...],
) -> int:
    """As `run_and_show`, in a folder that no other run writes to."""
    start, used = time.perf_counter(), time.process_time()
    state = open_run(folder, study.name, config, force=force, grows=study.grows)
    remove_left(folder)
    if state == "finished":
        _say(f"{folder} holds this run, finished: --force runs it anew.")
        summary = read_record(folder / "summary.json")
    else:
        if state == "unfinished":
            _say(f"Going on with the unfinished run in {folder}.")
        _say(f"Device: {device_line()}.")
        with Bars() as bars:
            summary = study.run(config, folder, bars)
        if state == "unfinished":
            mark_resumed(folder)
    files = [folder / f"figure.{suffix}" for suffix in formats]
    # What was made just now is not damaged: an error there is one of the program.
    damage = reading(folder, FINISHED, AGAIN) if state == "finished" else nullcontext()
    with damage:
        if state != "finished" or not all(file.is_file() for file in files):
            figure = study.draw(study.load(config, folder))
            for file in files:
                save_figure(figure, file)
        print_rows((study.rows or _plain_rows)(summary))
        print_rows(_claim_rows(summary.get("claims", [])))
    names = ", ".join(file.name for file in files)
    seconds = time.perf_counter() - start
    cost = f"{seconds:.1f} s, {time.process_time() - used:.1f} s of processors"
    _say(f"{names} and summary.json are in {folder} ({cost}).")
    return 0 if summary.get("verified", True) else 1


def _say(line: str) -> None:
    """Print a line as it is."""
    sys.stdout.write(f"{line}\n")


def _plain_rows(summary: Summary) -> Iterator[tuple[str, str]]:
    """The summary, but for claims, details of verification and what is not there."""
    for key, value in summary.items():
        if key in ("verification", "claims") or value is None:
            continue
        if _is_table(value):
            yield from map(_table_row, value)
        else:
            yield key.replace("_", " "), escape(_text(value))


def _is_table(value: Any) -> bool:
    """Whether a value of a summary is a list of rows with named entries."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(row, dict) and row for row in value)


def _table_row(row: dict[str, Any]) -> tuple[str, str]:
    """A row of a table: its first entry, and the others with their names."""
    first, *others = row
    text = ", ".join(f"{name.replace('_', ' ')} {_text(row[name])}" for name in others)
    return escape(_text(row[first])), escape(text)


def _claim_rows(claims: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Verdict, claim and number of each claim."""
    colors = {"confirmed": "green", "refuted": "red"}
    for claim in claims:
        color = colors.get(claim["verdict"], "yellow")
        yield (
            f"[{color}]{claim['verdict']}[/]",
            escape(claim["claim"]),
            f"[dim]{escape(describe_value(claim))}[/]",
        )


def _text(value: Any) -> str:
    """A value of a summary, short."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_text(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:,}" if type(value) is int else str(value)
