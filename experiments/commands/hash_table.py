"""The hash table of a data set: code by layer, points, affine map; regions in use."""

import argparse
import functools
import pathlib
import time

from experiments.running.arguments import (
    NETWORK,
    Parser,
    domain_of,
    is_domain_given,
    output_file,
    read_network,
    seconds,
)
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC

EXAMPLES = """\
examples:
  python scripts/hash_table.py model.npz --data x.npy
  python scripts/hash_table.py model.onnx --data x.npz --box -1 1
  python scripts/hash_table.py model.npz --data x.npy --lower=0,-2 --upper=1,2
  python scripts/hash_table.py model.npz --data x.npy --output table.csv table.npz

A code has one bit for each hidden unit, 1 where it is on, with a space between layers.
Codes with the same function share one affine map, exactly. A code marked * is met on
boundaries alone. Regions are counted in the domain: the smallest box around the data if
none is given.

exit code: 0 done, also when --max-seconds was reached; 1 not decided; 2 bad input; 130
on Ctrl-C, with what was found
"""
COUNT_SECONDS = 60.0
"""Seconds of the count where no limit is given."""
MOMENT = 1e-3
"""Seconds of a limit that is spent: the count ends at once, and says so."""
MAX_FORMULA_DIM = 8
"""Formulas in more inputs are too long to read."""
MAX_RESOLUTION = 2**17
"""More in the plane are over 2^34 grid points, which take hours."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    points = "points, one per row: .npy, .csv, or .npz with one array or one named X"
    add("--data", type=pathlib.Path, required=True, metavar="FILE", help=points)
    flat = "data lie beside it: give a box, a polytope, a ball or the whole space"
    parser.add_domain(required=False, refused={"segment": flat, "slice": flat})
    output = "save the whole table as .csv or .npz"
    file = functools.partial(output_file, suffixes=(".csv", ".npz"))
    names = ("--out", "--output")
    add(*names, dest="output", type=file, nargs="+", default=[], help=output)
    add(
        "--rows",
        type=int,
        default=40,
        metavar="N",
        help="codes printed, most points first",
    )
    add("--ids", type=int, default=8, metavar="N", help="point ids printed per code")
    add("--resolution", type=int, default=512, metavar="N", help="grid points per axis")
    limit = f"stop after this time (default: {COUNT_SECONDS:g}, for the count alone)"
    add("--max-seconds", type=seconds, metavar="S", help=limit)
    add("--no-count", action="store_true", help="leave out the count of regions")
    parser.add_state_dicts()
    options = parser.parse(arguments)
    if options.rows < 0 or options.ids < 0:
        parser.error("--rows and --ids must be 0 or more")
    if not 1 <= options.resolution <= MAX_RESOLUTION:
        parser.error(
            f"--resolution is {options.resolution}: 1 to {MAX_RESOLUTION:,} grid "
            "points per axis are required"
        )
    return options


def execute(options: argparse.Namespace) -> int:
    """Print and save."""
    from regions.errors.limits import limited
    from regions.files.data_files import load_points
    from regions.hash_tables import text
    from regions.hash_tables.files import write_csv, write_npz
    from regions.hash_tables.hash_table import hash_table
    from regions.hash_tables.utilization import data_box, utilization

    begin = time.perf_counter()
    network = read_network(options.network, options)
    with limited(max_seconds=options.max_seconds):
        table = hash_table(network, load_points(options.data))
        domain = data_box(table)
        if is_domain_given(options):
            domain = domain_of(options, network.input_dim)
        # What would fail after the table must do so before it.
        domain.restrict(network)
        lines = text.table_lines(table, options.rows, options.ids)
        if network.input_dim <= MAX_FORMULA_DIM:
            lines += ["", *text.function_lines(table, options.rows)]
    print("\n".join([*lines, "", text.total_line(table)]))
    for path in options.output:
        (write_csv if path.suffix == ".csv" else write_npz)(path, table)
    if options.no_count:
        return 0
    left = COUNT_SECONDS
    if options.max_seconds is not None:
        left = max(MOMENT, options.max_seconds - (time.perf_counter() - begin))
    with Bars() as bars, CtrlC() as stop:
        found = utilization(
            table,
            domain,
            resolution=options.resolution,
            max_seconds=left,
            stop=stop,
            progress=bars.stage("counting regions"),
        )
    print("\n".join(text.utilization_lines(found)))
    return 130 if found.interrupted else 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    return run_main(lambda: execute(options))
