"""What an accelerator does, part by part, beside the floor that it sets itself.

Run: python -m benchmarks.accelerator            (JAX_PLATFORMS=cpu for the host)

Times are by the clock, the best of several calls after one that compiles. A floor is
what the same device takes in the same process for the bytes that have to move, or for
the matrix products alone (`benchmarks.floors`); for `counts in training` it is the
training alone. Sizes suit the device: minutes on a CPU, and less than eight on one GPU.
The row that is farthest from its floor is run again under JAX's profiler, and what
takes its time is printed.
"""

import argparse
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.floors import Floor, best, floor, platform, product_seconds
from benchmarks.grid import load
from benchmarks.lps import polytopes
from benchmarks.trace import operations
from experiments.measures.unit_square import UNIT_SQUARE
from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.grid import device_tally
from regions.grid.hash_grid import boundary_pixels, hash_grid
from regions.grid.kernel import Piece, grid_axes, stream
from regions.grid.pattern_table import PatternTable
from regions.lp.batches import Batch, chebyshev_balls
from regions.network import ReluNetwork
from regions.partition.device_labels import labels_on_device
from regions.patterns.kernel import random_hash_words
from regions.patterns.packing import num_words
from regions.polytopes.list_geometry import list_balls, list_boxes
from training.config import ModelConfig, TrainingConfig
from training.counting import count_during_training
from training.datasets import ring_image, sample_points
from training.ensemble import init_ensemble, train_ensemble_block
from training.fit import updates_per_epoch
from training.loop import shuffle_key, to_device, without_length

COLUMNS = "part", "case", "amount", "seconds", "per second", "floor, s", "floor by"
COLUMNS += ("time / floor",)
SHAPES = {"14x6": (14,) * 6, "20x40": (20,) * 40, "500x1": (500,)}
PROGRAMS = ((3, 40), (6, 64))
STEPS = 12
"""Steps of the interior point in most programs."""


class Sizes(NamedTuple):
    """How much is done: points a side, programs, seeds, epochs, pixels a side."""

    resolution: int
    programs: int
    seeds: tuple[int, ...]
    epochs: int
    pixels: int


SIZES = {
    "cpu": Sizes(192, 1024, (1, 16), 1, 256),
    "gpu": Sizes(8192, 2**16, (1, 16, 256), 20, 1024),
}


class Row(NamedTuple):
    """One line of the table; `work` is what was measured."""

    part: str
    case: str
    amount: int
    seconds: float
    floor: Floor
    work: Callable[[], object]

    @property
    def ratio(self) -> float:
        """Time over floor."""
        return self.seconds / self.floor.seconds

    def __str__(self) -> str:
        cells = [self.part, self.case, f"{self.amount:,}", f"{self.seconds:.4g}"]
        cells += [f"{self.amount / self.seconds:,.0f}", f"{self.floor.seconds:.3g}"]
        return f"| {' | '.join(cells)} | {self.floor.by} | {self.ratio:.1f} |"


def measured(
    part: str,
    case: str,
    amount: int,
    floor: Floor,
    work: Callable[[], object],
    repeats: int = 3,
) -> Row:
    """The row of some work."""
    return Row(part, case, amount, best(work, repeats), floor, work)


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


def hidden_weights(network: ReluNetwork) -> list[np.ndarray]:
    """Matrices of the hidden layers."""
    return [np.asarray(layer.weight) for layer in network.hidden]


def evaluate(network: ReluNetwork, axes: Any, dtype: str) -> None:
    """Evaluate all points of a grid, and do nothing with the patterns."""
    points = range(math.prod(map(len, axes)))
    for piece in stream(network, axes, dtype, None, points):
        jax.block_until_ready(piece.words)


def grid_rows(sizes: Sizes) -> Iterator[Row]:
    """Grids over the plane: the patterns alone, and the public function.

    At least the words of each point have to be written, and for the count read again.
    """
    box, side = Box.cube(2), sizes.resolution
    for name, widths in SHAPES.items():
        network, points = random_network(widths), side * side
        word_bytes = 4 * num_words(network.num_bits) * points
        axes = grid_axes(box, (side, side), 0.5)
        for dtype in ("float32", "float64"):
            products = product_seconds(hidden_weights(network), dtype, points)
            case = f"{name}, {dtype}"
            kernel = functools.partial(evaluate, network, axes, dtype)
            least = floor(word_bytes, products)
            yield measured("grid, patterns", case, points, least, kernel)
            whole = functools.partial(
                hash_grid, network, box, side, labels=False, dtype=dtype
            )
            least = floor(2 * word_bytes, products)
            yield measured("grid, counted", case, points, least, whole, 2)
    if platform() == "gpu":
        network, points = random_network(SHAPES["14x6"]), 4 * side * side
        products = product_seconds(hidden_weights(network), "float32", points)
        whole = functools.partial(
            hash_grid, network, box, 2 * side, labels=False, dtype="float32"
        )
        least = floor(8 * num_words(network.num_bits) * points, products)
        yield measured("grid, counted", f"14x6, {2 * side}^2", points, least, whole, 2)


