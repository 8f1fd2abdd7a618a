"""Counts by the clock, on one thread and on all, as a user at a quiet machine has them.

Run: python -m benchmarks.clock [--rows 2-[500] 3-[64]*2] [--large] [--networks 5]

Networks have the law of tests/data/nets and are counted in [-1, 1]^d by the method that
`auto` takes, every sign proved. A number is the median over networks of the least of
four calls after the first; of the large rows one network is counted once or twice. The
clock tells something only where nothing else runs: the load of the machine, which is
printed before and after the table, should be that of this program.
"""

import argparse
import os
import statistics
import time

import numpy as np

import regions
from benchmarks.side_by_side import random_network
from regions.compiled import SWITCH
from regions.network import ReluNetwork

ROWS = {
    "2-[14]*6": (2, (14,) * 6),
    "2-[32]*2": (2, (32,) * 2),
    "2-[64]*3": (2, (64,) * 3),
    "2-[128]*3": (2, (128,) * 3),
    "2-[20]*40": (2, (20,) * 40),
    "2-[500]": (2, (500,)),
    "3-[64]*2": (3, (64,) * 2),
    "4-[32]*2": (4, (32,) * 2),
    "6-[16]*2": (6, (16,) * 2),
}
LARGE = {"2-[5800]": (2, (5800,)), "3-[1150]": (3, (1150,))}
REPEATS = 4
THREADS = "RELU_REGIONS_THREADS"


def least(network: ReluNetwork, threads: int, repeats: int) -> tuple[int, float]:
    """Regions, and the least seconds by the clock of some calls."""
    os.environ[THREADS] = str(threads)
    box, seconds, found = regions.Box.cube(network.input_dim), float("inf"), 0
    for _ in range(repeats):
        begin = time.perf_counter()
        found = int(regions.count_regions(network, box))
        seconds = min(seconds, time.perf_counter() - begin)
    return found, seconds


def row(name: str, networks: int) -> list[str]:
    """The cells of one row of the table."""
    large = name in LARGE
    dim, widths = LARGE[name] if large else ROWS[name]
    rng = np.random.default_rng([dim, len(widths), widths[0]])
    times: dict[int, list[float]] = {}
    counts, found = [], 0
    for _ in range(1 if large else networks):
        network = random_network(rng, dim, widths)
        if not large:
            least(network, 1, 1)
        for threads in sorted({1, len(os.sched_getaffinity(0))}):
            found, seconds = least(network, threads, 1 if large else REPEATS)
            times.setdefault(threads, []).append(seconds)
        counts.append(found)
    shown = [f"{1e3 * statistics.median(each):,.2f}" for each in times.values()]
    return [name, f"{statistics.median(counts):,.0f}", *shown]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Counts by the clock.")
    parser.add_argument("--rows", nargs="+", choices=[*ROWS, *LARGE], default=[*ROWS])
    parser.add_argument("--large", action="store_true", help="the large rows as well")
    parser.add_argument("--networks", type=int, default=5, help="of each shape")
    options = parser.parse_args()
    os.environ[SWITCH] = "on"
    print(f"load before: {os.getloadavg()[0]:.2f}")
    threads = sorted({1, len(os.sched_getaffinity(0))})
    head = ["networks", "regions", *(f"ms, threads: {n}" for n in threads)]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for name in dict.fromkeys([*options.rows, *(LARGE if options.large else ())]):
        print(f"| {' | '.join(row(name, options.networks))} |", flush=True)
    print(f"load after: {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
