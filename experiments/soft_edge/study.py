"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

import regions
from experiments.measures.edge_width import edge_widths
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.measures.unit_square import enumerate_square
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import (
    dataset_of_each_seed,
    measure_settings,
    read_measures,
    setting_folder,
)
from experiments.running.studies import Summary
from experiments.soft_edge.claims import BASE, DECAY, DEEP, soft_edge_claims
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import OUTER_RADIUS
from training.ensemble import ensemble_snapshots, fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Soft edges",
    page="claims",
    source="T. Dullien, origami post, 2024-07-04: an open question",
    setup=(
        "Leaky-ReLU networks learn the disc from 5000 pixels with Adam at 0.001 in "
        "batches of 500, for 24,000 updates. The width of the edge is the distance "
        "between the outputs 0.1 and 0.9 along 64 radii (median; a pixel is 1/1024 of "
        "the side); the largest slope is the largest gradient norm over all activation "
        "regions, enumerated exactly. A one-pixel edge needs a slope of 819 per side. "
        "Weight decay is AdamW's, 0.1: without a gradient it takes a weight down by "
        "91 % in the course of training, so that weights come to a balance."
    ),
    differs=(
        "The post shows a movie and gives no sizes: rate, updates and eight seeds are "
        "ours. Slopes are computed for the final networks only."
    ),
    expected=(
        "Seen on one other seed: 68 pixels after 30,000 updates and still falling, 118 "
        "with decay 0.1 and at rest; six layers 6 and 18 pixels."
    ),
)


DISC = DataConfig(image="disc", num_train=5000, num_val=100)
SHALLOW, EQUAL = (500,), (19,) * 6
"""2,001 and 1,977 parameters."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One network and how it is trained.

    Attributes:
        name: Name of its folder, and its label in the figure.
        widths: Units per hidden layer.
        learning_rate: Learning rate of the optimizer.
        weight_decay: Weight decay of AdamW; 0 takes Adam.
    """

    name: str
    widths: tuple[int, ...] = SHALLOW
    learning_rate: float = 1e-3
    weight_decay: float = 0.0


