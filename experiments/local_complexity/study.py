"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.running.about import About
from experiments.running.claims import Claim, claim_median
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from regions.partition.local_complexity import (
    boundary_density,
    cross_polytope_complexity,
    orthonormal_frame,
)
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, ensemble_snapshots, fit_ensemble
from training.labeled import Labeled, load_digits, split_dataset
from training.progress import Progress

HUMAYUN = "Humayun, Balestriero & Baraniuk, ICML 2024 (2402.15555)"
PATEL = "Patel & Montufar, ICML 2025 (2412.18283)"
ABOUT = About(
    title="Local complexity over long training",
    page="papers",
    source=f"{HUMAYUN}, local complexity of an MLP on MNIST; {PATEL}",
    setup=(
        "Networks 64-[32, 32, 32]-10 learn 200 of scikit-learn's digits (AdamW 1e-3, "
        "decay 0.01, squared error on one-hot targets, full batches) for 20,000 "
        "updates. Local complexity is the number of hidden units that change sign over "
        "the 50 corners of a random cross-polytope of radius 0.5; the density of kinks "
        "counts the units whose hyperplane passes within 0.05 of a digit, per unit of "
        "length."
    ),
    differs=(
        "Digits for MNIST, 200 for 1000 points, width 32 for 200, and 20,000 updates "
        "for up to 10^6, so that the late phase may be missed; the density is that of "
        "the hyperplanes of a point's own region."
    ),
    expected=(
        "Local complexity at training points falls, rises, and falls again as regions "
        "move towards the decision boundary (read); the late fall only after 10^4 to "
        "10^5 updates (remembered). Optimization lowers the density of kinks (abstract "
        "read)."
    ),
)
RADIUS = 0.5
"""Radius of the cross-polytopes."""

NEAR = 0.05
"""Within which a hyperplane counts in the density."""

TRAINING = TrainingConfig(
    model=ModelConfig(
        widths=(32, 32, 32), input_dim=64, output_dim=10, activation="relu"
    ),
    optimizer=OptimizerConfig(name="adamw", learning_rate=1e-3, weight_decay=0.01),
    loss="mse",
    epochs=20_000,
    batch_size=None,
    snapshot_every=1000,
)
PLACES = ("training digits", "held-out digits", "random points")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: The long run.
        early: Updates of a second run that starts the same and is looked at more often.
        early_every: Updates between its snapshots.
        seeds: Networks.
        digits: Training digits.
        points: Points of each of `PLACES` that are looked at.
        directions: Number of directions of the cross-polytopes, two corners each.
    """

    training: TrainingConfig = TRAINING
    early: int = 600
    early_every: int = 30
    seeds: int = 10
    digits: int = 200
    points: int = 100
    directions: int = 25


PRESETS = {
    "smoke": Config(
        training=dataclasses.replace(
            TRAINING,
            model=dataclasses.replace(TRAINING.model, widths=(8, 8)),
            epochs=40,
            snapshot_every=20,
        ),
        early=20,
        early_every=20,
        seeds=2,
        points=10,
        directions=4,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        epochs: Epochs of the snapshots, one update each.
        complexity: Mean local complexity at each snapshot, seed and place.
        density: Mean density of kinks at each snapshot, seed and place.
        accuracy: On held-out digits at each snapshot and seed.
    """

    config: Config
    summary: Summary
    epochs: Int64[np.ndarray, " snapshots"]
    complexity: Float64[np.ndarray, "snapshots seeds places"]
    density: Float64[np.ndarray, "snapshots seeds places"]
    accuracy: Float64[np.ndarray, "snapshots seeds"]


class Setting(NamedTuple):
    """Data and where to look.

    Attributes:
        data: Training digits, and all others held out.
        places: Points of each of `PLACES`.
        inputs: All held-out digits.
        labels: Their classes.
    """

    data: Dataset
    places: list[Float64[np.ndarray, "points dim"]]
    inputs: Float64[np.ndarray, "held_out dim"]
    labels: Int64[np.ndarray, " held_out"]


