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
EDGES = (0.0, 4.0, 8.0, 16.0, 32.0, np.inf)
"""Bounds of the bins of distance to the nearest sampled pixel, in pixels."""

ABOUT = About(
    title="The ring from ever fewer pixels",
    page="claims",
    source="T. Dullien, origami posts, 2025-04-05 and 2025-04-10 (post 3)",
    setup=(
        "Leaky-ReLU networks of 15 layers of 30 learn the ring from 5000, 2500, 1250, "
        "625 and 312 pixels, ten seeds with pixels of their own each: 4800 updates of "
        "Adam on batches of up to 313, whatever the number of pixels. Errors of the "
        "final network on its pixels and on every fourth pixel along each axis; kernel "
        "smoothing (Gaussian, 3 pixels) and nearest neighbor on the same pixels."
    ),
    differs=(
        "15 layers in place of 30 (13,141 parameters in place of 27,091) and 4800 "
        "updates, for time. The post gives every size 6000 epochs of batches of 1024, "
        "so that fewer pixels also got fewer updates."
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
        seeds: One network for each and each size.
        side: Pixels along a side of the grid on which errors are taken.
    """

    model: ModelConfig = dataclasses.field(
        default_factory=lambda: ModelConfig(widths=(30,) * 15)
    )
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    sizes: tuple[int, ...] = (5000, 2500, 1250, 625, 312)
    batch: int = 313
    updates: int = 4800
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


PRESETS = {
    "smoke": Config(
        model=ModelConfig(widths=(8, 8)),
        data=DataConfig(size=64, num_train=80, num_val=20),
        sizes=(80, 20),
        batch=40,
        updates=40,
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
        outputs: Output of the network of the first seed at each size, as gray values.
        samples: Its training points.
        by_distance: Squared errors of networks and nearest neighbors by distance from
            the nearest training point: medians over seeds `(sizes, 2, bins)`.
    """

    config: Config
    summary: Summary
    outputs: dict[int, UInt8[np.ndarray, "side side"]]
    samples: dict[int, np.ndarray]
    by_distance: Float64[np.ndarray, "sizes 2 bins"]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train all sizes, measure networks and baselines; write it all to `folder`."""
    rows: list[dict[str, Any]] = []
    for size in config.sizes:
        datasets = [seed_data(config, size, seed) for seed in config.seeds]
        training = config.training_of(size)
        fitted = fit_ensemble(
            training, datasets, config.seeds, folder / f"points-{size}", progress
        )
        clock.lap("training")
        measure = functools.partial(_measure, config, datasets, fitted.params, training)
        numbers = stored(folder / f"points-{size}.npz", measure)
        rows += _rows(config, size, numbers)
        progress(1, 1, f"measuring {size} points")
        clock.lap("measures")
    claims = overfitting_claims(rows, _variance(config))
    return {
        "headline": overfitting_headline(rows),
        "variance": _variance(config),
        "table": rows,
        "claims": claims,
    }


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    dead = [
        f"{row['points']} points, seed {row['seed']}: {row['state']}"
        for row in summary["table"]
        if row["state"] != "learned"
    ]
    return [
        ("result", summary["headline"]),
        ("constant or diverged", ", ".join(dead) or "none"),
    ]


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = {size: read_arrays(folder / f"points-{size}.npz") for size in config.sizes}
    return Result(
        config,
        summary,
        {size: arrays[size]["output"] for size in config.sizes},
        {
            size: np.asarray(seed_data(config, size, config.seeds[0]).train_inputs)
            for size in config.sizes
        },
        np.array(
            [np.median(arrays[size]["by_distance"], axis=0) for size in config.sizes]
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
    first = np.zeros(target.shape, np.uint8)
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
        if i == 0:
            first = np.round(np.clip(output, 0.0, 1.0) * 255.0).astype(np.uint8)
    return {**found, "output": first}


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
