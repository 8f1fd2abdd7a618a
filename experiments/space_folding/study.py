"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

import regions
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from regions.partition.folding import space_folding
from training.config import ModelConfig, TrainingConfig
from training.ensemble import ensemble_networks, fit_ensemble, init_ensemble
from training.labeled import load_digits, split_dataset
from training.progress import Progress

SOURCE = "Lewandowski et al., TMLR 2025 (2502.09954)"
ABOUT = About(
    title="Space folding over depth",
    page="papers",
    source=f"{SOURCE}, figure of folding on MNIST over depth",
    setup=(
        "ReLU networks of 60 hidden units in 1 to 5 layers learn scikit-learn's digits "
        "for 30 epochs. The straight path between two held-out digits is cut into all "
        "its intervals; folding is 1 - (largest Hamming distance from the first "
        "pattern) / (all bits flipped), the mean over 100 pairs."
    ),
    differs=(
        "Digits for MNIST, and all intervals of a path, found exactly, for sampled "
        "points of it."
    ),
    expected=(
        "Exactly 0 for one hidden layer (derived); growing with depth while the "
        "generalization error is low (abstract read)."
    ),
)
TRAINING = TrainingConfig(
    model=ModelConfig(input_dim=64, output_dim=10, activation="relu"),
    loss="cross_entropy",
    epochs=30,
    batch_size=64,
    snapshot_every=30,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        units: Hidden units of every network.
        depths: Numbers of hidden layers; each must divide `units`.
        pairs: Pairs of held-out digits.
        seeds: Networks of each depth.
        num_val: Digits held out.
        training: How they are trained.
    """

    units: int = 60
    depths: tuple[int, ...] = (1, 2, 3, 4, 5)
    pairs: int = 100
    seeds: int = 10
    num_val: int = 360
    training: TrainingConfig = TRAINING


PRESETS = {
    "smoke": Config(
        units=12,
        depths=(1, 3),
        pairs=4,
        seeds=2,
        training=dataclasses.replace(TRAINING, epochs=2, snapshot_every=2),
    ),
    "paper": Config(),
}
STAGES = ("initial", "trained")


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        folding: Folding of the path between each pair, by stage, depth and seed.
        same: Which pairs are of one class.
        accuracy: Held-out accuracy of the trained networks.
    """

    config: Config
    summary: Summary
    folding: Float64[np.ndarray, "stages depths seeds pairs"]
    same: Bool[np.ndarray, " pairs"]
    accuracy: Float64[np.ndarray, "depths seeds"]


def draw_pairs(
    labels: Int64[np.ndarray, " points"], pairs: int
) -> Int64[np.ndarray, "pairs 2"]:
    """Indices of two different points each: in turn of one class and of two."""
    rng, result = np.random.default_rng(0), []
    while len(result) < pairs:
        a, b = rng.choice(len(labels), 2, replace=False)
        if (labels[a] == labels[b]) == (len(result) % 2 == 0):
            result.append((a, b))
    return np.array(result, np.int64)


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train at every depth and measure the folding; write it all to `folder`."""
    digits = load_digits()
    data, _, val = split_dataset(digits, config.num_val, 0)
    inputs, labels = digits.inputs[val], digits.labels[val]
    pairs = draw_pairs(labels, config.pairs)
    shape = (len(config.depths), config.seeds)
    folding = np.zeros((len(STAGES), *shape, config.pairs))
    accuracy = np.zeros(shape)
    for row, depth in enumerate(config.depths):
        training = _training(config, depth)
        fitted = fit_ensemble(
            training, data, range(config.seeds), folder / f"depth-{depth}", progress
        )
        clock.lap("training")
        start = init_ensemble(training, range(config.seeds)).params
        for stage, params in enumerate((start, fitted.params)):
            for seed, network in enumerate(ensemble_networks(params, training)):
                folding[stage, row, seed] = _foldings(network, inputs, pairs)
                progress(seed + 1, config.seeds, f"folding at depth {depth}")
                if STAGES[stage] == "trained":
                    winners = network(inputs).argmax(axis=1)
                    accuracy[row, seed] = (winners == labels).mean()
        clock.lap("folding")
    same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    write_arrays(folder / "folding.npz", folding=folding, same=same, accuracy=accuracy)
    means = np.median(folding[1].mean(axis=2), axis=1)
    return {
        "headline": "folding after training "
        + ", ".join(
            f"{mean:.3f} with {depth} hidden layer{'s' * (depth > 1)}"
            for depth, mean in zip(config.depths, means, strict=True)
        ),
        "accuracy": np.median(accuracy, axis=1).tolist(),
        "claims": _claims(config, folding),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "folding.npz")
    return Result(
        config, summary, arrays["folding"], arrays["same"], arrays["accuracy"]
    )


def _training(config: Config, depth: int) -> TrainingConfig:
    """The training of networks of one depth."""
    widths = (config.units // depth,) * depth
    model = dataclasses.replace(config.training.model, widths=widths)
    return dataclasses.replace(config.training, model=model)


def _foldings(
    network: regions.ReluNetwork,
    inputs: Float64[np.ndarray, "points dim"],
    pairs: Int64[np.ndarray, "pairs 2"],
) -> Float64[np.ndarray, " pairs"]:
    """Folding along the path of every pair."""
    return np.array(
        [
            space_folding(network, regions.Segment(inputs[a], inputs[b])).value
            for a, b in pairs
        ]
    )


def _claims(
    config: Config, folding: Float64[np.ndarray, "stages depths seeds pairs"]
) -> list[Claim]:
    """What the numbers say."""
    shallow = folding[:, np.array(config.depths) == 1]
    trained = folding[1].mean(axis=2)
    first, last = 2 if 2 in config.depths else config.depths[0], config.depths[-1]
    claims = [
        claim_exact(
            "One hidden layer does not fold space: 0 on every path",
            "derived: along a line every pre-activation is affine",
            f"largest folding of {shallow.size} paths",
            float(shallow.max(initial=0.0)),
            holds=not shallow.any(),
        ),
        claim_median(
            f"More folding with {last} hidden layers than with {first}, units equal",
            SOURCE,
            "difference of the mean folding of two networks of one seed (above 0)",
            trained[-1] - trained[config.depths.index(first)],
            low=0.0,
        ),
        claim_median(
            f"Training adds folding, at {last} hidden layers",
            SOURCE,
            "difference of the mean folding after and before training (above 0)",
            trained[-1] - folding[0, -1].mean(axis=1),
            low=0.0,
        ),
    ]
    return claims
