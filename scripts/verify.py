"""Verify a file of regions: exact arithmetic, nothing shared with the engines."""

import argparse
import pathlib
import sys
from typing import NoReturn

from rich.console import Console
from rich.markup import escape
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
  python scripts/verify.py runs/ring/regions.parquet
  python scripts/verify.py regions.parquet --network model.npz   belongs to this one?
  python scripts/verify.py regions.parquet --float               seconds, with rounding

exit code: 0 verified, 1 a check failed, 2 the file cannot be read
"""

_COLORS = {"ok": "green", "FAILED": "red", "not checked": "yellow"}


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
    add("file", type=pathlib.Path, help="what RegionSet.save wrote")
    add("--network", type=pathlib.Path, help="the network it must belong to")
    add("--float", action="store_true", help="check in float64, proving nothing")
    return parser.parse_args(arguments)


class Bars:
    """One progress bar per stage.

    Args:
        progress: The display, which the caller enters.
    """

    def __init__(self, progress: Progress):
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, done: int, total: int, message: str) -> None:
        """Show that `done` of `total` is done."""
        if message not in self._tasks:
            self._tasks[message] = self._progress.add_task(message)
        self._progress.update(self._tasks[message], completed=done, total=total)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Verify and print the checks; the exit code says whether all hold."""
    import regions

    network = None if options.network is None else regions.load_network(options.network)
    columns = (
        TextColumn("{task.description:<18}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    screen = Console(stderr=True)
    hidden = not screen.is_terminal
    with Progress(*columns, console=screen, transient=True, disable=hidden) as progress:
        report = regions.verify(
            options.file,
            exact=not options.float,
            network=network,
            progress=Bars(progress),
        )
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for check in report.checks:
        color = _COLORS[check.verdict]
        verdict = f"[{color}]{check.verdict}[/{color}]"
        table.add_row(check.name, verdict, escape(check.detail))
    console.print(table)
    console.print(str(report).splitlines()[-1], markup=False, highlight=False)
    for line in report.failures:
        print(f"failed: {line}", file=sys.stderr)
    return 0 if report.ok else 1


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 verified, 1 a check failed, 2 unreadable, 130 interrupted."""
    options = parse(arguments)
    try:
        from regions.errors import RegionsError

        try:
            return execute(options, Console())
        except (RegionsError, ValueError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    except KeyboardInterrupt:
        print("Interrupted: nothing is verified.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
