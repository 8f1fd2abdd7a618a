"""Counting many networks: `count_many` beside a loop over `count_regions`.

Run: python -m benchmarks.many [--networks 1000]

Networks have the law of tests/data/nets: He-normal weights, biases of standard
deviation 0.5, in [-1, 1]^2. Seconds are processor seconds of all threads, and those by
the clock.
"""

import argparse
import time

import numpy as np

import regions
from regions.network import ReluNetwork

SHAPES = ((16, 16), (14,) * 6)
ALONE = 100
"""Networks of the loop, at most."""


def random_networks(
    widths: tuple[int, ...], number: int, seed: int = 0
) -> list[ReluNetwork]:
    """Networks of the plane, of one shape."""
    rng, sizes = np.random.default_rng(seed), (2, *widths, 1)
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    return [
        ReluNetwork.from_arrays(
            [
                (rng.standard_normal(shape) * np.sqrt(2.0 / shape[1])).astype(
                    np.float32
                )
                for shape in pairs
            ],
            [(0.5 * rng.standard_normal(n)).astype(np.float32) for n, _ in pairs],
        )
        for _ in range(number)
    ]


def measure(widths: tuple[int, ...], number: int) -> str:
    """One row of the table."""
    networks, box = random_networks(widths, number), regions.Box.cube(2)
    few = networks[:ALONE]
    expected = [int(regions.count_regions(network, box)) for network in few]
    begin = time.process_time()
    for network in few:
        regions.count_regions(network, box)
    alone = (time.process_time() - begin) / len(few)
    regions.count_many(few, box)
    begin, clock = time.process_time(), time.perf_counter()
    counts = regions.count_many(networks, box)
    seconds, wall = time.process_time() - begin, time.perf_counter() - clock
    found = [int(count.require_complete()) for count in counts]
    if found[: len(few)] != expected:
        raise AssertionError("count_many and count_regions differ")
    cells = [
        f"2-{list(widths)}",
        f"{number:,}",
        f"{sum(found):,}",
        f"{1e3 * alone:.3f}",
        f"{1e3 * seconds / number:.3f}",
        f"{number / seconds:,.0f}",
        f"{number / wall:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Many networks in one call.")
    parser.add_argument("--networks", type=int, default=1000, help="of each shape")
    options = parser.parse_args()
    head = [
        "networks",
        "number",
        "regions",
        "in a loop, CPU ms each",
        "in one call, CPU ms each",
        "per CPU s",
        "per s by the clock",
    ]
    print(f"| {' | '.join(head)} |")
    print("|" + " --- |" * len(head))
    for widths in SHAPES:
        print(measure(widths, options.networks), flush=True)


if __name__ == "__main__":
    main()
