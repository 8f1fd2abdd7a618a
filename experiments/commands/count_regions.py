"""Count the activation regions of a network, or list them to a file."""

import argparse
import dataclasses
import functools
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from experiments.running.arguments import (
    NETWORK,
    Parser,
    domain_of,
    output_file,
    read_network,
    seconds,
)
from experiments.running.command_names import own_name
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC
from regions.results.statistics import Stop

if TYPE_CHECKING:
    from regions.results.region_set import RegionCount, RegionSet

COUNTED = """\
examples:
  python scripts/count_regions.py net.npz --box -1 1
  python scripts/count_regions.py net.npz --lower 0,0 --upper 1,2
  python scripts/count_regions.py net.npz --segment -1,0 1,0.5
  python scripts/count_regions.py net.npz --slice slice.npz
  python scripts/count_regions.py net.npz --whole-space --method tree
  python scripts/count_regions.py net.npz --box -1 1 --linear
  python scripts/count_regions.py net.npz --box -1 1 --out regions.parquet
  python scripts/count_regions.py net.npz --box -1 1 --out regions.csv
  python scripts/count_regions.py net.npz --box -1 1 --max-seconds 60
"""
LISTED = """\
examples:
  python scripts/count_regions.py net.npz --box -1 1 --out regions.parquet
  python scripts/count_regions.py net.npz --slice slice.npz --out regions.parquet
  python scripts/count_regions.py net.npz --box -1 1 --max-seconds 60 --out regions.csv
"""
"""Examples of `relu-regions list`, which writes a file in any case."""
ABOUT = """
A slice file holds origin, directions (one row each), lower and upper. --linear also
merges the regions that share a facet and one affine map, compared exactly. A .csv holds
code and witness of each region; only a .parquet can be verified (scripts/verify.py).
Exit code: 0, also when a limit was reached; 1 if the method can not answer; 2 on bad
input; 130 on Ctrl-C, with what was found.
"""
BARS_AFTER_SECONDS = 2.0


class Methods:
    """Names of the engines; they take a while to load, and do where they are used."""

    def __iter__(self) -> Iterator[str]:
        from regions.enumeration import METHODS

        return iter(METHODS)

    def __contains__(self, name: object) -> bool:
        from regions.enumeration.table import RETIRED

        # Those that are no more get their own message.
        return name in [*self, *RETIRED]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, (LISTED if own_name() == "list" else COUNTED) + ABOUT)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    parser.add_domain()
    engine = "engine: %(choices)s (default: auto)"
    add("--method", choices=Methods(), default="auto", metavar="NAME", help=engine)
    add("--max-seconds", type=seconds, metavar="S", help="stop after this time")
    add("--max-regions", type=int, metavar="N", help="stop when so many are known")
    add("--max-bytes", type=int, metavar="B", help="stop at so much memory more")
    add("--linear", action="store_true", help="count the linear regions too")
    file = functools.partial(output_file, suffixes=(".parquet", ".csv"))
    saved = "list the regions to it: .parquet or .csv"
    add("--out", "--save", dest="save", type=file, metavar="FILE", help=saved)
    parser.add_state_dicts()
    return parser.parse(arguments)


def count(options: argparse.Namespace) -> "RegionCount":
    """Count, or list and save."""
    from regions.enumeration import count_regions, enumerate_regions

    network = read_network(options.network, options)
    domain = domain_of(options, network.input_dim)
    with Bars(BARS_AFTER_SECONDS) as bars, CtrlC() as stop:
        how: dict[str, Any] = {
            "method": options.method,
            "progress": bars.stage("counting"),
            "max_regions": options.max_regions,
            "max_seconds": options.max_seconds,
            "max_bytes": options.max_bytes,
            "stop": stop,
        }
        if options.save is None and not options.linear:
            return count_regions(network, domain, **how)
        found = enumerate_regions(network, domain, **how)
    if options.save is not None:
        save(found, options.save)
    return with_linear_regions(found) if options.linear else found.count


def save(found: "RegionSet", path: pathlib.Path) -> None:
    """List the regions to a file of either kind."""
    if path.suffix == ".parquet":
        found.save(path)
        return
    from regions.results.region_csv import write_regions_csv

    write_regions_csv(path, found)


def with_linear_regions(found: "RegionSet") -> "RegionCount":
    """The count, with that of the linear regions among its facts."""
    linear = found.linear_regions().count
    stats = {"linear_regions": linear, **found.count.stats}
    return dataclasses.replace(found.count, stats=stats)


def report(
    count: "RegionCount", saved: pathlib.Path | None, *, assumed: bool = False
) -> None:
    """Print the count, and what stands behind it."""
    kind = "yes" if count.complete else "NO: at least so many exist"
    rows = {
        "regions": f"{count.count:,}",
        "complete": kind,
        "method": count.method,
        "seconds": f"{count.seconds:.3f}",
        **{name.replace("_", " "): value for name, value in count.stats.items()},
    }
    if assumed:
        rows["activations assumed"] = "relu"
    if saved is not None:
        rows["saved to"] = saved
    width = max(map(len, rows))
    for name, value in rows.items():
        text = f"{value:.3f}" if isinstance(value, float) else str(value)
        text = f"{value:,}" if isinstance(value, int) else text
        print(f"{name:<{width}}  {text}")


def execute(options: argparse.Namespace) -> int:
    """Count and print."""
    found = count(options)
    assumed = any("ReLU is assumed" in notice for notice in options.notices)
    report(found, options.save, assumed=assumed)
    return 130 if found.stop is Stop.INTERRUPTED else 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted before any region was found."
    return run_main(lambda: execute(options), interrupted=message)
