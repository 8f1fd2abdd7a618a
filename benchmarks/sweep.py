"""Regions per second and bytes per region of the sweep, and its distance to the floor.

Run: python benchmarks/sweep.py tests/data/nets/d2_14x6.npz tests/data/nets/d3_64x2.npz
     python benchmarks/sweep.py --flat 4 --up-to 10000000

`--flat d` counts random networks d-[n, n] with ten times as many regions at each step.

"Sweep" and "proof" are those of the whole domain in one piece and one thread, "count"
is `count_regions`, which cuts large domains into parts, with one thread or two. The
floor is one float64 forward pass of the hidden layers at the final vertices: each unit
is evaluated once at each vertex. Times are processor seconds of all threads, best of
several runs, which other work on the machine disturbs less than it does the clock;
"wall" is the clock. Compiled code is loaded before. Memory is the growth of the peak
resident size, each network in a process of its own. Pin the threads of BLAS to time one
core: OPENBLAS_NUM_THREADS=1.
"""

import argparse
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box
from regions.enumeration import count_regions, workers
from regions.enumeration.sweep.certify import certify
from regions.enumeration.sweep.grow import sweep
from regions.io import load_network
from regions.network import ReluNetwork

COLUMNS = (
    "network",
    "regions",
    "sweep, s",
    "proof, s",
    "parts",
    "count, s",
    "CPU us/region",
    "wall of one thread, s",
    "wall of two, s",
    "regions/s (two)",
    "bytes/region",
    "peak, MB",
    "forward, s",
    "sweep / forward",
    "count / forward",
)
DECADE_WIDTHS = {2: (82, 262, 830), 3: (26, 58, 125), 4: (17, 29, 52, 93)}
"""Widths n for which d-[n, n] has about 10^4, 10^5, ... regions in [-1, 1]^d."""

Result = TypeVar("Result")


def peak_bytes() -> int:
    """Peak resident size of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def forward(network: ReluNetwork, points: np.ndarray) -> None:
    """One forward pass of the hidden layers, in chunks that stay in the cache."""
    for start in range(0, len(points), 4096):
        network.pre_activations(points[start : start + 4096])


def timed(
    times: list[float], function: Callable[..., Result], *arguments: object
) -> Result:
    """Call a function, and add its processor time to a list."""
    begin = time.process_time()
    result = function(*arguments)
    times.append(time.process_time() - begin)
    return result


def random_network(dim: int, width: int) -> ReluNetwork:
    """He-normal weights and normal biases, as in tests/data/nets."""
    rng = np.random.default_rng(0)
    sizes = [(width, dim), (width, width), (1, width)]
    return ReluNetwork.from_arrays(
        [rng.standard_normal(s) * np.sqrt(2.0 / s[1]) for s in sizes],
        [0.5 * rng.standard_normal(s[0]) for s in sizes],
    )


def measure(
    name: str, network: ReluNetwork, half_width: float, repeats: int, mode: str
) -> str:
    """One row of the table; best times of several runs."""
    os.environ[COMPILED] = mode
    box = Box.cube(network.input_dim, half_width)
    polytope = box.polytope()
    # Code is loaded, and its memory taken, before anything is measured.
    warm = random_network(box.dim, 6)
    certify(sweep(warm, polytope), warm, box, polytope)
    count_regions(warm, box)
    base, memory, floors = peak_bytes(), 0, []
    sweeps, proofs, counts = [], [], []
    walls: dict[int, list[float]] = {1: [], 2: []}
    found = None
    for _ in range(repeats):
        for threads, times in walls.items():
            os.environ[workers.SWITCH] = str(threads)
            begin = time.perf_counter()
            found = timed(counts, count_regions, network, box)
            times.append(time.perf_counter() - begin)
            memory = memory or peak_bytes() - base
        os.environ[workers.SWITCH] = "1"
        complex_ = timed(sweeps, sweep, network, polytope)
        timed(proofs, certify, complex_, network, box, polytope)
        timed(floors, forward, network, complex_.vertices)
    assert found is not None
    total, floor, two = min(counts), min(floors), min(walls[2])
    cells = (
        name,
        f"{found.count:,}",
        f"{min(sweeps):.4f}",
        f"{min(proofs):.4f}",
        str(found.stats.get("chambers", 1)),
        f"{total:.4f}",
        f"{1e6 * total / found.count:.2f}",
        f"{min(walls[1]):.4f}",
        f"{two:.4f}",
        f"{found.count / two:,.0f}",
        f"{memory / found.count:,.0f}",
        f"{peak_bytes() / 1e6:,.0f}",
        f"{floor:.4f}",
        f"{min(sweeps) / floor:.1f}",
        f"{total / floor:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def jobs(options: argparse.Namespace) -> list[tuple[str, ReluNetwork]]:
    """The networks to count, by name."""
    named = [(Path(path).stem, load_network(path)) for path in options.networks]
    if options.flat is not None:
        for power, width in enumerate(DECADE_WIDTHS[options.flat], 4):
            if 10**power <= options.up_to:
                name = f"{options.flat}-[{width}, {width}]"
                named.append((name, random_network(options.flat, width)))
    return named


def main() -> None:
    """Measure each network and print one table."""
    parser = argparse.ArgumentParser(description="Time the sweep.")
    parser.add_argument("networks", nargs="*", help="npz with W0, b0, W1, b1, ...")
    parser.add_argument("--half-width", type=float, default=1.0, help="of the cube")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--flat", type=int, choices=DECADE_WIDTHS, help="dimension")
    parser.add_argument("--up-to", type=int, default=10**6, help="regions of --flat")
    parser.add_argument("--compiled", choices=("on", "off"), default="on")
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |")
    print("|" + " --- |" * len(COLUMNS))
    context = multiprocessing.get_context("spawn")
    how = options.half_width, options.repeats, options.compiled
    for name, network in jobs(options):
        with context.Pool(1) as pool:
            print(pool.apply(measure, (name, network, *how)), flush=True)


if __name__ == "__main__":
    main()
