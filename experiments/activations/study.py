"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

from experiments.measures.image_fit import every_nth_pixel, image_fit, output_state
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
)
from experiments.measures.unit_square import enumerate_square, predict_image
from experiments.running.about import About
from experiments.running.claims import Claim, claim_median, claim_share
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.settings import (
    dataset_of_each_seed,
    measure_settings,
    read_measures,
    setting_folder,
)
from experiments.running.studies import Summary
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.datasets import load_image
from training.ensemble import fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Four activations",
    page="claims",
    source="T. Dullien, origami post, 2024-07-04: a conjecture",
    setup=(
        "14x6 networks learn the ring from 5000 pixels (Adam 0.001, batches of 1024) "
        "with ReLU, leaky ReLU (0.01), PReLU (one learned slope a unit, from 0.01) and "
        "the absolute value; initial weights and points of a seed are the same for "
        "all four. Errors are on 512 x 512 of the pixels; regions are counted exactly "
        "in the unit square."
    ),
    differs=(
        "The conjecture names no rivals. 1500 epochs instead of the posts' 6000. "
        "Smooth activations have no regions and are left out."
    ),
    expected="No numbers are published.",
)


TRAINING = TrainingConfig(epochs=1500, snapshot_every=1500)
ACTIVATIONS = ("relu", "leaky_relu", "prelu", "abs")
LEARNED = 0.02
"""Error under which a network has learned the ring; predicting the mean has 0.044."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: Network, optimizer and length; each activation is put in.
        data: Image and number of points; each seed draws its own.
        activations: The first is the one that is compared with the others.
        pixels: Side of the grid of pixels on which errors are taken.
        seeds: Seeds of points, initialization and shuffles.
    """

    training: TrainingConfig = TRAINING
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    activations: tuple[str, ...] = ACTIVATIONS
    pixels: int = 512
    seeds: tuple[int, ...] = tuple(range(20))


PRESETS = {
    "smoke": Config(
        training=dataclasses.replace(
            TRAINING,
            model=ModelConfig(widths=(6, 6)),
            epochs=60,
            snapshot_every=60,
            batch_size=None,
        ),
        data=DataConfig(size=64, num_train=300, num_val=10),
        activations=("relu", "abs"),
        pixels=64,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        measures: By activation, one number a seed; `output` is of the
            first seed.
        polygons: By activation, the regions of the first seed.
    """

    config: Config
    summary: Summary
    measures: dict[str, dict[str, np.ndarray]]
    polygons: dict[str, list[Float64[np.ndarray, "_ 2"]]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train with every activation, measure; write it all to `folder`."""
    how = {
        name: functools.partial(_measure, config, name, folder)
        for name in config.activations
    }
    measures = measure_settings(folder, how, progress, "training with each activation")
    clock.lap("training and measuring")
    table = [
        {
            "activation": name,
            **{key: float(np.median(values[key])) for key in NUMBERS},
            "constant": int(values["constant"].sum()),
        }
        for name, values in measures.items()
    ]
    return {
        "headline": _headline(table),
        "table": table,
        "claims": _claims(config, measures),
    }


NUMBERS = ("mse", "accuracy", "regions_before", "regions")
"""One a seed."""


def _headline(table: list[dict[str, Any]]) -> str:
    """One line for the pages."""
    parts = [
        f"{row['activation']} {row['mse']:.4f} and {row['regions']:,.0f} regions"
        for row in table
    ]
    return "median error: " + "; ".join(parts)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(
        config,
        summary,
        read_measures(folder, config.activations),
        {name: read_polygons(_polygons(folder, name)) for name in config.activations},
    )


def _polygons(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Where the regions of the first seed are."""
    return folder / f"polygons-{name}.npz"


def _measure(config: Config, name: str, folder: pathlib.Path) -> dict[str, Any]:
    """All numbers of all seeds with one activation."""
    model = dataclasses.replace(config.training.model, activation=name)
    training = dataclasses.replace(config.training, model=model)
    data = dataset_of_each_seed(config.data, config.seeds)
    place = setting_folder(folder, name)
    fitted = fit_ensemble(training, data, config.seeds, place)
    found = seed_networks(fitted.params, training)
    networks = require_networks(found, config.seeds)
    before = initial_networks(training, config.seeds)
    image = every_nth_pixel(load_image(config.data), config.pixels)
    rows = []
    for initial, network in zip(before, networks, strict=True):
        output = predict_image(network, image.shape)
        rows.append(
            {
                **image_fit(output, image)._asdict(),
                "constant": output_state(output) == "constant",
                "regions_before": len(enumerate_square(initial)),
                "regions": len(enumerate_square(network)),
            }
        )
    write_polygons(_polygons(folder, name), enumerate_square(networks[0]).polygons())
    numbers = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return numbers | {"output": _gray(predict_image(networks[0], image.shape))}


def _gray(output: Float64[np.ndarray, "side side"]) -> UInt8[np.ndarray, "side side"]:
    """Outputs as gray values."""
    return np.round(np.clip(output, 0.0, 1.0) * 255.0).astype(np.uint8)


def _claims(config: Config, measures: dict[str, dict[str, np.ndarray]]) -> list[Claim]:
    """Claims in the order of the page."""
    first = config.activations[0]
    post, ours = "Dullien 2024-07-04 (conjecture)", "this project, for that conjecture"
    claims = [
        claim_median(
            f"ReLU is as good as {other} on the ring: at most a tenth more error.",
            post,
            f"error on the pixels, {first} over {other}, paired (at most 1.1)",
            measures[first]["mse"] / measures[other]["mse"],
            high=1.1,
            reason="a tenth more is hardly worse",
        )
        for other in config.activations[1:]
    ]
    claims += [
        claim_median(
            f"{name} makes as many regions as {first}, within a quarter.",
            ours,
            f"exact regions, {name} over {first}, paired (0.8 to 1.25)",
            measures[name]["regions"] / measures[first]["regions"],
            low=0.8,
            high=1.25,
            reason="a quarter either way",
        )
        for name in config.activations[1:]
    ]
    claims += [
        claim_share(
            f"{name} learns the ring in at least 8 of 10 seeds.",
            ours,
            f"share of seeds with error under {LEARNED} (at least 0.8)",
            values["mse"] < LEARNED,
            low=0.8,
            reason="the bar of `ring_quality`",
        )
        for name, values in measures.items()
    ]
    return claims
