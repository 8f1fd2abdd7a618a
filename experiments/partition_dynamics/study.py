"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

import regions
from experiments.measures.image_fit import every_nth_pixel, image_fit
from experiments.measures.partition_history import (
    freeze_epoch,
    partition_history,
    square_grid,
)
from experiments.measures.resettling import resettlings
from experiments.measures.seed_networks import (
    initial_networks,
    require_networks,
    seed_networks,
    snapshot_networks,
)
from experiments.measures.spikes import WINDOW, find_spikes, spike_rate
from experiments.measures.unit_square import (
    enumerate_square,
    predict_image,
    sample_image,
)
from experiments.partition_dynamics.claims import dynamics_claims, dynamics_headline
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from regions.partition.partition_change import compare_patterns, compare_points
from regions.patterns.kernel import patterns_at
from training.config import DataConfig, ModelConfig, TrainingConfig
from training.ensemble import fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="A partition learns",
    page="claims",
    source=(
        "S. Shekkizhar, MLPs as hashing functions, 2024; T. Dullien, origami post, "
        "2025-04-05; arXiv 2602.08333"
    ),
    setup=(
        "Ten 14x6 networks learn the ring from 5000 pixels for 6000 epochs. At 41 "
        "snapshots: exact region counts, patterns born and dead, the share of the "
        "boundaries' length within 16 pixels of the ring's edges (cut exactly), and "
        "bits that changed on a grid of 64 x 64 points and on the data. The output's "
        "change is split by holding the patterns and changing the maps, and the other "
        "way round. Two more ensembles move the last layer, or the first layer's "
        "biases, alone (1500 epochs)."
    ),
    differs=(
        "The post describes a 20x40 network; that depth is in the experiment on depth. "
        "A rate of change counts as frozen when it has fallen to a tenth of its peak, "
        "our rule: the paper's was not read."
    ),
    expected=(
        "Both partition and maps move; patterns freeze three to four times earlier "
        "than weights, it is claimed (remembered from the paper's abstract: 3.85)."
    ),
)
ABLATIONS = ("last_layer", "first_biases")
SETTLE = 50
"""Epochs after a spike before the partition is looked at."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        training: Network, optimizer, length and distance of the snapshots.
        data: Image and sampled points.
        seeds: One network each.
        ablation_epochs: Length of the runs that move a part of the parameters; a
            multiple of the distance of the snapshots.
        grid: Side of the grid for patterns and outputs.
        side: Pixels along a side of the grid on which errors are taken.
    """

    training: TrainingConfig = dataclasses.field(
        default_factory=lambda: TrainingConfig(snapshot_every=150)
    )
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    seeds: tuple[int, ...] = tuple(range(10))
    ablation_epochs: int = 1500
    grid: int = 64
    side: int = 256

    def __post_init__(self):
        training = self.training
        if self.ablation_epochs % training.snapshot_every or not (
            0 < self.ablation_epochs <= training.epochs
        ):
            raise ValueError(
                f"`ablation_epochs` is {self.ablation_epochs}: a multiple of "
                f"{training.snapshot_every} up to {training.epochs} is required."
            )


