"""Compile the inner loops of counting ahead of the first count."""

import argparse

from experiments.running.arguments import Parser
from experiments.running.console import run_main

EXAMPLES = """\
examples:
  python scripts/compile_ahead.py

It takes about two minutes of one processor, once for each installation; what is
compiled already is not compiled again. `make` begins it in the background. Without it,
the first long count begins it.
Exit code: 0; 2 if there is no place to keep compiled code.
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    parser.add_max_seconds()
    return parser.parse(arguments)


def execute(options: argparse.Namespace) -> int:
    """Compile, and return the exit code."""
    del options  # The limit is heard by `main`.
    from regions.enumeration.compile_ahead import compile_ahead

    compile_ahead(lambda package: print(f"compiling {package}", flush=True))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted: what is compiled is kept."
    return run_main(
        lambda: execute(options),
        interrupted=message,
        max_seconds=options.max_seconds,
    )
