"""Classifiers of images from several seeds, seen at chosen epochs of their training."""

import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.running.stages import stored
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, ensemble_snapshots, fit_ensemble
from training.labeled import Labeled, one_hot, split_dataset
from training.progress import Progress

NUM_VAL = 360
"""Images held out, as many for every experiment."""

SPLIT_SEED = 0
"""Seed of the choice of images held out: one for all networks, to compare them."""


class Stage(NamedTuple):
    """The networks of all seeds at one epoch.

    Attributes:
        epoch: Passes over the training images so far.
        networks: One per seed.
        accuracy: On the images held out, one per seed.
        fitted: Share of the training images whose given class is learned, one per seed.
    """

    epoch: int
    networks: list[regions.ReluNetwork]
    accuracy: Float64[np.ndarray, " seeds"]
    fitted: Float64[np.ndarray, " seeds"]


def hanin_rolnick_config(
    widths: Sequence[int],
    data: Labeled,
    epochs: int,
    *,
    learning_rate: float = 1e-3,
    init_scale: float = 1.0,
    snapshot_every: int = 1,
) -> TrainingConfig:
    """Training as in both papers of Hanin and Rolnick (2019).

    He normal weights times `init_scale`, biases of variance 1e-6, Adam, batches of 64.
    """
    return TrainingConfig(
        model=ModelConfig(
            widths=tuple(widths),
            input_dim=data.inputs.shape[1],
            output_dim=data.num_classes,
            activation="relu",
            initializer="he_normal_small_bias",
            init_scale=init_scale,
        ),
        optimizer=OptimizerConfig(learning_rate=learning_rate),
        loss="cross_entropy",
        epochs=epochs,
        batch_size=64,
        snapshot_every=snapshot_every,
    )


def train_stages(
    config: TrainingConfig,
    data: Labeled,
    seeds: Sequence[int],
    epochs: Sequence[int],
    folder: pathlib.Path,
    progress: Progress,
    *,
    train_labels: Int64[np.ndarray, " points"] | None = None,
) -> Iterator[Stage]:
    """Train one network per seed and give them at chosen epochs, ascending.

    Args:
        config: Length and network, and of which epochs a snapshot is kept.
        data: Images and classes.
        seeds: Seeds of initialization and shuffles; the images held out are the same.
        epochs: Which snapshots are given.
        folder: Gets the snapshots; a run that was killed goes on from there.
        progress: Called as training goes on.
        train_labels: Classes to learn in place of the true ones.
    """
    shown = data if train_labels is None else data._replace(labels=train_labels)
    dataset, train, val = split_dataset(shown, _num_val(data), SPLIT_SEED)
    fit_ensemble(config, dataset, seeds, folder, progress)
    for epoch, params in ensemble_snapshots(config, seeds, folder):
        if epoch in epochs:
            networks = ensemble_networks(params, config)
            right = _accuracy(networks, data, val), _accuracy(networks, shown, train)
            yield Stage(epoch, networks, *right)


def train_points(
    config: TrainingConfig,
    sets: Sequence[Labeled],
    seeds: Sequence[int],
    epochs: Sequence[int],
    folder: pathlib.Path,
    progress: Progress,
) -> Iterator[Stage]:
    """As `train_stages`, with points of its own for every seed and none held out."""
    datasets = [_all_for_training(points, config) for points in sets]
    fit_ensemble(config, datasets, seeds, folder, progress)
    for epoch, params in ensemble_snapshots(config, seeds, folder):
        if epoch in epochs:
            networks = ensemble_networks(params, config)
            fitted = [
                _accuracy([network], points, np.arange(len(points.labels)))
                for network, points in zip(networks, sets, strict=True)
            ]
            yield Stage(epoch, networks, np.concatenate(fitted), np.concatenate(fitted))


def _all_for_training(points: Labeled, config: TrainingConfig) -> Dataset:
    """Points to train on, the first of them for validation too, which needs some."""
    inputs = points.inputs.astype(np.float32)
    targets = one_hot(points.labels, config.model.output_dim)
    return Dataset(inputs, targets, inputs[:1], targets[:1])


def measure_stages(
    stages: Callable[[], Iterator[Stage]],
    epochs: Sequence[int],
    folder: pathlib.Path,
    measure: Callable[[Stage], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """Measures of every stage, stacked along a first axis of epochs.

    Those of `measure`, and the `accuracy` and `fitted` of the stage.

    Args:
        stages: As `train_stages` gives them; called only when a measure is missing.
        epochs: Epochs at which stages end, ascending.
        folder: Keeps the measures of each stage, which a resumed run does not repeat.
        measure: Arrays by name, of equal shapes at all stages.
    """
    files = {epoch: folder / f"stage-{epoch}.npz" for epoch in epochs}
    if not all(file.is_file() for file in files.values()):
        for stage in stages():
            stored(
                files[stage.epoch],
                lambda stage=stage: {
                    "accuracy": stage.accuracy,
                    "fitted": stage.fitted,
                    **measure(stage),
                },
            )
    parts = [stored(file, dict) for file in files.values()]
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def training_images(data: Labeled) -> Float64[np.ndarray, "points dim"]:
    """The images that all networks train on."""
    _, train, _ = split_dataset(data, _num_val(data), SPLIT_SEED)
    return data.inputs[train]


def held_out_images(data: Labeled) -> Float64[np.ndarray, "points dim"]:
    """The images that no network trains on."""
    _, _, val = split_dataset(data, _num_val(data), SPLIT_SEED)
    return data.inputs[val]


def updates_at(epochs: Sequence[int], data: Labeled) -> Int64[np.ndarray, " epochs"]:
    """Optimizer steps up to each epoch, with `hanin_rolnick_config`."""
    batch_size = hanin_rolnick_config((1,), data, 0).batch_size or 1
    return np.array(epochs) * -(-len(training_images(data)) // batch_size)


def random_pairs(
    data: Labeled, seeds: Sequence[int], pairs: int
) -> Float64[np.ndarray, "seeds pairs 2 dim"]:
    """Pairs of different training images, independent for every seed."""
    images = training_images(data)
    chosen = [
        [
            np.random.default_rng([seed, k]).choice(len(images), 2, False)
            for k in range(pairs)
        ]
        for seed in seeds
    ]
    return images[np.array(chosen)]


def corrupted_labels(
    data: Labeled, share: float, seed: int
) -> Int64[np.ndarray, " points"]:
    """Classes, a share of them replaced by random ones (which may be right)."""
    rng = np.random.default_rng(seed)
    noisy = rng.random(len(data.labels)) < share
    return np.where(noisy, rng.integers(0, data.num_classes, len(noisy)), data.labels)


def _num_val(data: Labeled) -> int:
    """Images held out: fewer where a user has few."""
    return min(NUM_VAL, len(data.inputs) // 5)


def _accuracy(
    networks: list[regions.ReluNetwork], data: Labeled, chosen: np.ndarray
) -> Float64[np.ndarray, " seeds"]:
    """Share of the chosen images whose class each network gives."""
    inputs, labels = data.inputs[chosen], data.labels[chosen]
    return np.array([(net(inputs).argmax(1) == labels).mean() for net in networks])
