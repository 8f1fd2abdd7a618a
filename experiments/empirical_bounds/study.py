"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
import time
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

import regions
from experiments.empirical_bounds.programs import PatternProgram, met_patterns
from experiments.measures.digit_networks import train_stages
from experiments.measures.parity_bound import parity_bound, rounds_survived
from experiments.measures.two_layer_counts import count_two_layers
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.bounds import serra_2018_upper_bound
from regions.files.writing import read_arrays
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.labeled import Labeled, load_digits
from training.progress import Progress

SOURCE = "Serra & Ramalingam, AAAI 2020 (1810.03370)"
ABOUT = About(
    title="Lower bounds by parity constraints, and estimates",
    page="papers",
    source=f"{SOURCE}, abstract read; method and setting remembered",
    setup=(
        "ReLU networks with 784 inputs and two hidden layers of a and 22 - a units "
        "learn digits (SGD, learning rate 0.01, momentum 0.9, batches of 64, 20 "
        "epochs). In the box [0, 1]^784: 95 % lower bounds by parity "
        "constraints on 2 and on 5 units, 16 rounds each, by mixed-integer programs "
        "(HiGHS) where none of the patterns at 10,000 points is left, and an estimate "
        "of 16 runs of 50 cells with its own 95 % lower bound. In the whole space, "
        "which has no fewer regions than the box: the exact count."
    ),
    differs=(
        "The text of the paper beyond abstract and introduction was not at hand: the "
        "method is that of MBound (Gomes, Sabharwal & Selman, AAAI 2006) with the "
        "bound of Chernoff, derived anew; its number of rounds and its time limits "
        "are not known, so no published number is compared. Digits of "
        "scikit-learn, each pixel 3 or 4 times as wide and high, stand in for MNIST; "
        "HiGHS on one core for a commercial solver, and points that are tried first; "
        "one network a split for ten. 16 rounds are the "
        "fewest that can prove 95 %, if all of them survive; more would make the "
        "bounds somewhat larger, and dearer."
    ),
    expected=(
        "Lower bounds of the order of the count, faster than counting (abstract); "
        "below it in 95 % of the cases or more."
    ),
)
SIZES = (2, 5)
"""Units of a parity constraint, as remembered: XOR-2 and XOR-5."""
LEVEL = 0.95


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        units: In both hidden layers together.
        splits: Widths of the first layer.
        epochs: Of training.
        seed: Of the networks, and of all chance after them.
        rounds: How often parity constraints are drawn anew.
        points: Whose patterns are known before a program is asked.
        cells: Cells that a run of the estimate keeps.
        runs: Its runs.
    """

    units: int = 22
    splits: tuple[int, ...] = tuple(range(1, 22))
    epochs: int = 20
    seed: int = 0
    rounds: int = 16
    points: int = 10_000
    cells: int = 50
    runs: int = 16


PRESETS = {
    "smoke": Config(
        units=4, splits=(2,), epochs=1, rounds=2, points=20, cells=4, runs=4
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        splits: By width of the first layer, the named numbers of its network.
    """

    config: Config
    summary: Summary
    splits: dict[int, dict[str, np.ndarray]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, bound, estimate and count; write it all to `folder`."""
    for done, a in enumerate(config.splits):
        progress(done, len(config.splits), f"splits of {config.units} units")
        stored(_file_of(a, folder), lambda a=a: _split(a, config, folder, progress))
        clock.lap(f"{a} units first")
    result = read(config, folder, {})
    table = [_row(a, numbers) for a, numbers in result.splits.items()]
    middle = min(table, key=lambda row: abs(2 * row["first layer"] - config.units))
    return {
        "headline": f"{len(table)} splits; {_in_short(middle, config)}",
        "table": table,
        "claims": _claims(table),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    splits = {a: read_arrays(_file_of(a, folder)) for a in config.splits}
    return Result(config, summary, splits)


def _file_of(a: int, folder: pathlib.Path) -> pathlib.Path:
    """The numbers of one split."""
    return folder / f"split-{a}.npz"


def enlarged_digits() -> Labeled:
    """The digits with 28 x 28 pixels: each of theirs 3 or 4 times as wide and high."""
    digits = load_digits()
    index = np.arange(28) * 8 // 28
    images = digits.inputs.reshape(-1, 8, 8)[:, index][:, :, index]
    return Labeled(images.reshape(-1, 784), digits.labels)


def training_config(a: int, config: Config, data: Labeled) -> TrainingConfig:
    """Training of one split."""
    return TrainingConfig(
        model=ModelConfig(
            widths=(a, config.units - a),
            input_dim=data.inputs.shape[1],
            output_dim=data.num_classes,
            activation="relu",
            initializer="he_normal_small_bias",
        ),
        optimizer=OptimizerConfig(name="momentum", learning_rate=0.01),
        loss="cross_entropy",
        epochs=config.epochs,
        batch_size=64,
        snapshot_every=config.epochs,
    )


def _split(
    a: int, config: Config, folder: pathlib.Path, progress: Progress
) -> dict[str, np.ndarray]:
    """All that is said of the network of one split."""
    data, place = enlarged_digits(), folder / f"{a}-{config.units - a}"
    place.mkdir(exist_ok=True)
    training = training_config(a, config, data)
    (stage,) = train_stages(
        training, data, (config.seed,), (config.epochs,), place, progress
    )
    (network,) = stage.networks
    box = regions.Box([0.0] * 784, [1.0] * 784)
    start = time.process_time()
    found = regions.estimate_regions(
        network, box, cells=config.cells, runs=config.runs, seed=config.seed
    )
    seconds = [time.process_time() - start]
    survived = []
    for size in SIZES:
        start = time.process_time()
        rng = np.random.default_rng([config.seed, a, size])
        known = met_patterns(network, box, config.points, rng)
        find = PatternProgram(network, box).find
        rounds = rounds_survived(known, config.units, size, config.rounds, rng, find)
        survived.append(rounds)
        seconds.append(time.process_time() - start)
    return {
        "accuracy": stage.accuracy,
        "log_runs": found.log_runs,
        "mean": np.array(found.mean),
        "interval": np.array(found.interval(LEVEL)),
        "at_least": np.array(found.at_least(LEVEL)),
        "exact": np.array(found.exact is not None),
        "survived": _table(survived),
        "parity": np.array([parity_bound(s, config.rounds, LEVEL) for s in survived]),
        "seconds": np.array(seconds),
        "whole_space": np.array(count_two_layers(network)),
        "bound": np.array(bound((a, config.units - a))),
    }


def _table(rows: list[np.ndarray]) -> Int64[np.ndarray, "rows longest"]:
    """Rows of one length, the shorter ones filled with zeros."""
    longest = max(map(len, rows))
    return np.array([np.pad(row, (0, longest - len(row))) for row in rows], np.int64)


def bound(split: tuple[int, int]) -> int:
    """The bound of Serra et al. on inputs no fewer than the first layer's units."""
    return serra_2018_upper_bound(split[0], split)


def _row(a: int, numbers: dict[str, np.ndarray]) -> dict[str, Any]:
    """One network."""
    low, high = numbers["interval"].tolist()
    parity = numbers["parity"].tolist()
    seconds = numbers["seconds"].tolist()
    return {
        "first layer": a,
        "whole space": int(numbers["whole_space"]),
        "upper bound": int(numbers["bound"]),
        "estimate": float(numbers["mean"]),
        "low": low,
        "high": high,
        "at least": float(numbers["at_least"]),
        **{f"XOR-{size}": found for size, found in zip(SIZES, parity, strict=True)},
        "estimate seconds": seconds[0],
        **{f"XOR-{k} seconds": s for k, s in zip(SIZES, seconds[1:], strict=True)},
        "accuracy": float(numbers["accuracy"][0]),
    }


def _in_short(row: dict[str, Any], config: Config) -> str:
    """One network in a few words."""
    a = row["first layer"]
    bounds = " and ".join(f"{row[f'XOR-{size}']:,}" for size in SIZES)
    return (
        f"({a}, {config.units - a}): about {row['estimate']:,.0f} regions of the box, "
        f"at least {row['at least']:,.0f}; by parity constraints at least {bounds}"
    )


def _claims(table: list[dict[str, Any]]) -> list[Claim]:
    """What the numbers say; of so few networks nothing by chance."""
    keys = [f"XOR-{size}" for size in SIZES]
    beyond = sum(row[key] > row["whole space"] for row in table for key in keys)
    above = sum(row["at least"] > row["whole space"] for row in table)
    sharper = sum(row["at least"] <= max(row[key] for key in keys) for row in table)
    return [
        claim_exact(
            "No lower bound by parity constraints exceeds the count",
            SOURCE,
            f"of {len(table) * len(keys)} bounds, those above the whole space's count",
            beyond,
            holds=beyond == 0,
        ),
        claim_exact(
            "No lower bound of an estimate exceeds the count",
            "this project",
            f"of {len(table)} bounds, those above the whole space's count",
            above,
            holds=above == 0,
        ),
        claim_exact(
            "Lower bounds of estimates are above those by parity constraints",
            "this project",
            f"of {len(table)} networks, those where one of the latter is as large",
            sharper,
            holds=sharper == 0,
        ),
    ]
