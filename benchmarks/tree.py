"""The tree: programs per second, what decides its questions, named runs, verification.

Run: python benchmarks/tree.py thresholds4 tests/data/nets/d2_32x2.npz
     python benchmarks/tree.py --list --method cells thresholds5
     python benchmarks/tree.py --lps          (programs per second, by batch and form)
     python benchmarks/tree.py --verify 200 tests/data/nets/d2_16x1.npz

`thresholdsN` is the arrangement whose cones are the threshold functions of N variables;
other names are network files, counted in the cube unless `--whole-space` is given. Each
run has a process of its own; memory is its peak resident size.
"""

import argparse
import functools
import itertools
import multiprocessing
import pathlib
import resource
import time
from collections.abc import Callable

import numpy as np

from regions.domains.shapes import Box, Domain, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.io import load_network
from regions.lp.chebyshev import small_batch_balls
from regions.network import ReluNetwork

SHAPES = [(2, 20), (3, 20), (4, 32), (6, 32), (10, 40)]
BATCHES = [1, 16, 256, 4096]
TESTS = ["bounds", "ball", "lp", "farkas", "exact"]
HEAD = (
    "| run | regions | CPU s | peak MiB | regions/s | programs | programs/s "
    "| bounds | ball | program | Farkas | exact |"
)


def thresholds(variables: int) -> ReluNetwork:
    """Hyperplanes with normals (1, +-1, ..., +-1)."""
    signs = itertools.product([-1, 1], repeat=variables)
    rows = np.array([(1, *row) for row in signs], float)
    return ReluNetwork.from_arrays([rows, np.ones((1, len(rows)))], None)


def problem(name: str, whole_space: bool, half_width: float) -> tuple:
    """Network and domain of a run."""
    if name.startswith("thresholds"):
        network = thresholds(int(name.removeprefix("thresholds")))
        return network, WholeSpace(network.input_dim)
    network = load_network(name)
    domain: Domain = Box.cube(network.input_dim, half_width)
    return network, WholeSpace(network.input_dim) if whole_space else domain


def measure(
    name: str, whole_space: bool, half_width: float, method: str, listing: bool
) -> str:
    """One row of the table."""
    network, domain = problem(name, whole_space, half_width)
    # Code is loaded, or compiled, before.
    count_regions(thresholds(4), WholeSpace(5), method=method)
    begin = time.process_time()
    if listing:
        found = enumerate_regions(network, domain, method=method)
        stats, result = found.stats, len(found)
    else:
        count = count_regions(network, domain, method=method)
        stats, result = count.stats, int(count)
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    programs = stats.get("linear_programs", 0)
    decided = [stats.get(f"by_{test}", 0) for test in TESTS]
    shares = " | ".join(f"{d / max(1, sum(decided)):.1%}" for d in decided)
    return (
        f"| {pathlib.Path(name).stem} | {result:,} | {seconds:.2f} | {peak:,.0f} "
        f"| {result / seconds:,.0f} | {programs:,} | {programs / seconds:,.0f} "
        f"| {shares} |"
    )


def measure_verification(
    name: str, regions_at_most: int, whole_space: bool, half_width: float
) -> str:
    """Seconds per region of both kinds of verification."""
    from regions.certificates import verify

    network, domain = problem(name, whole_space, half_width)
    rs = enumerate_regions(network, domain, method="tree", max_regions=regions_at_most)
    cells = []
    for exact in (False, True):
        begin = time.perf_counter()
        report = verify(rs, exact=exact)
        seconds = time.perf_counter() - begin
        cells.append(f"{1e3 * seconds / len(rs):.2f} ({'ok' if report.ok else 'BAD'})")
    return f"| {pathlib.Path(name).stem} | {len(rs):,} | {cells[0]} | {cells[1]} |"


def best_seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """Best time of a call, after one that compiles."""
    function()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def print_programs_per_second() -> None:
    """Chebyshev balls per second of both batched forms."""
    from regions.lp import batches

    rng = np.random.default_rng(0)
    print("| dim | rows | form |" + "".join(f" batch {n} |" for n in BATCHES))
    print("|" + " --- |" * (3 + len(BATCHES)))
    for dim, rows in SHAPES:
        cube = np.concatenate([np.eye(dim), -np.eye(dim)])
        normals = rng.standard_normal((max(BATCHES), rows - 2 * dim, dim))
        walls = np.broadcast_to(cube, (len(normals), *cube.shape))
        A = np.concatenate([normals, walls], axis=1)
        b = np.abs(rng.standard_normal(A.shape[:2])) + 0.1
        forms = {"NumPy": small_batch_balls, "JAX": batches.chebyshev_balls}
        for form, solve in forms.items():
            rates = [
                n / best_seconds(functools.partial(solve, A[:n], b[:n], 10.0))
                for n in BATCHES
            ]
            cells = "".join(f" {rate:,.0f} |" for rate in rates)
            print(f"| {dim} | {rows} | {form} |{cells}", flush=True)


def main() -> None:
    """Measure what was asked for and print a table."""
    parser = argparse.ArgumentParser(description="Time the tree.")
    parser.add_argument("runs", nargs="*", help="thresholdsN, or network files")
    parser.add_argument("--lps", action="store_true", help="programs per second")
    parser.add_argument("--verify", type=int, metavar="N", help="verify N regions")
    parser.add_argument("--whole-space", action="store_true")
    parser.add_argument("--method", default="tree", help="an engine, of the counts")
    parser.add_argument("--list", action="store_true", help="list the regions")
    parser.add_argument("--half-width", type=float, default=1.0, help="of the cube")
    options = parser.parse_args()
    if options.lps:
        print_programs_per_second()
    if not options.runs:
        return
    place = (options.whole_space, options.half_width)
    head = HEAD
    if options.verify:
        head = "| run | regions | float64, ms/region | exact, ms/region |"
    print(head)
    print("|" + " --- |" * (head.count("|") - 1))
    context = multiprocessing.get_context("spawn")
    for name in options.runs:
        with context.Pool(1) as pool:
            if options.verify:
                row = pool.apply(measure_verification, (name, options.verify, *place))
            else:
                how = (options.method, options.list)
                row = pool.apply(measure, (name, *place, *how))
        print(row, flush=True)


if __name__ == "__main__":
    import jax

    jax.config.update("jax_enable_x64", True)
    main()
