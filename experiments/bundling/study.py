"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import NamedTuple

import numpy as np

from experiments.bundling.claims import BASE, bundling_claims
from experiments.bundling.creases import Bunching, measure_bunching, network_creases
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import (
    dataset_of_each_seed,
    measure_settings,
    read_measures,
    setting_folder,
)
from experiments.running.studies import Summary
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_snapshots, fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Bundles of creases",
    page="claims",
    source="T. Dullien, origami post, 2024-07-04: an open question",
    setup=(
        "One hidden layer of 500 leaky-ReLU units learns the disc by full-batch Adam "
        "at 0.01. Creases that meet the square are points (direction in half turns, "
        "offset from the center in sides); the median distance to the nearest other "
        "one is divided by that of creases with uniform directions and permuted "
        "offsets, and compared with the network's own initial creases. Pair "
        "correlation, the effective number of bundles (creases within 0.01 of each "
        "other) and the Rayleigh test stand beside it."
    ),
    differs=(
        "The post shows a movie and gives no sizes. Ours: 1000 points, 1500 updates, "
        "ten seeds, each with its own points; `all pixels` sees each of the million "
        "pixels at most twice."
    ),
    expected=(
        "Measured before with another implementation, one seed, 4000 updates: nearest "
        "distance 0.17 of the null at lr 0.01, 0.47 at lr 0.001; Rayleigh's modes do "
        "not rise."
    ),
)


