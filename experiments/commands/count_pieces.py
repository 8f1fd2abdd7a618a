"""Count activation regions in independent parts, on several processes or a cluster."""

import argparse
import contextlib
import pathlib
import shlex
import sys
from typing import TYPE_CHECKING, Any

from experiments.running.arguments import NETWORK, Parser, domain_of, read_network
from experiments.running.command_names import as_called
from experiments.running.console import Bars, run_main

if TYPE_CHECKING:
    from regions.results.region_set import RegionCount

EXAMPLES = """\
examples:
  python scripts/count_pieces.py net.npz --box -1 1
  python scripts/count_pieces.py net.npz --box -1 1 --journal net.jsonl
  python scripts/count_pieces.py net.npz --slice slice.npz --workers 8
  python scripts/count_pieces.py net.npz --box -1 1 --scheduler tcp://10.0.0.1:8786
  python scripts/count_pieces.py net.npz --box -1 1 --workers 0
  python scripts/count_pieces.py net.npz --box -1 1 --save regions-of-net
  python scripts/count_pieces.py net.npz --whole-space --method restriction

--method cells cuts a bounded domain of two to six dimensions by its first units, where
most regions are expected; --method tree splits any domain by the first units, --method
restriction by hyperplanes of the last layer. A kill costs the parts in work.

--workers 0 counts in this process and needs no extra; the rest needs the extra
`cluster`. A killed run that kept a --journal goes on when the same command is given
again. --save lists the regions to a folder of Parquet files, in bounded memory and in
this process. It counts them first, of which nothing is kept; from then on the folder is
its own journal, and scripts/verify.py verifies its files.
A slice file holds origin, directions (one row each), lower and upper.

exit code: 0; 1 if the count can not go on; 2 on bad input; 130 on Ctrl-C
"""


METHODS = ("cells", "tree", "restriction")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    parser.add_domain()
    text = "(default: cells where they serve, tree elsewhere)"
    add("--method", choices=METHODS, help=text)
    add("--parts", type=int, help="how many parts to make, about (default: 200)")
    add("--journal", type=pathlib.Path, help="a file that keeps every part counted")
    add("--workers", type=int, default=2, help="processes to start (default: 2)")
    add("--scheduler", help="address of a running dask scheduler")
    add("--piece-regions", type=int, help="of --save: regions in a file, at most")
    add(
        "--out",
        "--save",
        dest="save",
        type=pathlib.Path,
        metavar="FOLDER",
        help="list the regions to it",
    )
    parser.add_max_seconds()
    parser.add_state_dicts()
    options = parser.parse(arguments)
    if options.workers < 0:
        parser.error(f"--workers is {options.workers}: 0 or more is required")
    if options.save is None and options.piece_regions is not None:
        parser.error("--piece-regions is for --save: leave it out")
    if options.save is not None and not (options.method is options.parts is None):
        parser.error("--save lists by cells, file by file: leave --method, --parts out")
    if options.save is not None and options.journal is not None:
        parser.error("--save keeps its own journal: leave --journal out")
    return options


def count(options: argparse.Namespace) -> dict[str, Any]:
    """Count or list the regions; what to print."""
    from regions.pieces.parts import PARTS, count_in_parts
    from regions.pieces.streaming import PIECE_REGIONS, enumerate_to_parquet

    network = read_network(options.network, options)
    domain = domain_of(options, network.input_dim)
    with Bars() as bars, contextlib.ExitStack() as stack:
        progress = bars.stage("parts")
        if options.save is not None:
            size = options.piece_regions
            size = PIECE_REGIONS if size is None else size
            folder = enumerate_to_parquet(
                network, domain, options.save, piece_regions=size, progress=progress
            )
            return {
                "regions": len(folder),
                "complete": "yes" if folder.complete else "NO",
                "files": len(folder.files),
                "saved to": folder.path,
            }
        return rows_of(
            count_in_parts(
                network,
                domain,
                method=options.method,
                parts=PARTS if options.parts is None else options.parts,
                journal=options.journal,
                runner=_runner(options, stack),
                progress=progress,
            )
        )


def _runner(options: argparse.Namespace, stack: contextlib.ExitStack) -> Any:
    """Who counts; None for this process."""
    from regions.enumeration.cluster import open_client
    from regions.pieces.cluster import run_parts_on

    if options.workers == 0 and options.scheduler is None:
        return None
    client = stack.enter_context(open_client(options.scheduler, options.workers))
    return run_parts_on(client)


def rows_of(count: "RegionCount") -> dict[str, Any]:
    """The count and what it took."""
    return {
        "regions": count.count,
        "complete": "yes" if count.complete else "NO: at least so many exist",
        "method": count.method,
        "seconds": f"{count.seconds:.3f}",
        **{name.replace("_", " "): value for name, value in count.stats.items()},
    }


def execute(options: argparse.Namespace) -> None:
    """Count and print."""
    rows = count(options)
    width = max(map(len, rows))
    for name, value in rows.items():
        text = f"{value:,}" if isinstance(value, int) else str(value)
        print(f"{name:<{width}}  {text}")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted; nothing is kept without --journal."
    if options.journal is not None or options.save is not None:
        words = sys.argv[1:] if arguments is None else arguments
        command = as_called(shlex.join(["python", "scripts/count_pieces.py", *words]))
        message = f"Interrupted; what was counted is kept. Go on with\n  {command}"
    return run_main(
        lambda: execute(options),
        interrupted=message,
        max_seconds=options.max_seconds,
    )
