"""Questions over all regions beside their count: times in times of the count.

Run: python -m benchmarks.questions [--large]

Networks have the law of tests/data/nets (He-normal weights, biases of standard
deviation 0.5) and a cube for a domain; the classes are the output and its mean. Seconds
are processor seconds of all threads, the least of three; the first call, which loads
compiled code, is not among them. `--large` adds networks of 10^5 to 10^6 regions, once
each.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import regions
from benchmarks.side_by_side import random_network
from regions.network import Layer, ReluNetwork

CASES = (
    (2, (64, 64, 64)),
    (2, (128, 128, 128)),
    (2, (60, 500)),
    (2, (40, 320)),
    (3, (48, 48)),
    (3, (10, 200)),
    (4, (24, 24)),
    (4, (12, 12, 12)),
    (4, (60,)),
)
LARGE = ((2, (1650,)), (3, (112, 112)), (2, (500, 500)))
QUESTIONS: dict[str, Callable[[ReluNetwork, regions.Box], Any]] = {
    "count": regions.count_regions,
    "range": regions.output_range,
    "Lipschitz": regions.lipschitz,
    "integral": regions.integral,
    "moments": regions.moments,
}


def beside_its_mean(network: ReluNetwork, mean: float) -> ReluNetwork:
    """A network of two classes: the output, and its mean."""
    output = network.output
    weight = np.concatenate([output.weight, 0.0 * output.weight])
    bias = np.concatenate([output.bias, [mean]])
    return ReluNetwork(network.hidden, Layer(weight, bias, np.ones(2)))


def seconds(ask: Callable[[], Any], repeats: int) -> float:
    """Processor seconds of all threads, the least of some calls."""
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        ask()
        found.append(time.process_time() - begin)
    return min(found)


def measure(dim: int, widths: tuple[int, ...], repeats: int) -> str:
    """One row of the table."""
    network = random_network(np.random.default_rng(0), dim, widths)
    box = regions.Box.cube(dim)
    count = int(regions.count_regions(network, box).require_complete())
    integral = regions.integral(network, box)
    low, high = regions.output_range(network, box).value
    volume = 2**dim
    if not low * volume <= integral.value.upper or not (
        integral.value.lower <= high * volume
    ):
        raise AssertionError("the mean is no value of the network")
    took = {
        name: seconds(lambda ask=ask: ask(network, box), repeats)
        for name, ask in QUESTIONS.items()
    }
    classes = beside_its_mean(network, float(integral.value.lower) / volume)
    took["classes"] = seconds(lambda: regions.mean_by_class(classes, box), repeats)
    listed = regions.enumerate_regions(network, box)
    begin = time.process_time()
    cells = listed.cells
    drawn = time.process_time() - begin
    volumes = seconds(cells.volumes, repeats)
    base = took.pop("count")
    cells = [
        f"{dim}-{list(widths)}",
        f"{count:,}",
        f"{1e6 * base / count:.2f}",
        *(f"{value / base:.1f}" for value in took.values()),
        f"{1e6 * drawn / count:.1f}",
        f"{1e6 * volumes / count:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Questions beside the count.")
    parser.add_argument("--large", action="store_true", help="larger networks, too")
    options = parser.parse_args()
    head = ["network", "regions", "count, us a region"]
    head += [name for name in QUESTIONS if name != "count"]
    head += ["classes", "vertices, us a region", "volumes, us a region"]
    print(f"| {' | '.join(head)} |")
    print("|" + " --- |" * len(head))
    for case in CASES:
        print(measure(*case, 3), flush=True)
    for case in LARGE if options.large else ():
        print(measure(*case, 1), flush=True)


if __name__ == "__main__":
    main()
