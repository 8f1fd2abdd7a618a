"""Write a network for other programs: law, C, mixed-integer program, ONNX, PyTorch."""

import argparse
import functools
import pathlib
from typing import TYPE_CHECKING, Any

from experiments.running.arguments import (
    NETWORK,
    Parser,
    domain_of,
    is_domain_given,
    output_file,
    output_of,
    read_network,
    seconds,
)
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC

if TYPE_CHECKING:
    from regions.network import ReluNetwork
    from regions.results.region_set import RegionSet

EXAMPLES = """\
examples:
  python scripts/export.py net.npz --box -1 1 --out law.json   polytopes, affine maps
  python scripts/export.py net.npz --box -1 1 --out law.mat    for MATLAB and MPT3
  python scripts/export.py net.npz --box -1 1 --out net.c      a search tree in C99
  python scripts/export.py net.npz --box -1 1 --out net.mps --output 0 --minimize
  python scripts/export.py net.npz --box -1 1 --out net.lp --unit-seconds 2
  python scripts/export.py net.npz --out net.onnx              or .pt, .npz

The ending of --out names the format. Law and C are written from the list of all regions
on the domain; the mixed-integer program (.mps, .lp) from proved bounds of all units,
without those that keep one sign. ONNX and PyTorch files hold every weight as it is.
Exit code: 0 written; 1 not all regions were found; 2 bad input; 130 on Ctrl-C, nothing
is written then.
"""

NAME = "network"
NETWORKS = (".npz", ".onnx", ".pt")
LAWS = (".json", ".mat")
SOURCES = (".c", ".h")
PROGRAMS = (".mps", ".lp")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    parser.add_domain(required=False)
    suffixes = (*LAWS, *SOURCES, *PROGRAMS, *NETWORKS)
    file = functools.partial(output_file, suffixes=suffixes)
    text = f"what to write: {', '.join(suffixes)}"
    add("--out", type=file, metavar="FILE", required=True, help=text)
    add("--name", metavar="NAME", help=f"of the function in C (default: {NAME})")
    add("--output", type=int, metavar="K", help="which output is the objective")
    add("--minimize", action="store_true", help="it is to be small, not large")
    text = "time to sharpen each end of a unit's bounds (default: 0.25)"
    add("--unit-seconds", type=float, metavar="S", help=text)
    add("--max-seconds", type=seconds, metavar="S", help="limit of the list of regions")
    parser.add_state_dicts()
    options = parser.parse(arguments)
    check(parser, options)
    return options


def check(parser: Parser, options: argparse.Namespace) -> None:
    """Exit unless the format has what it needs, and nothing else."""
    suffix = options.out.suffix
    given = is_domain_given(options)
    if given == (suffix in NETWORKS):
        need = "takes no domain" if given else "needs a domain, such as --box -1 1"
        parser.error(f"{suffix} {need}")
    for name, formats in (
        ("name", SOURCES),
        ("output", PROGRAMS),
        ("minimize", PROGRAMS),
        ("unit_seconds", PROGRAMS),
        ("max_seconds", (*LAWS, *SOURCES)),
    ):
        given = getattr(options, name)
        # A number of 0 is one that was given.
        if given is not None and given is not False and suffix not in formats:
            option = name.replace("_", "-")
            parser.error(f"{suffix} takes no --{option}: {' and '.join(formats)} do")


def execute(options: argparse.Namespace) -> int:
    """Write the file, and say what it holds."""
    network = read_network(options.network, options)
    suffix = options.out.suffix
    if suffix in NETWORKS:
        from regions.io import save_network

        save_network(options.out, network)
        print(f"{network!r} is in {options.out}")
    elif suffix in PROGRAMS:
        print(f"{write_program(options, network)} is in {options.out}")
    else:
        found = listed(options, network)
        found.require_complete()
        write_regions(options, found)
        print(f"{len(found):,} regions are in {options.out}")
    return 0


def write_program(options: argparse.Namespace, network: "ReluNetwork") -> str:
    """Write the mixed-integer program; what it holds."""
    from regions.questions.mixed_integer import mixed_integer_program

    domain: Any = domain_of(options, network.input_dim)
    seconds = options.unit_seconds
    program = mixed_integer_program(
        network,
        domain,
        output_of(options.output, network.output_dim, options.out.suffix),
        maximize=not options.minimize,
        **({} if seconds is None else {"unit_seconds": seconds}),
    )
    program.save(options.out)
    kinds = (
        f"{len(program.columns):,} columns, {len(program.binaries):,} of them binary"
    )
    return f"a program of {kinds}, and {len(program.rows):,} rows"


def listed(options: argparse.Namespace, network: "ReluNetwork") -> "RegionSet":
    """All regions on the domain.

    Raises:
        KeyboardInterrupt: If Ctrl-C was pressed: a law needs all regions.
    """
    from regions.domains.shapes import check_not_round
    from regions.enumeration import enumerate_regions

    domain = domain_of(options, network.input_dim)
    check_not_round(domain)  # before work that may be long
    with Bars() as bars, CtrlC() as stop:
        found = enumerate_regions(
            network,
            domain,
            max_seconds=options.max_seconds,
            stop=stop,
            progress=bars.stage("finding the regions"),
        )
        if stop():
            raise KeyboardInterrupt
    return found


def write_regions(options: argparse.Namespace, found: "RegionSet") -> None:
    """Write the law or the C source."""
    if options.out.suffix in LAWS:
        from regions.results.laws.law import piecewise_law

        piecewise_law(found).save(options.out)
        return
    from regions.results.laws.c_source import save_c

    save_c(options.out, found, name=NAME if options.name is None else options.name)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted: nothing is written."
    return run_main(lambda: execute(options), interrupted=message)
