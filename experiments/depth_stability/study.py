"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np

import regions
from experiments.depth_stability.claims import depth_claims, depth_headline
from experiments.measures.image_fit import every_nth_pixel, image_fit, output_state
from experiments.measures.partition_history import bit_distances, square_grid
from experiments.measures.resettling import resettlings
from experiments.measures.seed_networks import seed_networks
from experiments.measures.spikes import WINDOW, find_spikes, loss_ratios, spike_rate
from experiments.measures.unit_square import count_square, predict_image, sample_image
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from regions.patterns.kernel import patterns_at
from training.config import DataConfig, ModelConfig, OptimizerConfig, TrainingConfig
from training.ensemble import ensemble_snapshots, fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Deeper and less stable",
    page="claims",
    source="T. Dullien, origami post, 2025-04-05 (20x40), and his program's options",
    setup=(
        "Leaky-ReLU networks of width 20 and depth 2, 4, 6, 10, 20 and 40 learn the "
        "ring from 5000 pixels (Adam 1e-3, 300 epochs of 20 updates), ten seeds each. "
        "An epoch whose loss is over three times the median of the 50 before belongs "
        "to a spike. At depth 20 also: gradients clipped to norm 1, epsilon 1e-6, "
        "AMSGrad, learning rate 3e-4, compared by their worst epochs. At depths 20 and "
        "40, bits on a grid of 48 x 48 points before and after each spike. Exact "
        "regions at the end."
    ),
    differs=(
        "For time, batches of 256 in place of 1024 and 300 epochs in place of 6000: "
        "6000 updates, as many as in 1200 epochs of the post. The collapse that it "
        "shows after 3000 epochs is beyond that."
    ),
    expected=(
        "Less stable with depth, says the post; at 20x40, 82 of 3000 epochs in spikes "
        "(measured with another implementation, one seed)."
    ),
)
REMEDIES = {
    "clip": OptimizerConfig(clip_norm=1.0),
    "eps": OptimizerConfig(eps=1e-6),
    "amsgrad": OptimizerConfig(name="amsgrad"),
    "slow": OptimizerConfig(learning_rate=3e-4),
}


SMALLER = "6,000 updates in batches of 256, of the post's 30,000 in batches of 1,024"
"""What the claims of the post are not judged on."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        width: Units per layer.
        depths: Numbers of hidden layers, trained with plain Adam.
        remedies: Names of other optimizers, of `REMEDIES`.
        remedy_depth: The depth at which they are tried; one of `depths`.
        deep: From this depth on, spikes are looked at through the partition.
        data: Image and sampled points.
        epochs: Epochs of every run; more than the window of the running median.
        batch: Points per update.
        snapshot_every: Epochs between two snapshots.
        settle: Epochs after a spike before the partition is looked at.
        seeds: One network for each depth and optimizer.
        grid: Side of the grid for patterns.
        side: Pixels along a side of the grid on which errors are taken.
    """

    width: int = 20
    depths: tuple[int, ...] = (2, 4, 6, 10, 20, 40)
    remedies: tuple[str, ...] = tuple(REMEDIES)
    remedy_depth: int = 20
    deep: int = 20
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    epochs: int = 300
    batch: int = 256
    snapshot_every: int = 15
    settle: int = 10
    seeds: tuple[int, ...] = tuple(range(10))
    grid: int = 48
    side: int = 128

    def __post_init__(self):
        if self.epochs <= WINDOW:
            raise ValueError(
                f"`epochs` is {self.epochs}: more than {WINDOW} are required to speak "
                "of spikes."
            )
        if self.remedy_depth not in self.depths:
            raise ValueError(
                f"`remedy_depth` is {self.remedy_depth}: one of `depths` is required."
            )

    def kinds(self) -> dict[str, TrainingConfig]:
        """What is trained, by name: `depth-<n>` and the remedies."""
        plain = {
            f"depth-{depth}": self._training(depth, OptimizerConfig())
            for depth in self.depths
        }
        remedies = {
            name: self._training(self.remedy_depth, REMEDIES[name])
            for name in self.remedies
        }
        return plain | remedies

    def _training(self, depth: int, optimizer: OptimizerConfig) -> TrainingConfig:
        """One kind."""
        return TrainingConfig(
            model=ModelConfig(widths=(self.width,) * depth),
            optimizer=optimizer,
            epochs=self.epochs,
            batch_size=self.batch,
            snapshot_every=self.snapshot_every,
        )


