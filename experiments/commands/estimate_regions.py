"""Estimate how many activation regions a network has, where no list can be made."""

import argparse
import contextlib
import pathlib
import shlex
import sys
from typing import TYPE_CHECKING

import numpy as np

from experiments.running.arguments import (
    NETWORK,
    NORMS,
    POINT,
    Parser,
    box_of,
    domain_of,
    is_domain_given,
    numbers,
    point,
    read_network,
    seconds,
)
from experiments.running.command_names import as_called
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regions.domains.shapes import Domain
    from regions.estimates.result import RegionEstimate

EXAMPLES = """\
examples:
  python scripts/estimate_regions.py net.npz --box -1 1
  python scripts/estimate_regions.py net.npz --box 0 1 --cells 1000 --runs 30
  python scripts/estimate_regions.py net.npz --whole-space --relative-error 0.05
  python scripts/estimate_regions.py net.npz --box -1 1 --max-seconds 600
  python scripts/estimate_regions.py net.npz --box -1 1 --journal net.jsonl --workers 8
  python scripts/estimate_regions.py net.npz --around x.npy:7 --radius 0.01,0.1,1
  python scripts/estimate_regions.py net.npz --box 0 1 --of-class 3
  python scripts/estimate_regions.py net.npz --box -1 1 --linear

The mean is unbiased whatever the options; more cells and more runs make it sharper. The
interval rests on the spread of the runs; the bound below it needs no such thing. A run
that drops nothing is the count itself, and says so. A killed estimate that kept a
--journal goes on when the same command is given again, and ends with the same numbers.
--workers and --scheduler need the extra `cluster`: every run is a task of its own.
--around takes the boxes of all inputs that differ from a point by a radius at most, a
line each, and with --box only their parts in that box; with --norm 2 the balls.
--linear counts linear regions: sets on which the network is one affine map.
Exit code: 0; 1 if not even one run ended in time; 2 on bad input; 130 on Ctrl-C, with
the runs that had ended.
"""
BARS_AFTER_SECONDS = 2.0
SIZES = "mean inradius of the regions of N random points of the box, too"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    add("--around", type=point, metavar="POINT", help=POINT)
    # Before the domain, whose ball has both, too: one estimate for each radius.
    add("--radius", type=numbers, metavar="R1,R2,...", help="with --around or --ball")
    text = "of the distance from that point (default: inf around, 2 of a ball)"
    add("--norm", choices=NORMS, help=text)
    parser.add_domain(required=False)
    add("--sizes", type=int, default=0, metavar="N", help=SIZES)
    add("--of-class", type=int, metavar="K", help="regions where output K is largest")
    add("--linear", action="store_true", help="linear regions, not activation regions")
    add("--cells", type=int, metavar="B", help="cells that a run keeps (default: 200)")
    add("--runs", type=int, metavar="R", help="independent runs (default: 16)")
    add("--relative-error", type=float, metavar="E", help="go on until it is reached")
    add("--max-seconds", type=seconds, metavar="S", help="stop after this time")
    add("--seed", type=int, default=0, help="of the choice of cells (default: 0)")
    add("--journal", type=pathlib.Path, metavar="FILE", help="keeps every run")
    add("--workers", type=int, default=0, metavar="W", help="processes to start")
    add("--scheduler", metavar="ADDRESS", help="of a running dask scheduler")
    parser.add_state_dicts()
    options = parser.parse(arguments)
    if options.workers < 0:
        parser.error(f"--workers is {options.workers}: 0 or more is required")
    is_around = options.around is not None or options.ball is not None
    if is_around != (options.radius is not None):
        parser.error("--around or --ball, and --radius, are required together")
    if options.around is None and not is_domain_given(options):
        parser.error("no domain is given: --box, --around or another is required")
    box_given = options.box is not None or options.lower is not None
    if options.around is not None and is_domain_given(options) and not box_given:
        parser.error("--around goes with --box, or --lower and --upper, alone")
    if options.norm in ("1", "2") and box_given:
        parser.error(f"--norm {options.norm} takes whole balls: leave --box out")
    if options.journal is not None and len(options.radius or [0]) > 1:
        parser.error("--journal keeps one estimate: give one --radius")
    return options


