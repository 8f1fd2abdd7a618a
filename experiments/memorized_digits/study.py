"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from experiments.measures.digit_networks import corrupted_labels
from experiments.measures.seed_networks import snapshot_networks
from experiments.memorized_digits.buckets import measure, network_buckets
from experiments.memorized_digits.claims import memory_claims, memory_headline
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.sources import HASHING
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import fit_ensemble
from training.labeled import Labeled, load_digits, one_hot
from training.progress import Progress

ABOUT = About(
    title="Digits learned by heart",
    page="claims",
    source=f"{HASHING}, on capacity and memorization",
    setup=(
        "ReLU networks of two hidden layers of 8, 16 and 32 units learn 500 digits of "
        "scikit-learn (64 pixels) with their labels, or with random ones, which can "
        "only be learned by heart: 2,000 full-batch updates of Adam at rate 3e-3, the "
        "same images and initialization for both. The activation pattern is the "
        "key of an image. Told are which training images are alone with their key, "
        "the whole one (their region) and the last layer's; which of the 1,297 other "
        "digits have a known one, and whether it tells their class; and all region "
        "boundaries on ten lines between training images of one class and on ten "
        "between two classes, exact. One layer of 9 has as many parameters as two of 8 "
        "and fewer regions: does it memorize less?"
    ),
    differs=(
        "The post speaks of capacity and memorization without a measure or an "
        "experiment; all measures are ours. All regions of R^64 cannot be listed: "
        "patterns of images and regions on lines are exact. Widths and borders were "
        "chosen after a look at other seeds."
    ),
    expected=(
        "Labels learned by heart give images regions of their own (the post). On two "
        "moons they do not: there most points are alone from the start (points alone "
        "in their region, and label noise)."
    ),
)

LABELS = ("true", "random")
"""Which labels a network learns."""

