"""Everything in one table: engines, pieces, proofs, grid, programs, training.

Run: make bench        (or: python -m benchmarks.bench --only grid)

Times are processor seconds of all threads, which other work on the machine changes
little. Each row has a process of its own, and its peak resident size. Beside each time
stands a floor: the time, measured in the same process, of arithmetic that no method of
this kind can leave out. The floors are

- forward: one float64 forward pass of the hidden layers at as many points (cells,
  pieces) or at the witnesses (verify);
- balls: the Chebyshev balls of as many programs, alone, in the largest batch (tree);
- products: the matrix products of the hidden layers at all grid points (grid);
- normal: one product of the normal equations, A^T D A, for each program (LPs), of which
  an interior point makes some ten to thirty;
- products: those of the forward pass, three times, for the two of the backward pass
  (training);
- yardstick: forward passes of a network that is always the same (engines).
"""

import argparse
import functools
import multiprocessing
import os
import pathlib
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np

NETS = pathlib.Path(__file__).resolve().parents[1] / "tests" / "data" / "nets"
HEAD = (
    "| part | case | size | CPU s | per CPU s | floor, CPU s | time / floor "
    "| peak MiB |"
)
BATCH = 4096
LONG_ENOUGH = 0.05
"""Processor seconds of all runs of what is timed, at least."""

T = TypeVar("T")


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        case: What was done.
        size: How much of it, and of what.
        amount: The same as a number.
        seconds: Processor seconds, the least of several runs.
        floor: Those of the floor.
        kind: Which floor it is.
    """

    case: str
    size: str
    amount: int
    seconds: float
    floor: float
    kind: str


def in_turns(
    work: Callable[[], object], floor: Callable[[], object], turns: int = 3
) -> tuple[float, float]:
    """Least processor seconds of two calls, after one of each that warms up.

    They take turns, so that whatever else the machine does meets both. In each turn a
    short call is repeated until its calls have taken `LONG_ENOUGH` together.
    """
    work()
    floor()
    least = [float("inf")] * 2
    for _ in range(turns):
        for i, function in enumerate((floor, work, floor)):
            spent = 0.0
            while spent < LONG_ENOUGH:
                seconds, _ = timed(function)
                spent += seconds
                least[i % 2] = min(least[i % 2], seconds)
    return least[1], least[0]


def timed(function: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds of a call, and its result."""
    begin = time.process_time()
    result = function()
    return time.process_time() - begin, result


def at_random(dim: int, count: int) -> np.ndarray:
    """As many points of the cube as there are regions."""
    return np.random.default_rng(0).uniform(-1.0, 1.0, (count, dim))


def cells_row(name: str) -> Row:
    """A count on the cube by cells, every sign proved."""
    from benchmarks.yardsticks import forward
    from regions.domains.shapes import Box
    from regions.enumeration import count_regions
    from regions.io import load_network

    network = load_network(NETS / f"{name}.npz")
    box = Box.cube(network.input_dim)
    count = count_regions(network, box).count
    points = at_random(box.dim, count)
    times = in_turns(
        lambda: count_regions(network, box, method="cells"),
        lambda: forward(network, points),
    )
    return Row(name, f"{count:,} regions", count, *times, "forward")


def engine_row(method: str) -> Row:
    """A short count by one engine."""
    from benchmarks.engines import CASES, yardstick
    from regions.enumeration import count_regions

    case = CASES[method]
    network, domain = case.network(), case.domain
    count = count_regions(network, domain, method=method).count
    times = in_turns(
        lambda: count_regions(network, domain, method=method), yardstick(), turns=5
    )
    return Row(method, f"{count:,} regions", count, *times, "yardstick")


def pieces_row(name: str) -> Row:
    """The same count in ten parts, one after another."""
    from benchmarks.yardsticks import forward
    from regions.domains.shapes import Box
    from regions.enumeration import count_regions
    from regions.io import load_network
    from regions.pieces.parts import count_in_parts

    network = load_network(NETS / f"{name}.npz")
    box = Box.cube(network.input_dim)
    count = count_regions(network, box).count
    found = count_in_parts(network, box, parts=10)
    if found.count != count:
        raise AssertionError(f"{found.count} in parts, {count} at once")
    points = at_random(box.dim, count)
    times = in_turns(
        lambda: count_in_parts(network, box, parts=10),
        lambda: forward(network, points),
    )
    case = f"{name}, {found.stats['parts']} parts"
    return Row(case, f"{count:,} regions", count, *times, "forward")


