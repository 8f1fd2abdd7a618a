"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

import regions
from experiments.measures.adaptation import box_grid
from experiments.measures.partition_history import freeze_epoch
from experiments.measures.unit_square import enumerate_all
from experiments.moving_and_mapping.claims import moving_claims, moving_headline
from experiments.moving_and_mapping.epoch_history import (
    epoch_changes,
    epoch_networks,
    moved_creases,
    window_shares,
)
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from regions.partition.partition_change import compare_patterns
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.labeled import Labeled
from training.progress import Progress
from training.two_moons import moons_box, moons_dataset, two_moons

ABOUT = About(
    title="Moved partitions and changed maps",
    page="claims",
    source="S. Shekkizhar, MLPs as hashing functions, 2024; arXiv 2602.08333",
    setup=(
        "Thirty 2-16-16-2 ReLU networks learn two moons (256 points, noise 0.2, "
        "batches of 32), 120 epochs, by Adam and by heavy-ball momentum. Every "
        "epoch's change of the outputs, on 40 x 40 points and on the data, is split "
        "by holding the patterns and changing the maps, and the other way round "
        "(mean of both orders); so is the change over longer windows, up to the whole "
        "training. With Adam also the last layer alone, and the first layer's biases "
        "alone."
    ),
    differs=(
        "The post gives no network and no task. The same split for the ring, with "
        "exact counts at 41 snapshots, is in the experiment on how a partition learns. "
        "A rate counts as settled when it has fallen to a tenth of its peak, our rule: "
        "the paper was not read."
    ),
    expected=(
        "Both parts at once (the post). In short windows the partition's part is of "
        "second order, for the output is continuous (derived). Patterns settle about "
        "three times as early as weights, 3.85 on average (remembered from the "
        "paper's abstract)."
    ),
)
PARTS = ("last_layer", "first_biases")
"""Parts of the parameters that are trained alone."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        model: The network.
        epochs: Epochs of every run.
        batch: Points per update.
        rates: Learning rate by optimizer; `adam` among them.
        points: Training points.
        noise: Standard deviation of the noise on the points.
        margin: Width of the margin that the box leaves around the moons.
        grid: Side of the grid of points.
        windows: Lengths in epochs over which the change of the outputs is split,
            ascending from 1 to the whole training.
        seeds: One network and one set of points each.
    """

    model: ModelConfig = dataclasses.field(
        default_factory=lambda: ModelConfig(
            widths=(16, 16), output_dim=2, activation="relu"
        )
    )
    epochs: int = 120
    batch: int = 32
    rates: tuple[tuple[str, float], ...] = (("adam", 3e-3), ("momentum", 3e-2))
    points: int = 256
    noise: float = 0.2
    margin: float = 0.5
    grid: int = 40
    windows: tuple[int, ...] = (1, 3, 10, 30, 120)
    seeds: tuple[int, ...] = tuple(range(30))

    def __post_init__(self):
        ends = (self.windows[0], self.windows[-1])
        if ends != (1, self.epochs) or list(self.windows) != sorted(self.windows):
            raise ValueError(
                f"`windows` is {self.windows}: an ascending list from 1 to the "
                f"{self.epochs} epochs is required."
            )
        if "adam" not in dict(self.rates):
            raise ValueError(
                f"`rates` is {self.rates}: `adam` is required, by which parts are "
                "trained."
            )

    def kinds(self) -> dict[str, TrainingConfig]:
        """What is trained, by name: optimizers for all parameters, then parts."""
        whole = {name: self._training(name, "all") for name, _ in self.rates}
        return whole | {part: self._training("adam", part) for part in PARTS}

    def _training(self, name: str, trained: str) -> TrainingConfig:
        """One kind."""
        return TrainingConfig(
            model=self.model,
            optimizer=OptimizerConfig(
                name=name, learning_rate=dict(self.rates)[name], trained=trained
            ),
            loss="cross_entropy",
            epochs=self.epochs,
            batch_size=self.batch,
        )


