"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

import regions
from experiments.measures.image_fit import every_nth_pixel, image_fit, output_state
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
)
from experiments.measures.unit_square import (
    UNIT_SQUARE,
    enumerate_square,
    predict_image,
    sample_image,
)
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.ensemble import fit_ensemble
from training.progress import Progress

MSE_BAR, ACCURACY_BAR = 0.012, 0.985
ABOUT = About(
    title="The ring from many seeds",
    page="claims",
    source="T. Dullien, origami post, 2025-04-05 (14 neurons by 6 layers)",
    setup=(
        "14x6 leaky-ReLU networks learn the 1024 x 1024 ring from the same "
        "5000 pixels (Adam, 6000 epochs of five updates), each from its own "
        "initialization. Errors are over all pixels; regions of the unit square are "
        "counted exactly, before and after, and by a grid of 1024 x 1024 points."
    ),
    differs="The post shows one run; here all seeds share the pixels.",
    expected=(
        "Error near 0.007, accuracy near 0.99, and two to three times as many grid "
        "regions after as before (measured with another implementation, two seeds)."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: Network, optimizer and length.
        data: Image and sampled points.
        seeds: One network each.
        grid: Side of the hash grid.
        thumbnail: Side of the outputs that are kept for the figure.
    """

    training: TrainingConfig = dataclasses.field(
        default_factory=lambda: TrainingConfig(snapshot_every=1000)
    )
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    seeds: tuple[int, ...] = tuple(range(20))
    grid: int = 1024
    thumbnail: int = 256


PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(7, 6)),
            epochs=40,
            batch_size=100,
            snapshot_every=20,
        ),
        data=DataConfig(size=64, num_train=200, num_val=50),
        seeds=(0, 1),
        grid=64,
        thumbnail=32,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        summary: As in `summary.json`.
        table: One row a seed, as in `summary.json`.
        outputs: Output of each seed as gray values, on fewer pixels.
    """

    summary: Summary
    table: list[dict[str, Any]]
    outputs: list[UInt8[np.ndarray, "side side"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train all seeds, measure each; write it all to `folder`."""
    image, data = sample_image(config.data)
    fitted = fit_ensemble(config.training, data, config.seeds, folder, progress)
    clock.lap("training")
    before = initial_networks(config.training, config.seeds)
    after = require_networks(
        seed_networks(fitted.params, config.training), config.seeds
    )
    table = []
    for i, seed in enumerate(config.seeds):
        numbers = _seed_numbers(config, image, seed, before[i], after[i], folder)
        train, val = map(float, fitted.losses[-1, i])
        table.append(numbers | {"train_loss": train, "val_loss": val})
        progress(i + 1, len(config.seeds), "measuring the networks")
    clock.lap("measures")
    claims = _claims(table)
    return {
        "headline": _headline(table),
        "not_learned": [row["seed"] for row in table if row["state"] != "learned"],
        "table": table,
        "claims": claims,
    }


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    dead = summary["not_learned"]
    return [
        ("result", summary["headline"]),
        ("constant or diverged seeds", ", ".join(map(str, dead)) or "none"),
    ]


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    outputs = []
    for seed in config.seeds:
        outputs.append(read_arrays(folder / f"seed-{seed}.npz")["thumbnail"])
    return Result(summary, summary["table"], outputs)


def _seed_numbers(
    config: Config,
    image: UInt8[np.ndarray, "height width"],
    seed: int,
    before: regions.ReluNetwork,
    after: regions.ReluNetwork,
    folder: pathlib.Path,
) -> dict[str, Any]:
    """All that is measured of one seed; read back if it was measured before."""
    arrays = stored(
        folder / f"seed-{seed}.npz", lambda: _measure(config, image, before, after)
    )
    return {
        "seed": seed,
        "state": str(arrays["state"]),
        **{name: float(arrays[name]) for name in ("mse", "accuracy", "iou")},
        **{
            name: int(arrays[name])
            for name in (
                "exact_before",
                "exact_after",
                "grid_before",
                "grid_after",
                "grid_only",
            )
        },
    }


def _measure(
    config: Config,
    image: UInt8[np.ndarray, "height width"],
    before: regions.ReluNetwork,
    after: regions.ReluNetwork,
) -> dict[str, Any]:
    """Errors of the trained network; exact and grid regions of both."""
    output = predict_image(after, image.shape)
    numbers: dict[str, Any] = {
        "state": output_state(output),
        **image_fit(output, image)._asdict(),
        "grid_only": 0,
    }
    for name, network in (("before", before), ("after", after)):
        found = enumerate_square(network)
        grid = regions.hash_grid(
            network, UNIT_SQUARE, config.grid, offset=0.0, labels=False
        )
        exact = {pattern.tobytes() for pattern in found.patterns}
        seen = {pattern.tobytes() for pattern in grid.patterns[grid.strict]}
        numbers[f"exact_{name}"] = len(exact)
        numbers[f"grid_{name}"] = grid.count
        numbers["grid_only"] += len(seen - exact)
    gray = np.round(np.clip(output, 0.0, 1.0) * 255.0).astype(np.uint8)
    numbers["thumbnail"] = every_nth_pixel(gray, config.thumbnail)
    return numbers


def _passes(row: dict[str, Any]) -> bool:
    """Whether a seed clears both bars."""
    return row["mse"] < MSE_BAR and row["accuracy"] > ACCURACY_BAR


def _claims(table: list[dict[str, Any]]) -> list[Claim]:
    """Claims in the order of the page."""
    column = {name: np.array([row[name] for row in table]) for name in table[0]}
    missed = 1.0 - column["grid_after"] / column["exact_after"]
    return [
        claim_share(
            "A 14x6 network learns the ring from 5000 pixels: error under 0.012 and "
            "accuracy over 98.5 % on all pixels, in at least 8 of 10 seeds.",
            "acceptance of this project, after Dullien 2025-04-05",
            "share of seeds that clear both bars (at least 0.8)",
            np.array([_passes(row) for row in table]),
            low=0.8,
            reason="most seeds: four in five",
        ),
        claim_median(
            "Its median error on all pixels is under 0.012.",
            "acceptance of this project, after Dullien 2025-04-05",
            "mean squared error on all pixels",
            column["mse"],
            high=MSE_BAR,
            reason="a quarter of what a constant leaves",
        ),
        claim_median(
            "Training adds regions: there are at least twice as many after as before.",
            "counts of another implementation (grid, two seeds)",
            "exact regions after over before (at least 2)",
            column["exact_after"] / column["exact_before"],
            low=2.0,
            reason="twice, the less of the two that were counted",
        ),
        claim_median(
            "A grid of one point per pixel misses trained regions, under a tenth.",
            "this project",
            "share of the exact regions that the grid misses (0 to 0.1)",
            missed,
            low=np.nextafter(0.0, 1.0),
            high=0.1,
            reason="some, under a tenth",
        ),
        claim_exact(
            "Every pattern that the grid meets is an enumerated region.",
            "completeness of the enumeration",
            "patterns on the grid alone, all seeds, before and after",
            int(column["grid_only"].sum()),
            holds=not column["grid_only"].any(),
        ),
    ]


def _headline(table: list[dict[str, Any]]) -> str:
    """One line for the pages."""
    median = {
        name: float(np.median([row[name] for row in table]))
        for name in ("mse", "accuracy", "exact_before", "exact_after", "grid_after")
    }
    return (
        f"{sum(map(_passes, table))} of {len(table)} seeds clear both bars; medians: "
        f"error {median['mse']:.4f}, accuracy {median['accuracy']:.2%}, exact regions "
        f"{median['exact_before']:,.0f} before and {median['exact_after']:,.0f} after "
        f"(grid: {median['grid_after']:,.0f})"
    )
