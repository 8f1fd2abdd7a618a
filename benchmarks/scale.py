"""One large count: regions, processor seconds, clock and peak memory.

Run: python benchmarks/scale.py --dim 3 --widths 580 580
     RELU_REGIONS_THREADS=1 python benchmarks/scale.py --dim 2 --widths 5800

Counts the regions in [-1, 1]^dim of a random network: He-normal weights, normal biases
of standard deviation 0.5. Every sign is proved, as in every count.
"""

import argparse
import os
import resource
import time

import numpy as np

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box
from regions.enumeration import count_regions
from regions.enumeration.workers import worker_count
from regions.network import ReluNetwork


def random_network(dim: int, widths: list[int], seed: int = 0) -> ReluNetwork:
    """A network of one output."""
    rng = np.random.default_rng(seed)
    sizes = list(zip([*widths, 1], [dim, *widths], strict=True))
    return ReluNetwork.from_arrays(
        [rng.standard_normal(size) * np.sqrt(2.0 / size[1]) for size in sizes],
        [0.5 * rng.standard_normal(size[0]) for size in sizes],
    )


def main() -> None:
    """Count and print one line of a table."""
    parser = argparse.ArgumentParser(description="Count a large random network.")
    parser.add_argument("--dim", type=int, required=True)
    parser.add_argument("--widths", type=int, nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ[COMPILED] = "on"
    network = random_network(options.dim, options.widths, options.seed)
    count_regions(random_network(options.dim, [8, 8]), Box.cube(options.dim))
    before, clock = os.times(), time.perf_counter()
    found = count_regions(network, Box.cube(options.dim))
    clock, after = time.perf_counter() - clock, os.times()
    user, system = after.user - before.user, after.system - before.system
    cells = (
        f"{options.dim}-{options.widths}",
        f"{found.count:,}",
        f"{found.stats['vertices']:,}",
        str(found.stats.get("chambers", 1)),
        str(worker_count()),
        f"{user:.1f} + {system:.1f}",
        f"{1e6 * (user + system) / found.count:.2f}",
        f"{clock:.1f}",
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f}",
    )
    print(f"| {' | '.join(cells)} |")
    unproved = {k: v for k, v in found.stats.items() if "exact" in k or "sharp" in k}
    print(found.method, "complete:", found.complete, unproved)


if __name__ == "__main__":
    main()
