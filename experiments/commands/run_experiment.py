"""Run an experiment by its name and draw its figure."""

import argparse
import dataclasses

from experiments import IMAGE_NAMES, NAMES, load_experiment
from experiments.running.arguments import Parser, run_folder
from experiments.running.console import GO_ON, run_main

EXAMPLES = f"""\
examples:
  python scripts/run_experiment.py data_slices              to runs/data_slices
  python scripts/run_experiment.py data_slices smoke        the same path in seconds
  python scripts/run_experiment.py data_slices --folder runs/mine --force
  python scripts/run_experiment.py hanin_rolnick_planes --data runs/mnist.npz \\
      --folder runs/planes-mnist

experiments: {", ".join(NAMES)}

An interrupted run goes on when the same command is given again. A finished run is
shown again, not repeated; --force runs it anew, and without its figure.png it is drawn
anew.

exit code: 0 done, 1 a result failed its verification, 2 bad input, 130 interrupted
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("name", choices=NAMES, metavar="NAME", help="which experiment")
    add("preset", choices=["paper", "smoke"], nargs="?", default="paper")
    parser.add_run_folder("runs/NAME[-smoke]")
    help_text = (
        "images X and classes y in place of scikit-learn's digits; taken by "
        f"{', '.join(IMAGE_NAMES)}"
    )
    add("--data", metavar="NPZ", help=help_text)
    options = parser.parse(arguments)
    options.folder = options.folder or run_folder(options.name, options.preset)
    return options


def execute(options: argparse.Namespace) -> int:
    """Run or show the run."""
    from experiments.running.command_line import run_and_show

    study = load_experiment(options.name)
    config = study.presets[options.preset]
    if options.data is not None:
        if options.name not in IMAGE_NAMES:
            raise ValueError(
                f"{options.name} takes no --data: leave it out. Those that do are "
                f"{', '.join(IMAGE_NAMES)}."
            )
        config = dataclasses.replace(config, data=options.data)
    return run_and_show(study, config, options.folder, force=options.force)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 not verified, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    message = GO_ON.format(folder=options.folder)
    return run_main(
        lambda: execute(options),
        interrupted=message,
        max_seconds=options.max_seconds,
    )
