"""How far the slowest network of a family is from the middle of its family.

Run: python -m benchmarks.cliffs [--networks 25]

Families have the law of tests/data/nets, with weights of float32, float16, bfloat16 or
multiples of 1/16, and are counted by `auto` in [-1, 1]^d on one thread, compiled, every
sign proved. Printed are processor microseconds a region: the median, the largest, and
how many times the median that is.
"""

import argparse
import os
import statistics
import time

import ml_dtypes
import numpy as np

import regions
from benchmarks.side_by_side import random_network
from regions.compiled import SWITCH
from regions.network import ReluNetwork

CASES = (
    (2, (10,) * 20),
    (2, (20,) * 22),
    (2, (20,) * 26),
    (2, (20,) * 30),
    (2, (20,) * 40),
    (2, (16,) * 60),
    (3, (12,) * 8),
    (4, (16,) * 3),
    (5, (10,) * 3),
)
KINDS = {
    "float32": lambda values: values.astype(np.float32),
    "float16": lambda values: values.astype(np.float16),
    "bfloat16": lambda values: values.astype(ml_dtypes.bfloat16),
    "sixteenths": lambda values: np.round(16.0 * values) / 16.0,
}


def rounded(network: ReluNetwork, kind: str) -> ReluNetwork:
    """The network with weights and biases of a kind."""
    layers = [*network.hidden, network.output]
    return ReluNetwork.from_arrays(
        [KINDS[kind](layer.weight).astype(float) for layer in layers],
        [KINDS[kind](layer.bias).astype(float) for layer in layers],
    )


def times(dim: int, widths: tuple[int, ...], kind: str, number: int) -> list[float]:
    """Microseconds a region of some networks of a family."""
    box, found = regions.Box(-np.ones(dim), np.ones(dim)), []
    for seed in range(number):
        network = rounded(
            random_network(np.random.default_rng(seed), dim, widths), kind
        )
        begin = time.process_time()
        count = int(regions.count_regions(network, box))
        found.append(1e6 * (time.process_time() - begin) / count)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=25, help="networks a family")
    number = parser.parse_args().networks
    os.environ[SWITCH] = "on"
    os.environ["RELU_REGIONS_THREADS"] = "1"
    print("| networks | weights | median | largest | largest / median |")
    print("| --- | --- | --- | --- | --- |")
    for dim, widths in CASES:
        # The first call may compile.
        times(dim, (4, 4), "float32", 1)
        for kind in KINDS:
            found = times(dim, widths, kind, number)
            middle, most = statistics.median(found), max(found)
            name = f"{dim}-[{widths[0]}]*{len(widths)}"
            print(
                f"| {name} | {kind} | {middle:.1f} | {most:.1f} | {most / middle:.1f} |"
            )


if __name__ == "__main__":
    main()
