"""Regions per second and bytes per region of the sweep, and its distance to the floor.

Run: python benchmarks/sweep.py tests/data/nets/d2_14x6.npz tests/data/nets/d3_64x2.npz

The floor is one float64 forward pass of the hidden layers at the final vertices: each
unit is evaluated once at each vertex. Memory is the growth of the peak resident size,
each network in a process of its own. Pin the threads of BLAS to time one core:
OPENBLAS_NUM_THREADS=1.
"""

import argparse
import multiprocessing
import pathlib
import resource
import time

import numpy as np

from regions.domains import Box
from regions.enumeration.certify import certify
from regions.enumeration.sweep import sweep
from regions.io import load_network
from regions.network import ReluNetwork

HEAD = (
    "| network | regions | sweep, s | proof, s | count, s | regions/s | bytes/region "
    "| forward, s | sweep / forward | count / forward |"
)


def peak_bytes() -> int:
    """Peak resident size of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def forward_seconds(network: ReluNetwork, points: np.ndarray) -> float:
    """One forward pass of the hidden layers, in chunks that stay in the cache."""
    begin = time.perf_counter()
    for start in range(0, len(points), 4096):
        network.pre_activations(points[start : start + 4096])
    return time.perf_counter() - begin


def measure(path: str, half_width: float, repeats: int) -> str:
    """One row of the table; best times of several runs."""
    network = load_network(path)
    box = Box.cube(network.input_dim, half_width)
    polytope = box.polytope()
    direction = np.random.default_rng(1907).standard_normal(box.dim)
    base, memory = peak_bytes(), 0
    sweeps, proofs, counts, forwards, regions = [], [], [], [], 0
    for _ in range(repeats):
        begin = time.perf_counter()
        complex_ = sweep(network, polytope)
        swept = time.perf_counter()
        proof = certify(complex_, network, box, polytope)
        proved = time.perf_counter()
        regions = complex_.rising_edges(proof.ascends(direction)).num_cells()
        counted = time.perf_counter()
        memory = memory or peak_bytes() - base
        sweeps.append(swept - begin)
        proofs.append(proved - swept)
        counts.append(counted - begin)
        forwards.append(forward_seconds(network, complex_.vertices))
    total, floor = min(counts), min(forwards)
    return (
        f"| {pathlib.Path(path).stem} | {regions:,} | {min(sweeps):.3f} "
        f"| {min(proofs):.3f} | {total:.3f} | {regions / total:,.0f} "
        f"| {memory / regions:,.0f} | {floor:.4f} | {min(sweeps) / floor:.1f} "
        f"| {total / floor:.1f} |"
    )


def main() -> None:
    """Measure each network and print one table."""
    parser = argparse.ArgumentParser(description="Time the sweep.")
    parser.add_argument("networks", nargs="+", help="npz with W0, b0, W1, b1, ...")
    parser.add_argument("--half-width", type=float, default=1.0, help="of the cube")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(HEAD)
    print("|" + " --- |" * (HEAD.count("|") - 1))
    context = multiprocessing.get_context("spawn")
    for path in options.networks:
        with context.Pool(1) as pool:
            row = pool.apply(measure, (path, options.half_width, options.repeats))
        print(row, flush=True)


if __name__ == "__main__":
    main()
