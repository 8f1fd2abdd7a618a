"""Train a network on the black ring, find every activation region, draw the figure."""

import argparse
import dataclasses
import pathlib
import sys
import time
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

EXAMPLES = """\
examples:
  python scripts/ring.py                          the figure of the post, to runs/ring
  python scripts/ring.py --preset smoke           the same path in seconds
  python scripts/ring.py --seed 1 --folder runs/ring-seed1
  python scripts/ring.py --image photo.png --epochs 2000 --folder runs/photo

An interrupted run goes on when the same command is given again. A finished run is
shown again, not repeated; --force runs it anew.
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
    add("--preset", choices=["paper", "smoke"], default="paper", help="which run")
    add("--folder", type=pathlib.Path, help="run folder (default: runs/ring[-smoke])")
    add("--seed", type=int, help="of initialization, shuffles and sampled points")
    add("--epochs", type=int, help="passes over the training points")
    add("--image", help="ring, disc or an image file")
    add("--force", action="store_true", help="replace the run in the folder")
    options = parser.parse_args(arguments)
    if options.folder is None:
        smoke = options.preset == "smoke"
        options.folder = pathlib.Path("runs") / ("ring-smoke" if smoke else "ring")
    return options


def configure(options: argparse.Namespace) -> Any:
    """The preset with the options given."""
    from experiments.ring import PRESETS

    config = PRESETS[options.preset]
    training, data = config.training, config.data
    if options.epochs is not None:
        training = dataclasses.replace(training, epochs=options.epochs)
    if options.seed is not None:
        training = dataclasses.replace(training, seed=options.seed)
        data = dataclasses.replace(data, seed=options.seed)
    if options.image is not None:
        data = dataclasses.replace(data, image=options.image)
    return dataclasses.replace(config, training=training, data=data)


class Bars:
    """One progress bar per stage, with the time left.

    Args:
        progress: The display, which the caller enters.
    """

    def __init__(self, progress: Progress):
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, done: int, total: int, message: str) -> None:
        """Show that `done` of `total` is done; a total of 0 is not known."""
        if message not in self._tasks:
            self._finish()
            self._tasks[message] = self._progress.add_task(message)
        self._progress.update(self._tasks[message], completed=done, total=total or None)

    def _finish(self) -> None:
        """Fill the bars of stages whose length was not known."""
        for task in self._progress.tasks:
            if task.total is None:
                self._progress.update(task.id, total=1, completed=1)


def table(summary: dict[str, Any], seconds: float | None) -> Table:
    """The numbers of a run."""
    rows = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows.add_column(justify="left")
    rows.add_column(justify="right")
    rows.add_column(style="dim")

    def add(name: str, value: str, note: str = "") -> None:
        rows.add_row(name, value, note)

    if summary["train_loss"] is not None:
        add("training loss", f"{summary['train_loss']:.5f}")
        add("validation loss", f"{summary['val_loss']:.5f}")
    mean = summary["mean_predictor_mse"]
    add(
        "full-image MSE",
        f"{summary['image_mse']:.5f}",
        f"predicting the mean: {mean:.5f}",
    )
    add("pixel accuracy", f"{summary['pixel_accuracy']:.2%}", "threshold 0.5")
    size = " x ".join(map(str, summary["grid_resolution"]))
    add("regions on the grid", f"{summary['grid_regions']:,}", f"{size}: a lower bound")
    kind = "complete" if summary["complete"] else "NOT complete"
    add(
        "exact regions",
        f"[bold]{summary['exact_regions']:,}[/bold]",
        f"unit square, {kind}, {summary['method']}",
    )
    add("missed by the grid", f"{summary['grid_missed']:,}")
    add("smallest inradius", f"{summary['smallest_inradius']:.3g}")
    verdict = "[green]passed[/green]" if summary["verified"] else "[red]FAILED[/red]"
    add("verification", verdict)
    if seconds is not None:
        add("time", f"{seconds:.1f} s")
    return rows


def execute(options: argparse.Namespace, config: Any, console: Console) -> int:
    """Run or show the run; the exit code says whether it verified."""
    from experiments import ring
    from experiments.common import open_run, read_json
    from experiments.plotting.ring import figure
    from experiments.plotting.style import save_figure

    folder, start = options.folder, time.perf_counter()
    ring.load_data(config)  # A bad image must not leave a folder behind.
    state = open_run(folder, ring.NAME, config, force=options.force)
    seconds = None
    if state == "finished":
        console.print(f"{folder} holds this run, finished: --force runs it anew.")
        summary = read_json(folder / "summary.json")
    else:
        if state == "unfinished":
            console.print(f"Going on with the unfinished run in {folder}.")
        columns = (
            TextColumn("{task.description:<26}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as progress:
            summary = ring.run(config, folder, Bars(progress))
        seconds = time.perf_counter() - start
    if not (folder / "figure.png").is_file():
        drawing = figure(ring.load(config, folder))
        for suffix in ("png", "pdf"):
            save_figure(drawing, folder / f"figure.{suffix}")
        seconds = time.perf_counter() - start
    console.print(table(summary, seconds))
    console.print(f"Wrote {folder / 'figure.png'} and {folder / 'summary.json'}.")
    return 0 if summary["verified"] else 1


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 verified, 1 not verified, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    console = Console()
    try:
        from experiments.common import RunFolderError
        from regions.errors import RegionsError

        try:
            return execute(options, configure(options), console)
        except (ValueError, OSError, FloatingPointError, RunFolderError) as error:
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
