"""Run an experiment by its name and draw its figure."""

import argparse
import pathlib
import sys
import time
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from experiments import NAMES, load_experiment

EXAMPLES = f"""\
examples:
  python scripts/run_experiment.py data_slices              to runs/data_slices
  python scripts/run_experiment.py data_slices smoke        the same path in seconds
  python scripts/run_experiment.py data_slices --folder runs/mine --force

experiments: {", ".join(NAMES)}

An interrupted run goes on when the same command is given again. A finished run is
shown again, not repeated; --force runs it anew.

exit code: 0 done, 1 a result failed its verification, 2 bad input, 130 interrupted
"""


class Parser(argparse.ArgumentParser):
    """Reports a bad argument in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"error: {message}\n")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("name", choices=NAMES, metavar="NAME", help="which experiment")
    add("preset", choices=["paper", "smoke"], nargs="?", default="paper")
    add("--folder", type=pathlib.Path, help="run folder (default: runs/NAME[-smoke])")
    add("--force", action="store_true", help="replace the run in the folder")
    options = parser.parse_args(arguments)
    if options.folder is None:
        suffix = "-smoke" if options.preset == "smoke" else ""
        options.folder = pathlib.Path("runs") / f"{options.name}{suffix}"
    return options


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


def execute(
    experiment: Any,
    plotting: Any,
    config: Any,
    folder: pathlib.Path,
    *,
    force: bool,
) -> int:
    """Run or show the run; the exit code says whether what was verified holds."""
    from experiments.common import open_run, read_json
    from experiments.plotting.style import save_figure

    start = time.perf_counter()
    if open_run(folder, experiment.NAME, config, force=force) == "finished":
        print(f"{folder} holds this run, finished: --force runs it anew.")
        summary = read_json(folder / "summary.json")
    else:
        console = Console(stderr=True)
        quiet = not console.is_terminal
        with Progress(console=console, transient=True, disable=quiet) as progress:
            summary = experiment.run(config, folder, Bars(progress))
    if not (folder / "figure.png").is_file():
        save_figure(
            plotting.figure(experiment.load(config, folder)), folder / "figure.png"
        )
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for key, value in summary.items():
        if key != "verification":
            table.add_row(key.replace("_", " "), _text(value))
    Console().print(table)
    print(f"Wrote {folder / 'figure.png'} in {time.perf_counter() - start:.1f} s.")
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


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 not verified, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    try:
        from experiments.common import RunFolderError
        from regions.errors import FileFormatError, RegionsError

        experiment, plotting = load_experiment(options.name)
        config = experiment.PRESETS[options.preset]
        try:
            return execute(
                experiment, plotting, config, options.folder, force=options.force
            )
        except (
            FileFormatError,
            FloatingPointError,
            ImportError,
            OSError,
            RunFolderError,
            ValueError,
        ) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except RegionsError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        print(
            f"Interrupted. Give the same command again to go on in {options.folder}.",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