def domains_of(options: argparse.Namespace, dim: int) -> "dict[str, Domain]":
    """The domains asked for: one, or one for each radius, by what they are."""
    from regions.domains.ball import Ball
    from regions.domains.boxes import Box

    if options.radius is None:
        return {"regions": domain_of(options, dim)}
    center, norm = (
        (options.ball, options.norm or "2")
        if options.around is None
        else (options.around, options.norm or "inf")
    )
    box, found = box_of(options, dim), {}
    ends = None
    if box is not None:
        chart = box.chart_box()
        ends = box.embed(np.array([chart.lower, chart.upper]))
    for radius in options.radius:
        if not radius > 0.0:
            raise ValueError(f"--radius {radius} is given: more than 0 is required.")
        if norm != "inf":
            found[f"radius {radius:g}"] = Ball(center, radius, NORMS[norm])
            continue
        low, high = center - radius, center + radius
        if ends is not None:
            low, high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
        found[f"radius {radius:g}"] = Box(low, high)
    return found


def estimates(options: argparse.Namespace) -> "Iterator[tuple[str, RegionEstimate]]":
    """Read the network, and estimate; how often depends on what is asked."""
    from regions.enumeration.cluster import open_client
    from regions.errors import RegionsError
    from regions.estimates.estimate import estimate_regions

    network = read_network(options.network, options)
    domains = domains_of(options, network.input_dim)
    with contextlib.ExitStack() as stack:
        scheduler = options.scheduler
        if options.workers > 0 and scheduler is None:
            client = stack.enter_context(open_client(None, options.workers))
            scheduler = str(client.scheduler_info(n_workers=0)["address"])
        bars = stack.enter_context(Bars(BARS_AFTER_SECONDS))
        stop = stack.enter_context(CtrlC())
        for name, domain in domains.items():
            try:
                found = estimate_regions(
                    network,
                    domain,
                    relative_error=options.relative_error,
                    max_seconds=options.max_seconds,
                    cells=options.cells,
                    runs=options.runs,
                    seed=options.seed,
                    progress=bars.stage("estimating"),
                    journal=options.journal,
                    scheduler=scheduler,
                    of_class=options.of_class,
                    linear=options.linear,
                    stop=stop,
                )
            except RegionsError as error:
                if not stop():
                    raise
                sys.stderr.write(f"{error}\n")
                raise KeyboardInterrupt from error
            yield name, found
            if found.stats["stopped"] == "interrupted":
                return


def sizes(options: argparse.Namespace) -> str:
    """Mean inradius of the regions of the box, by volume, without a list."""
    from regions.partition.region_shape import mean_inradius

    network = read_network(options.network, options)
    domain = next(iter(domains_of(options, network.input_dim).values()))
    found = mean_inradius(network, domain, points=options.sizes, seed=options.seed)
    return f"{found}, mean by volume"


def rows_of(name: str, found: "RegionEstimate") -> dict[str, str]:
    """The estimate, and how sure it is."""
    rows = {name: str(found)}
    if found.exact is None:
        rows["relative error"] = f"{found.relative_error:.3g} (standard error / mean)"
        rows["at least"] = f"{found.at_least():.4g} (95 %, whatever the spread)"
        rows["proved to exist"] = f"{found.proved:,}"
    rows["seconds"] = f"{found.seconds:.3f}"
    rows.update({name.replace("_", " "): str(v) for name, v in found.stats.items()})
    return rows


def execute(options: argparse.Namespace) -> int:
    """Estimate and print: all there is to say of one, or a line for each of many."""
    stopped = False
    for name, found in estimates(options):
        rows = rows_of(name, found)
        if len(options.radius or []) > 1:
            rows = {name: rows[name]}
        elif options.sizes:
            rows["inradius"] = sizes(options)
        width = max(map(len, rows))
        for title, value in rows.items():
            print(f"{title:<{width}}  {value}", flush=True)
        stopped = found.stats["stopped"] == "interrupted"
    return 130 if stopped else 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted before the estimate was done."
    if options.journal is not None:
        words = sys.argv[1:] if arguments is None else arguments
        command = as_called(
            shlex.join(["python", "scripts/estimate_regions.py", *words])
        )
        message = f"Interrupted; runs that ended are kept. Go on with\n  {command}"
    return run_main(lambda: execute(options), interrupted=message)
