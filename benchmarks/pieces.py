"""Counts in parts by cells beside the counts of the whole boxes.

Run: python benchmarks/pieces.py tests/data/nets/d3_64x2.npz --parts 20 200

Each network is counted whole and in parts, one after another in this process. Times are
processor seconds of all threads, planning and proofs included; compiled code is loaded
before. The largest part bounds what many workers can gain.
"""

import argparse
import os
import pathlib
import time

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box
from regions.enumeration import count_regions
from regions.io import load_network
from regions.pieces.cell_parts import CellParts

HEAD = "| network | regions | whole, CPU s | parts | planning | all | largest |"


def main() -> None:
    """Count and print, line by line."""
    parser = argparse.ArgumentParser(description="Count networks in parts.")
    parser.add_argument("networks", nargs="+", type=pathlib.Path)
    parser.add_argument("--parts", nargs="+", type=int, default=[20, 200])
    options = parser.parse_args()
    os.environ[COMPILED] = "on"
    print(HEAD)
    print("|" + " --- |" * (HEAD.count("|") - 1))
    for path in options.networks:
        network = load_network(path)
        box = Box.cube(network.input_dim)
        count_regions(network, box, method="cells")
        begin = time.process_time()
        whole = count_regions(network, box, method="cells").count
        alone = time.process_time() - begin
        for wanted in options.parts:
            begin = time.process_time()
            parts = CellParts(network, box, wanted)
            planned = time.process_time() - begin
            counts = [parts.count(part, lambda: False) for part in range(len(parts))]
            seconds = time.process_time() - begin
            if sum(counts) != whole:
                raise AssertionError(f"{sum(counts)} in parts, {whole} whole")
            print(
                f"| {path.stem} | {whole:,} | {alone:.2f} | {len(parts)} "
                f"| {planned:.2f} | {seconds:.2f} | {max(counts) / whole:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
