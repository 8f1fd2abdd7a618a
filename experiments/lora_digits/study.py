"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import jax
import numpy as np

import regions
from experiments.lora_digits.claims import Tunings, tuning_claims, tuning_headline
from experiments.lora_digits.compared import (
    TASKS,
    Probe,
    compare_networks,
    line_barcode,
    new_task,
)
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.measures.tuned_networks import MARKS, tune_methods
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.adapters import Catch, Schedule
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import fit_ensemble
from training.labeled import Labeled, load_digits, one_hot
from training.progress import Progress

ABOUT = About(
    title="Low-rank adapters in 64 dimensions",
    page="claims",
    source=(
        "S. Shekkizhar, MLPs as hashing functions, 2024; LoRA: arXiv 2106.09685 (ranks "
        "of 1 to 64 in layers of 768 to 12,288 units)"
    ),
    setup=(
        "64-64-64-10 ReLU networks learn 600 digits, then the same digits one pixel "
        "lower (near) or with all pixels in another order (far): as a whole, by LoRA "
        "of rank 1, 2 and 4 on all layers, or by the last layer alone. Networks are "
        "compared where their loss on the new task first is 0.7 nats, and where their "
        "distance from the start first is that of full tuning there. Compared are the "
        "patterns of 600 old images held out, and those of all regions on ten lines "
        "between pairs of them, exact."
    ),
    differs=(
        "The post speaks of large models and names no task, rank or rate. Ranks here "
        "are 1/64 to 1/16 of a layer's width, those of the LoRA paper 1/12,288 to "
        "1/12. All regions of R^64 cannot be listed: their number and identity are "
        "told on lines and at images, where data are. 400 full-batch updates of Adam "
        "at rate 5e-3 for all."
    ),
    expected=(
        "In two dimensions rank 1 keeps the number of regions and loses most of the "
        "regions themselves (the study before this one); nothing is known in more."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: How the networks learn the old task.
        schedule: How they are tuned to the new ones.
        methods: Names that `training.adapters.Tuning.parse` takes; `full` first.
        points: Training images.
        tests: Images held out.
        lines: Lines between pairs of these.
        seeds: One network each, with images of its own.
    """

    training: TrainingConfig = dataclasses.field(
        default_factory=lambda: TrainingConfig(
            model=ModelConfig(
                widths=(64, 64), input_dim=64, output_dim=10, activation="relu"
            ),
            optimizer=OptimizerConfig(learning_rate=2e-3),
            loss="cross_entropy",
            epochs=150,
            batch_size=None,
            snapshot_every=150,
        )
    )
    schedule: Schedule = dataclasses.field(
        default_factory=lambda: Schedule(steps=400, learning_rate=5e-3, loss=0.7)
    )
    methods: tuple[str, ...] = ("full", "lora-1", "lora-2", "lora-4", "last_layer")
    points: int = 600
    tests: int = 600
    lines: int = 10
    seeds: tuple[int, ...] = tuple(range(14))

    def __post_init__(self):
        if self.methods[0] != "full":
            raise ValueError(
                f"`methods` begins with {self.methods[0]!r}: `full` is required, "
                "whose distances the others are held to."
            )


PAPER = Config()
PRESETS = {
    "smoke": Config(
        training=dataclasses.replace(
            PAPER.training,
            model=dataclasses.replace(PAPER.training.model, widths=(6, 6)),
            epochs=20,
            snapshot_every=20,
        ),
        schedule=Schedule(steps=30, learning_rate=1e-2, loss=2.0),
        methods=("full", "lora-1", "last_layer"),
        points=30,
        tests=20,
        lines=2,
        seeds=(0, 1),
    ),
    "paper": PAPER,
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        tunings: Numbers by method, task, mark and seed.
        line: Of one line of the first seed, `lengths` of its regions and the share of
            bits in which they `differ` from what was there, with the number of the
            method as a suffix; those before tuning have none.
    """

    config: Config
    summary: Summary
    tunings: Tunings
    line: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, tune, compare; write it all to `folder`."""
    parts = [_split(config, seed) for seed in config.seeds]
    fitted = fit_ensemble(
        config.training,
        [_dataset(*part) for part in parts],
        config.seeds,
        folder / "old",
        progress,
    )
    bases = require_networks(
        seed_networks(fitted.params, config.training), config.seeds
    )
    clock.lap("training")
    caught = _tune_all(config, folder, fitted.params, progress)
    clock.lap("tuning")
    tunings = _compare(config, folder, bases, caught, progress)
    stored(folder / "line.npz", lambda: _line(config, bases[0], caught))
    clock.lap("regions")
    return {
        "headline": tuning_headline(tunings),
        "medians": tunings.medians(),
        "claims": tuning_claims(tunings),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "numbers.npz")
    tunings = Tunings.from_arrays(config.methods, MARKS, arrays)
    return Result(config, summary, tunings, read_arrays(folder / "line.npz"))


def _split(config: Config, seed: int) -> tuple[Labeled, Labeled]:
    """Images of one seed, trained on and held out."""
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.inputs))
    ends = config.points, config.points + config.tests
    chosen = order[: ends[0]], order[ends[0] : ends[1]]
    train, test = (Labeled(digits.inputs[i], digits.labels[i]) for i in chosen)
    return train, test


def _dataset(train: Labeled, test: Labeled) -> Dataset:
    """Points and one-hot targets."""
    parts = [
        part
        for data in (train, test)
        for part in (data.inputs.astype(np.float32), one_hot(data.labels, 10))
    ]
    return Dataset(*parts)


def _tune_all(
    config: Config, folder: pathlib.Path, params: dict[str, Any], progress: Progress
) -> dict[str, dict[str, Catch]]:
    """Networks of all tasks and seeds (tasks first), by method and mark."""
    repeated = jax.tree.map(lambda leaf: np.concatenate([leaf] * len(TASKS)), params)
    tasks = [
        _dataset(*(new_task(part, task, seed) for part in _split(config, seed)))
        for task in TASKS
        for seed in config.seeds
    ]
    data = Dataset(*(np.stack(arrays) for arrays in zip(*tasks, strict=True)))
    return tune_methods(
        folder,
        config.methods,
        repeated,
        data,
        config.schedule,
        np.tile(config.seeds, len(TASKS)),
        progress,
    )


def _compare(
    config: Config,
    folder: pathlib.Path,
    bases: list[regions.ReluNetwork],
    caught: dict[str, dict[str, Catch]],
    progress: Progress,
) -> Tunings:
    """Numbers of all methods, tasks, marks and seeds, and losses at the end."""
    count = len(config.seeds)
    shape = (len(config.methods), len(TASKS), len(MARKS), count)

    def compute() -> dict[str, np.ndarray]:
        rows = []
        for number, place in enumerate(np.ndindex(shape)):
            progress(number, int(np.prod(shape)), "comparing partitions")
            method, task, mark, seed = place
            catch = caught[config.methods[method]][MARKS[mark]]
            index = task * count + seed
            probe = _probe(config, TASKS[task], config.seeds[seed])
            row = compare_networks(bases[seed], catch.network(index), probe)
            rows.append(row | {"reached": float(catch.reached[index] >= 0)})
        finals = [caught[name]["final"].loss for name in config.methods]
        numbers = {n: np.array([r[n] for r in rows]).reshape(shape) for n in rows[0]}
        return numbers | {"final": np.array(finals).reshape(shape[0], *shape[1::2])}

    arrays = stored(folder / "numbers.npz", compute)
    return Tunings.from_arrays(config.methods, MARKS, arrays)


def _probe(config: Config, task: str, seed: int) -> Probe:
    """Where the networks of a seed are compared."""
    _, old = _split(config, seed)
    ends = old.inputs[: 2 * config.lines].reshape(config.lines, 2, -1)
    return Probe(old, new_task(old, task, seed), ends)


def _line(
    config: Config, base: regions.ReluNetwork, caught: dict[str, dict[str, Catch]]
) -> dict[str, np.ndarray]:
    """Regions of one line of the first seed, tuned for the near task."""
    ends = _probe(config, TASKS[0], config.seeds[0]).ends[0]
    found = {}
    for suffix, network in (
        ("", base),
        *((str(k), caught[m]["loss"].network(0)) for k, m in enumerate(config.methods)),
    ):
        lengths, differ = line_barcode(base, network, ends)
        found |= {f"lengths{suffix}": lengths, f"differ{suffix}": differ}
    return found
