"""Estimate how many activation regions a network has, where no list can be made."""

import argparse
import contextlib
import pathlib
import shlex
import sys
from typing import TYPE_CHECKING

from experiments.running.arguments import NETWORK, Parser, domain_of, read_network
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC

if TYPE_CHECKING:
    from regions.estimates.result import RegionEstimate

EXAMPLES = """\
examples:
  python scripts/estimate_regions.py net.npz --box -1 1
  python scripts/estimate_regions.py net.npz --box 0 1 --cells 1000 --runs 30
  python scripts/estimate_regions.py net.npz --whole-space --relative-error 0.05
  python scripts/estimate_regions.py net.npz --box -1 1 --max-seconds 600
  python scripts/estimate_regions.py net.npz --box -1 1 --journal net.jsonl --workers 8

The mean is unbiased whatever the options; more cells and more runs make it sharper. The
interval rests on the spread of the runs; the bound below it needs no such thing. A run
that drops nothing is the count itself, and says so. A killed estimate that kept a
--journal goes on when the same command is given again, and ends with the same numbers.
--workers and --scheduler need the extra `cluster`: every run is a task of its own.
Exit code: 0; 1 if not even one run ended in time; 2 on bad input; 130 on Ctrl-C, with
the runs that had ended.
"""
BARS_AFTER_SECONDS = 2.0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    parser.add_domain("slice", "polytope", "whole-space")
    add("--cells", type=int, metavar="B", help="cells that a run keeps (default: 200)")
    add("--runs", type=int, metavar="R", help="independent runs (default: 16)")
    add("--relative-error", type=float, metavar="E", help="go on until it is reached")
    add("--max-seconds", type=float, metavar="S", help="stop after this time")
    add("--seed", type=int, default=0, help="of the choice of cells (default: 0)")
    add("--journal", type=pathlib.Path, metavar="FILE", help="keeps every run")
    add("--workers", type=int, default=0, metavar="W", help="processes to start")
    add("--scheduler", metavar="ADDRESS", help="of a running dask scheduler")
    parser.add_state_dicts()
    options = parser.parse(arguments)
    if options.workers < 0:
        parser.error(f"--workers is {options.workers}: 0 or more is required")
    return options


def estimate(options: argparse.Namespace) -> "RegionEstimate":
    """Read the network, and estimate."""
    from regions.enumeration.cluster import open_client
    from regions.estimates.estimate import estimate_regions

    network = read_network(options.network, options)
    domain = domain_of(options, network.input_dim)
    with contextlib.ExitStack() as stack:
        scheduler = options.scheduler
        if options.workers > 0 and scheduler is None:
            client = stack.enter_context(open_client(None, options.workers))
            scheduler = str(client.scheduler_info(n_workers=0)["address"])
        bars = stack.enter_context(Bars(BARS_AFTER_SECONDS))
        stop = stack.enter_context(CtrlC())
        return estimate_regions(
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
            stop=stop,
        )


def report(found: "RegionEstimate") -> None:
    """Print the estimate, and how sure it is."""
    rows = {"regions": str(found)}
    if found.exact is None:
        rows["relative error"] = f"{found.relative_error:.3g} (standard error / mean)"
        rows["at least"] = f"{found.at_least():.4g} (95 %, whatever the spread)"
        rows["proved to exist"] = f"{found.proved:,}"
    rows["seconds"] = f"{found.seconds:.3f}"
    rows.update({name.replace("_", " "): str(v) for name, v in found.stats.items()})
    width = max(map(len, rows))
    for name, value in rows.items():
        print(f"{name:<{width}}  {value}")


def execute(options: argparse.Namespace) -> int:
    """Estimate and print."""
    found = estimate(options)
    report(found)
    return 130 if found.stats["stopped"] == "interrupted" else 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted before the estimate was done."
    if options.journal is not None:
        words = sys.argv[1:] if arguments is None else arguments
        command = shlex.join(["python", "scripts/estimate_regions.py", *words])
        message = f"Interrupted; runs that ended are kept. Go on with\n  {command}"
    return run_main(lambda: execute(options), interrupted=message)