def setting(config: Config) -> Setting:
    """The digits and the points that are looked at, the same for all seeds."""
    digits: Labeled = load_digits()
    data, train, val = split_dataset(digits, len(digits.inputs) - config.digits, 0)
    rng = np.random.default_rng(0)
    places = [
        digits.inputs[train[: config.points]],
        digits.inputs[val[: config.points]],
        rng.uniform(0.0, 1.0, (config.points, digits.inputs.shape[1])),
    ]
    return Setting(data, places, digits.inputs[val], digits.labels[val])


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, and look at every snapshot; write it all to `folder`."""
    where = setting(config)
    epochs, rows = [], []
    for epoch, networks in _snapshots(config, where.data, folder, progress, clock):
        rows.append([_measure(config, where, network) for network in networks])
        epochs.append(epoch)
        clock.lap("local complexity")
        progress(epoch, config.training.epochs, "local complexity")
    table = np.array(rows)
    count = len(PLACES)
    result = Result(
        config,
        {},
        np.array(epochs, np.int64),
        table[..., :count],
        table[..., count : 2 * count],
        table[..., -1],
    )
    write_arrays(
        folder / "complexity.npz",
        epochs=result.epochs,
        complexity=result.complexity,
        density=result.density,
        accuracy=result.accuracy,
    )
    phases = _phases(result)
    return {
        "headline": (
            "local complexity at training digits, median: "
            + ", ".join(
                f"{np.median(values):.1f} {name}" for name, values in phases.items()
            )
            + f"; held-out accuracy {np.median(result.accuracy[-1]):.1%}"
        ),
        "phases": {name: values.tolist() for name, values in phases.items()},
        "claims": _claims(result, phases),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "complexity.npz")
    return Result(config, summary, **arrays)


def _snapshots(
    config: Config,
    data: Dataset,
    folder: pathlib.Path,
    progress: Progress,
    clock: Clock,
) -> Iterator[tuple[int, list[regions.ReluNetwork]]]:
    """Networks of all seeds at the early snapshots, then at those of the long run."""
    early = dataclasses.replace(
        config.training, epochs=config.early, snapshot_every=config.early_every
    )
    last, seeds = -1, range(config.seeds)
    for training, name in ((early, "early"), (config.training, "long")):
        fit_ensemble(training, data, seeds, folder / name, progress)
        clock.lap("training")
        for epoch, params in ensemble_snapshots(training, seeds, folder / name):
            if epoch > last:
                last = epoch
                yield epoch, ensemble_networks(params, training)


def _measure(
    config: Config, where: Setting, network: regions.ReluNetwork
) -> list[float]:
    """Mean complexity and density at each place, then held-out accuracy."""
    # The same cross-polytope for every network, so that curves differ by training only.
    frame = orthonormal_frame(
        network.input_dim, config.directions, np.random.default_rng(1)
    )
    complexity = [
        cross_polytope_complexity(network, points, frame, RADIUS).sum(axis=1).mean()
        for points in where.places
    ]
    density = [
        boundary_density(network, points, NEAR).mean() for points in where.places
    ]
    winners = network(where.inputs).argmax(axis=1)
    accuracy = (winners == where.labels).mean()
    return [float(v) for v in (*complexity, *density, accuracy)]


def _phases(result: Result) -> dict[str, Float64[np.ndarray, " seeds"]]:
    """Complexity at training digits: start, first low, following high, end.

    The first low is the lowest before the highest of all later snapshots.
    """
    curve = result.complexity[..., 0]
    lows, highs = [], []
    for values in curve.T:
        # The largest rise from a snapshot to a later one.
        low = np.minimum.accumulate(values)
        top = int(np.argmax(values - low))
        lows.append(low[top])
        highs.append(values[top])
    return {
        "at the start": curve[0],
        "at the first low": np.array(lows),
        "at the high after it": np.array(highs),
        "at the end": curve[-1],
    }


def _claims(
    result: Result, phases: dict[str, Float64[np.ndarray, " seeds"]]
) -> list[Claim]:
    """What the numbers say."""
    start, low, high, end = phases.values()
    density = result.density[..., 0]
    claims = [
        claim_median(
            "Local complexity at training digits first falls",
            HUMAYUN,
            "first low over start, of a network (at most 0.95)",
            low / start,
            high=0.95,
        ),
        claim_median(
            "Then it rises",
            HUMAYUN,
            "high over first low, of a network (at least 1.05)",
            high / low,
            low=1.05,
        ),
        claim_median(
            "Then it falls again",
            HUMAYUN,
            f"complexity after {result.epochs[-1]:,} updates over the high, of a "
            "network (at most 0.95)",
            end / high,
            high=0.95,
        ),
        claim_median(
            "Optimization lowers the density of kinks at the training digits",
            PATEL,
            "density at the end over that at the start, of a network (at most 1)",
            density[-1] / density[0],
            high=1.0,
        ),
        claim_median(
            "In the end there are fewer kinks at digits than at random points",
            f"{PATEL}: lower for data of low dimension",
            "density at held-out digits over that at random points (at most 1)",
            result.density[-1, :, 1] / result.density[-1, :, 2],
            high=1.0,
        ),
    ]
    return claims
