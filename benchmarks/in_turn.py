"""This version of the project beside another one, call by call in turn.

Run: python -m benchmarks.in_turn OTHER [--rounds 11]

OTHER is the folder of another checkout, such as an older commit
(`git worktree add OTHER COMMIT`). Both count the same networks by cells, on one thread,
compiled, every sign proved; each in a process of its own. What other programs on the
machine cost, both pay: the ratio of each round is of calls a moment apart. Seconds are
processor seconds, the least of a round; printed are the least of all rounds and the
median ratio, with the least and the largest.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import regions
from regions.compiled import SWITCH
from regions.network import ReluNetwork

CASES = (
    "2-32-32",
    "2-14-14-14-14-14-14",
    "2-64-64-64",
    "2-200",
    "2-1830",
    "3-8-8",
    "3-16-16",
    "4-8-8",
    "5-6-6",
    "64 of 2-16-16",
    "64 of 2-14-14-14-14-14-14",
)
ROUND_SECONDS = 0.03


def counting(case: str) -> Callable[[], object]:
    """What counts the networks of a case."""
    number, _, shape = case.rpartition(" of ")
    dim, *widths = (int(size) for size in shape.split("-"))
    rng, sizes = np.random.default_rng(0), (dim, *widths, 1)
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    networks = [
        ReluNetwork.from_arrays(
            [
                (rng.standard_normal(p) * np.sqrt(2.0 / p[1])).astype(np.float32)
                for p in pairs
            ],
            [(0.5 * rng.standard_normal(p[0])).astype(np.float32) for p in pairs],
        )
        for _ in range(int(number or 1))
    ]
    box = regions.Box.cube(dim)
    if number:
        return lambda: regions.count_many(networks, box, workers=1)
    return lambda: regions.count_regions(networks[0], box, method="cells")


def serve() -> None:
    """Read cases, and answer with the least processor seconds of some calls each."""
    known: dict[str, Callable[[], object]] = {}
    for line in sys.stdin:
        case = line.strip()
        if case not in known:
            known[case] = counting(case)
            known[case]()
        least, end = float("inf"), time.process_time() + ROUND_SECONDS
        while time.process_time() < end:
            begin = time.process_time()
            known[case]()
            least = min(least, time.process_time() - begin)
        print(least, flush=True)


class Version:
    """One checkout, in a process of its own."""

    def __init__(self, folder: pathlib.Path):
        one_thread = {SWITCH: "on", "RELU_REGIONS_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(folder), "--serve"],
            env=os.environ | one_thread | {"PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seconds(self, case: str) -> float:
        """Of one round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(case, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def compare(case: str, this: Version, other: Version, rounds: int) -> str:
    """One row of the table."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            ours, theirs = this.seconds(case), other.seconds(case)
        else:
            theirs, ours = other.seconds(case), this.seconds(case)
        pairs.append((ours, theirs))
    ratios = [ours / theirs for ours, theirs in pairs]
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    cells = [
        case,
        f"{1e3 * min(theirs for _, theirs in pairs):.2f}",
        f"{1e3 * min(ours for ours, _ in pairs):.2f}",
        f"{statistics.median(ratios):.2f} ({spread})",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Two versions in turn.")
    parser.add_argument("other", type=pathlib.Path, help="folder of a checkout")
    parser.add_argument("--rounds", type=int, default=11, help="of each case")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        found = pathlib.Path(regions.__file__).resolve().parents[1]
        assert found == options.other.resolve(), found
        serve()
        return
    this = Version(pathlib.Path(__file__).resolve().parents[1])
    other = Version(options.other)
    head = ["networks", "other, CPU ms", "this, CPU ms", "this / other"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for case in CASES:
        print(compare(case, this, other, options.rounds), flush=True)
    this.close()
    other.close()


if __name__ == "__main__":
    main()
