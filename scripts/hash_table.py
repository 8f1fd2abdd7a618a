"""The hash table of a data set: code by layer, points, affine map; regions in use."""

import argparse
import pathlib
import sys
from typing import Any, NoReturn

import numpy as np
from rich.console import Console
from rich.progress import Progress

EXAMPLES = """\
examples:
  python scripts/hash_table.py model.npz --data x.npy
  python scripts/hash_table.py model.onnx --data x.npz --box -1 1
  python scripts/hash_table.py model.npz --data x.npy --lower=0,-2 --upper=1,2
  python scripts/hash_table.py model.npz --data x.npy --output table.csv table.npz

A code has one bit for each hidden unit, 1 where it is on, with a space between layers.
Codes with the same function share one affine map, exactly. A code marked * is met on
boundaries alone. Regions are counted in the box, which is the smallest around the data
if none is given.
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
    add(
        "--data",
        type=pathlib.Path,
        required=True,
        help="points, one per row: .npy, or .npz with one array or one named X",
    )
    add("--box", nargs=2, type=float, metavar=("LOW", "HIGH"), help="on every axis")
    add("--lower", type=numbers, metavar="A,B,...", help="with --upper: a box")
    add("--upper", type=numbers, metavar="A,B,...")
    add(
        "--output",
        type=pathlib.Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="save the whole table as .csv or .npz",
    )
    add("--rows", type=int, default=40, help="codes printed, most points first")
    add("--ids", type=int, default=8, help="point ids printed per code")
    add("--resolution", type=int, default=512, help="grid points per axis")
    add("--max-seconds", type=float, default=60.0, help="limit of the exact count")
    add("--no-count", action="store_true", help="leave out the count of regions")
    options = parser.parse_args(arguments)
    bad = [p for p in options.output if p.suffix not in (".csv", ".npz")]
    if bad:
        parser.error(f"--output {bad[0]}: a name ending in .csv or .npz is required")
    if (options.lower is None) != (options.upper is None):
        parser.error("--lower and --upper are required together")
    if options.box is not None and options.lower is not None:
        parser.error("give --box, or --lower and --upper, not both")
    if options.rows < 0 or options.ids < 0:
        parser.error("--rows and --ids must be 0 or more")
    return options


def make_box(options: argparse.Namespace, table: Any) -> Any:
    """The box asked for, or the one around the data."""
    from regions.domains import Box
    from regions.utilization import data_box

    dim = table.network.input_dim
    if options.lower is not None:
        return Box(options.lower, options.upper)
    if options.box is not None:
        low, high = options.box
        return Box([low] * dim, [high] * dim)
    return data_box(table)


def table_lines(table: Any, rows: int, ids: int) -> list[str]:
    """The table as text, codes with most points first."""
    from regions.hash_table_files import code_text

    bits, occupied = table.bits, table.occupied
    lines = []
    for code in np.argsort(-table.counts, kind="stable")[:rows]:
        members = table.ids(int(code))
        shown = " ".join(map(str, members[:ids].tolist()))
        mark = " " if occupied[code] else "*"
        ranges = "  ".join(
            f"[{low:.4g}, {high:.4g}]"
            for low, high in zip(
                table.lower[code][:3], table.upper[code][:3], strict=True
            )
        )
        more = " ..." if table.network.output_dim > 3 else ""
        lines.append(
            f"{code_text(table.network, bits[code])}{mark} -> "
            f"f{table.functions[code] + 1:<5d} {table.counts[code]:>7d} points  "
            f"output {ranges}{more}  ids {shown}{' ...' if len(members) > ids else ''}"
        )
    if len(table) > rows:
        lines.append(f"... and {len(table) - rows} codes more")
    return lines


def function_lines(table: Any, rows: int) -> list[str]:
    """Formulas of the functions of the codes shown; and how many codes share each."""
    from regions.hash_table_files import function_text

    lines, codes_of = [], np.bincount(table.functions)
    shown = np.argsort(-table.counts, kind="stable")[:rows]
    for function in sorted(set(table.functions[shown].tolist())):
        code = int(np.flatnonzero(table.functions == function)[0])
        formulas = ", ".join(function_text(table, code))
        share = codes_of[function]
        note = f"   (shared by {share} codes)" if share > 1 else ""
        lines.append(f"f{function + 1}(x) = {formulas}{note}")
    return lines


def utilization_lines(found: Any) -> list[str]:
    """The numbers of regions, from possible to occupied."""
    exact = found.exact
    kind = "all" if exact.complete else "at least; stopped early"
    rows = [
        ("possible codes, 2^n", _large(found.possible), f"n = {found.bits}"),
        ("upper bound", _large(found.bound), found.bound_name),
        ("regions in the box", f"{int(exact):,}", f"{kind}; {exact.method}"),
    ]
    if found.grid is not None:
        size = " x ".join(map(str, found.grid.resolution))
        rows.append(("met by the grid", f"{int(found.grid):,}", size))
    rows.append(("occupied by data", f"{found.occupied:,}", f"{found.points:,} points"))
    if found.gini_of_regions is not None:
        note = "points per region, empty ones too"
        rows.append(("Gini over all regions", f"{found.gini_of_regions:.3f}", note))
    return [f"{name:<22}{value:>14}   {note}" for name, value, note in rows]


def _large(number: int) -> str:
    """An integer in full while it is short."""
    if number < 10**12:
        return f"{number:,}"
    return f"~10^{len(str(number)) - 1}"


def execute(options: argparse.Namespace) -> None:
    """Print and save."""
    import regions
    from regions.data_files import load_points
    from regions.hash_table import hash_table
    from regions.hash_table_files import write_csv, write_npz
    from regions.utilization import utilization

    network = regions.load_network(options.network)
    table = hash_table(network, load_points(options.data))
    box = make_box(options, table)
    for line in table_lines(table, options.rows, options.ids):
        print(line)
    if network.input_dim <= 8:
        print()
        for line in function_lines(table, options.rows):
            print(line)
    print(
        f"\n{len(table.points):,} points, {len(table):,} codes, "
        f"{table.num_functions:,} affine maps; entropy {table.entropy:.3f} bits, Gini "
        f"{table.gini:.3f}"
    )
    for path in options.output:
        (write_csv if path.suffix == ".csv" else write_npz)(path, table)
    if not options.no_count:
        console = Console(stderr=True)
        quiet = not console.is_terminal
        with Progress(console=console, transient=True, disable=quiet) as bars:
            task = bars.add_task("counting regions", total=None)
            found = utilization(
                table,
                box,
                resolution=options.resolution,
                max_seconds=options.max_seconds,
                progress=lambda done, total: bars.update(
                    task, completed=done, total=total or None
                ),
            )
        for line in utilization_lines(found):
            print(line)


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
