"""Write an atlas: one page that shows a partition and answers questions about it."""

import argparse
import dataclasses
import functools
import pathlib
import sys
from typing import TYPE_CHECKING, Any

from experiments.running.arguments import (
    NETWORK,
    Parser,
    domain_of,
    finite,
    is_domain_given,
    output_file,
    read_networks,
)
from experiments.running.console import Bars, run_main

if TYPE_CHECKING:
    from experiments.atlas.contents import Atlas

EXAMPLES = """\
examples:
  python scripts/atlas.py runs/ring                      snapshots, points and losses
  python scripts/atlas.py model.npz --box -1 1           any network of two inputs
  python scripts/atlas.py before.npz after.npz           two networks, compared
  python scripts/atlas.py model.npz --slice plane.npz    a plane of its input space
  python scripts/atlas.py model3.npz --ply surface.ply   three inputs: planes, surface
  python scripts/atlas.py runs/ring --figure map.pdf --color inradius

exit code: 0 written, 1 the regions could not be found, 2 bad input, 130 interrupted
"""

COLORS = ("output", "code", "layer", "inradius", "gradient", "class", "change")
DEFAULT_BOX = (-1.0, 1.0)
"""On every axis, where no domain is given."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("networks", nargs="+", type=pathlib.Path, help=f"one or two: {NETWORK}")
    page, drawing, mesh = (
        functools.partial(output_file, suffixes=suffixes)
        for suffixes in ((".html", ".htm"), (".png", ".svg", ".pdf"), (".ply",))
    )
    add("--out", type=page, help="the page, .html (default: beside the network)")
    parser.add_domain(
        required=False,
        refused={
            "segment": "a map shows two dimensions: --slice FILE takes a plane",
            "whole-space": "a map has an end on each side: --box LOW HIGH takes a part",
        },
    )
    add("--threshold", type=finite, help="output above which the class is 1")
    add("--no-snapshots", action="store_true", help="of a run, show the end alone")
    add("--figure", type=drawing, help="also a figure: .png, .svg or .pdf")
    add("--color", choices=COLORS, default="output", help="of the figure")
    add("--at", help="of the figure: the epoch of a snapshot, or a plane like z=0.3")
    add("--overlay", action="store_true", help="of the figure: two networks on one map")
    add("--ply", type=mesh, help="also the decision surface (three inputs)")
    parser.add_max_seconds()
    parser.add_state_dicts()
    options = parser.parse(arguments)
    count = len(options.networks)
    if count > 2:
        parser.error(f"{count} networks: one or two are required")
    for name in ("--color change", "--overlay"):
        asked = options.overlay if name == "--overlay" else options.color == "change"
        if asked and count < 2:
            parser.error(f"{name} compares two networks: one is given, add the other")
    if options.out is None:
        first = options.networks[0]
        options.out = (
            first / "atlas.html" if first.is_dir() else first.with_suffix(".atlas.html")
        )
    return options


def domain_or_default(options: argparse.Namespace, dim: int) -> Any:
    """The domain asked for, or the one that is shown where no domain is."""
    from regions.domains.shapes import Box

    if is_domain_given(options):
        return domain_of(options, dim, one_for_all=True)
    low, high = DEFAULT_BOX
    sys.stderr.write(
        f"notice: no domain is given: the box from {low:g} to {high:g} on each of the "
        f"{dim} axes is shown, by default. --box LOW HIGH chooses another.\n"
    )
    return Box([low] * dim, [high] * dim)


def build(options: argparse.Namespace, bars: Bars) -> "Atlas":
    """The atlas that the command line asks for."""
    from experiments.atlas import sources
    from regions.domains.shapes import Box

    paths = options.networks
    plain = not is_domain_given(options)
    if plain and all(sources.is_ring_run(path) for path in paths):
        if len(paths) == 2:
            return sources.compare_rings(paths, bars)
        return sources.ring_atlas(paths[0], bars, snapshots=not options.no_snapshots)
    networks = read_networks(paths, options)
    dim = networks[0].input_dim
    domain = domain_or_default(options, dim)
    if domain.dim == 3 and isinstance(domain, Box):
        threshold = options.threshold or 0.0
        return sources.solid_atlas(paths, networks, domain, threshold, bars)
    return sources.network_atlas(paths, networks, domain, bars)


def write(options: argparse.Namespace, atlas: "Atlas") -> None:
    """Write what was asked for, once all of it is known to be possible."""
    from experiments.atlas.page import write_page
    from experiments.atlas.surface import write_ply

    if options.ply and atlas.surface is None:
        raise ValueError("--ply: a decision surface needs a network of three inputs.")
    drawing = None
    if options.figure:
        from experiments.atlas.figure import figure

        drawing = figure(atlas, options.color, at=options.at, overlay=options.overlay)
    written = [options.out]
    write_page(options.out, atlas)
    if drawing is not None:
        from experiments.plotting.style import save_figure

        save_figure(drawing, options.figure)
        written.append(options.figure)
    if options.ply and atlas.surface is not None:
        write_ply(options.ply, atlas.surface)
        written.append(options.ply)
    print("Wrote " + ", ".join(map(str, written)) + ".")


def execute(options: argparse.Namespace) -> None:
    """Build and write."""
    with Bars() as bars:
        atlas = build(options, bars)
    if options.threshold is not None:
        atlas = dataclasses.replace(atlas, threshold=options.threshold)
    write(options, atlas)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    message = "Interrupted; nothing was written."
    return run_main(
        lambda: execute(options),
        interrupted=message,
        max_seconds=options.max_seconds,
    )
