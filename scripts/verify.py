"""Verify a file of regions: exact arithmetic, nothing shared with the engines."""

import argparse
import pathlib
import sys

from experiments.running.arguments import Parser
from experiments.running.console import Bars, print_rows, run_main

EXAMPLES = """\
examples:
  python scripts/verify.py runs/ring/regions.parquet
  python scripts/verify.py regions.parquet --network model.npz   belongs to this one?
  python scripts/verify.py regions.parquet --float               seconds, with rounding

exit code: 0 verified, 1 a check failed, 2 the file cannot be read
"""

_COLORS = {"ok": "green", "FAILED": "red", "not checked": "yellow"}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("file", type=pathlib.Path, help="what RegionSet.save wrote")
    add("--network", type=pathlib.Path, help="the network it must belong to")
    add("--float", action="store_true", help="check in float64, proving nothing")
    return parser.parse(arguments)


def execute(options: argparse.Namespace) -> int:
    """Verify and print the checks; the exit code says whether all hold."""
    from rich.markup import escape

    import regions

    network = None if options.network is None else regions.load_network(options.network)
    file = options.file
    if file.is_dir():
        file = file / "regions.parquet"
    with Bars() as bars:
        report = regions.verify(
            file, exact=not options.float, network=network, progress=bars
        )
    colors = [_COLORS[check.verdict] for check in report.checks]
    print_rows(
        (check.name, f"[{color}]{check.verdict}[/]", escape(check.detail))
        for check, color in zip(report.checks, colors, strict=True)
    )
    print(str(report).splitlines()[-1])
    for line in report.failures:
        print(f"failed: {line}", file=sys.stderr)
    return 0 if report.ok else 1


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 verified, 1 a check failed, 2 unreadable, 130 interrupted."""
    options = parse(arguments)
    return run_main(
        lambda: execute(options),
        interrupted="Interrupted: nothing is verified.",
        undecided=2,
    )


if __name__ == "__main__":
    sys.exit(main())