def numbering_rows(sizes: Sizes) -> Iterator[Row]:
    """Numbers of patterns that are known, and their tally, of one chunk of a grid.

    Words and beginnings of runs are read, and a label of each point is written; then
    the runs alone are counted.
    """
    box, side = Box.cube(2), min(sizes.resolution, 2048)
    for name, widths in SHAPES.items():
        network = random_network(widths)
        axes = grid_axes(box, (side, side), 0.5)
        piece = next(iter(stream(network, axes, "float64", None, range(side * side))))
        yield from _numbering(name, network, piece)


def _numbering(name: str, network: ReluNetwork, piece: Piece) -> Iterator[Row]:
    """The same of one network."""
    words, points = num_words(network.num_bits), piece.stop - piece.start
    hash_words = random_hash_words(network.num_bits)
    tally = device_tally.DeviceTally(PatternTable(words, hash_words), hash_words)
    add = functools.partial(tally.add, piece.words, piece.begins, piece.start, points)
    add()
    least = floor((4 * words + 1 + 4) * points)
    yield measured("numbering and tally", name, points, least, add)
    with jax.enable_x64(True):
        runs = tally._runs(piece.words, piece.begins, np.int32(points))
        labels, sums = tally._labels(runs), tally._sums
        added = functools.partial(
            device_tally._added, sums, runs, labels, np.int64(piece.start)
        )
        count = int((runs.lengths > 0).sum())
        # Places, lengths and labels of the runs are read, and the sums once more.
        least = floor(12 * count + 2 * 32 * len(sums.points))
        yield measured("tally", name, count, least, added)


def program_rows(sizes: Sizes) -> Iterator[Row]:
    """Chebyshev balls, of rows that travel and of lists whose rows do not.

    The floor is one product of the normal equations A^T D A for each program and step.
    """
    count = sizes.programs
    for dim, rows in PROGRAMS:
        A, b = polytopes(count, dim, rows)
        case, least = f"{dim} variables, {rows} rows", normal_floor(A, b)
        with jax.enable_x64(True):
            solve = Batch(*A.shape, programs=1).balls()
            arrays = [jnp.asarray(array) for array in (A, b, np.full(count, 10.0))]
        solver = functools.partial(in_x64, solve, *arrays)
        yield measured("programs, solver", case, count, least, solver)
        balls = functools.partial(chebyshev_balls, A, b, 10.0)
        yield measured("programs, from the host", case, count, least, balls)
    yield from list_rows(count)


