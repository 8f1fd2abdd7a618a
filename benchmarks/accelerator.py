"""What an accelerator does: grid points, linear programs and updates per second.

Run: python -m benchmarks.accelerator            (JAX_PLATFORMS=cpu for the host)

Times are by the clock, the best of several calls after one that compiles. Each stands
beside a floor that the same device sets in the same process: the hidden layers' matrix
products at all points (grid; three times that for a training step), or one product of
the normal equations A^T D A for each program and step of the interior point (programs).
The part `grid kernel` leaves the host's tables out: the patterns are evaluated, packed
and fetched; `programs, solver` has its arrays on the device and leaves them there.
"""

import argparse
import functools
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.grid import load
from benchmarks.lps import polytopes
from regions.domains.shapes import Box
from regions.grid.hash_grid import hash_grid
from regions.grid.kernel import grid_axes, stream
from regions.lp.batches import Batch, chebyshev_balls
from regions.network import ReluNetwork
from training.config import ModelConfig, TrainingConfig
from training.counting import count_during_training
from training.datasets import ring_image, sample_points
from training.ensemble import init_ensemble, train_ensemble_block
from training.fit import updates_per_epoch
from training.loop import shuffle_key, to_device, without_length

HEAD = "| part | case | amount | seconds | per second | floor, s | time / floor |"
SHAPES = {"14x6": (14,) * 6, "20x40": (20,) * 40, "500x1": (500,)}
PROGRAMS = ((3, 40), (6, 64))


class Row(NamedTuple):
    """One line of the table; `floor` is 0 where none is known."""

    part: str
    case: str
    amount: int
    seconds: float
    floor: float

    def __str__(self) -> str:
        times = f"{self.seconds / self.floor:.1f}" if self.floor else ""
        return (
            f"| {self.part} | {self.case} | {self.amount:,} | {self.seconds:.4f} "
            f"| {self.amount / self.seconds:,.0f} | {self.floor:.4f} | {times} |"
        )


def best(function: Callable[[], object], repeats: int = 3) -> float:
    """Least seconds of a call, after one that compiles."""
    function()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def finish(function: Callable[[], object]) -> None:
    """Call, and wait for the device."""
    jax.block_until_ready(function())


def random_network(widths: tuple[int, ...]) -> ReluNetwork:
    """A random leaky network of the plane."""
    if widths == SHAPES["14x6"]:
        return load(None)
    rng = np.random.default_rng(0)
    sizes = [2, *widths, 1]
    weights = [
        rng.normal(size=(out, fan_in)) * np.sqrt(2 / fan_in)
        for fan_in, out in zip(sizes[:-1], sizes[1:], strict=True)  # noqa: RUF007
    ]
    return ReluNetwork.from_arrays(weights, [np.full(w, 0.1) for w in sizes[1:]], 0.1)


def product_seconds(weights: list[np.ndarray], dtype: str, points: int) -> float:
    """Seconds of one pass of the matrix products at so many points."""
    block = min(points, 2**20)
    with jax.enable_x64(dtype == "float64"):
        matrices = [jnp.asarray(w, dtype) for w in weights]
        start = jnp.ones((weights[0].shape[1], block), dtype)

        @jax.jit
        def products(h: jax.Array) -> jax.Array:
            for matrix in matrices:
                h = matrix @ h
            return h

        return best(lambda: products(start).block_until_ready()) * points / block


def consume(
    network: ReluNetwork, axes: tuple[np.ndarray, ...], dtype: str, chunk: int | None
) -> None:
    """Evaluate all points of a grid, and do nothing with the patterns."""
    points = range(math.prod(map(len, axes)))
    for piece in stream(network, axes, dtype, chunk, points):
        jax.block_until_ready(piece.words)


def grid_rows(resolution: int, chunk: int | None) -> Iterator[Row]:
    """Grids over the plane, by the public function and without its tables."""
    box = Box.cube(2)
    for name, widths in SHAPES.items():
        network = random_network(widths)
        weights = [np.asarray(layer.weight) for layer in network.hidden]
        side = resolution if name == "14x6" else resolution // 4
        axes = grid_axes(box, (side, side), 0.5)
        for dtype in ("float32", "float64"):
            how: dict[str, Any] = {"dtype": dtype, "chunk": chunk}
            floor = product_seconds(weights, dtype, side * side)
            row = functools.partial(Row, case=f"{name}, {dtype}", amount=side * side)
            kernel = best(functools.partial(consume, network, axes, **how))
            yield row(part="grid kernel", seconds=kernel, floor=floor)
            whole = functools.partial(hash_grid, network, box, side, labels=False)
            seconds = best(functools.partial(whole, **how), 2)
            yield row(part="grid", seconds=seconds, floor=floor)