PRESETS = {
    "smoke": Config(
        width=4,
        depths=(1, 2),
        remedies=("amsgrad",),
        remedy_depth=2,
        deep=2,
        data=DataConfig(size=32, num_train=60, num_val=20),
        epochs=60,
        batch=60,
        snapshot_every=20,
        seeds=(0, 1),
        grid=8,
        side=32,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        losses: Training losses `(epochs, seeds)` of each kind.
    """

    config: Config
    summary: Summary
    losses: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train all kinds, count spikes, look at partitions; write it all to `folder`."""
    _, data = sample_image(config.data)
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, training in config.kinds().items():
        fitted = fit_ensemble(training, data, config.seeds, folder / name, progress)
        clock.lap("training")
        measure = functools.partial(
            _measure, config, folder / name, training, fitted.losses[:, :, 0]
        )
        tables[name] = _rows(config, training, stored(folder / f"{name}.npz", measure))
        progress(1, 1, f"measuring {name}")
        clock.lap("measures")
    plain = {depth: tables[f"depth-{depth}"] for depth in config.depths}
    remedies = {name: tables[name] for name in config.remedies}
    claims = depth_claims(plain, plain[config.remedy_depth], remedies, SMALLER)
    return {
        "headline": depth_headline(plain),
        "tables": tables,
        "claims": claims,
    }


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """What a reader of the summary looks for, for Rich."""
    rows = [("result", summary["headline"])]
    for name, table in summary["tables"].items():
        bad = [f"{r['seed']} {r['state']}" for r in table if r["state"] != "learned"]
        rate = np.median([row["spike_rate"] for row in table])
        words = f"{rate:.1f} spike epochs per 1000; not learned: "
        rows.append((name, words + (", ".join(bad) or "none")))
    return rows


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(
        config,
        summary,
        {
            name: read_arrays(folder / f"{name}.npz")["losses"]
            for name in config.kinds()
        },
    )


def _measure(
    config: Config, folder: pathlib.Path, training: TrainingConfig, losses: np.ndarray
) -> dict[str, Any]:
    """Numbers of all seeds of one kind."""
    image, _ = sample_image(config.data)
    target = every_nth_pixel(image, config.side)
    deep = len(training.model.widths) >= config.deep
    epochs, columns = [], []
    for epoch, params in ensemble_snapshots(training, config.seeds, folder):
        if deep or epoch == config.epochs:
            epochs.append(epoch)
            columns.append(seed_networks(params, training))
    found: dict[str, list[Any]] = {
        name: [] for name in ("state", "mse", "regions", "distances")
    }
    for networks in zip(*columns, strict=True):
        last = networks[-1]
        found["distances"].append(
            _distances(config, networks) if deep else np.zeros((1, 1))
        )
        if last is None:
            found["state"].append("diverged")
            found["mse"].append(np.inf)
            found["regions"].append(0)
            continue
        output = predict_image(last, target.shape)
        found["state"].append(output_state(output))
        found["mse"].append(image_fit(output, target).mse)
        found["regions"].append(count_square(last))
    return {**found, "epochs": epochs, "losses": losses}


def _distances(
    config: Config, networks: tuple[regions.ReluNetwork | None, ...]
) -> np.ndarray:
    """Distances between all snapshots; NaN if a snapshot has diverged."""
    finite = [network for network in networks if network is not None]
    if len(finite) < len(networks):
        return np.full((len(networks),) * 2, np.nan)
    grid = square_grid(config.grid)
    packed = [patterns_at(network, grid) for network in finite]
    return bit_distances(packed, finite[0].num_bits)


def _rows(
    config: Config, training: TrainingConfig, numbers: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    """One row a seed; what is not finite is None."""
    rows = []
    deep = len(training.model.widths) >= config.deep
    for i, seed in enumerate(config.seeds):
        losses = numbers["losses"][:, i]
        spikes = find_spikes(losses, gap=config.settle)
        ratio = float(loss_ratios(losses).max())
        last = float(np.median(losses[-WINDOW:]))
        distances = numbers["distances"][i]
        settled = (
            resettlings(spikes, losses, numbers["epochs"], distances, config.settle)
            if deep and np.isfinite(distances).all()
            else []
        )
        rows.append(
            {
                "seed": seed,
                "state": str(numbers["state"][i]),
                "spike_rate": spike_rate(losses),
                "max_ratio": ratio if np.isfinite(ratio) else None,
                "loss": last if np.isfinite(last) else None,
                "mse": _finite(numbers["mse"][i]),
                "regions": int(numbers["regions"][i]),
                "spikes": [entry._asdict() for entry in settled],
            }
        )
    return rows


def _finite(value: float) -> float | None:
    """A number, or None where it is none."""
    return float(value) if np.isfinite(value) else None