CLASSES = 10


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        widths: Units of each of two hidden layers, ascending.
        shallow: Units of a network of one hidden layer that has as many parameters as
            those of the first width, within 2 %.
        shown: The width whose tables are drawn.
        epochs: Full-batch updates.
        learning_rate: Of Adam.
        points: Training images.
        tests: Images held out, at most.
        lines: Lines between training images of one class, and as many between classes.
        seeds: One choice of images, of labels, and one initialization each.
    """

    widths: tuple[int, ...] = (8, 16, 32)
    shallow: int = 9
    shown: int = 16
    epochs: int = 2000
    learning_rate: float = 3e-3
    points: int = 500
    tests: int = 1297
    lines: int = 10
    seeds: tuple[int, ...] = tuple(range(20, 32))

    def __post_init__(self):
        if self.shown not in self.widths:
            raise ValueError(
                f"`shown` is {self.shown}: one of `widths`, {self.widths}, is required."
            )

    def shapes(self) -> list[tuple[int, ...]]:
        """Hidden widths of all networks: two layers, the last of one."""
        return [*((width, width) for width in self.widths), (self.shallow,)]

    def training(self, widths: tuple[int, ...]) -> TrainingConfig:
        """How networks of one shape are trained."""
        return TrainingConfig(
            model=ModelConfig(
                widths=widths,
                input_dim=64,
                output_dim=CLASSES,
                activation="relu",
            ),
            optimizer=OptimizerConfig(learning_rate=self.learning_rate),
            loss="cross_entropy",
            epochs=self.epochs,
            batch_size=None,
            snapshot_every=self.epochs,
        )


PRESETS = {
    "smoke": Config(
        widths=(6,),
        shallow=6,
        shown=6,
        epochs=40,
        learning_rate=1e-2,
        points=30,
        tests=20,
        lines=2,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        numbers: By name, `(shapes, labels, start and end, seeds)`; see
            `buckets.measure`.
        tables: Training images of each class in each bucket of the last layer, at the
            end, of the first seed; by labels.
    """

    config: Config
    summary: Summary
    numbers: dict[str, np.ndarray]
    tables: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train and look up; write it all to `folder`."""
    rows = [
        _measure_shape(config, folder, widths, labels, progress, clock)
        for widths in config.shapes()
        for labels in LABELS
    ]
    shape = (len(config.shapes()), len(LABELS), *rows[0]["learned"].shape)
    numbers = {n: np.stack([r[n] for r in rows]).reshape(shape) for n in rows[0]}
    stored(folder / "numbers.npz", lambda: numbers)
    return {
        "headline": memory_headline(config.widths, config.shown, numbers),
        "medians": {
            name: np.median(values, axis=-1).tolist()
            for name, values in numbers.items()
            if np.isfinite(values).all()
        },
        "claims": memory_claims(config.widths, config.shallow, config.shown, numbers),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(
        config,
        summary,
        read_arrays(folder / "numbers.npz"),
        {
            labels: read_arrays(folder / f"table-{labels}.npz")["classes"]
            for labels in LABELS
        },
    )


def split(config: Config, seed: int, labels: str) -> tuple[Labeled, Labeled]:
    """Images of one seed, trained on with these labels, and held out with true ones."""
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.inputs))
    ends = config.points, config.points + config.tests
    chosen = order[: ends[0]], order[ends[0] : ends[1]]
    train, held = (Labeled(digits.inputs[i], digits.labels[i]) for i in chosen)
    if labels == "random":
        train = train._replace(labels=corrupted_labels(digits, 1.0, seed)[chosen[0]])
    return train, held


def line_ends(
    config: Config, seed: int
) -> dict[str, Float64[np.ndarray, "lines 2 dim"]]:
    """Pairs of training images of one true class, and of two, the same for all labels.

    Returns:
        Ends of the lines, as `within` and as `between`.
    """
    train, _ = split(config, seed, "true")
    rng = np.random.default_rng([seed, CLASSES])
    found: dict[str, list[np.ndarray]] = {"within": [], "between": []}
    while min(map(len, found.values())) < config.lines:
        pair = rng.choice(len(train.inputs), 2, replace=False)
        one, other = train.labels[pair]
        found["within" if one == other else "between"].append(train.inputs[pair])
    return {name: np.stack(ends[: config.lines]) for name, ends in found.items()}


def _measure_shape(
    config: Config,
    folder: pathlib.Path,
    widths: tuple[int, ...],
    labels: str,
    progress: Progress,
    clock: Clock,
) -> dict[str, np.ndarray]:
    """Numbers of networks of one shape and one kind of labels, `(2, seeds)`."""
    shape = "-".join(map(str, widths))
    training, name = config.training(widths), f"{shape}-{labels}"
    parts = [split(config, seed, labels) for seed in config.seeds]
    data = [_dataset(train) for train, _ in parts]
    fit_ensemble(training, data, config.seeds, folder / name, progress)
    clock.lap("training")

    def compute() -> dict[str, np.ndarray]:
        _, networks = snapshot_networks(training, config.seeds, folder / name)
        rows = []
        for done, (seed, part, path) in enumerate(
            zip(config.seeds, parts, networks, strict=True)
        ):
            progress(done, len(parts), f"looking up, {shape}, {labels} labels")
            lines = line_ends(config, seed)
            rows += [measure(one, *part, lines, CLASSES) for one in path]
        if widths == (config.shown, config.shown):
            _, table = network_buckets(networks[0][-1], *parts[0], CLASSES)
            stored(folder / f"table-{labels}.npz", lambda: {"classes": table.classes})
        return {
            n: np.array([r[n] for r in rows]).reshape(len(parts), -1).T for n in rows[0]
        }

    found = stored(folder / f"numbers-{name}.npz", compute)
    clock.lap("regions")
    return found


def _dataset(train: Labeled) -> Dataset:
    """Training images, the first of them for validation too, which needs some."""
    inputs = train.inputs.astype(np.float32)
    targets = one_hot(train.labels, CLASSES)
    return Dataset(inputs, targets, inputs[:1], targets[:1])
