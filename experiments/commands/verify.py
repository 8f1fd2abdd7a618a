"""Verify files of regions and answers: exactly, nothing shared with the engines."""

import argparse
import pathlib
import sys
import time
from typing import TYPE_CHECKING, cast

from experiments.running.arguments import Parser, read_network, seconds
from experiments.running.console import Bars, print_rows, run_main
from experiments.running.interrupts import CtrlC, interrupted_after

if TYPE_CHECKING:
    from regions.network import ReluNetwork

EXAMPLES = """\
examples:
  python scripts/verify.py runs/ring/regions.parquet
  python scripts/verify.py regions.parquet --network model.npz   belongs to this one?
  python scripts/verify.py regions.parquet --float               seconds, with rounding
  python scripts/verify.py regions.parquet --max-seconds 600     as far as it comes
  python scripts/verify.py regions-of-net                        file by file
  python scripts/verify.py answer.json                           of scripts/ask.py

A folder that scripts/count_pieces.py --save wrote is verified file by file: that a file
is what was written, and that its regions exist. A file holds a part of the domain, so
whether regions are missing, or in two files, is not checked.

exit code: 0 verified, 1 a check failed or was not reached in time, 2 the file cannot be
read, 130 on Ctrl-C, with the checks that were made
"""

_COLORS = {"ok": "green", "FAILED": "red", "not checked": "yellow"}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add(
        "file",
        type=pathlib.Path,
        help="what RegionSet.save or ask wrote, a run folder, or a folder of pieces",
    )
    add("--network", type=pathlib.Path, help="the network it must belong to")
    add("--float", action="store_true", help="check in float64, proving nothing")
    add("--max-seconds", type=seconds, metavar="S", help="stop after this time")
    parser.add_state_dicts()
    return parser.parse(arguments)


def execute(options: argparse.Namespace) -> int:
    """Verify and print the checks; the exit code says whether all hold."""
    from rich.markup import escape

    import regions
    from regions.errors.limits import limited
    from regions.pieces.streaming import PLAN

    network = (
        None if options.network is None else read_network(options.network, options)
    )
    file = options.file
    if (file / PLAN).is_file():
        with CtrlC() as stop, limited(max_seconds=options.max_seconds, stop=stop):
            return verify_pieces(file, not options.float, network)
    if file.is_dir():
        file = file / "regions.parquet"
    if file.suffix == ".json":
        from regions.certificates.answers import verify_answer

        begin = time.perf_counter()
        try:
            with interrupted_after(options.max_seconds):
                report = verify_answer(file, network=network)
        except KeyboardInterrupt:
            limit = options.max_seconds
            if limit is None or time.perf_counter() - begin < limit:
                raise
            print(f"error: not checked within {limit:g} seconds", file=sys.stderr)
            return 1
    else:
        with Bars() as bars, CtrlC() as stop:
            report = regions.verify(
                file,
                exact=not options.float,
                network=network,
                progress=bars,
                max_seconds=options.max_seconds,
                stop=stop,
            )
    colors = [_COLORS[check.verdict] for check in report.checks]
    print_rows(
        (check.name, f"[{color}]{check.verdict}[/]", escape(check.detail))
        for check, color in zip(report.checks, colors, strict=True)
    )
    if file.suffix == ".json":
        said = "verified: proved exactly" if report.ok else "NOT verified"
        print(f"{said} ({report.seconds:.3g} s)")
    else:
        print(str(report).splitlines()[-1])
    for line in report.failures:
        print(f"failed: {line}", file=sys.stderr)
    if report.stopped == "interrupted":
        return 130
    return 0 if report.ok and report.stopped is None else 1


def verify_pieces(
    path: pathlib.Path, exact: bool, network: "ReluNetwork | None"
) -> int:
    """Verify a folder of pieces, file by file."""
    from regions.errors import LimitError
    from regions.pieces.streaming import RegionFolder

    folder, stopped = RegionFolder(path), None
    with Bars() as bars:
        try:
            problems = folder.verify(
                exact=exact, network=network, progress=bars.stage("files")
            )
        except LimitError as error:
            stopped, problems = error, cast("list[str]", error.found)
    for line in problems:
        print(f"failed: {line}", file=sys.stderr)
    if stopped is not None:
        print(f"NOT verified: {stopped}")
        return 130 if stopped.why == "interrupted" else 1
    state = "complete" if folder.complete else "not complete"
    count, files = len(folder), len(folder.files)
    print(
        f"{count:,} region{'s' * (count != 1)} in {files} file{'s' * (files != 1)}, "
        f"{state}"
    )
    print(
        "NOT verified"
        if problems
        else "verified: every file is as it was written, and its regions exist"
    )
    return 1 if problems else 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 verified, 1 a check failed, 2 unreadable, 130 interrupted."""
    options = parse(arguments)
    return run_main(
        lambda: execute(options),
        interrupted="Interrupted: nothing is verified.",
        undecided=2,
    )
