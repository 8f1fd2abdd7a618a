"""The polytope of one input: inequalities, facets, neighbors, shape, affine map."""

import argparse
import pathlib
import sys
from typing import Any

import numpy as np

from experiments.running.arguments import (
    NETWORK,
    POINT,
    Parser,
    domain_of,
    finite,
    in_chart,
    in_inputs,
    is_domain_given,
    point,
    read_network,
)
from experiments.running.console import Bars, run_main

EXAMPLES = """\
examples:
  python scripts/polytope.py model.npz --at 0.3,-0.2
  python scripts/polytope.py model.onnx --at digits.npy:7
  python scripts/polytope.py model.onnx --input digits.csv
  python scripts/polytope.py runs/ring --at 0.3,0.2 --lower 0,0 --upper 1,1
  python scripts/polytope.py model.npz --at 0.3,-0.2 --format ine > region.ine
  python scripts/polytope.py model.onnx --at x.npy:7 --nearest 10

--nearest K shows the K nearest facets with their nearest points, and how far another
class is: of one output, from one side of the threshold to the other.

A value that begins with a minus sign takes an equals sign: --at=-0.3,0.2. A corner of
one number is a cube's. On a slice or a segment a point is one of its chart.

exit code: 0 answered, 1 not decided, 2 bad input, 130 on Ctrl-C
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    add(
        "--at",
        type=point,
        metavar="POINT",
        help=f"the point: {POINT}",
    )
    add(
        "--input",
        type=pathlib.Path,
        metavar="FILE",
        help="points, one per row: .npy, .csv, or .npz with one array or one named X",
    )
    add(
        "--index",
        type=int,
        default=0,
        metavar="ROW",
        help="which row of --input (default 0)",
    )
    parser.add_domain(required=False)
    add("--nearest", type=int, metavar="K", help="facets by distance; the next class")
    text = "of a network of one output: class 1 lies above (default: 0)"
    add("--threshold", type=finite, default=0.0, metavar="T", help=text)
    add("--format", choices=["text", "json", "ine", "latex"], default="text")
    parser.add_max_seconds()
    parser.add_state_dicts()
    options = parser.parse(arguments)
    if (options.at is None) == (options.input is None):
        parser.error("the point is given by --at or by --input, and by one of them")
    return options


def read_point(path: pathlib.Path, row: int, dim: int) -> np.ndarray:
    """A point of a file.

    Raises:
        FileFormatError: If it holds no points.
        OSError: If it cannot be read.
        ValueError: If it has no such row.
    """
    from regions.files.data_files import load_points

    points = load_points(path)
    if points.shape == (dim, 1):
        # As many numbers as the network reads, on one axis: they are one point.
        points = points.T
    if not 0 <= row < len(points):
        raise ValueError(
            f"row {row} is asked for and {path} has {len(points)}: give 0 to "
            f"{len(points) - 1}."
        )
    return points[row]


def _looking(options: argparse.Namespace) -> dict[str, Any]:
    """How `around` looks: for another class, ten seconds or as long as is said."""
    given = {"nearest": options.nearest, "threshold": options.threshold}
    if options.max_seconds is not None:
        given["max_seconds"] = options.max_seconds
    return given


def execute(options: argparse.Namespace) -> None:
    """Answer, in the format asked for."""
    from regions.domains.shapes import Ball
    from regions.errors.limits import limited
    from regions.polytopes import formats
    from regions.polytopes.report import describe_polytope
    from regions.polytopes.text import to_text
    from regions.questions.surroundings import around

    network = read_network(options.network, options)
    domain, dim, reads = None, network.input_dim, "the network reads"
    if is_domain_given(options):
        domain = in_inputs(domain_of(options, dim, one_for_all=True))
        if not domain.is_chart_identity:
            dim, reads = domain.dim, "a point of the domain's chart has"
    if options.at is not None:
        x = options.at
    else:
        x = read_point(options.input, options.index, dim)
    if domain is not None:
        x = in_chart(options, domain, x)
    if len(x) != dim:
        raise ValueError(
            f"the point has {len(x)} entries and {reads} {dim}: they must be equal."
        )
    if isinstance(domain, Ball) and domain.squared_radius is not None:
        if np.linalg.norm(x - domain.center) > domain.radius:
            raise ValueError("the point lies outside of the ball: give one inside.")
        # It has no inequalities; those of units are written for the inputs.
        domain = None
    if options.nearest is not None:
        print(around(network, x, domain, **_looking(options)))
        return
    with Bars() as bars, limited(max_seconds=options.max_seconds):
        report = describe_polytope(network, x, domain, progress=bars.stage("facets"))
    if report.meeting is not None and options.format not in ("text", "json"):
        raise ValueError(
            f"the point lies on a boundary, where {len(report.meeting.patterns)} "
            "regions meet: move it, or ask for --format text to see them."
        )
    writers = {
        "text": to_text,
        "json": formats.to_json,
        "ine": formats.to_ine,
        "latex": formats.to_latex,
    }
    sys.stdout.write(writers[options.format](report))


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    return run_main(lambda: execute(options))
