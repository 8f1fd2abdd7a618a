"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

from experiments.measures.image_fit import every_nth_pixel, image_fit, output_state
from experiments.measures.seed_networks import seed_networks
from experiments.measures.unit_square import predict_image, sample_image
from experiments.overfitting.baselines import SIGMA, interpolate
from experiments.overfitting.claims import overfitting_claims, overfitting_headline
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.datasets import Dataset, pixel_points
from training.ensemble import fit_ensemble
from training.progress import Progress

METHODS = ("network", "smoothing", "nearest")
POST = "post"
"""The setting with the network and the length of the post."""

SMALLER = "4,800 updates of 15 layers; the post's are up to 30,000 of 30 layers"
"""Where the other settings are smaller."""
EDGES = (0.0, 4.0, 8.0, 16.0, 32.0, np.inf)
"""Bounds of the bins of distance to the nearest sampled pixel, in pixels."""

ABOUT = About(
    title="The ring from ever fewer pixels",
    page="claims",
    source="T. Dullien, origami posts, 2025-04-05 and 2025-04-10 (post 3)",
    setup=(
        "Leaky-ReLU networks of 15 layers of 30 learn the ring from 5000, 1250 and 312 "
        "pixels, ten seeds with pixels of their own each: 4800 updates of Adam on "
        "batches of up to 313, whatever the number of pixels. The post's network of 30 "
        "layers of 30 learns from the same 312 pixels for its 6000 epochs, an update "
        "each. Errors of the final network on its pixels and on every fourth pixel "
        "along each axis; kernel smoothing (Gaussian, 3 pixels) and nearest neighbor "
        "on the same pixels. Shown are networks of median error."
    ),
    differs=(
        "From more pixels 15 layers in place of 30 (13,141 parameters in place of "
        "27,091) and 4800 updates, for time. The post gives every size 6000 epochs of "
        "batches of 1024, so that fewer pixels also got fewer updates."
    ),
    expected=(
        "No sign of overfitting even at 312 pixels, says the post, by eye; 312 pixels "
        "memorized in two of three seeds (measured with another implementation)."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        model: The network.
        data: Image, and the most training points; each seed draws its own.
        sizes: Numbers of training points, each the first ones of the largest.
        batch: Points per update, at most.
        updates: Updates of every network; a multiple of the updates per epoch of each
            size.
        post: The network of the post, which learns the fewest points.
        post_updates: Its updates, on all of them.
        seeds: One network for each and each setting.
        side: Pixels along a side of the grid on which errors are taken.
    """

    model: ModelConfig = dataclasses.field(
        default_factory=lambda: ModelConfig(widths=(30,) * 15)
    )
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    sizes: tuple[int, ...] = (5000, 1250, 312)
    batch: int = 313
    updates: int = 4800
    post: ModelConfig = dataclasses.field(
        default_factory=lambda: ModelConfig(widths=(30,) * 30)
    )
    post_updates: int = 6000
    seeds: tuple[int, ...] = tuple(range(10))
    side: int = 256

    def __post_init__(self):
        for size in self.sizes:
            if not 0 < size <= self.data.num_train:
                raise ValueError(
                    f"`sizes` has {size}: 1 to {self.data.num_train} is required."
                )
            if self.updates % -(-size // self.batch):
                raise ValueError(
                    f"`updates` is {self.updates}: a multiple of "
                    f"{-(-size // self.batch)}, the updates in an epoch of {size} "
                    "points, is required."
                )

    def training_of(self, size: int) -> TrainingConfig:
        """The configuration of the networks that see `size` points."""
        epochs = self.updates // -(-size // self.batch)
        return TrainingConfig(
            model=self.model,
            epochs=epochs,
            batch_size=self.batch,
            snapshot_every=-(-epochs // 4),
        )

    def settings(self) -> dict[str, tuple[int, TrainingConfig]]:
        """Number of points and training by name, a file and a folder each."""
        found = {
            f"points-{size}": (size, self.training_of(size)) for size in self.sizes
        }
        length = self.post_updates
        post = TrainingConfig(
            model=self.post,
            epochs=length,
            batch_size=None,
            snapshot_every=-(-length // 4),
        )
        return found | {POST: (self.sizes[-1], post)}


PRESETS = {
    "smoke": Config(
        model=ModelConfig(widths=(8, 8)),
        data=DataConfig(size=64, num_train=80, num_val=20),
        sizes=(80, 20),
        batch=40,
        updates=40,
        post=ModelConfig(widths=(8, 8, 8)),
        post_updates=40,
        seeds=(0, 1),
        side=32,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        outputs: Output of the network of median error in each setting, as gray values.
        shown: Which seeds' they are.
        samples: Their training points.
        by_distance: Squared errors of networks and nearest neighbors by distance from
            the nearest training point: medians over seeds `(sizes, 2, bins)`.
    """

    config: Config
    summary: Summary
    outputs: dict[str, UInt8[np.ndarray, "side side"]]
    shown: dict[str, int]
    samples: dict[str, np.ndarray]
    by_distance: Float64[np.ndarray, "sizes 2 bins"]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train all sizes, measure networks and baselines; write it all to `folder`."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, (size, training) in config.settings().items():
        datasets = [seed_data(config, size, seed) for seed in config.seeds]
        fitted = fit_ensemble(training, datasets, config.seeds, folder / name, progress)
        clock.lap("training")
        measure = functools.partial(_measure, config, datasets, fitted.params, training)
        numbers = stored(folder / f"{name}.npz", measure)
        tables[name] = _rows(config, size, numbers)
        progress(1, 1, f"measuring {size} points")
        clock.lap("measures")
    post = tables.pop(POST)
    rows = [row for table in tables.values() for row in table]
    claims = overfitting_claims(rows, post, _variance(config), SMALLER)
    return {
        "headline": overfitting_headline(rows),
        "variance": _variance(config),
        "table": rows,
        "post": post,
        "claims": claims,
    }


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    dead = [
        f"{row['points']} points, seed {row['seed']}: {row['state']}"
        for row in [*summary["table"], *summary["post"]]
        if row["state"] != "learned"
    ]
    return [
        ("result", summary["headline"]),
        ("constant or diverged", ", ".join(dead) or "none"),
    ]


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    settings = config.settings()
    arrays = {name: read_arrays(folder / f"{name}.npz") for name in settings}
    shown = {name: config.seeds[int(arrays[name]["shown"])] for name in settings}
    return Result(
        config,
        summary,
        {name: arrays[name]["output"] for name in settings},
        shown,
        {
            name: np.asarray(seed_data(config, size, shown[name]).train_inputs)
            for name, (size, _) in settings.items()
        },
        np.array(
            [
                np.median(arrays[name]["by_distance"], axis=0)
                for name in settings
                if name != POST
            ]
        ),
    )


def seed_data(config: Config, size: int, seed: int) -> Dataset:
    """The pixels of a seed: the first `size` of those it draws."""
    _, data = sample_image(dataclasses.replace(config.data, seed=seed))
    return data._replace(
        train_inputs=data.train_inputs[:size], train_targets=data.train_targets[:size]
    )


def _variance(config: Config) -> float:
    """Error of the constant that fits the image best."""
    image, _ = sample_image(config.data)
    return float((image / 255.0).var())


def _measure(
    config: Config,
    datasets: list[Dataset],
    params: dict[str, Any],
    training: TrainingConfig,
) -> dict[str, Any]:
    """Errors of all networks of one size and of the baselines on their points."""
    image, _ = sample_image(config.data)
    target = every_nth_pixel(image, config.side)
    points = pixel_points(np.arange(target.size), *target.shape).astype(np.float64)
    found: dict[str, list[Any]] = {"state": [], "train": [], "by_distance": []}
    images = []
    for i, network in enumerate(seed_networks(params, training)):
        inputs = np.asarray(datasets[i].train_inputs, np.float64)
        values = np.asarray(datasets[i].train_targets, np.float64)[:, 0]
        output = (
            predict_image(network, target.shape)
            if network is not None
            else np.full(target.shape, np.inf)
        )
        around = interpolate(inputs, values, points, SIGMA / len(image))
        outputs = {
            "network": output,
            "smoothing": around.smoothed.reshape(target.shape),
            "nearest": around.nearest.reshape(target.shape),
        }
        for name, shown in outputs.items():
            for key, value in image_fit(shown, target)._asdict().items():
                found.setdefault(f"{name}_{key}", []).append(value)
        errors = (
            ((network(inputs)[:, 0] - values) ** 2).mean()
            if network is not None
            else np.inf
        )
        found["train"].append(errors)
        found["state"].append(output_state(output))
        distance = around.distance * len(image)
        found["by_distance"].append(
            [
                binned_errors(outputs[name], target, distance)
                for name in ("network", "nearest")
            ]
        )
        images.append(np.round(np.clip(output, 0.0, 1.0) * 255.0).astype(np.uint8))
    shown = int(np.argsort(found["network_mse"])[(len(images) - 1) // 2])
    return {**found, "output": images[shown], "shown": shown}


def binned_errors(
    output: np.ndarray, target: np.ndarray, distance: Float64[np.ndarray, " points"]
) -> Float64[np.ndarray, " bins"]:
    """Mean squared error in each bin of `EDGES`; NaN in an empty one."""
    squared = ((output - target / 255.0) ** 2).ravel()
    bins = np.digitize(distance, EDGES[1:-1])
    counts = np.bincount(bins, minlength=len(EDGES) - 1)
    sums = np.bincount(bins, weights=squared, minlength=len(EDGES) - 1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _rows(
    config: Config, size: int, numbers: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    """One row a seed; errors of a diverged network are None."""
    names = [f"{m}_{k}" for m in METHODS for k in ("mse", "iou", "accuracy")]
    rows = []
    for i, seed in enumerate(config.seeds):
        values = {name: float(numbers[name][i]) for name in ("train", *names)}
        rows.append(
            {
                "points": size,
                "seed": seed,
                "state": str(numbers["state"][i]),
                **{n: v if np.isfinite(v) else None for n, v in values.items()},
            }
        )
    return rows
