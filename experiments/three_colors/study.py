"""What the study runs, measures and keeps."""

import dataclasses
import functools
import math
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float64, UInt8

import regions
from experiments.measures.edge_width import edge_widths
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.measures.unit_square import enumerate_square
from experiments.running.about import About
from experiments.running.claims import Claim, claim_median
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.settings import measure_settings, setting_folder
from experiments.running.studies import Summary
from experiments.three_colors.boundary_distance import boundary_distances
from experiments.three_colors.calibration import brier_score, calibration_error
from regions.partition.class_polygons import class_polygons
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.datasets import (
    OUTER_RADIUS,
    Dataset,
    pixel_points,
    ring_classes,
    sample_classes,
)
from training.ensemble import fit_ensemble
from training.progress import Progress

LOSSES = ("mse", "cross_entropy")
ABOUT = About(
    title="Cross-entropy and squared error on the three-color ring",
    page="claims",
    source="T. Dullien, origami post, 2024-07-04: announced; classifier of his program",
    setup=(
        "14x6 leaky-ReLU networks with three outputs learn 5000 pixels of the ring "
        "(red outside, green on it, blue inside) with squared error or cross-entropy, "
        "Adam 0.001, batches of 1024; the same points and initial weights for both. "
        "Regions are counted exactly in the unit square; distances from the decision "
        "boundary to the nearest region boundary are exact at points on it. "
        "Probabilities are the softmax, or outputs cut to [0, 1]."
    ),
    differs=(
        "His classifier has a ReLU on its outputs, ours has none. 1500 epochs and "
        "twenty seeds are ours."
    ),
    expected="No numbers are published.",
)

RED, GREEN, BLUE = 0, 1, 2
"""Classes: outside, on the ring, inside."""


