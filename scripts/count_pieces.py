"""Count activation regions in independent pieces, on several processes or a cluster."""

import argparse
import pathlib
import shlex
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from regions.domains import Domain
    from regions.region_set import RegionCount

EXAMPLES = """\
examples:
  python scripts/count_pieces.py net.npz --box -1 1
  python scripts/count_pieces.py net.npz --box -1 1 --journal net.jsonl
  python scripts/count_pieces.py net.npz --slice slice.npz --workers 8
  python scripts/count_pieces.py net.npz --box -1 1 --scheduler tcp://10.0.0.1:8786
  python scripts/count_pieces.py net.npz --box -1 1 --workers 0

--workers 0 counts in this process and needs no extra; the rest needs the extra
`cluster`. A killed run that kept a --journal goes on when the same command is given
again. A slice file holds origin, directions (one row each), lower and upper. Exit code:
0; 1 if the count can not go on; 2 on bad input; 130 on Ctrl-C.
"""


class Parser(argparse.ArgumentParser):
    """Reports a bad argument in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"error: {message}\n")


def numbers(text: str) -> list[float]:
    """Numbers separated by commas."""
    try:
        return [float(v) for v in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of numbers like 0,0.5"
        ) from None


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("network", type=pathlib.Path, help="npz with W0, b0, W1, ... or a model file")
    where = parser.add_argument_group("domain (one of these)").add_argument
    where("--box", nargs=2, type=float, metavar=("LOW", "HIGH"), help="on every axis")
    where("--lower", type=numbers, metavar="A,B,...", help="with --upper: a box")
    where("--upper", type=numbers, metavar="A,B,...")
    where("--slice", type=pathlib.Path, metavar="NPZ", help="an affine slice")
    add("--journal", type=pathlib.Path, help="a file that keeps every piece counted")
    add("--workers", type=int, default=2, help="processes to start (default: 2)")
    add("--scheduler", help="address of a running dask scheduler")
    add("--piece-regions", type=int, help="estimated regions per piece, at most")
    options = parser.parse_args(arguments)
    boxes = options.lower is not None, options.upper is not None
    given = [options.box is not None, any(boxes), options.slice is not None]
    if sum(given) != 1 or any(boxes) != all(boxes):
        parser.error("exactly one of --box, --lower with --upper, or --slice is needed")
    if options.workers < 0:
        parser.error(f"--workers is {options.workers}: 0 or more is required")
    return options


def domain_of(options: argparse.Namespace, dim: int) -> "Domain":
    """The domain asked for."""
    from regions.domains import Box, Slice

    if options.slice is not None:
        import numpy as np

        try:
            with np.load(options.slice, allow_pickle=False) as file:
                parts = [file[k] for k in ("origin", "directions", "lower", "upper")]
        except KeyError as error:
            raise ValueError(
                f"{options.slice} is no slice: it lacks an array ({error})"
            ) from error
        return Slice(parts[0], parts[1], Box(parts[2], parts[3]))
    if options.box is not None:
        low, high = options.box
        return Box([low] * dim, [high] * dim)
    return Box(options.lower, options.upper)


def run(options: argparse.Namespace) -> "RegionCount":
    """Count, with a bar that shows the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    from regions.cluster import open_client, run_on
    from regions.io import load_network
    from regions.pieces import PIECE_REGIONS, count_by_pieces, run_here

    network = load_network(options.network)
    domain = domain_of(options, network.input_dim)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    bar = Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True
    )

    def count(runner: object) -> "RegionCount":
        with bar:
            task = bar.add_task("counting pieces", total=None)
            return count_by_pieces(
                network,
                domain,
                piece_regions=options.piece_regions or PIECE_REGIONS,
                journal=options.journal,
                runner=runner,  # pyright: ignore[reportArgumentType]
                progress=lambda done, total: bar.update(
                    task, completed=done, total=total
                ),
            )

    if options.workers == 0 and options.scheduler is None:
        return count(run_here)
    with open_client(options.scheduler, options.workers) as client:
        return count(run_on(client))


def report(count: "RegionCount") -> None:
    """Print the count and what it took."""
    rows = {
        "regions": f"{count.count:,}",
        "method": count.method,
        "seconds": f"{count.seconds:.3f}",
        **{name.replace("_", " "): value for name, value in count.stats.items()},
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        text = f"{value:,}" if isinstance(value, int) else str(value)
        print(f"{name:<{width}}  {text}")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    try:
        from regions.errors import FileFormatError, RegionsError

        try:
            count = run(options)
        except (ValueError, OSError, ImportError, FileFormatError) as error:
            return fail(error, 2)
        except RegionsError as error:
            return fail(error, 1)
    except KeyboardInterrupt:
        again = "nothing is kept without --journal."
        if options.journal is not None:
            words = sys.argv[1:] if arguments is None else arguments
            command = shlex.join(["python", "scripts/count_pieces.py", *words])
            again = f"what was counted is kept; go on with\n  {command}"
        print(f"Interrupted; {again}", file=sys.stderr)
        return 130
    report(count)
    return 0


def fail(error: BaseException, code: int) -> int:
    """Print an error in one line; the exit code."""
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
