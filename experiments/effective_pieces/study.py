"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

import regions
from experiments.running.about import About
from experiments.running.claims import Claim, claim_median
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from regions.partition.effective_pieces import (
    broken_line,
    effective_pieces,
    network_graph,
)
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, ensemble_snapshots, fit_ensemble
from training.labeled import one_hot
from training.progress import Progress

SOURCE = "Safran, Vardi & Lee, NeurIPS 2022 (2205.09072)"
ABOUT = About(
    title="Effective linear pieces in one dimension",
    page="papers",
    source=f"{SOURCE}, theorem",
    setup=(
        "Networks of one input, one hidden layer of 16 to 256 ReLUs and two outputs "
        "learn the class of 101 points of [-1, 1], which changes four times, by "
        "full-batch gradient descent on the cross entropy. Breakpoints are found "
        "exactly; effective pieces are those of a broken line through points of the "
        "graph of the logit that stays within 3 % of its range."
    ),
    differs=(
        "Finite time and a tolerance instead of the limit of gradient flow; networks "
        "that do not classify all points, about which the theorem says nothing, are "
        "left out and counted."
    ),
    expected=(
        "O(r) linear regions for a target of r neurons, however wide the network "
        "(abstract read; the constant was not)."
    ),
)
CHANGES = (-0.6, -0.2, 0.2, 0.6)
"""Where the class changes."""

TOLERANCES = (0.01, 0.03, 0.1)
"""Largest error of the broken line, in parts of the graph's range."""

MAIN = 1
"""Index of the tolerance that the claims use."""