BASE = TrainingConfig(model=ModelConfig(output_dim=3), epochs=1500, snapshot_every=1500)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: Network, optimizer and length; each loss is put in.
        data: Size and numbers of points; each seed draws its own.
        pixels: Side of the grid of pixels on which errors are taken, a divisor of the
            image's side.
        samples: Along each radius.
        seeds: Seeds of points, initialization and shuffles.
    """

    training: TrainingConfig = BASE
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    pixels: int = 512
    samples: int = 1600
    seeds: tuple[int, ...] = tuple(range(20))


PRESETS = {
    "smoke": Config(
        training=dataclasses.replace(
            BASE,
            model=ModelConfig(widths=(10,), output_dim=3),
            epochs=150,
            snapshot_every=150,
            batch_size=None,
        ),
        data=DataConfig(size=64, num_train=400, num_val=50),
        pixels=64,
        samples=100,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        outputs: Outputs of the first seed with cross-entropy, on the grid of pixels.
        polygons: Its activation regions.
        classes: True class of each pixel of the grid.
        data: Its points.
    """

    config: Config
    summary: Summary
    outputs: Float64[np.ndarray, "side side 3"]
    polygons: list[Float64[np.ndarray, "_ 2"]]
    classes: UInt8[np.ndarray, "side side"]
    data: Dataset


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train with both losses, measure every network; write it all to `folder`."""
    how = {loss: functools.partial(_measure, config, loss, folder) for loss in LOSSES}
    measures = measure_settings(folder, how, progress, "training with either loss")
    clock.lap("training and measuring")
    table = [
        {
            "loss": loss,
            **{name: _median(measures[loss][name]) for name in NUMBERS},
        }
        for loss in LOSSES
    ]
    return {
        "headline": _headline(table),
        "table": table,
        "first_misclassified": int(measures["cross_entropy"]["train_wrong"][0]),
        "first_regions": int(measures["cross_entropy"]["regions"][0]),
        "claims": _claims(measures),
    }


NUMBERS = (
    "train_wrong",
    "pixel_error",
    "regions",
    "edge_pixels",
    "boundary_distance",
    "point_distance",
    "calibration_error",
    "brier",
)
"""One a seed. Distances are means, in sides; errors are shares of the pixels."""


def _median(values: np.ndarray) -> float | None:
    """Median over the seeds; None if it is infinite."""
    median = float(np.median(values))
    return median if np.isfinite(median) else None


def _headline(table: list[dict[str, Any]]) -> str:
    """One line for the pages."""
    parts = [
        f"{row['loss'].replace('_', '-')}: {row['pixel_error']:.2%} of the pixels "
        f"wrong, {row['regions']:,.0f} regions, calibration error "
        f"{row['calibration_error']:.4f}"
        for row in table
    ]
    return "; ".join(parts)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    network = regions.load_network(folder / "network.npz")
    classes = _grid_classes(config)
    return Result(
        config,
        summary,
        network(_grid_points(config)).reshape(*classes.shape, 3),
        read_polygons(folder / "polygons.npz"),
        classes,
        _data(config, config.seeds[0]),
    )


def _data(config: Config, seed: int) -> Dataset:
    """Points of a seed."""
    data = config.data
    classes = ring_classes(data.size)
    return sample_classes(classes, 3, data.num_train, data.num_val, seed)


def _grid_classes(config: Config) -> UInt8[np.ndarray, "side side"]:
    """True class of each pixel of the grid."""
    step = config.data.size // config.pixels
    return ring_classes(config.data.size)[::step, ::step]


def _grid_points(config: Config) -> Float64[np.ndarray, "pixels 2"]:
    """The points of these pixels."""
    places = np.arange(config.pixels**2)
    return pixel_points(places, config.pixels, config.pixels).astype(np.float64)


def probabilities(
    outputs: Float[np.ndarray, "points classes"], loss: str
) -> Float64[np.ndarray, "points classes"]:
    """What a network says of each class: its softmax, or its outputs cut to [0, 1]."""
    if loss == "mse":
        return np.clip(outputs, 0.0, 1.0)
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _measure(config: Config, loss: str, folder: pathlib.Path) -> dict[str, Any]:
    """All numbers of all seeds with one loss."""
    training = dataclasses.replace(config.training, loss=loss)
    data = [_data(config, seed) for seed in config.seeds]
    place = setting_folder(folder, loss)
    fitted = fit_ensemble(training, data, config.seeds, place)
    found = seed_networks(fitted.params, training)
    networks = require_networks(found, config.seeds)
    rows = []
    for i, network in enumerate(networks):
        keep = folder if loss == "cross_entropy" and i == 0 else None
        rows.append(_network_numbers(config, loss, network, data[i], keep))
    return {name: np.array([row[name] for row in rows]) for name in NUMBERS}


def _network_numbers(
    config: Config,
    loss: str,
    network: regions.ReluNetwork,
    data: Dataset,
    keep: pathlib.Path | None,
) -> dict[str, float]:
    """All numbers of one network; it and its regions are written where to keep them."""
    outputs = network(_grid_points(config))
    classes = _grid_classes(config).reshape(-1).astype(np.int64)
    said = probabilities(outputs, loss)
    found = enumerate_square(network)
    polygons = found.polygons()
    if keep is not None:
        regions.save_network(keep / "network.npz", network)
        write_polygons(keep / "polygons.npz", polygons)
    pieces = class_polygons(found, polygons)
    on_boundary, anywhere = boundary_distances(polygons, pieces, seed=0)
    widths = edge_widths(
        lambda points: probabilities(network(points), loss)[:, RED],
        center=(0.5, 0.5),
        radius=OUTER_RADIUS,
        reach=0.1,
        samples=config.samples,
    )
    return {
        "train_wrong": float(_wrong(network, data)),
        "pixel_error": float((outputs.argmax(axis=1) != classes).mean()),
        "regions": float(len(found)),
        "edge_pixels": float(np.median(widths)) * config.data.size,
        "boundary_distance": on_boundary,
        "point_distance": anywhere,
        "calibration_error": calibration_error(said, classes),
        "brier": brier_score(said, classes),
    }


def _wrong(network: regions.ReluNetwork, data: Dataset) -> int:
    """Misclassified training points."""
    found = network(np.asarray(data.train_inputs, np.float64)).argmax(axis=1)
    return int((found != np.asarray(data.train_targets).argmax(axis=1)).sum())


def _claims(measures: dict[str, dict[str, np.ndarray]]) -> list[Claim]:
    """Claims in the order of the page."""
    mse, entropy = measures["mse"], measures["cross_entropy"]
    source = "this project, for the change announced by Dullien 2024-07-04"

    def ratio(name: str) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            found = entropy[name] / mse[name]
        return found[np.isfinite(found)]

    ratios = (
        (
            "Cross-entropy misclassifies fewer pixels.",
            "pixel_error",
            "misclassified pixels",
            {"high": 1.0},
            "1 is no difference",
        ),
        (
            "Cross-entropy leaves the number of regions about as it is.",
            "regions",
            "exact regions",
            {"low": 0.8, "high": 1.25},
            "a quarter either way",
        ),
        (
            "Cross-entropy draws a sharper outer edge.",
            "edge_pixels",
            "10-90 width of the red probability",
            {"high": 1.0},
            "1 is no difference",
        ),
        (
            "Cross-entropy is better calibrated.",
            "calibration_error",
            "expected calibration error on all pixels",
            {"high": 1.0},
            "1 is no difference",
        ),
        (
            "Cross-entropy has the lower Brier score.",
            "brier",
            "score",
            {"high": 1.0},
            "1 is no difference",
        ),
    )
    claims = []
    for text, name, what, borders, reason in ratios:
        values = ratio(name)
        if len(values):
            wanted = " to ".join(f"{border:g}" for border in borders.values())
            kind = "" if len(borders) > 1 else "at most "
            statistic = f"{what}, cross-entropy over MSE, paired ({kind}{wanted})"
            claims.append(
                claim_median(
                    text,
                    source,
                    statistic,
                    values,
                    low=borders.get("low", -math.inf),
                    high=borders.get("high", math.inf),
                    reason=reason,
                )
            )
    for loss in LOSSES:
        with np.errstate(invalid="ignore"):
            on_boundary = measures[loss]["boundary_distance"]
            near = on_boundary / measures[loss]["point_distance"]
        near = near[np.isfinite(near)]
        if not len(near):
            continue
        claims.append(
            claim_median(
                f"The decision boundary keeps to the creases ({loss}): its points are "
                "at most half as far from one as random points are.",
                source,
                "distance to the nearest crease over that of random points "
                "(at most 0.5)",
                near,
                high=0.5,
                reason="half as far",
            )
        )
    return claims
