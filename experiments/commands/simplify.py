"""Make a network smaller, exactly equal on a domain, and say what proves it."""

import argparse
import functools
import pathlib
from collections import Counter

from experiments.running.arguments import (
    NETWORK,
    Parser,
    domain_of,
    output_file,
    read_network,
)
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC

EXAMPLES = """\
examples:
  python scripts/simplify.py net.npz --box -1 1 --output small.npz
  python scripts/simplify.py net.npz --lower=0,-2 --upper=1,2 --changes
  python scripts/simplify.py runs/ring --box 0 1 --output small.npz
  python scripts/simplify.py model.onnx --box 0 1 --bounds-only      high dimensions

Units that are off on the whole domain, copies of others and units that nothing reads
are removed; units that are on everywhere are folded into the next layers, or kept with
slope 1, without a bit. Whatever would round a weight is left alone. The two networks
are compared on every region, in exact arithmetic, unless there are too many. Ctrl-C
ends the enumeration: what exact bounds prove by themselves is still done and saved.

exit code: 0 done, also when a limit was reached; 1 not decided; 2 bad input; 130 on
Ctrl-C, with what was found
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    parser.add_domain()
    file = functools.partial(output_file, suffixes=(".npz",))
    add(
        "--out",
        "--output",
        dest="output",
        type=file,
        metavar="NPZ",
        help="save the smaller network",
    )
    add("--changes", action="store_true", help="print what happened to each unit")
    add(
        "--max-regions",
        type=int,
        default=5000,
        metavar="N",
        help="limit of the enumeration",
    )
    add(
        "--max-seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="limit of the enumeration",
    )
    add("--bounds-only", action="store_true", help="do not enumerate")
    parser.add_state_dicts()
    return parser.parse(arguments)


def execute(options: argparse.Namespace) -> int:
    """Simplify, save and print."""
    import regions
    from regions.patterns.names import unit_name
    from regions.simplification.simplify import simplify

    network = read_network(options.network, options)
    domain = domain_of(options, network.input_dim)
    with Bars() as bars, CtrlC() as stop:
        small, report = simplify(
            network,
            domain,
            max_regions=options.max_regions,
            max_seconds=options.max_seconds,
            stop=stop,
            enumerate_domain=not options.bounds_only,
            progress=bars.stage("finding the regions"),
        )
    if options.output is not None:
        regions.save_network(options.output, small)
    if options.changes:
        for change in report.changes:
            print(f"{unit_name(change.unit):<20} {change.action:<8} {change.reason}")
    actions = Counter(change.action for change in report.changes)
    for action in ("removed", "unread", "merged", "folded", "linear", "kept"):
        if actions[action]:
            print(f"{action:<8} {actions[action]:>6,} units")
    print(report)
    return 130 if report.stopped == "interrupted" else 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted: nothing is saved."
    return run_main(lambda: execute(options), interrupted=message)