def tree_row(name: str) -> Row:
    """The tree, every decision proved."""
    from benchmarks.tree import problem
    from regions.enumeration import count_regions
    from regions.lp.chebyshev import small_batch_balls

    source = name if name.startswith("thresholds") else str(NETS / f"{name}.npz")
    network, domain = problem(source, name.startswith("thresholds"), 1.0)
    found = count_regions(network, domain, method="tree")
    A, b = random_polytopes(BATCH, max(2, network.input_dim), 32)
    seconds, batch = in_turns(
        lambda: count_regions(network, domain, method="tree"),
        lambda: small_batch_balls(A, b, 10.0),
    )
    programs = int(found.stats["linear_programs"])
    size = f"{found.count:,} regions, {programs:,} programs"
    return Row(name, size, found.count, seconds, batch / BATCH * programs, "balls")


def random_polytopes(count: int, dim: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Random polytopes in the cube, with the origin inside."""
    from benchmarks.lps import polytopes

    return polytopes(count, dim, rows)


def verify_row(name: str, exact: bool) -> Row:
    """The independent check of a whole list of regions."""
    from benchmarks.yardsticks import forward
    from regions.certificates import verify
    from regions.domains.shapes import Box
    from regions.enumeration import enumerate_regions
    from regions.io import load_network

    network = load_network(NETS / f"{name}.npz")
    rs = enumerate_regions(network, Box.cube(network.input_dim))
    report = verify(rs, exact=exact)
    if not report.ok:
        raise AssertionError(str(report))
    times = in_turns(
        lambda: verify(rs, exact=exact), lambda: forward(network, rs.witnesses)
    )
    case = f"{name}, {'rational' if exact else 'float64'}"
    return Row(case, f"{len(rs):,} regions", len(rs), *times, "forward")


def many_row(widths: tuple[int, ...], number: int) -> Row:
    """Counts of many networks of the plane, in one call.

    The floor is one forward pass of each network at as many points as it has regions.
    """
    from benchmarks.many import random_networks
    from benchmarks.yardsticks import forward
    from regions.domains.shapes import Box
    from regions.enumeration.many import count_many

    networks, box = random_networks(widths, number), Box.cube(2)
    counts = count_many(networks, box)
    rng = np.random.default_rng(0)
    few = [
        (network, rng.uniform(-1.0, 1.0, (count.require_complete().count, 2)))
        for network, count in zip(networks[:256], counts, strict=False)
    ]
    seconds, floor = in_turns(
        lambda: count_many(networks, box),
        lambda: [forward(network, points) for network, points in few],
        turns=1 if number > 10_000 else 3,
    )
    size = f"{sum(map(int, counts)):,} regions"
    case = f"{number:,} of 2-{list(widths)}"
    return Row(case, size, number, seconds, floor * number / len(few), "forward")


def grid_row(dtype: str, resolution: int) -> Row:
    """A grid over the plane, labels left out."""
    from benchmarks.grid import load, products
    from regions.domains.shapes import Box
    from regions.grid.hash_grid import hash_grid

    network, points = load(None), resolution**2
    run = functools.partial(
        hash_grid, network, Box.cube(2), resolution, dtype=dtype, labels=False
    )
    block = 16384
    seconds, floor = in_turns(run, products(network, dtype, block))
    case, size = f"2-[14]*6, {dtype}", f"{points:,} points"
    return Row(case, size, points, seconds, floor / block * points, "products")


def lps_row(form: str, dim: int, rows: int) -> Row:
    """Chebyshev balls of a batch of polytopes."""
    from regions.lp import batches, chebyshev

    A, b = random_polytopes(BATCH, dim, rows)
    solver = {
        "NumPy": chebyshev.small_batch_balls,
        "JAX": batches.chebyshev_balls,
    }[form]
    weights = np.abs(b)
    times = in_turns(
        lambda: solver(A, b, 10.0),
        lambda: np.einsum("bri,br,brj->bij", A, weights, A, optimize=True),
    )
    case = f"{form}, {dim} variables, {rows} rows"
    return Row(case, f"{BATCH:,} programs", BATCH, *times, "normal")


def training_row(seeds: int, epochs: int = 50) -> Row:
    """An ensemble of networks on 1024 points of the plane, full batches, Adam."""
    import jax
    import jax.numpy as jnp

    from training.config import ModelConfig, TrainingConfig
    from training.datasets import Dataset
    from training.ensemble import init_ensemble, train_ensemble_block
    from training.loop import shuffle_key, to_device, without_length

    widths = (64, 64, 64)
    config = TrainingConfig(
        model=ModelConfig(widths=widths, input_dim=2), epochs=epochs, batch_size=None
    )
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (1024, 2)).astype(np.float32)
    y = np.sin(3 * x[:, :1])
    data = to_device(Dataset(x, y, x[:64], y[:64]))
    state = init_ensemble(config, range(seeds))
    keys = jnp.stack([shuffle_key(seed) for seed in range(seeds)])
    static = without_length(config)

    def train() -> None:
        jax.block_until_ready(train_ensemble_block(state, data, keys, static, epochs))

    sizes = list(zip((2, *widths), (*widths, 1), strict=True))
    weights = [jnp.ones((seeds, *size), jnp.float32) for size in sizes]

    @jax.jit
    def products(h: jax.Array) -> jax.Array:
        for weight in weights:
            h = h @ weight
        return h

    start = jnp.ones((seeds, *x.shape), jnp.float32)
    seconds, once = in_turns(train, lambda: products(start).block_until_ready())
    steps, floor = seeds * epochs, 3 * epochs * once
    case = f"2-[64]*3, {seeds} seed{'s' if seeds > 1 else ''}"
    return Row(case, f"{steps:,} steps", steps, seconds, floor, "products")


ENGINES = ["line", "balls", "restriction", "cells", "tree"]
"""Those of `regions.enumeration.table`."""

PARTS: dict[str, list[Callable[[], Row]]] = {
    "engines": [functools.partial(engine_row, method) for method in ENGINES],
    "cells": [
        functools.partial(cells_row, name)
        for name in ("d2_14x6", "d2_64x3", "d2_500x1", "d3_64x2", "d4_32x2")
    ],
    "pieces": [functools.partial(pieces_row, name) for name in ("d2_64x3", "d3_64x2")],
    "tree": [functools.partial(tree_row, name) for name in ("thresholds4", "d2_32x2")],
    "verify": [
        functools.partial(verify_row, name, exact)
        for name in ("d2_32x2", "d2_64x3", "d3_16x2")
        for exact in (False, True)
    ],
    "many": [
        functools.partial(many_row, (16, 16), 100_000),
        functools.partial(many_row, (14,) * 6, 3_000),
    ],
    "grid": [
        functools.partial(grid_row, "float64", 1024),
        functools.partial(grid_row, "float32", 1024),
    ],
    "LPs": [
        functools.partial(lps_row, form, dim, rows)
        for form in ("NumPy", "JAX")
        for dim, rows in ((3, 40), (6, 64))
    ],
    "training": [functools.partial(training_row, seeds) for seeds in (1, 16)],
}


def measure(row: Callable[[], Row]) -> tuple[Row, float]:
    """A row and the peak resident size, in MiB, of the process that measured it."""
    from benchmarks.yardsticks import peak_bytes

    return row(), peak_bytes() / 2**20


def main() -> None:
    """Measure and print, line by line."""
    parser = argparse.ArgumentParser(description="All benchmarks in one table.")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="some parts")
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # As after the first second of work; otherwise a row would be a mixture.
    os.environ.setdefault("RELU_REGIONS_COMPILED", "on")
    print(HEAD)
    print("|" + " --- |" * (HEAD.count("|") - 1))
    context = multiprocessing.get_context("spawn")
    for part in options.only or PARTS:
        for function in PARTS[part]:
            with context.Pool(1) as pool:
                row, peak = pool.apply(measure, (function,))
            floor = f"{row.floor:.4f} ({row.kind})"
            print(
                f"| {part} | {row.case} | {row.size} | {row.seconds:.3f} "
                f"| {row.amount / row.seconds:,.0f} | {floor} "
                f"| {row.seconds / row.floor:.1f} | {peak:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
