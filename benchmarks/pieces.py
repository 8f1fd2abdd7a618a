"""Counts by pieces beside the counts of the whole boxes.

Run: python benchmarks/pieces.py tests/data/nets/d3_64x2.npz --parts 4 16

Each network is counted whole and in pieces of about a fourth and a sixteenth of its
regions, one after another in this process. Times are processor seconds of all threads,
planning and proofs included; compiled code is loaded before.
"""

import argparse
import os
import pathlib
import time

from regions.compiled import SWITCH as COMPILED
from regions.domains.shapes import Box
from regions.enumeration import count_regions
from regions.io import load_network
from regions.pieces.count import count_by_pieces

HEAD = "| network | regions | whole, CPU s | parts | pieces | walls | CPU s |"


def main() -> None:
    """Count and print, line by line."""
    parser = argparse.ArgumentParser(description="Count networks by pieces.")
    parser.add_argument("networks", nargs="+", type=pathlib.Path)
    parser.add_argument("--parts", nargs="+", type=int, default=[4, 16])
    options = parser.parse_args()
    os.environ[COMPILED] = "on"
    print(HEAD)
    print("|" + " --- |" * (HEAD.count("|") - 1))
    for path in options.networks:
        network = load_network(path)
        box = Box.cube(network.input_dim)
        count_regions(network, box)
        begin = time.process_time()
        whole = count_regions(network, box)
        alone = time.process_time() - begin
        for parts in options.parts:
            begin = time.process_time()
            found = count_by_pieces(
                network, box, piece_regions=-(-whole.count // parts)
            )
            seconds = time.process_time() - begin
            if found.count != whole.count:
                raise AssertionError(f"{found.count} by pieces, {whole.count} whole")
            print(
                f"| {path.stem} | {whole.count:,} | {alone:.2f} | {parts} "
                f"| {found.stats['pieces']} | {found.stats['walls']} "
                f"| {seconds:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
