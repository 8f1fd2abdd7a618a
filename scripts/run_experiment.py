"""Run an experiment by its name and draw its figure."""

import argparse
import pathlib
import sys
from typing import NoReturn

from experiments import NAMES, load_experiment

EXAMPLES = f"""\
examples:
  python scripts/run_experiment.py data_slices              to runs/data_slices
  python scripts/run_experiment.py data_slices smoke        the same path in seconds
  python scripts/run_experiment.py data_slices --folder runs/mine --force

experiments: {", ".join(NAMES)}

An interrupted run goes on when the same command is given again. A finished run is
shown again, not repeated; --force runs it anew.

exit code: 0 done, 1 a result failed its verification, 2 bad input, 130 interrupted
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
    add("name", choices=NAMES, metavar="NAME", help="which experiment")
    add("preset", choices=["paper", "smoke"], nargs="?", default="paper")
    add("--folder", type=pathlib.Path, help="run folder (default: runs/NAME[-smoke])")
    add("--force", action="store_true", help="replace the run in the folder")
    options = parser.parse_args(arguments)
    if options.folder is None:
        suffix = "-smoke" if options.preset == "smoke" else ""
        options.folder = pathlib.Path("runs") / f"{options.name}{suffix}"
    return options


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 not verified, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    try:
        from experiments.command_line import run_and_show

        experiment, plotting = load_experiment(options.name)
        config = experiment.PRESETS[options.preset]
        return run_and_show(
            experiment, plotting, config, options.folder, force=options.force
        )
    except KeyboardInterrupt:
        print(
            f"Interrupted. Give the same command again to go on in {options.folder}.",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