def program_rows(count: int) -> Iterator[Row]:
    """Chebyshev balls by the batched interior point."""
    for dim, rows in PROGRAMS:
        A, b = polytopes(count, dim, rows)
        case, floor = f"{dim} variables, {rows} rows", normal_seconds(A, b)
        kernel = solver_seconds(A, b)
        yield Row("programs, solver", case, count, kernel, floor)
        seconds = best(functools.partial(chebyshev_balls, A, b, 10.0))
        yield Row("programs", case, count, seconds, floor)


def solver_seconds(A: np.ndarray, b: np.ndarray) -> float:
    """Seconds of the compiled solver on arrays that the device holds, in one batch."""
    with jax.enable_x64(True):
        solve = Batch(*A.shape, programs=1).balls()
        arrays = [jnp.asarray(array) for array in (A, b, np.full(len(A), 10.0))]
        return best(functools.partial(finish, functools.partial(solve, *arrays)))


def normal_seconds(A: np.ndarray, b: np.ndarray) -> float:
    """Seconds of one product `A^T D A` for each program."""
    with jax.enable_x64(True):
        matrices, scales = jnp.asarray(A), jnp.asarray(np.abs(b) + 1.0)
        normal = jax.jit(lambda A, d: jnp.einsum("nij,ni,nik->njk", A, d, A))
        return best(lambda: normal(matrices, scales).block_until_ready())


def training_rows(sizes: tuple[int, ...], epochs: int) -> Iterator[Row]:
    """Updates of ensembles on the ring, 5000 points, batches of 1024."""
    data = sample_points(ring_image(), 5000, 1000, seed=0)
    for name, widths in SHAPES.items():
        config = TrainingConfig(model=ModelConfig(widths=widths), batch_size=1024)
        points, static = to_device(data), without_length(config)
        for size in sizes:
            keys = jnp.stack([shuffle_key(seed) for seed in range(size)])
            state = init_ensemble(config, range(size))
            step = functools.partial(
                train_ensemble_block, state, points, keys, static, epochs
            )
            seconds = best(functools.partial(finish, step))
            updates = size * epochs * updates_per_epoch(config, data)
            network = random_network(widths)
            weights = [np.asarray(layer.weight) for layer in network.hidden]
            floor = 3 * product_seconds(weights, "float32", 1024 * updates)
            yield Row("training", f"{name}, {size} seeds", updates, seconds, floor)


def counting_rows(size: int, epochs: int) -> Iterator[Row]:
    """The same ensembles, with the regions of every network at every epoch.

    The floor is the training alone: the host counts while the device trains.
    """
    data = sample_points(ring_image(), 5000, 1000, seed=0)
    config = TrainingConfig(
        model=ModelConfig(widths=SHAPES["14x6"]), batch_size=1024, epochs=epochs
    )
    count = functools.partial(
        count_during_training, config, data, range(size), Box.cube(2)
    )
    count()
    points, static = to_device(data), without_length(config)
    keys = jnp.stack([shuffle_key(seed) for seed in range(size)])

    def train() -> None:
        state = init_ensemble(config, range(size))
        for _ in range(epochs):
            state, _losses = train_ensemble_block(state, points, keys, static, 1)
        jax.block_until_ready(state)

    case, amount = f"14x6, {size} seeds, every epoch", size * (epochs + 1)
    yield Row("counts in training", case, amount, best(count, 2), best(train, 2))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description="Time what an accelerator does.")
    parser.add_argument("--only", choices=["grid", "programs", "training", "counts"])
    parser.add_argument("--resolution", type=int, default=8192)
    parser.add_argument("--chunk", type=int, help="grid points per step")
    parser.add_argument("--programs", type=int, default=2**16)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 16, 256])
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    parts = {
        "grid": lambda: grid_rows(options.resolution, options.chunk),
        "programs": lambda: program_rows(options.programs),
        "training": lambda: training_rows(tuple(options.seeds), options.epochs),
        "counts": lambda: counting_rows(max(options.seeds), options.epochs),
    }
    print(f"device: {jax.devices()[0].device_kind}, JAX {jax.__version__}")
    print(HEAD)
    print("|" + " --- |" * (HEAD.count("|") - 1))
    for name, rows in parts.items():
        if options.only in (None, name):
            for row in rows():
                print(row, flush=True)


if __name__ == "__main__":
    main()
