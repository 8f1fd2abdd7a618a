"""Count the regions of many networks and fit how the counts scale."""

import argparse
import pathlib

from experiments.running.arguments import Parser
from experiments.running.console import GO_ON, run_main

EXAMPLES = """\
examples:
  python scripts/scaling_study.py scripts/study.toml             to runs/study
  python scripts/scaling_study.py mine.toml --folder runs/mine
  python scripts/scaling_study.py scripts/study.toml --seeds 2 --folder runs/few

The least that a study is, in mine.toml (scripts/study.toml of a checkout has all keys,
and so has the message about one that is not known):

  seeds = 10
  [[families]]
  varies = "width"
  values = [8, 16, 32]

An interrupted study goes on when the same command is given again, and so does one whose
file has got other families or values: what is counted is kept. A finished one is shown
again, not repeated; --force runs it anew. The folder gets networks.csv and
networks.parquet (every count), means.csv (a table for a paper: means, intervals, laws,
bounds), summary.json with the fits, and the figure.

exit code: 0 done, 2 bad input, 130 interrupted
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("study", type=pathlib.Path, help="a TOML file, such as scripts/study.toml")
    add("--seeds", type=int, help="networks per architecture, instead of the file's")
    parser.add_run_folder("runs/NAME of the file")
    options = parser.parse(arguments)
    options.folder = options.folder or pathlib.Path("runs") / options.study.stem
    return options


def execute(options: argparse.Namespace) -> int:
    """Run or show the study."""
    import dataclasses

    from experiments.running.command_line import run_and_show
    from experiments.scaling_study import STUDY
    from experiments.scaling_study.settings import read_study

    config = read_study(options.study)
    if options.seeds is not None:
        config = dataclasses.replace(config, seeds=options.seeds)
    return run_and_show(STUDY, config, options.folder, force=options.force)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    message = GO_ON.format(folder=options.folder)
    return run_main(
        lambda: execute(options),
        interrupted=message,
        max_seconds=options.max_seconds,
    )
