"""Write an atlas: one page that shows a partition and answers questions about it."""

import argparse
import dataclasses
import pathlib
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from experiments.atlas.contents import Atlas
    from regions.domains import BoundedDomain

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


class Parser(argparse.ArgumentParser):
    """Reports a bad argument in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"error: {message}\n")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("networks", nargs="+", type=pathlib.Path, help="run folders or network files")
    add("--out", type=pathlib.Path, help="the page (default: beside the network)")
    add("--box", nargs=2, type=float, metavar=("LOW", "HIGH"), help="of every input")
    add("--slice", type=pathlib.Path, help="npz: origin, directions, lower, upper")
    add("--threshold", type=float, help="output above which the class is 1")
    add("--no-snapshots", action="store_true", help="of a run, show the end alone")
    add("--figure", type=pathlib.Path, help="also a figure: .png or .pdf")
    add("--color", choices=COLORS, default="output", help="of the figure")
    add("--at", help="of the figure: the epoch of a snapshot, or a plane like z=0.3")
    add("--overlay", action="store_true", help="of the figure: two networks on one map")
    add("--ply", type=pathlib.Path, help="also the decision surface (three inputs)")
    options = parser.parse_args(arguments)
    if len(options.networks) > 2:
        parser.error(f"{len(options.networks)} networks: one or two are required")
    if options.figure and options.figure.suffix not in (".png", ".pdf"):
        parser.error(f"--figure is {options.figure}: .png or .pdf is required")
    if options.out is None:
        first = options.networks[0]
        options.out = (
            first / "atlas.html" if first.is_dir() else first.with_suffix(".atlas.html")
        )
    return options


def progress(done: int, total: int, message: str) -> None:
    """One line on stderr that is written over."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{message}: {done} of {total} ", end=end, file=sys.stderr, flush=True)


def with_threshold(atlas: "Atlas", threshold: float | None) -> "Atlas":
    """The same atlas with the threshold of the command line, if there is one."""
    if threshold is None:
        return atlas
    return dataclasses.replace(atlas, threshold=threshold)


def build(options: argparse.Namespace) -> "Atlas":
    """The atlas that the command line asks for."""
    import regions
    from experiments.atlas import sources

    paths = options.networks
    plain = options.box is None and options.slice is None
    if plain and all(sources.is_ring_run(path) for path in paths):
        if len(paths) == 2:
            return sources.compare_rings(paths, progress)
        return sources.ring_atlas(
            paths[0], progress, snapshots=not options.no_snapshots
        )
    dim = sources.load(paths[0]).input_dim
    low, high = options.box or (-1.0, 1.0)
    box = regions.Box([low] * dim, [high] * dim)
    domain: BoundedDomain = sources.read_slice(options.slice) if options.slice else box
    if dim == 3 and domain is box:
        return sources.solid_atlas(paths, box, options.threshold or 0.0, progress)
    return sources.network_atlas(paths, domain, progress)


def write(options: argparse.Namespace, atlas: "Atlas") -> None:
    """Write what was asked for."""
    from experiments.atlas.page import write_page

    written = [options.out]
    write_page(options.out, atlas)
    if options.figure:
        from experiments.plotting.atlas import figure
        from experiments.plotting.style import save_figure

        drawing = figure(atlas, options.color, at=options.at, overlay=options.overlay)
        save_figure(drawing, options.figure)
        written.append(options.figure)
    if options.ply:
        from experiments.atlas.surface import write_ply

        if atlas.surface is None:
            raise ValueError(
                "--ply: a decision surface needs a network of three inputs."
            )
        write_ply(options.ply, atlas.surface)
        written.append(options.ply)
    print("Wrote " + ", ".join(map(str, written)) + ".")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    try:
        from experiments.running.common import RunFolderError
        from regions.errors import FileFormatError, RegionsError

        try:
            write(options, with_threshold(build(options), options.threshold))
        except (ValueError, OSError, ImportError, FileFormatError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except RunFolderError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except RegionsError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
