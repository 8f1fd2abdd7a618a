"""Walk from region to region: the straight line, the shortest path, around a point."""

import argparse
import functools
import pathlib
import sys
import time
from typing import TYPE_CHECKING

from experiments.running.arguments import (
    NETWORK,
    POINT,
    Parser,
    domain_of,
    in_chart,
    in_inputs,
    is_domain_given,
    output_file,
    point,
    read_network,
    seconds,
)
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC
from regions.results.statistics import Stop

if TYPE_CHECKING:
    from regions.network import ReluNetwork
    from regions.results.region_set import RegionSet

EXAMPLES = """\
examples:
  python scripts/walk.py model.npz line --from=-1,0 --to 1,0.5
  python scripts/walk.py model.npz path --from=-1,0 --to 1,0.5 --lower=-2 --upper 2
  python scripts/walk.py model.npz around --from 0.3,0.2 --max-regions 1000
  python scripts/walk.py model.npz graph --lower=-1 --upper 1 --save regions.graphml

line    regions on the straight line between two inputs, exact in any dimension
path    fewest facet crossings between two inputs inside a domain
around  regions around a point, nearest first, in any dimension
graph   which regions of a domain share a facet

A corner of one number is a cube's. On a slice or a segment points are those of its
chart.

exit code: 0 answered; 1 undecided; 2 on bad input; 130 on Ctrl-C, with what was found
"""
MOMENT = 1e-3
"""Seconds of a limit that is spent: the next step ends at once, and says so."""
NEEDS = {
    "line": ["--from", "--to"],
    "path": ["--from", "--to", "a domain, such as --box -1 1"],
    "around": ["--from"],
    "graph": ["a domain, such as --box -1 1"],
}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    add("what", choices=list(NEEDS))
    add(
        "--from",
        dest="start",
        type=point,
        metavar="POINT",
        help=POINT,
    )
    add("--to", dest="end", type=point, metavar="POINT", help="another one")
    parser.add_domain(required=False)
    add("--max-regions", type=int, metavar="N", help="stop when so many are found")
    add("--max-seconds", type=seconds, metavar="S", help="stop after this time")
    saved = "write regions (.parquet) or graph (.graphml)"
    file = functools.partial(output_file, suffixes=(".graphml", ".parquet"))
    add("--out", "--save", dest="save", type=file, metavar="FILE", help=saved)
    parser.add_state_dicts()
    options = parser.parse(arguments)
    given = {
        "--from": options.start is not None,
        "--to": options.end is not None,
    }
    has_box = is_domain_given(options)
    missing = [name for name in NEEDS[options.what] if not given.get(name, has_box)]
    if missing:
        parser.error(f"{options.what} needs {' and '.join(missing)}")
    if options.what == "line" and has_box:
        parser.error("line takes no domain: it is the segment from --from to --to")
    if options.save is not None and options.what == "line":
        parser.error("line writes no file: leave out --save")
    return options


def find(network: "ReluNetwork", options: argparse.Namespace) -> "RegionSet":
    """The regions of the box, or around the point."""
    import regions

    box = None
    if is_domain_given(options):
        box = in_inputs(domain_of(options, network.input_dim, one_for_all=True))
        for name in ("start", "end"):
            given = getattr(options, name)
            if given is None:
                continue
            # Of the norm 2: its chart is centered.
            is_round = isinstance(box, regions.Ball)
            moved = given - box.center if is_round else in_chart(options, box, given)
            setattr(options, name, moved)
    begin = time.perf_counter()
    with Bars() as bars, CtrlC() as stop:
        limits = {
            "max_regions": options.max_regions,
            "max_seconds": options.max_seconds,
            "stop": stop,
        }

        def show(done: int, total: int) -> None:
            if options.what != "around":
                bars(done, total, "regions")
                return
            # How many there are is not known before the end.
            limit = options.max_regions or 0
            bars(min(total, limit) if limit else total, limit, "regions")

        if options.what == "around":
            return regions.explore_regions(
                network, options.start, box, progress=show, **limits
            )
        rs = regions.enumerate_regions(network, box, progress=show, **limits)
        if rs.has_cells or not len(rs) or not rs.complete:
            return rs
        # The tree and cones keep no neighbors; steps across facets find them.
        if options.max_seconds is not None:
            spent = time.perf_counter() - begin
            limits["max_seconds"] = max(MOMENT, options.max_seconds - spent)
        return regions.explore_regions(
            network, rs.coordinates[0], box, progress=show, **limits
        )


def execute(options: argparse.Namespace) -> int:
    """Walk and report."""
    from regions.errors.limits import limited
    from regions.partition.paths import regions_between, save_graph, shortest_path
    from regions.partition.paths_text import line_text, path_text

    network = read_network(options.network, options)
    if options.what == "line":
        with limited(max_seconds=options.max_seconds):
            line = regions_between(network, options.start, options.end)
        print("\n".join(line_text(network, line)))
        return 0
    rs, is_open = find(network, options), False
    if options.what == "path":
        path = shortest_path(rs, options.start, options.end)
        print("\n".join(path_text(rs, path)))
    else:
        print(rs.count)
        # Whoever wants an end does not wait for a program for each pair.
        is_open = not rs.complete and not rs.has_cells and rs.method != "facets"
        if is_open:
            print("which of them share a facet was not asked before the end")
        else:
            pairs = rs.adjacency().number_of_edges()
            print(f"{pairs} pairs found that share a facet")
    is_graph = options.save is not None and options.save.suffix == ".graphml"
    if options.save is not None and not (is_graph and is_open):
        save_graph(options.save, rs) if is_graph else rs.save(options.save)
        print(f"Wrote {options.save}.")
    if rs.stop is Stop.INTERRUPTED:
        print("Interrupted: this is what was found.", file=sys.stderr)
        return 130
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 answered, 1 undecided, 2 bad input, 130 interrupted."""
    options = parse(arguments)
    return run_main(lambda: execute(options))
