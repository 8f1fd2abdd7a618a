"""Walk from region to region: the straight line, the shortest path, around a point."""

import argparse
import pathlib
import sys
from typing import Any, NoReturn

import numpy as np
from rich.console import Console
from rich.progress import Progress

EXAMPLES = """\
examples:
  python scripts/walk.py model.npz line --from=-1,0 --to 1,0.5
  python scripts/walk.py model.npz path --from=-1,0 --to 1,0.5 --lower=-2 --upper 2
  python scripts/walk.py model.npz around --from 0.3,0.2 --max-regions 1000
  python scripts/walk.py model.npz graph --lower=-1 --upper 1 --save regions.graphml

line    regions on the straight line between two inputs, exact in any dimension
path    fewest facet crossings between two inputs inside a box
around  regions around a point, nearest first, in any dimension
graph   which regions of a box share a facet
"""


class Parser(argparse.ArgumentParser):
    """Reports a bad argument in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"error: {message}\n")


def point(text: str) -> np.ndarray:
    """Numbers separated by commas, or row k of a file: `digits.npy:7`."""
    name, _, row = text.rpartition(":")
    try:
        if name.endswith(".npy"):
            points = np.load(name, allow_pickle=False)
            return points.reshape(len(points), -1)[int(row)].astype(np.float64)
        return np.array([float(part) for part in text.split(",")])
    except (ValueError, OSError, IndexError, TypeError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no point: write 0.3,-0.2 or digits.npy:7 ({error})"
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
    add("what", choices=["line", "path", "around", "graph"])
    add("--from", dest="start", type=point, help="a point")
    add("--to", dest="end", type=point, help="another one")
    add("--lower", type=point, help="lower corner of a box; one number for all axes")
    add("--upper", type=point, help="upper corner of the box")
    add("--max-regions", type=int, help="stop when so many are found")
    add("--max-seconds", type=float, help="stop after this time")
    add(
        "--save", type=pathlib.Path, help="write regions (.parquet) or graph (.graphml)"
    )
    options = parser.parse_args(arguments)
    needed = {
        "line": ["start", "end"],
        "path": ["start", "end", "lower", "upper"],
        "around": ["start"],
        "graph": ["lower", "upper"],
    }
    names = {"start": "--from", "end": "--to", "lower": "--lower", "upper": "--upper"}
    missing = [names[k] for k in needed[options.what] if getattr(options, k) is None]
    if missing:
        parser.error(f"{options.what} needs {' and '.join(missing)}")
    if (options.lower is None) != (options.upper is None):
        parser.error("a box needs both --lower and --upper")
    if options.save is not None and options.what == "line":
        parser.error("line writes no file: leave out --save")
    if options.save is not None and options.save.suffix not in (".graphml", ".parquet"):
        parser.error(f"--save is {options.save}: .graphml or .parquet is required")
    return options


def show_line(network: Any, options: argparse.Namespace) -> None:
    """Print the intervals of the straight line."""
    from regions.formats import hash_code
    from regions.paths import regions_between

    intervals = regions_between(network, options.start, options.end)
    print(f"{len(intervals)} regions on the straight line (exact)")
    for part in intervals:
        code = hash_code(network, part.pattern)
        print(f"  {part.start:.6f} to {part.end:.6f}  {code}")


def find(network: Any, options: argparse.Namespace) -> Any:
    """The regions of the box, or around the point."""
    import regions

    box: Any = None
    if options.lower is not None:
        lower, upper = (
            np.full(network.input_dim, c[0]) if len(c) == 1 else c
            for c in (options.lower, options.upper)
        )
        box = regions.Box(lower, upper)
    limits = {"max_regions": options.max_regions, "max_seconds": options.max_seconds}
    console = Console(stderr=True)
    hidden = not console.is_terminal
    with Progress(console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("regions", total=options.max_regions)

        def show(done: int, total: int) -> None:
            whole = options.max_regions or total
            seen = min(total, whole) if options.what == "around" else done
            progress.update(task, completed=seen, total=whole)

        if options.what == "around":
            return regions.explore_regions(
                network, options.start, box, progress=show, **limits
            )
        return regions.enumerate_regions(network, box, progress=show, **limits)


def show_path(rs: Any, options: argparse.Namespace) -> None:
    """Print the shortest path."""
    from regions.formats import hash_code
    from regions.paths import shortest_path

    path = shortest_path(rs, options.start, options.end)
    graph, bits = rs.adjacency(), rs.pattern_bits()
    print(f"{len(path) - 1} facet crossings, {len(path)} regions")
    for k, region in enumerate(path):
        across = ""
        if k:
            layer, unit = graph.edges[path[k - 1], region]["unit"]
            across = f"  across layer {layer + 1} unit {unit + 1}"
        print(f"  {hash_code(rs.network, bits[region])}{across}")


def execute(options: argparse.Namespace) -> int:
    """Walk and report."""
    import regions
    from regions.paths import save_graph

    network = regions.load_network(options.model)
    if options.what == "line":
        show_line(network, options)
        return 0
    rs = find(network, options)
    if options.what == "path":
        show_path(rs, options)
    else:
        graph = rs.adjacency()
        print(rs.count)
        print(f"{graph.number_of_edges()} pairs found that share a facet")
    if options.save is not None:
        is_graph = options.save.suffix == ".graphml"
        save_graph(options.save, rs) if is_graph else rs.save(options.save)
        print(f"Wrote {options.save}.")
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
