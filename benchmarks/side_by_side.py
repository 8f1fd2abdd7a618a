"""Cells beside other ways to count, on the same random networks, in one run.

Run: python -m benchmarks.side_by_side [--networks 5] [--regioncam PYTHON]
    [--prototypes FOLDER]

Networks have the law of tests/data/nets and are counted in [-1, 1]^d, on one thread,
compiled, every sign proved. Seconds are processor seconds, the least of some calls.
What stands beside them is a ratio, their time over that of cells on the same network:
the median over the networks, with the least and the largest.

Others are this project's engines; regioncam (Rust, float32, no proofs, the plane alone)
in an interpreter that has it, named by `--regioncam`; and prototypes in float64 without
proofs, `polygons.py` and `cells.py` of a folder.
"""

import argparse
import importlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import regions
from regions.compiled import SWITCH
from regions.network import ReluNetwork

CASES = (
    (2, (32, 32)),
    (2, (14,) * 6),
    (2, (64,) * 3),
    (2, (20,) * 12),
    (2, (200,)),
    (3, (16, 16)),
    (3, (32, 32)),
    (3, (64, 64)),
    (4, (16, 16)),
    (4, (32, 32)),
    (5, (10, 10)),
    (6, (16, 16)),
)
REPEATS = 4
DEPTHS = {2: 40000, 3: 100000, 4: 30000, 5: 20000, 6: 8000}
CORNERS = {3: 72, 4: 200, 5: 600, 6: 1500}
"""Room that the prototypes are given, by dimension."""

Timed = tuple[int, float]
"""Regions, and seconds."""


def random_network(rng: np.random.Generator, dim: int, widths: tuple) -> ReluNetwork:
    """He-normal weights and biases of standard deviation 0.5, in float32."""
    sizes = (dim, *widths, 1)
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    weights = [rng.standard_normal(pair) * np.sqrt(2.0 / pair[1]) for pair in pairs]
    return ReluNetwork.from_arrays(
        [weight.astype(np.float32) for weight in weights],
        [(0.5 * rng.standard_normal(n)).astype(np.float32) for n, _ in pairs],
    )


def least(count: Callable[[], int]) -> Timed:
    """Regions, and the least processor seconds of some calls after the first.

    The first one may compile.
    """
    found, seconds = count(), float("inf")
    for _ in range(REPEATS):
        begin = time.process_time()
        count()
        seconds = min(seconds, time.process_time() - begin)
    return found, seconds


def engine(name: str) -> Callable[[list[ReluNetwork]], list[Timed]]:
    """One of this project's engines."""

    def run(networks: list[ReluNetwork]) -> list[Timed]:
        box = regions.Box.cube(networks[0].input_dim)
        return [
            least(lambda: int(regions.count_regions(network, box, method=name)))  # noqa: B023
            for network in networks
        ]

    return run


def regioncam(python: str) -> Callable[[list[ReluNetwork]], list[Timed]]:
    """Regioncam in an interpreter that has it."""

    def run(networks: list[ReluNetwork]) -> list[Timed]:
        arrays = {}
        for k, network in enumerate(networks):
            for i, layer in enumerate(network.hidden):
                arrays |= {f"{k}-W{i}": layer.weight, f"{k}-b{i}": layer.bias}
        script = pathlib.Path(__file__).with_name("regioncam_times.py")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "networks.npz"
            np.savez(path, **arrays)
            command = [python, str(script), str(path), str(1 + REPEATS)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        return [(faces, seconds) for faces, seconds in json.loads(done.stdout)]

    return run


def prototype(folder: pathlib.Path, dim: int) -> Callable[..., list[Timed]]:
    """The prototype of a dimension."""
    sys.path.append(str(folder))
    module: Any = importlib.import_module("polygons" if dim == 2 else "cells")

    def count(network: ReluNetwork) -> int:
        layers = [(layer.weight, layer.bias) for layer in network.hidden]
        weights, biases = zip(*layers, strict=True)
        depth = DEPTHS[dim] if len(layers) > 1 else 4
        if dim == 2:
            square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1.0]])
            return int(module.count(*module.pack(weights, biases), square, depth))
        packed, box = module.pack(weights, biases, dim), module.box(dim)
        return int(module.count(*packed, *box, dim, CORNERS[dim], depth)[0])

    return lambda networks: [least(lambda n=n: count(n)) for n in networks]


def others(
    dim: int, widths: tuple, options: argparse.Namespace
) -> dict[str, Callable[..., list[Timed]]]:
    """What is compared on networks of a shape, by name."""
    runs: dict[str, Callable[..., list[Timed]]] = {}
    if len(widths) == 1:
        runs["restriction"] = engine("restriction")
    if options.regioncam and dim == 2:
        runs["regioncam"] = regioncam(options.regioncam)
    if options.prototypes:
        runs["prototype"] = prototype(options.prototypes, dim)
    return runs


def measure(dim: int, widths: tuple, options: argparse.Namespace) -> list[str]:
    """The cells of one row of the table."""
    rng = np.random.default_rng([dim, len(widths), widths[0]])
    networks = [random_network(rng, dim, widths) for _ in range(options.networks)]
    own = engine("cells")(networks)
    found = [count for count, _ in own]
    each = [1e6 * seconds / count for count, seconds in own]
    row = [
        f"{dim}-{list(widths)}"
        if len(set(widths)) > 1 or len(widths) == 1
        else f"{dim}-[{widths[0]}]*{len(widths)}",
        f"{statistics.median(found):,.0f}",
        f"{1e3 * statistics.median(s for _, s in own):.2f}",
        f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})",
    ]
    runs = others(dim, widths, options)
    for name in ("restriction", "regioncam", "prototype"):
        row.append(_ratios(own, runs[name](networks)) if name in runs else "")
    return row


def _ratios(own: list[Timed], other: list[Timed]) -> str:
    """Median, least and largest ratio of times; how many counts are others."""
    ratios = [b / a for (_, a), (_, b) in zip(own, other, strict=True)]
    wrong = sum(a != b for (a, _), (b, _) in zip(own, other, strict=True))
    text = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return f"{text}, {wrong} of {len(own)} counts differ" if wrong else text


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Cells beside others.")
    parser.add_argument("--networks", type=int, default=5, help="of each shape")
    parser.add_argument("--regioncam", help="an interpreter that has regioncam")
    parser.add_argument("--prototypes", type=pathlib.Path, help="their folder")
    options = parser.parse_args()
    os.environ[SWITCH], os.environ["RELU_REGIONS_THREADS"] = "on", "1"
    head = [
        "networks",
        "regions",
        "cells, CPU ms",
        "CPU us a region",
        "restriction / cells",
        "regioncam / cells",
        "prototype / cells",
    ]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for dim, widths in CASES:
        print(f"| {' | '.join(measure(dim, widths, options))} |", flush=True)


if __name__ == "__main__":
    main()
