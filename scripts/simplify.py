"""Make a network smaller, exactly equal on a domain, and say what proves it."""

import argparse
import pathlib
import sys
from collections import Counter
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import Progress

EXAMPLES = """\
examples:
  python scripts/simplify.py net.npz --box -1 1 --output small.npz
  python scripts/simplify.py net.npz --lower=0,-2 --upper=1,2 --changes
  python scripts/simplify.py runs/ring --box 0 1 --output small.npz
  python scripts/simplify.py model.onnx --box 0 1 --bounds-only      high dimensions

Units that are off on the whole domain, copies of others and units that nothing reads
are removed; units that are on everywhere are folded into the next layers, or kept with
slope 1, without a bit. Whatever would round a weight is left alone. The two networks
are compared on every region, in exact arithmetic, unless there are too many.

exit code: 0 done, 1 not decided, 2 bad input
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
    add("network", type=pathlib.Path, help="model file or run folder")
    where = parser.add_argument_group("domain (one of these)").add_argument
    where("--box", nargs=2, type=float, metavar=("LOW", "HIGH"), help="on every axis")
    where("--lower", type=numbers, metavar="A,B,...", help="with --upper: a box")
    where("--upper", type=numbers, metavar="A,B,...")
    where("--whole-space", action="store_true", help="all of R^d")
    add("--output", type=pathlib.Path, metavar="NPZ", help="save the smaller network")
    add("--changes", action="store_true", help="print what happened to each unit")
    add("--max-regions", type=int, default=5000, help="limit of the enumeration")
    add("--max-seconds", type=float, default=60.0, help="limit of the enumeration")
    add("--bounds-only", action="store_true", help="do not enumerate")
    options = parser.parse_args(arguments)
    if (options.lower is None) != (options.upper is None):
        parser.error("--lower and --upper are required together")
    given = [options.box is not None, options.lower is not None, options.whole_space]
    if sum(given) != 1:
        parser.error(
            f"{sum(given)} domains given: exactly one of --box, --lower with --upper, "
            "or --whole-space is required"
        )
    if options.output is not None and options.output.suffix != ".npz":
        parser.error(f"--output {options.output}: a name ending in .npz is required")
    return options


def domain_of(options: argparse.Namespace, dim: int) -> Any:
    """The domain asked for."""
    from regions.domains import Box, WholeSpace

    if options.whole_space:
        return WholeSpace(dim)
    if options.box is not None:
        low, high = options.box
        return Box([low] * dim, [high] * dim)
    return Box(options.lower, options.upper)


def execute(options: argparse.Namespace) -> None:
    """Simplify, save and print."""
    import regions
    from regions.simplify import simplify

    network = regions.load_network(options.network)
    domain = domain_of(options, network.input_dim)
    console = Console(stderr=True)
    quiet = not console.is_terminal
    with Progress(console=console, transient=True, disable=quiet) as bars:
        task = bars.add_task("finding the regions", total=None)
        small, report = simplify(
            network,
            domain,
            max_regions=options.max_regions,
            max_seconds=options.max_seconds,
            enumerate_domain=not options.bounds_only,
            progress=lambda done, total: bars.update(
                task, completed=done, total=total or None
            ),
        )
    if options.output is not None:
        regions.save_network(options.output, small)
    if options.changes:
        for change in report.changes:
            layer, unit = change.unit
            name = f"layer {layer + 1} unit {unit}"
            print(f"{name:<20} {change.action:<8} {change.reason}")
    actions = Counter(change.action for change in report.changes)
    for action in ("removed", "unread", "merged", "folded", "linear", "kept"):
        if actions[action]:
            print(f"{action:<8} {actions[action]:>6,} units")
    print(report)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 not decided, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    try:
        from regions.errors import FileFormatError, RegionsError

        try:
            execute(options)
        except (FileFormatError, ValueError, OSError, ImportError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except RegionsError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
