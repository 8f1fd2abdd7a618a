"""The polytope of one input: inequalities, facets, neighbors, shape, affine map."""

import argparse
import pathlib
import sys
from typing import Any, NoReturn

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

EXAMPLES = """\
examples:
  python scripts/polytope.py model.npz --at 0.3,-0.2
  python scripts/polytope.py model.onnx --input digits.npy --index 7
  python scripts/polytope.py runs/ring --at 0.3,0.2 --lower 0,0 --upper 1,1
  python scripts/polytope.py model.npz --at 0.3,-0.2 --format ine > region.ine

model: .npz, .safetensors, .pt, .onnx, .keras or a run folder. A value that begins with
a minus sign takes an equals sign: --at=-0.3,0.2
"""


class Parser(argparse.ArgumentParser):
    """Reports a bad argument in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"error: {message}\n")


def numbers(text: str) -> np.ndarray:
    """Numbers separated by commas."""
    try:
        return np.array([float(part) for part in text.split(",")])
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of numbers: write them like 0.3,-0.2"
        ) from None


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("model", type=pathlib.Path, help="model file or run folder")
    add("--at", type=numbers, help="the point, as numbers separated by commas")
    add("--input", type=pathlib.Path, help="a .npy file of points, one per row")
    add("--index", type=int, default=0, help="which row of --input (default 0)")
    add("--lower", type=numbers, help="lower corner of a box; one number for all axes")
    add("--upper", type=numbers, help="upper corner of the box")
    add("--format", choices=["text", "json", "ine", "latex"], default="text")
    options = parser.parse_args(arguments)
    if (options.at is None) == (options.input is None):
        parser.error("the point is given by --at or by --input, and by one of them")
    if (options.lower is None) != (options.upper is None):
        parser.error("a box needs both --lower and --upper")
    return options


def read_point(options: argparse.Namespace) -> np.ndarray:
    """The point asked about.

    Raises:
        ValueError: If the file holds no such row of numbers.
    """
    if options.at is not None:
        return options.at
    points = np.load(options.input, allow_pickle=False)
    if points.dtype.kind not in "fiub" or points.ndim == 0:
        raise ValueError(
            f"{options.input} holds no real numbers: give an array of them."
        )
    rows = points[None] if points.ndim == 1 else points.reshape(len(points), -1)
    if not 0 <= options.index < len(rows):
        raise ValueError(
            f"--index is {options.index} and {options.input} has {len(rows)} rows: "
            f"give 0 to {len(rows) - 1}."
        )
    return rows[options.index].astype(np.float64)


def read_box(options: argparse.Namespace, dim: int) -> Any:
    """The box, or None."""
    from regions.domains import Box

    if options.lower is None:
        return None
    lower, upper = (
        np.full(dim, corner[0]) if len(corner) == 1 else corner
        for corner in (options.lower, options.upper)
    )
    return Box(lower, upper)


def execute(options: argparse.Namespace) -> int:
    """Answer, in the format asked for."""
    import regions
    from regions import formats
    from regions.polytope_report import describe_polytope
    from regions.polytope_text import to_text

    network = regions.load_network(options.model)
    point = read_point(options)
    if len(point) != network.input_dim:
        raise ValueError(
            f"the point has {len(point)} entries and the network reads "
            f"{network.input_dim}: they must be equal."
        )
    columns = (
        TextColumn("facets"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    hidden = not console.is_terminal
    with Progress(
        *columns, console=console, transient=True, disable=hidden
    ) as progress:
        task = progress.add_task("facets", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        box = read_box(options, network.input_dim)
        report = describe_polytope(network, point, box, progress=show)
    if options.format == "text":
        sys.stdout.write(to_text(report))
        return 0
    if report.meeting is not None and options.format != "json":
        raise ValueError(
            f"the point lies on a boundary, where {len(report.meeting.patterns)} "
            "regions meet: move it, or ask for --format text to see them."
        )
    writers = {
        "json": formats.to_json,
        "ine": formats.to_ine,
        "latex": formats.to_latex,
    }
    sys.stdout.write(writers[options.format](report))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 answered, 1 undecided, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    try:
        from regions.errors import FileFormatError, RegionsError

        try:
            return execute(options)
        except (ValueError, OSError, ImportError, FileFormatError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except RegionsError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
