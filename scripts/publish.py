"""Write finished runs of paper presets to the pages of docs/."""

import argparse
import pathlib
import sys

from experiments import NAMES
from experiments.running.arguments import Parser, run_folder
from experiments.running.console import run_main

EXAMPLES = """\
examples:
  python scripts/publish.py                 the pages anew, from docs/results/
  python scripts/publish.py data_slices     and with the run in runs/data_slices

The pages are docs/gallery.md, docs/claims.md and docs/papers.md; the table of
docs/studies.md is written too.

exit code: 0 done, 2 bad input
"""

DOCS = pathlib.Path(__file__).resolve().parents[1] / "docs"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("names", choices=[*NAMES, []], metavar="NAME", nargs="*", help="which runs")
    add("--docs", type=pathlib.Path, default=DOCS, help="the folder of the pages")
    return parser.parse(arguments)


def execute(options: argparse.Namespace) -> None:
    """Publish the runs, then write the pages."""
    from experiments.running.publishing import publish, update_table, write_pages

    for name in options.names:
        publish(name, run_folder(name, "paper"), options.docs)
    write_pages(options.docs)
    page = options.docs / "studies.md"
    if page.is_file():
        update_table(page, options.docs)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    return run_main(lambda: execute(options))


if __name__ == "__main__":
    sys.exit(main())
