"""Count the activation regions of a network, or list them to a file."""

import argparse
import pathlib
import sys
import time
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rich.progress import Progress

    from regions.domains import Domain
    from regions.region_set import RegionCount

EXAMPLES = """\
examples:
  python scripts/count_regions.py net.npz --box -1 1
  python scripts/count_regions.py net.npz --lower 0,0 --upper 1,2
  python scripts/count_regions.py net.npz --segment 0,0 1,1
  python scripts/count_regions.py net.npz --slice slice.npz
  python scripts/count_regions.py net.npz --whole-space --method tree
  python scripts/count_regions.py net.npz --box -1 1 --save regions.parquet
  python scripts/count_regions.py net.npz --box -1 1 --max-seconds 60

Write --lower=-1,-1 where a list begins with a minus sign. A slice file holds origin,
directions (one row each), lower and upper. Exit code: 0, also when a limit was reached;
1 if the method can not answer; 2 on bad input; 130 on Ctrl-C, with what was found.
"""
BAR_AFTER_SECONDS = 2.0


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
    where("--segment", nargs=2, type=numbers, metavar=("START", "END"))
    where("--slice", type=pathlib.Path, metavar="NPZ", help="an affine slice")
    where("--whole-space", action="store_true", help="all of R^d")
    methods = ["auto", "line", "sweep", "tree"]
    add("--method", choices=methods, default="auto", help="engine (default: auto)")
    add("--max-seconds", type=float, help="stop after this time")
    add("--max-regions", type=int, help="stop after so many regions")
    add("--save", type=pathlib.Path, metavar="PARQUET", help="list the regions to it")
    options = parser.parse_args(arguments)
    given = [
        options.box is not None,
        options.lower is not None or options.upper is not None,
        options.segment is not None,
        options.slice is not None,
        options.whole_space,
    ]
    if sum(given) != 1:
        parser.error(
            f"{sum(given)} domains given: exactly one of --box, --lower with --upper, "
            "--segment, --slice or --whole-space is required"
        )
    if (options.lower is None) != (options.upper is None):
        parser.error("--lower and --upper are required together")
    return options


def domain_of(options: argparse.Namespace, dim: int) -> "Domain":
    """The domain asked for."""
    from regions.domains import Box, Segment, WholeSpace

    if options.whole_space:
        return WholeSpace(dim)
    if options.segment is not None:
        return Segment(*options.segment)
    if options.slice is not None:
        return read_slice(options.slice)
    if options.box is not None:
        low, high = options.box
        return Box([low] * dim, [high] * dim)
    return Box(options.lower, options.upper)


def read_slice(path: pathlib.Path) -> "Domain":
    """The slice in an npz file."""
    import zipfile

    import numpy as np

    from regions.domains import Box, Slice

    try:
        with np.load(path, allow_pickle=False) as file:
            parts = [file[k] for k in ("origin", "directions", "lower", "upper")]
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is no slice: an npz with origin, directions, lower and upper is "
            f"required ({error})"
        ) from error
    return Slice(parts[0], parts[1], Box(parts[2], parts[3]))


class Bar:
    """A progress bar with the time left, on stderr, for what takes its time."""

    def __init__(self):
        self._start = time.perf_counter()
        self._display: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` is done; a total of 0 is not known."""
        if self._display is None:
            if time.perf_counter() - self._start < BAR_AFTER_SECONDS:
                return
            from rich.console import Console
            from rich.progress import Progress

            self._display = Progress(console=Console(stderr=True), transient=True)
            self._display.start()
            self._display.add_task("counting")
        task = self._display.tasks[0].id
        self._display.update(task, completed=done, total=total or None)

    def close(self) -> None:
        """Remove the bar."""
        if self._display is not None:
            self._display.stop()


def run(options: argparse.Namespace) -> "RegionCount":
    """Count, or list and save."""
    from regions.enumeration import count_regions, enumerate_regions
    from regions.io import load_network

    if options.save is not None and not options.save.absolute().parent.is_dir():
        raise ValueError(f"--save: the folder of {options.save} does not exist")
    network = load_network(options.network)
    domain = domain_of(options, network.input_dim)
    engine = count_regions if options.save is None else enumerate_regions
    bar = Bar()
    try:
        result = engine(
            network,
            domain,
            method=options.method,
            progress=bar,
            max_regions=options.max_regions,
            max_seconds=options.max_seconds,
        )
    finally:
        bar.close()
    if options.save is None:
        return result  # pyright: ignore[reportReturnType]
    result.save(options.save)  # pyright: ignore[reportAttributeAccessIssue]
    return result.count  # pyright: ignore[reportReturnType]


def report(count: "RegionCount", saved: pathlib.Path | None) -> None:
    """Print the count, and what stands behind it."""
    kind = "yes" if count.complete else "NO: at least so many exist"
    rows = {
        "regions": f"{count.count:,}",
        "complete": kind,
        "method": count.method,
        "seconds": f"{count.seconds:.3f}",
        **{name.replace("_", " "): value for name, value in count.stats.items()},
    }
    if saved is not None:
        rows["saved to"] = saved
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
            print(f"error: {one_line(error)}", file=sys.stderr)
            return 2
        except RegionsError as error:
            print(f"error: {one_line(error)}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        print("Interrupted before any region was found.", file=sys.stderr)
        return 130
    report(count, options.save)
    return 130 if count.stats.get("stopped") == "interrupted" else 0


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks."""
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main())