DISC = DataConfig(image="disc", num_train=1000, num_val=100)
RADII = tuple(float(r) for r in np.round(np.geomspace(0.002, 0.3, 16), 6))
REACH = 0.01


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One candidate cause.

    Attributes:
        name: Name of its folder, and its label in the figure.
        learning_rate: Learning rate of Adam.
        init_scale: Factor of the initial weights of the hidden layer.
        all_pixels: Train on all pixels in batches as large as the others' data, so
            that hardly a point comes twice.
        centered: Put the origin in the square's center, not its corner.
    """

    name: str
    learning_rate: float = 1e-2
    init_scale: float = 1.0
    all_pixels: bool = False
    centered: bool = False


SETTINGS = (
    Setting(name=BASE),
    Setting(name="lr 0.001", learning_rate=1e-3),
    Setting(name="init 0.25", init_scale=0.25),
    Setting(name="init 4", init_scale=4.0),
    Setting(name="all pixels", all_pixels=True),
    Setting(name="centered", centered=True),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        width: Units of the hidden layer.
        data: Image and number of points; each seed draws its own.
        settings: Candidate causes; the first is the base.
        updates: Updates of each run.
        snapshots: How many times on the way the creases are measured.
        draws: How many times the random creases of the null are drawn.
        seeds: Seeds of points, initialization and shuffles.
    """

    width: int = 500
    data: DataConfig = DISC
    settings: tuple[Setting, ...] = SETTINGS
    updates: int = 1500
    snapshots: int = 5
    draws: int = 200
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        width=30,
        data=DataConfig(image="disc", size=32, num_train=60, num_val=4),
        settings=(SETTINGS[0], SETTINGS[4], SETTINGS[5]),
        updates=48,
        snapshots=2,
        draws=19,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By setting, then by field of `Bunching`: (times, seeds); `updates`
            of the times; `turns`, `offsets` and `meets` of the first seed, first and
            last (2, creases).
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train every setting, measure its creases; write it all to `folder`."""
    how = {
        setting.name: functools.partial(_measure, config, setting, folder)
        for setting in config.settings
    }
    measures = measure_settings(folder, how, progress, "training for each cause")
    clock.lap("training and measuring")
    return {
        "headline": _headline(measures),
        "table": [
            {
                "setting": name,
                **{
                    f"{field}_{when}": float(np.median(values[field][place]))
                    for field in NUMBERS
                    for when, place in (("before", 0), ("after", -1))
                },
            }
            for name, values in measures.items()
        ],
        "claims": bundling_claims(measures),
    }


NUMBERS = (
    "creases",
    "nearest",
    "ratio",
    "p_value",
    "effective",
    "rayleigh",
    "rayleigh_p",
)
"""Fields of `Bunching` that are one number a network."""


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    rows = [("result", summary["headline"])]
    for row in summary["table"]:
        text = (
            f"distance over null {row['ratio_before']:.2f} -> {row['ratio_after']:.2f},"
            f" bundles a crease {row['effective_before']:.2f} -> "
            f"{row['effective_after']:.2f}, Rayleigh {row['rayleigh_before']:.2f} -> "
            f"{row['rayleigh_after']:.2f}, creases {row['creases_after']:.0f}"
        )
        rows.append((row["setting"], text))
    return rows


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(
        config,
        summary,
        read_measures(folder, [s.name for s in config.settings]),
    )


def _data(config: Config, setting: Setting) -> Dataset | list[Dataset]:
    """Points of each seed, or of all."""
    data = config.data
    if setting.all_pixels:
        rest = data.size**2 - data.num_val
        sets = dataset_of_each_seed(dataclasses.replace(data, num_train=rest), [0])
    else:
        sets = dataset_of_each_seed(data, config.seeds)
    if setting.centered:
        sets = [
            part._replace(
                train_inputs=part.train_inputs - np.float32(0.5),
                val_inputs=part.val_inputs - np.float32(0.5),
            )
            for part in sets
        ]
    return sets[0] if setting.all_pixels else sets


def training_of(config: Config, setting: Setting) -> TrainingConfig:
    """What is trained; on all pixels an epoch has as many updates as there are batches.

    There the updates are those of the whole epochs that come nearest.
    """
    epochs = config.updates
    batch_size = None
    if setting.all_pixels:
        batch_size = config.data.num_train
        per_epoch = -(-(config.data.size**2 - config.data.num_val) // batch_size)
        epochs = max(1, round(config.updates / per_epoch))
    return TrainingConfig(
        model=ModelConfig(widths=(config.width,), init_scale=setting.init_scale),
        optimizer=OptimizerConfig(learning_rate=setting.learning_rate),
        epochs=epochs,
        batch_size=batch_size,
        snapshot_every=max(1, epochs // config.snapshots),
    )


def _measure(
    config: Config, setting: Setting, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Creases of every seed at every snapshot."""
    training = training_of(config, setting)
    place = setting_folder(folder, setting.name)
    data = _data(config, setting)
    fit_ensemble(training, data, config.seeds, place)
    corner = (-0.5, -0.5) if setting.centered else (0.0, 0.0)
    points = data.train_inputs if isinstance(data, Dataset) else data[0].train_inputs
    per_epoch = -(-len(points) // (training.batch_size or len(points)))
    rng = np.random.default_rng(0)
    updates, rows, kept = [], [], []
    for epoch, params in ensemble_snapshots(training, config.seeds, place):
        networks = require_networks(seed_networks(params, training), config.seeds)
        found = [network_creases(network, corner) for network in networks]
        rows.append(
            [
                measure_bunching(
                    creases,
                    np.array(RADII),
                    reach=REACH,
                    draws=config.draws,
                    rng=rng,
                )
                for creases in found
            ]
        )
        updates.append(epoch * per_epoch)
        kept.append(found[0])
    return {
        "updates": np.array(updates),
        **{
            name: np.array([[getattr(one, name) for one in row] for row in rows])
            for name in Bunching._fields
        },
        "turns": np.stack([kept[0].turns, kept[-1].turns]),
        "offsets": np.stack([kept[0].offsets, kept[-1].offsets]),
        "meets": np.stack([kept[0].meets, kept[-1].meets]),
    }


def _headline(measures: dict[str, dict[str, np.ndarray]]) -> str:
    """One line for the pages."""
    ratio, modes = measures[BASE]["ratio"], measures[BASE]["rayleigh"]
    return (
        f"the nearest crease is at {np.median(ratio[-1]):.2f} of the random distance "
        f"(before training {np.median(ratio[0]):.2f}); Rayleigh's largest mode "
        f"{np.median(modes[0]):.2f} before, {np.median(modes[-1]):.2f} after"
    )