TRAINING = TrainingConfig(
    model=ModelConfig(
        input_dim=1, output_dim=2, activation="relu", initializer="he_normal_unit_bias"
    ),
    optimizer=OptimizerConfig(name="sgd", learning_rate=0.1),
    loss="cross_entropy",
    epochs=10_000,
    batch_size=None,
    snapshot_every=2500,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        widths: Hidden units.
        seeds: Networks of each width.
        points: Training points, evenly on [-1, 1].
        training: How they are trained.
    """

    widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    seeds: int = 12
    points: int = 101
    training: TrainingConfig = TRAINING


PRESETS = {
    "smoke": Config(
        widths=(16,),
        seeds=2,
        training=dataclasses.replace(TRAINING, epochs=200, snapshot_every=200),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        effective: Effective pieces at each snapshot, width, seed and tolerance.
        pieces: Linear pieces on [-1, 1] at each snapshot, width and seed.
        epochs: Epochs of the snapshots, ascending.
        right: Which trained networks classify all points.
        graph: Breakpoints and logit of one trained network of the largest width, and
            whether each is a corner of its broken line.
    """

    config: Config
    summary: Summary
    effective: Int64[np.ndarray, "snapshots widths seeds tolerances"]
    pieces: Int64[np.ndarray, "snapshots widths seeds"]
    epochs: Int64[np.ndarray, " snapshots"]
    right: Bool[np.ndarray, "widths seeds"]
    graph: Float64[np.ndarray, "points 3"]


def sign_data(points: int) -> tuple[Float64[np.ndarray, " points"], Dataset]:
    """Points of [-1, 1] and the dataset of them, which also serves for validation."""
    x = np.linspace(-1.0, 1.0, points)
    targets = one_hot(np.searchsorted(CHANGES, x) % 2, 2)
    inputs = x[:, None].astype(np.float32)
    return x, Dataset(inputs, targets, inputs, targets)


def logit_graph(
    network: regions.ReluNetwork,
) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, " points"]]:
    """Breakpoints on [-1, 1] and the difference of the two outputs there."""
    points, outputs = network_graph(network, -1.0, 1.0)
    return points, outputs[:, 1] - outputs[:, 0]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train at every width and count pieces; write it all to `folder`."""
    x, data = sign_data(config.points)
    counted, right, graph, epochs = [], [], np.zeros((0, 3)), []
    for width in config.widths:
        model = dataclasses.replace(config.training.model, widths=(width,))
        training = dataclasses.replace(config.training, model=model)
        runs, seeds = folder / f"width-{width}", range(config.seeds)
        fitted = fit_ensemble(training, data, seeds, runs, progress)
        clock.lap("training")
        rows, epochs = [], []
        for epoch, params in ensemble_snapshots(training, seeds, runs):
            rows.append([_count(net) for net in ensemble_networks(params, training)])
            epochs.append(epoch)
        counted.append(rows)
        networks = ensemble_networks(fitted.params, training)
        right.append([_is_right(net, x, data) for net in networks])
        graph = _drawn_graph(networks[int(np.argmax(right[-1]))])
        clock.lap("counting pieces")
    table = np.array(counted, np.int64).swapaxes(0, 1)
    effective, pieces = table[..., 1:], table[..., 0]
    is_right = np.array(right, bool)
    write_arrays(
        folder / "pieces.npz",
        effective=effective,
        pieces=pieces,
        epochs=np.array(epochs, np.int64),
        right=is_right,
        graph=graph,
    )
    return {
        **_numbers(config, effective[-1], pieces[-1], is_right),
        "claims": _claims(config, effective[-1], pieces[-1], is_right),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "pieces.npz")
    return Result(config, summary, **arrays)


def _count(network: regions.ReluNetwork) -> list[int]:
    """Linear pieces on [-1, 1], then effective ones by tolerance."""
    points, values = logit_graph(network)
    spread = float(np.ptp(values))
    return [
        len(points) - 1,
        *(effective_pieces(points, values, part * spread) for part in TOLERANCES),
    ]


def _is_right(
    network: regions.ReluNetwork, x: Float64[np.ndarray, " points"], data: Dataset
) -> bool:
    """Whether all points get their class."""
    winners = network(x[:, None]).argmax(axis=1)
    return bool((winners == np.asarray(data.train_targets).argmax(axis=1)).all())


def _drawn_graph(network: regions.ReluNetwork) -> Float64[np.ndarray, "points 3"]:
    """Breakpoints, logit, and 1 at the corners of the broken line."""
    points, values = logit_graph(network)
    corner = np.zeros(len(points))
    tolerance = TOLERANCES[MAIN] * float(np.ptp(values))
    corner[broken_line(points, values, tolerance)] = 1.0
    return np.stack([points, values, corner], axis=1)


def _medians(
    values: Int64[np.ndarray, "widths seeds"], right: Bool[np.ndarray, "widths seeds"]
) -> list[float | None]:
    """Median over the networks that classify all points; None where there is none."""
    return [
        float(np.median(row[kept])) if kept.any() else None
        for row, kept in zip(values, right, strict=True)
    ]


def _numbers(
    config: Config,
    effective: Int64[np.ndarray, "widths seeds tolerances"],
    pieces: Int64[np.ndarray, "widths seeds"],
    right: Bool[np.ndarray, "widths seeds"],
) -> dict[str, Any]:
    """Medians over the networks that classify all points, and how many these are."""
    found = _medians(effective[..., MAIN], right)
    all_pieces = _medians(pieces, right)
    text = ", ".join(
        f"{few:g} of {many:g} at width {width}"
        for width, few, many in zip(config.widths, found, all_pieces, strict=True)
        if few is not None
    )
    return {
        "headline": f"effective pieces, median: {text or 'no network is right'}",
        "effective_pieces": found,
        "linear_pieces": all_pieces,
        "networks_right": right.sum(axis=1).tolist(),
        "networks_of_each_width": config.seeds,
    }


def _claims(
    config: Config,
    effective: Int64[np.ndarray, "widths seeds tolerances"],
    pieces: Int64[np.ndarray, "widths seeds"],
    right: Bool[np.ndarray, "widths seeds"],
) -> list[Claim]:
    """What the numbers say; no claim where too few networks are right."""
    kept = right[-1]
    if not kept.any():
        return []
    last, target = effective[-1, kept, MAIN], len(CHANGES)
    small, large = config.widths[0], config.widths[-1]
    claims = [
        claim_median(
            f"At width {large} few pieces matter: at most 3 r for r = {target} changes",
            f"{SOURCE}; the constant is ours",
            f"effective pieces of a network (at most {3 * target})",
            last,
            high=3.0 * target,
        ),
        claim_median(
            f"At width {large} less than a tenth of the linear pieces matter",
            SOURCE,
            "effective over all linear pieces of a network (at most 0.1)",
            last / pieces[-1, kept],
            high=0.1,
        ),
    ]
    both = right[0] & kept
    if both.any():
        claims.append(
            claim_median(
                "Effective pieces do not grow with the width",
                SOURCE,
                f"width {large} over width {small}, networks of one seed (at most 1.5)",
                effective[-1, both, MAIN] / effective[0, both, MAIN],
                high=1.5,
            )
        )
    return claims