SETTINGS = (
    Setting(name=BASE),
    Setting(name=BASE + DECAY, weight_decay=0.1),
    Setting(name=DEEP, widths=EQUAL),
    Setting(name=DEEP + DECAY, widths=EQUAL, weight_decay=0.1),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        data: Image and number of points; each seed draws its own.
        settings: Networks; the first is the base.
        epochs: Epochs of each run.
        measured: Epochs at which the width is measured, multiples of the first one;
            the last two are half of all epochs and the last.
        batch_size: Points per update.
        samples: Along each radius.
        seeds: Seeds of points, initialization and shuffles.
    """

    data: DataConfig = DISC
    settings: tuple[Setting, ...] = SETTINGS
    epochs: int = 2400
    measured: tuple[int, ...] = (300, 600, 1200, 2400)
    batch_size: int = 500
    samples: int = 800
    seeds: tuple[int, ...] = tuple(range(8))


PRESETS = {
    "smoke": Config(
        data=DataConfig(image="disc", size=64, num_train=200, num_val=10),
        settings=(
            Setting(name=BASE, widths=(24,), learning_rate=0.02),
            Setting(name=DEEP, widths=(6, 6), learning_rate=0.02),
        ),
        epochs=160,
        measured=(80, 160),
        batch_size=50,
        samples=200,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By setting: `widths` (times, seeds), medians over the radii in
            sides, infinite where half of the radii show no edge; `norms` of all
            weights and `losses` (times, seeds); `slopes` and `regions` (seeds);
            `profile` (samples) of the first seed.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train every setting, measure its edge; write it all to `folder`."""
    how = {
        setting.name: functools.partial(_measure, config, setting, folder)
        for setting in config.settings
    }
    measures = measure_settings(folder, how, progress, "training each network")
    clock.lap("training and measuring")
    claims = soft_edge_claims(measures)
    table = [_row(name, values, config.data.size) for name, values in measures.items()]
    return {
        "headline": _headline(table),
        "table": table,
        "claims": claims,
    }


def _row(name: str, values: dict[str, np.ndarray], size: int) -> dict[str, Any]:
    """Numbers of one setting, medians over the seeds; None for what is infinite."""
    width = float(np.median(values["widths"][-1])) * size
    return {
        "setting": name,
        "width_pixels": width if np.isfinite(width) else None,
        "without_edge": int((~np.isfinite(values["widths"][-1])).sum()),
        "slope": float(np.median(values["slopes"])),
        "regions": float(np.median(values["regions"])),
        "loss": float(np.median(values["losses"][-1])),
    }


def _headline(table: list[dict[str, Any]]) -> str:
    """One line for the pages."""
    parts = [
        f"{row['setting']}: {row['width_pixels']:.1f} px, slope {row['slope']:.0f}"
        for row in table
        if row["width_pixels"] is not None
    ]
    return "10-90 width and largest slope, medians: " + "; ".join(parts)


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    rows = [("result", summary["headline"])]
    for row in summary["table"]:
        width = row["width_pixels"]
        text = "no edge" if width is None else f"{width:.1f} px"
        text += (
            f", slope {row['slope']:.1f}, {row['regions']:,.0f} regions, "
            f"loss {row['loss']:.4f}, seeds without edge {row['without_edge']}"
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


def training_of(config: Config, setting: Setting) -> TrainingConfig:
    """What is trained, with snapshots at each multiple of the first measured epoch."""
    name = "adamw" if setting.weight_decay else "adam"
    return TrainingConfig(
        model=ModelConfig(widths=setting.widths),
        optimizer=OptimizerConfig(
            name=name,
            learning_rate=setting.learning_rate,
            weight_decay=setting.weight_decay,
        ),
        epochs=config.epochs,
        batch_size=config.batch_size,
        snapshot_every=config.measured[0],
    )


def _measure(
    config: Config, setting: Setting, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """Widths at the measured epochs; slopes and regions of the last networks."""
    training = training_of(config, setting)
    place = setting_folder(folder, setting.name)
    points = dataset_of_each_seed(config.data, config.seeds)
    fitted = fit_ensemble(training, points, config.seeds, place)
    widths, norms, networks = [], [], []
    for epoch, params in ensemble_snapshots(training, config.seeds, place):
        if epoch in config.measured:
            found = seed_networks(params, training)
            networks = require_networks(found, config.seeds)
            widths.append([_median_width(net, config.samples) for net in networks])
            norms.append([_norm(network) for network in networks])
    found = [enumerate_square(network) for network in networks]
    return {
        "widths": np.array(widths),
        "norms": np.array(norms),
        "losses": fitted.losses[np.array(config.measured) - 1, :, 0],
        "slopes": np.array([largest_slope(one) for one in found]),
        "regions": np.array([len(one) for one in found]),
        "profile": networks[0](_radius_points(config.samples))[:, 0],
    }


CENTER = (0.5, 0.5)
REACH = 0.2
"""Distance of the farthest samples to either side of the edge, in sides."""


def _radius_points(samples: int) -> Float64[np.ndarray, "samples 2"]:
    """Points along the first radius."""
    x = CENTER[0] + np.linspace(OUTER_RADIUS - REACH, OUTER_RADIUS + REACH, samples)
    return np.stack([x, np.full(samples, CENTER[1])], axis=1)


def _median_width(network: regions.ReluNetwork, samples: int) -> float:
    """Median over 64 radii of the 10-90 width of the disc's edge."""
    widths = edge_widths(
        lambda points: network(points)[:, 0],
        center=CENTER,
        radius=OUTER_RADIUS,
        reach=REACH,
        samples=samples,
    )
    return float(np.median(widths))


def _norm(network: regions.ReluNetwork) -> float:
    """Euclidean norm of all weights, without biases."""
    return float(np.sqrt(sum((layer.weight**2).sum() for layer in network.layers)))


def largest_slope(found: regions.RegionSet) -> float:
    """Largest gradient norm of the first output over all regions of a set."""
    largest = 0.0
    for start in range(0, len(found), 4096):
        jacobians, _ = found.affine_maps(slice(start, start + 4096))
        norms = np.linalg.norm(jacobians[:, 0], axis=1)
        largest = max(largest, float(norms.max()))
    return largest
