"""What the command lines share in answering: exit codes, progress bars, tables.

Rich loads when the first bar or table is drawn, so that a short answer comes at once.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from experiments.running.arguments import LOG
from experiments.running.common import RunFolderError
from experiments.running.interrupts import (
    INTERRUPTED,
    heard_interrupts,
    interrupted_after,
)
from regions.errors import FileFormatError, RegionsError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

BAD_INPUT = (
    FileFormatError,
    FloatingPointError,
    ImportError,
    OSError,
    RunFolderError,
    ValueError,
)
"""Errors that say that something given cannot be used."""

FIRST_LINE = 30.0
"""Seconds after which a run that has no terminal says how far it is."""

RARE = 600.0
"""Seconds between two such lines, at most."""

GO_ON = "Interrupted. Give the same command again to go on in {folder}."
"""What to say of a run that keeps its folder."""


def run_main(
    execute: Callable[[], int | None],
    *,
    interrupted: str = "Interrupted.",
    undecided: int = 1,
    max_seconds: float | None = None,
) -> int:
    """Run a command; an error becomes one line on the standard error.

    Args:
        execute: The command, with its imports; its exit code, where `None` is 0.
        interrupted: What to say on Ctrl-C.
        undecided: Exit code of the other errors of `regions`.
        max_seconds: After this time it is interrupted, as by Ctrl-C.

    Returns:
        The exit code: that of the command, 2 on bad input, `undecided` if the question
        stayed open, 130 on Ctrl-C. An error of another kind is a bug and goes through.
    """
    try:
        with heard_interrupts(), interrupted_after(max_seconds):
            code = execute() or 0
        _tell_cost()
        return code
    except BrokenPipeError:
        # The reader, `head` say, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BAD_INPUT as error:
        return _fail(error, 2)
    except RegionsError as error:
        return _fail(error, undecided)
    except KeyboardInterrupt:
        sys.stderr.write(f"{interrupted}\n")
        return INTERRUPTED


def _fail(error: Exception, code: int) -> int:
    """Report an error without line breaks."""
    LOG.info("where the error is from", exc_info=error)
    _tell_cost()
    text = str(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{error.filename}: {error.strerror[:1].lower()}{error.strerror[1:]}"
    sys.stderr.write(f"error: {' '.join(text.split())}\n")
    return code


def _tell_cost() -> None:
    """What it took, for `--verbose`."""
    LOG.info("%.2f s of processors", time.process_time())


class Bars:
    """One progress bar per stage with the time left, on a terminal.

    Elsewhere, in a log say, a long run tells in a line how far it is: after
    `FIRST_LINE` seconds, then after twice as long each time, at most `RARE` seconds.

    Args:
        after_seconds: Nothing is drawn before so much time has passed.

    Example:
        >>> with Bars() as bars:
        ...     bars(3, 10, "counting")
    """

    def __init__(self, after_seconds: float = 0.0):
        self._start = time.perf_counter() + after_seconds
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._told: set[str] = set()
        self._pause, self._next_line = FIRST_LINE, time.perf_counter() + FIRST_LINE

    def __enter__(self) -> "Bars":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bars."""
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, done: int, total: int, message: str) -> None:
        """Show that `done` of `total` is done; a total of 0 is not known."""
        if message not in self._told:
            self._told.add(message)
            LOG.info("%s", message)
        if self._progress is None:
            if time.perf_counter() < self._start:
                return
            self._progress = _display()
            self._progress.start()
        if message not in self._tasks:
            self._fill(self._progress)
            self._tasks[message] = self._progress.add_task(message, total=None)
        self._progress.update(self._tasks[message], completed=done, total=total or None)
        if self._progress.disable and time.perf_counter() >= self._next_line:
            of = f" of {total:,}" if total else ""
            sys.stderr.write(f"{message}: {done:,}{of}\n")
            sys.stderr.flush()
            self._pause = min(2.0 * self._pause, RARE)
            self._next_line = time.perf_counter() + self._pause

    def stage(self, message: str) -> Callable[[int, int], None]:
        """The bar of one stage, for what reports no message."""
        return lambda done, total: self(done, total, message)

    @staticmethod
    def _fill(progress: "Progress") -> None:
        """Fill the bars of stages whose length was not known: another one begins."""
        for task in progress.tasks:
            if task.total is None:
                progress.update(task.id, total=1, completed=1)


def _display() -> "Progress":
    """Bars on the standard error that vanish at the end; none if that is a file."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def print_rows(rows: Iterable[tuple[str, ...]]) -> None:
    """Print a table without lines; entries may hold Rich markup."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    Console().print(table)