def list_rows(count: int) -> Iterator[Row]:
    """Balls and boxes of a list of regions of 3 variables and 40 rows."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in ((17, 3), (17, 17), (1, 17))]
    network = ReluNetwork.from_arrays(
        weights, [rng.normal(size=17) for _ in "ab"] + [[0.0]]
    )
    box = Box.cube(3)
    found = enumerate_regions(network, box).patterns
    patterns = np.resize(found, (count, found.shape[1]))
    least = normal_floor(*polytopes(count, 3, 40))
    balls = functools.partial(list_balls, network, box, patterns)
    yield measured("programs, list of balls", "3-[17, 17]", count, least, balls)
    some = patterns[: count // 4]
    boxes = functools.partial(list_boxes, network, box, some)
    six = Floor(least.seconds * 6 / 4, least.by)
    yield measured("programs, list of boxes", "3-[17, 17]", len(some), six, boxes)


def in_x64(function: Callable[..., object], *arrays: object) -> object:
    """Call with 64-bit floats."""
    with jax.enable_x64(True):
        return function(*arrays)


def normal_floor(A: np.ndarray, b: np.ndarray) -> Floor:
    """Products `A^T D A` of all programs, one for each step."""
    with jax.enable_x64(True):
        matrices, scales = jnp.asarray(A), jnp.asarray(np.abs(b) + 1.0)
        normal = jax.jit(lambda A, d: jnp.einsum("nij,ni,nik->njk", A, d, A))
        return Floor(STEPS * best(lambda: normal(matrices, scales)), "products")


def training_rows(sizes: Sizes) -> Iterator[Row]:
    """Updates of ensembles on the ring, 5000 points, batches of 1024."""
    data = sample_points(ring_image(), 5000, 1000, seed=0)
    names = SHAPES if platform() == "gpu" else ("14x6",)
    for name, size in ((name, size) for name in names for size in sizes.seeds):
        config = TrainingConfig(model=ModelConfig(widths=SHAPES[name]), batch_size=1024)
        points, static = to_device(data), without_length(config)
        keys = jnp.stack([shuffle_key(seed) for seed in range(size)])
        state = init_ensemble(config, range(size))
        step = functools.partial(
            train_ensemble_block, state, points, keys, static, sizes.epochs
        )
        updates = size * sizes.epochs * updates_per_epoch(config, data)
        weights = hidden_weights(random_network(SHAPES[name]))
        products = 3 * product_seconds(weights, "float32", 1024 * updates)
        case = f"{name}, {size} at once"
        yield measured("training", case, updates, floor(0, products), step)


def counting_rows(sizes: Sizes) -> Iterator[Row]:
    """The same ensembles, with the regions of every network at every epoch.

    The floor is the training alone: the host counts while the device trains.
    """
    size, epochs = max(sizes.seeds), sizes.epochs
    data = sample_points(ring_image(), 5000, 1000, seed=0)
    config = TrainingConfig(
        model=ModelConfig(widths=SHAPES["14x6"]), batch_size=1024, epochs=epochs
    )
    count = functools.partial(
        count_during_training, config, data, range(size), Box.cube(2)
    )
    points, static = to_device(data), without_length(config)
    keys = jnp.stack([shuffle_key(seed) for seed in range(size)])

    def train() -> object:
        state = init_ensemble(config, range(size))
        for _ in range(epochs):
            state, _losses = train_ensemble_block(state, points, keys, static, 1)
        return state

    alone = Floor(best(train, 2), "training")
    case, amount = f"14x6, {size} at every epoch", size * (epochs + 1)
    yield measured("counts in training", case, amount, alone, count, 2)


def movie_rows(sizes: Sizes) -> Iterator[Row]:
    """Labels and marks of a frame, made where the points are; the marks travel.

    Each point is evaluated in float64; a label of 4 bytes is written and read again.
    """
    network, side = random_network(SHAPES["14x6"]), sizes.pixels
    found = enumerate_regions(network, UNIT_SQUARE)
    axes = grid_axes(UNIT_SQUARE, (side, side), 0.0)

    def frame() -> np.ndarray:
        labels = labels_on_device(found, UNIT_SQUARE, axes)
        assert labels is not None
        return np.asarray(boundary_pixels(labels))

    products = product_seconds(hidden_weights(network), "float64", side * side)
    least = floor(9 * side * side, products)
    yield measured("movie frames", f"14x6, {side}^2", side * side, least, frame)


PARTS = {
    "grid": grid_rows,
    "numbering": numbering_rows,
    "programs": program_rows,
    "training": training_rows,
    "counts": counting_rows,
    "movie": movie_rows,
}


def chosen_sizes(options: argparse.Namespace) -> Sizes:
    """Those that suit the device, but for what was asked for."""
    asked = {name: getattr(options, name) for name in Sizes._fields}
    asked["seeds"] = asked["seeds"] and tuple(asked["seeds"])
    given = {name: value for name, value in asked.items() if value}
    return SIZES[platform()]._replace(**given)


def main() -> None:
    """Print one table, and what takes the time of its worst row."""
    parser = argparse.ArgumentParser(description="Time what an accelerator does.")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--resolution", type=int, help="of the grids")
    parser.add_argument("--programs", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", help="sizes of ensembles")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--pixels", type=int, help="side of a frame")
    options = parser.parse_args()
    sizes = chosen_sizes(options)
    print(f"device: {jax.devices()[0].device_kind}, JAX {jax.__version__}")
    print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    rows: list[Row] = []
    for name, measure in PARTS.items():
        if options.only in (None, name):
            for row in measure(sizes):
                print(row, flush=True)
                rows.append(row)
    worst = max(rows, key=lambda row: row.ratio)
    print(f"\nThe worst row: {worst.part}, {worst.case}. Its time goes to")
    for share, operation in operations(worst.work):
        print(f"  {share:6.1%}  {operation}")


if __name__ == "__main__":
    main()
