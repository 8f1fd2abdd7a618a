"""Components, holes and Betti numbers of the sets that a network defines."""

import argparse
import functools
import pathlib
import sys
from typing import TYPE_CHECKING, Any

from experiments.running.arguments import (
    NETWORK,
    Parser,
    domain_of,
    output_file,
    read_network,
    seconds,
)
from experiments.running.console import Bars, print_rows, run_main
from experiments.running.interrupts import CtrlC
from regions.errors import IncompleteError

if TYPE_CHECKING:
    from regions.topology.persistence import Persistence
    from regions.topology.topology import Topology

EXAMPLES = """\
examples:
  python scripts/topology.py net.npz --box -1 1
  python scripts/topology.py net.npz --box -1 1 --of "class 2" --of boundary
  python scripts/topology.py net.npz --whole-space --of "output <= 0.5"
  python scripts/topology.py net.npz --slice slice.npz --holes --out topology.json
  python scripts/topology.py net.npz --box -1 1 --persistence 0

Sets: "output > 0" (also <, >=, <=, = and other thresholds; "output 1 > 0" where there
are several outputs), "class 0", "not class 0", "complement", "boundary" (no class
wins), "partition" (the boundaries between activation regions). Strict signs make open
sets: parts that meet in single points are apart. The others are closed. All is exact,
over the field of two elements; domains have 2 to 5 dimensions. --persistence gives the
thresholds at which parts of the sets "output <= t" appear and are gone.
Exit code: 0; 1 if a limit was reached, as all regions are needed; 2 on bad input; 130
on Ctrl-C.
"""
BARS_AFTER_SECONDS = 2.0
SHOWN = 10


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    parser.add_domain()
    sets = 'a set, as in the examples; may be repeated (default: "output > 0")'
    add("--of", action="append", metavar="SET", help=sets)
    add("--holes", action="store_true", help="find a cycle around each hole")
    add("--persistence", type=int, metavar="OUTPUT", help="all thresholds of an output")
    add("--max-seconds", type=seconds, metavar="S", help="give up after this time")
    file = functools.partial(output_file, suffixes=(".json",))
    text = "write all of it to a .json"
    add("--out", "--save", dest="save", type=file, metavar="FILE", help=text)
    parser.add_state_dicts()
    return parser.parse(arguments)


def describe(found: "Topology", *, with_holes: bool) -> dict[str, Any]:
    """What is known of a set, for a file."""
    result: dict[str, Any] = {
        "set": found.of,
        "closed": found.is_closed,
        "betti_numbers": list(found.betti),
        "euler_characteristic": found.euler_characteristic,
        "regions": found.num_regions,
        "faces": list(found.complex.counts),
        "components": [
            {
                "regions": len(part.regions),
                "point": part.point.tolist(),
                "bounded": part.bounded,
                "reaches_the_boundary": part.reaches_out,
            }
            for part in found.components
        ],
    }
    if with_holes:
        dims = range(1, found.complex.dim)
        result["holes"] = [
            {
                "dimension": hole.dimension,
                "faces": len(hole.faces),
                "loop": hole.loop.tolist(),
            }
            for k in dims
            for hole in found.holes(k)
        ]
    return result


def report(described: dict[str, Any], seconds: float) -> None:
    """Print what is known of a set."""
    numbers = (f"b{k} = {b}" for k, b in enumerate(described["betti_numbers"]))
    kind = "closed" if described["closed"] else "open"
    print(f"{described['set']} ({kind}): {', '.join(numbers)}")
    print(f"  Euler characteristic {described['euler_characteristic']}")
    print(f"  {described['regions']:,} regions, {seconds:.3f} s")
    parts = described["components"]
    rows = [("  component", "regions", "a point of it", "")]
    for number, part in enumerate(parts[:SHOWN]):
        point = ", ".join(f"{v:.6g}" for v in part["point"])
        reach = "reaches the boundary" if part["reaches_the_boundary"] else "inside"
        reach = reach if part["bounded"] else "unbounded"
        rows.append((f"  {number}", f"{part['regions']:,}", f"({point})", reach))
    print_rows(rows)
    if len(parts) > SHOWN:
        print(f"  ... and {len(parts) - SHOWN:,} more: --out lists all")
    for hole in described.get("holes", [])[:SHOWN]:
        what = f"{len(hole['loop'])} corners" if hole["loop"] else "no polygon"
        print(f"  hole of dimension {hole['dimension']}: {hole['faces']} faces, {what}")


def report_intervals(found: "Persistence", output: int) -> list[dict[str, Any]]:
    """Print the intervals of an output, and what a file holds of them."""
    print(f"output {output} <= t: {found}")
    rows = [("  dimension", "from t", "to t")]
    listed = [
        {
            "dimension": i.dimension,
            "birth": str(i.birth),
            "death": None if i.death is None else str(i.death),
        }
        for i in found.intervals
    ]
    for i in found.intervals[:SHOWN]:
        end = "stays" if i.death is None else f"{float(i.death):.6g}"
        rows.append((f"  {i.dimension}", f"{float(i.birth):.6g}", end))
    print_rows(rows)
    if len(found.intervals) > SHOWN:
        print(f"  ... and {len(found.intervals) - SHOWN:,} more: --out lists all")
    return listed


def execute(options: argparse.Namespace) -> int:
    """Find, print and save."""
    from regions.topology.persistence import output_persistence
    from regions.topology.topology import topology_of

    network = read_network(options.network, options)
    domain = domain_of(options, network.input_dim)
    default = "output > 0" if network.output_dim == 1 else "class 0"
    limits: dict[str, Any] = {"max_seconds": options.max_seconds}
    saved: dict[str, Any] = {"domain": domain.to_dict(), "sets": []}
    with Bars(BARS_AFTER_SECONDS) as bars, CtrlC() as stop:
        try:
            for of in options.of or [default]:
                found = topology_of(
                    network,
                    domain,
                    of,
                    progress=bars.stage("listing regions"),
                    stop=stop,
                    **limits,
                )
                described = describe(found, with_holes=options.holes)
                report(described, found.seconds)
                saved["sets"].append(described)
            if options.persistence is not None:
                output = options.persistence
                lasting = output_persistence(
                    network, domain, output, stop=stop, **limits
                )
                saved["intervals"] = report_intervals(lasting, output)
        except IncompleteError as error:
            print(f"error: {error}", file=sys.stderr)
            return 130 if stop() else 1
        finally:
            if options.save is not None and saved["sets"]:
                save(options.save, saved)
    return 0


def save(path: pathlib.Path, found: dict[str, Any]) -> None:
    """Write a .json, whole or not at all; what a limit cut off is not in it."""
    from experiments.running.common import write_json

    write_json(path, found)
    print(f"saved to {path}")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted before anything was found."
    return run_main(lambda: execute(options), interrupted=message)
