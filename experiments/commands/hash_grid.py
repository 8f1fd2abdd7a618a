"""Count the activation patterns that a dense grid meets: a lower bound, fast."""

import argparse
import contextlib
import functools
import math
import pathlib
import sys
import time
from typing import TYPE_CHECKING

from experiments.running.arguments import (
    NETWORK,
    Parser,
    domain_of,
    output_file,
    read_network,
)
from experiments.running.console import Bars, run_main
from experiments.running.interrupts import CtrlC

if TYPE_CHECKING:
    from regions.grid.hash_grid import GridCount

EXAMPLES = """\
examples:
  python scripts/hash_grid.py net.npz --box -1 1
  python scripts/hash_grid.py net.npz --box -1 1 --resolution 4096 --dtype float32
  python scripts/hash_grid.py net.npz --slice slice.npz --resolution 512,256
  python scripts/hash_grid.py net.npz --ball x.npy:7 --radius 0.5
  python scripts/hash_grid.py net.npz --box -1 1 --output grid.npz --labels

One process uses all GPUs, or else all cores, of its machine. To share a grid among
machines, give the same command on each, with the number of each:
  python scripts/hash_grid.py net.npz --box -1 1 --resolution 65536 \\
      --coordinator 10.0.0.1:1234 --processes 2 --process 0      on 10.0.0.1
  python scripts/hash_grid.py net.npz --box -1 1 --resolution 65536 \\
      --coordinator 10.0.0.1:1234 --processes 2 --process 1      on another
Process 0 prints and writes. XLA_FLAGS=--xla_force_host_platform_device_count=8 makes
eight devices of one CPU, to try that.

A slice file holds origin, directions (one row each), lower and upper. The output file
gets the packed patterns, a point and the number of points of each, and with --labels
the label of every point.

exit code: 0; 1 if the processes do not find one another; 2 on bad input; 130 on Ctrl-C,
where one process alone prints and writes what was found (label -1: not reached)
"""
MANY_POINTS = 2**34
"""A grid of more takes many minutes, on a CPU hours."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = Parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("network", type=pathlib.Path, metavar="NETWORK", help=NETWORK)
    parser.add_domain()
    points = (
        "points per axis: one number, or one per axis (default: 1024 in one and two "
        "dimensions, 256 in three, 64 in four, 16 in six, ...: at most 2^24 in all)"
    )
    add("--resolution", type=points_per_axis, metavar="N", help=points)
    add("--dtype", choices=("float64", "float32"), default="float64")
    add("--offset", type=float, default=0.5, help="place of a point in its pixel")
    add("--chunk", type=int, default=131072, help="points per step (default: 131072)")
    file = functools.partial(output_file, suffixes=(".npz",))
    add(
        "--out",
        "--output",
        dest="output",
        type=file,
        metavar="NPZ",
        help="save what was found",
    )
    add("--labels", action="store_true", help="save the label of each point, too")
    together = parser.add_argument_group("several machines").add_argument
    together("--coordinator", metavar="HOST:PORT", help="address of process 0")
    together("--processes", type=int, metavar="N", help="how many there are")
    together("--process", type=int, metavar="I", help="number of this one, from 0")
    parser.add_max_seconds()
    parser.add_state_dicts()
    options = parser.parse(arguments)
    group = (options.coordinator, options.processes, options.process)
    if any(v is not None for v in group) and any(v is None for v in group):
        parser.error("--coordinator, --processes and --process are required together")
    if options.labels and options.output is None:
        parser.error("--labels are saved: --output is required too")
    return options


def points_per_axis(text: str) -> int | list[int]:
    """One integer, or several separated by commas."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an integer or several like 512,256"
        ) from None
    return numbers[0] if len(numbers) == 1 else numbers


def execute(options: argparse.Namespace) -> int:
    """Hash the grid; process 0 prints."""
    from experiments.running.device import device_line
    from regions.grid.hash_grid import grid_shape, hash_grid
    from regions.grid.processes import join_processes

    network = read_network(options.network, options)
    domain = domain_of(options, network.input_dim)
    shape = grid_shape(domain, options.resolution)
    is_first = options.process in (None, 0)
    if is_first:
        warn_of_many(shape)
    together = options.coordinator is not None
    if together:
        join_processes(options.coordinator, options.processes, options.process)
    device = device_line()
    begin = time.perf_counter()
    watch = contextlib.nullcontext() if together else CtrlC()
    with Bars() as bars, watch as stop:
        grid = hash_grid(
            network,
            domain,
            shape,
            offset=options.offset,
            labels=options.labels,
            dtype=options.dtype,
            chunk=options.chunk,
            together=together,
            stop=stop,
            progress=bars.stage("grid points"),
        )
    if is_first:
        report(grid, time.perf_counter() - begin, options.dtype, device)
        if options.output is not None:
            save(options.output, grid)
    return 130 if grid.stopped else 0


def warn_of_many(shape: tuple[int, ...]) -> None:
    """Say before the hashing that a grid takes long, and which one does not."""
    from regions.grid.hash_grid import DEFAULT_POINTS, default_resolution

    points, dim = math.prod(shape), len(shape)
    if points <= MANY_POINTS:
        return
    advice = ""
    if 2**dim <= DEFAULT_POINTS:
        fewer = default_resolution(dim)
        advice = f"lower --resolution ({fewer} makes {fewer**dim:,} points), or "
    sys.stderr.write(
        f"notice: the grid has {points:,} points ({resolution_text(shape)}) and takes "
        f"long. For fewer points, {advice}give a --slice of fewer dimensions or a "
        "--segment.\n"
    )
    sys.stderr.flush()


def resolution_text(shape: tuple[int, ...]) -> str:
    """Points per axis, in few words however many axes there are.

    Example:
        >>> resolution_text((61, 40)), resolution_text((64, 64, 64, 64))
        ('61 x 40', '64 on each of 4 axes')
    """
    if len(shape) > 2 and len(set(shape)) == 1:
        return f"{shape[0]:,} on each of {len(shape)} axes"
    return " x ".join(f"{n:,}" for n in shape)


def report(grid: "GridCount", seconds: float, dtype: str, device: str) -> None:
    """Print what was found."""
    import jax

    points = int(grid.points_per_label.sum())
    print(f"regions            at least {grid.count:,}")
    print(f"patterns met       {len(grid.patterns):,}")
    print(f"resolution         {resolution_text(grid.resolution)}")
    of_all = f" of {math.prod(grid.resolution):,}; interrupted"
    print(f"points             {points:,}{of_all if grid.stopped else ''}")
    if dtype == "float32":
        print(f"settled in float64 {grid.settled:,}")
    print(f"devices            {jax.device_count()} ({device})")
    print(f"seconds            {seconds:.3f}")
    print(f"points per second  {points / seconds:.3g}")


def save(path: pathlib.Path, grid: "GridCount") -> None:
    """Write what was found, whole or not at all."""
    import numpy as np

    from regions.files.writing import open_atomically

    arrays = {
        "patterns": grid.patterns,
        "num_bits": np.array(grid.num_bits),
        "witnesses": grid.witnesses,
        "points_per_label": grid.points_per_label,
        "strict": grid.strict,
    }
    if grid.labels is not None:
        arrays["labels"] = grid.labels
    with open_atomically(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the examples."""
    options = parse(arguments)
    return run_main(lambda: execute(options), max_seconds=options.max_seconds)