PRESETS = {
    "smoke": Config(
        model=ModelConfig(widths=(4,), output_dim=2, activation="relu"),
        epochs=6,
        rates=(("adam", 1e-2),),
        points=32,
        grid=6,
        windows=(1, 6),
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        changes: The numbers of `epoch_history` and `losses`, seeds first, by kind.
        creases: Weights and bias of the first layer of the first seed, trained as a
            whole by Adam, before and after: `(2, units, 3)`.
        data: Training points of the first seed.
    """

    config: Config
    summary: Summary
    changes: dict[str, dict[str, np.ndarray]]
    creases: Float64[np.ndarray, "2 units 3"]
    data: Labeled


def moons_of(config: Config, seed: int) -> Labeled:
    """Training points of one seed."""
    return two_moons(config.points, config.noise, seed)


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train all kinds and follow them; write it all to `folder`."""
    moons = [moons_of(config, seed) for seed in config.seeds]
    data = [moons_dataset(one, one) for one in moons]
    changes = {}
    for done, (name, training) in enumerate(config.kinds().items()):
        progress(done, len(config.kinds()), f"training, {name}")
        path = folder / f"networks-{name}.npz"
        networks, losses = epoch_networks(training, data, config.seeds, path)
        clock.lap("training")
        progress(done, len(config.kinds()), f"following the partitions, {name}")
        changes[name] = _follow(config, folder, name, networks, moons)
        changes[name]["losses"] = losses.T
        if name == "adam":
            _save_creases(folder, networks[0])
        clock.lap("partitions")
    stored(folder / "losses.npz", lambda: {n: c["losses"] for n, c in changes.items()})
    tables = {name: _rows(config, found) for name, found in changes.items()}
    return {
        "headline": moving_headline(tables),
        "tables": tables,
        "claims": moving_claims(tables, PARTS),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    losses = read_arrays(folder / "losses.npz")
    return Result(
        config,
        summary,
        {
            name: read_arrays(folder / f"changes-{name}.npz") | {"losses": losses[name]}
            for name in config.kinds()
        },
        read_arrays(folder / "creases.npz")["creases"],
        moons_of(config, config.seeds[0]),
    )


def _follow(
    config: Config,
    folder: pathlib.Path,
    name: str,
    networks: list[list[regions.ReluNetwork]],
    moons: list[Labeled],
) -> dict[str, np.ndarray]:
    """Changes of every epoch of all seeds, and the exact regions at both ends."""
    box = moons_box(config.margin)
    grid = box_grid(box, config.grid)

    def compute() -> dict[str, np.ndarray]:
        rows = []
        for path, points in zip(networks, moons, strict=True):
            row: dict[str, Any] = epoch_changes(path, grid, points.inputs)
            ends = [enumerate_all(network, box) for network in (path[0], path[-1])]
            row["regions"] = [len(found) for found in ends]
            row["jaccard"] = compare_patterns(*(f.patterns for f in ends)).jaccard
            row["windows"] = window_shares(path, grid, config.windows)
            row["inside"] = moved_creases(path[0], path[-1], box)
            rows.append(row)
        return {key: np.stack([row[key] for row in rows]) for key in rows[0]}

    return stored(folder / f"changes-{name}.npz", compute)


def _save_creases(folder: pathlib.Path, path: list[regions.ReluNetwork]) -> None:
    """Keep the first layer of one network before and after."""
    layers = [network.layers[0] for network in (path[0], path[-1])]
    creases = np.stack([np.column_stack([la.weight, la.bias]) for la in layers])
    stored(folder / "creases.npz", lambda: {"creases": creases})


def _rows(config: Config, found: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Numbers of one kind, one row a seed."""
    ends = np.arange(1, config.epochs + 1, dtype=float)
    rows = []
    for i, seed in enumerate(config.seeds):
        inside = found["inside"][i]
        turned, shifted = found["turned"][i, -1], found["shifted"][i, -1]
        rows.append(
            {
                "seed": seed,
                "loss": float(found["losses"][i, -1]),
                "epochs": config.epochs,
                "partition_share": float(np.median(found["share_grid"][i])),
                "partition_share_data": float(np.median(found["share_data"][i])),
                "whole_share": float(found["windows"][i, -1]),
                "changed_points": float(found["points_grid"][i].sum()),
                "creases_inside": int(inside.sum()),
                "turned": float(np.median(turned[inside])) if inside.any() else None,
                "shifted": float(np.median(shifted[inside])) if inside.any() else None,
                "largest_turn": float(turned.max()),
                "regions_before": int(found["regions"][i, 0]),
                "regions_after": int(found["regions"][i, 1]),
                "jaccard": float(found["jaccard"][i]),
                **{
                    f"{name}_freeze": freeze_epoch(found[key][i], ends)
                    for name, key in (
                        ("data", "bits_data"),
                        ("grid", "bits_grid"),
                        ("weights", "weights"),
                    )
                },
            }
        )
    return rows