PRESETS = {
    "smoke": Config(
        training=TrainingConfig(
            model=ModelConfig(widths=(6, 5)),
            epochs=60,
            batch_size=100,
            snapshot_every=20,
        ),
        data=DataConfig(size=64, num_train=200, num_val=50),
        seeds=(0, 1),
        ablation_epochs=40,
        grid=16,
        side=32,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        epochs: Epochs of the snapshots, ascending.
        losses: Training loss of each epoch and seed.
        histories: As `experiments.measures.partition_history` gives them, one per seed.
    """

    config: Config
    summary: Summary
    epochs: Int[np.ndarray, " snapshots"]
    losses: Float[np.ndarray, "epochs seeds"]
    histories: list[dict[str, np.ndarray]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, follow the partitions, train parts alone; write it all to `folder`."""
    image, data = sample_image(config.data)
    fitted = fit_ensemble(config.training, data, config.seeds, folder / "all", progress)
    losses = fitted.losses[:, :, 0]
    clock.lap("training")
    epochs, snapshots = snapshot_networks(config.training, config.seeds, folder / "all")
    points = np.asarray(data.train_inputs, np.float64)
    histories = []
    for i, seed in enumerate(config.seeds):
        histories.append(_history(config, folder, seed, snapshots[i], points))
        progress(i + 1, len(config.seeds), "following the partitions")
    stored(folder / "losses.npz", lambda: {"epochs": epochs, "losses": losses})
    clock.lap("partitions")
    at = int(np.flatnonzero(epochs == config.ablation_epochs)[0])
    ends = {"all": [networks[at] for networks in snapshots]}
    for trained in ABLATIONS:
        ends[trained] = _train_part(config, folder, trained, progress)
    clock.lap("training of parts")
    ablations = {
        trained: _ablation(config, folder, trained, networks)
        for trained, networks in ends.items()
    }
    clock.lap("measures of parts")
    table = [
        _seed_row(seed, epochs, losses[:, i], histories[i])
        for i, seed in enumerate(config.seeds)
    ]
    variance = float((image / 255.0).var())
    claims = dynamics_claims(table, ablations, variance)
    return {
        "headline": dynamics_headline(table),
        "variance": variance,
        "table": table,
        "ablations": ablations,
        "claims": claims,
    }


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    return [("result", summary["headline"])]


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    losses = read_arrays(folder / "losses.npz")
    return Result(
        config,
        summary,
        losses["epochs"],
        losses["losses"],
        [read_arrays(folder / f"history-{seed}.npz") for seed in config.seeds],
    )


def _history(
    config: Config,
    folder: pathlib.Path,
    seed: int,
    networks: list[regions.ReluNetwork],
    points: np.ndarray,
) -> dict[str, np.ndarray]:
    """The history of one seed, read back if it was found before."""
    return stored(
        folder / f"history-{seed}.npz",
        lambda: partition_history(networks, square_grid(config.grid), points),
    )


def _train_part(
    config: Config, folder: pathlib.Path, trained: str, progress: Progress
) -> list[regions.ReluNetwork]:
    """The networks of which only a part was trained."""
    training = dataclasses.replace(
        config.training,
        optimizer=dataclasses.replace(config.training.optimizer, trained=trained),
        epochs=config.ablation_epochs,
        snapshot_every=config.ablation_epochs,
    )
    _, data = sample_image(config.data)
    fitted = fit_ensemble(training, data, config.seeds, folder / trained, progress)
    return require_networks(seed_networks(fitted.params, training), config.seeds)


def _ablation(
    config: Config,
    folder: pathlib.Path,
    trained: str,
    networks: list[regions.ReluNetwork],
) -> list[dict[str, float]]:
    """Errors, and the partition against the one at initialization, of each seed."""
    starts = initial_networks(config.training, config.seeds)
    arrays = stored(
        folder / f"ablation-{trained}.npz",
        lambda: _columns(
            [
                _end_numbers(config, start, end)
                for start, end in zip(starts, networks, strict=True)
            ]
        ),
    )
    return [
        {name: float(values[i]) for name, values in arrays.items()}
        for i in range(len(networks))
    ]


def _end_numbers(
    config: Config, start: regions.ReluNetwork, end: regions.ReluNetwork
) -> dict[str, float]:
    """Numbers of one trained network."""
    image, _ = sample_image(config.data)
    grid = square_grid(config.grid)
    packed = [patterns_at(network, grid) for network in (start, end)]
    found = [enumerate_square(network) for network in (start, end)]
    output = predict_image(end, (config.side, config.side))
    fit = image_fit(output, every_nth_pixel(image, config.side))
    return {
        "mse": fit.mse,
        "accuracy": fit.accuracy,
        "regions_before": len(found[0]),
        "regions_after": len(found[1]),
        "jaccard": compare_patterns(found[0].patterns, found[1].patterns).jaccard,
        "grid_points": compare_points(packed[0], packed[1], start.num_bits).points,
    }


def _columns(rows: list[dict[str, float]]) -> dict[str, np.ndarray]:
    """Rows as one array a name."""
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _seed_row(
    seed: int,
    epochs: Int[np.ndarray, " snapshots"],
    losses: Float[np.ndarray, " epochs"],
    history: dict[str, np.ndarray],
) -> dict[str, Any]:
    """Numbers of one seed."""
    ends = epochs[1:].astype(float)
    spikes = find_spikes(losses, gap=WINDOW)
    settled = resettlings(spikes, losses, epochs, history["distances"], SETTLE)
    return {
        "seed": seed,
        "train_loss": float(losses[-1]),
        "regions_before": int(history["regions"][0]),
        "regions_after": int(history["regions"][-1]),
        "near_edges_before": float(history["near_edges"][0]),
        "near_edges_after": float(history["near_edges"][-1]),
        "last_jaccard": float(np.median(history["jaccard"][3 * len(ends) // 4 :])),
        "partition_share": float(np.median(history["partition_share"])),
        "crease_turn": float(history["turned"][-1]),
        "crease_shift": float(history["shifted"][-1]),
        "epochs": int(epochs[-1]),
        **{
            f"{name}_freeze": freeze_epoch(history[key], ends)
            for name, key in (
                ("data", "data_bits"),
                ("grid", "grid_bits"),
                ("weights", "weights"),
            )
        },
        "spike_rate": spike_rate(losses) if len(losses) > WINDOW else 0.0,
        "spikes": [spike._asdict() for spike in settled],
    }
