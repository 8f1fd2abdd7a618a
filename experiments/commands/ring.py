"""Train a network on the black ring, find every activation region, draw the figure."""

import argparse
import dataclasses
import pathlib
from typing import Any

from experiments.running.arguments import Parser, run_folder
from experiments.running.console import GO_ON, run_main

EXAMPLES = """\
examples:
  python scripts/ring.py                          the figure of the post, to runs/ring
  python scripts/ring.py --preset smoke           the same path in seconds
  python scripts/ring.py --seed 1 --folder runs/ring-seed1
  python scripts/ring.py --solver cvxpy           and CVXPY beside the batched solver
  python scripts/ring.py --image photo.png --epochs 2000 --folder runs/photo

An interrupted run goes on when the same command is given again. A finished run is
shown again, not repeated; --force runs it anew.
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("--preset", choices=["paper", "smoke"], default="paper", help="which run")
    add("--seed", type=int, help="of initialization, shuffles and sampled points")
    add("--epochs", type=int, help="passes over the training points")
    add("--image", help="ring, disc, portrait or an image file")
    add(
        "--solver",
        choices=["cvxpy"],
        help="solve balls and bounds of the regions again by CVXPY, in stacked "
        "programs, and show both answers and times",
    )
    parser.add_run_folder("runs/ring[-smoke]")
    options = parser.parse(arguments)
    options.folder = options.folder or run_folder("ring", options.preset)
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


def execute(options: argparse.Namespace) -> int:
    """Run or show the run; the exit code says whether it verified."""
    from experiments.measures.unit_square import sample_image
    from experiments.ring import STUDY
    from experiments.running.command_line import run_and_show

    config = configure(options)
    sample_image(config.data)  # A bad image must not leave a folder behind.
    code = run_and_show(STUDY, config, options.folder, force=options.force)
    if options.solver is not None:
        show_solvers(options.folder)
    return code


def show_solvers(folder: pathlib.Path) -> None:
    """Print what two solvers say of the regions of a run, side by side."""
    from experiments.ring.solvers import compare_solvers, comparison_rows
    from experiments.running.console import Bars, print_rows

    with Bars() as bars:
        answers = compare_solvers(folder, bars)
    print_rows(comparison_rows(answers))


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 verified, 1 not verified, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    message = GO_ON.format(folder=options.folder)
    return run_main(
        lambda: execute(options),
        interrupted=message,
        max_seconds=options.max_seconds,
    )
