"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_share
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from regions.partition.class_polygons import ClassPolygons, class_polygons
from regions.partition.decision_regions import decision_regions
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.datasets import Dataset
from training.ensemble import ensemble_networks, fit_ensemble
from training.labeled import one_hot
from training.progress import Progress

SOURCE = "Beise, Dias Da Cruz & Schroeder 2018 (1807.01194)"
ABOUT = About(
    title="Narrow networks have only unbounded decision regions",
    page="papers",
    source=f"{SOURCE}, theorem and figures of two-dimensional examples",
    setup=(
        "The whole plane (or space) is cut into the activation regions of random and "
        "trained networks and along the decision boundary, exactly; connected "
        "components of the decision regions are counted, and those that are bounded, "
        "by recession cones. The trained ones learn which points of a square lie in a "
        "disc, with two hidden layers of width w."
    ),
    differs=(
        "Own data. The width of the theorem counts the outputs too: four outputs bound "
        "a region of the plane without any hidden unit."
    ),
    expected=(
        "No bounded component where no width exceeds the input dimension (a theorem; "
        "abstract read). At most one for one hidden layer of n + 1 units on n inputs "
        "and one output (Grigsby & Lindsey 2022, remembered)."
    ),
)
RADIUS = 0.6
"""Radius of the disc in the square [-1, 1]^2."""

VIEW = 1.6
"""Half the side of the square that is drawn."""

TRAINING = TrainingConfig(
    model=ModelConfig(input_dim=2, output_dim=2, activation="relu"),
    optimizer=OptimizerConfig(learning_rate=1e-2),
    loss="cross_entropy",
    epochs=600,
    batch_size=128,
    snapshot_every=600,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        narrow: Architectures (inputs, hidden widths..., outputs) of random networks, no
            width above the number of inputs.
        one_more: Architectures (n, n + 1, 1).
        random_seeds: Networks of each of those.
        widths: Widths of the two hidden layers of trained networks.
        training: How they are trained; the widths come from `widths`.
        points: Training points; as many are held out.
        seeds: Trained networks of each width.
    """

    narrow: tuple[tuple[int, ...], ...] = (
        (2, 2, 2),
        (2, 2, 2, 2, 2),
        (2, 1, 2, 2),
        (3, 3, 3, 2),
        (3, 2, 3, 3),
    )
    one_more: tuple[tuple[int, ...], ...] = ((2, 3, 1), (3, 4, 1))
    random_seeds: int = 30
    widths: tuple[int, ...] = (1, 2, 3, 4, 6, 8)
    training: TrainingConfig = TRAINING
    points: int = 512
    seeds: int = 20


PRESETS = {
    "smoke": Config(
        narrow=((2, 2, 2),),
        one_more=((2, 3, 1),),
        random_seeds=2,
        widths=(4,),
        training=dataclasses.replace(
            TRAINING, epochs=60, snapshot_every=60, batch_size=64
        ),
        points=128,
        seeds=2,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        bounded: Bounded components by width and seed of the trained networks.
        accuracy: Their held-out accuracy.
        shown: Width, and the regions of the square that is drawn cut by class, for the
            network of median accuracy of up to three widths.
    """

    config: Config
    summary: Summary
    bounded: Int64[np.ndarray, "widths seeds"]
    accuracy: Float64[np.ndarray, "widths seeds"]
    shown: list[tuple[int, ClassPolygons]]


def random_network(shape: tuple[int, ...], seed: int) -> regions.ReluNetwork:
    """A network of normal weights of variance 2 / fan-in and normal biases."""
    rng = np.random.default_rng(seed)
    weights = [
        rng.standard_normal((out, fan_in)) * np.sqrt(2.0 / fan_in)
        for fan_in, out in itertools.pairwise(shape)
    ]
    biases = [0.5 * rng.standard_normal(len(W)) for W in weights]
    return regions.ReluNetwork.from_arrays(weights, biases)


def disc_data(points: int, seed: int) -> Dataset:
    """Points of the square, and whether they lie in the disc, one-hot."""
    inputs = np.random.default_rng(seed).uniform(-1.0, 1.0, (2 * points, 2))
    labels = (np.linalg.norm(inputs, axis=1) < RADIUS).astype(np.int64)
    inputs, targets = inputs.astype(np.float32), one_hot(labels, 2)
    return Dataset(inputs[:points], targets[:points], inputs[points:], targets[points:])


def count_components(network: regions.ReluNetwork) -> tuple[int, int]:
    """Components of the decision regions in the whole space, and the bounded ones."""
    found = decision_regions(network, regions.WholeSpace(network.input_dim))
    found.regions.require_complete()
    return len(found), int(found.bounded.sum())


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count components of random and trained networks; write it all to `folder`."""
    narrow = _random_counts(config.narrow, config.random_seeds, progress)
    one_more = _random_counts(config.one_more, config.random_seeds, progress)
    clock.lap("random networks")
    shape = (len(config.widths), config.seeds)
    bounded, accuracy = np.zeros(shape, np.int64), np.zeros(shape)
    for row, width in enumerate(config.widths):
        networks = _train(config, width, folder, progress)
        clock.lap("training")
        held_out = disc_data(config.points, 0)
        labels = held_out.val_targets.argmax(axis=1)
        points = np.asarray(held_out.val_inputs, np.float64)
        for seed, network in enumerate(networks):
            accuracy[row, seed] = (network(points).argmax(axis=1) == labels).mean()
            bounded[row, seed] = count_components(network)[1]
            progress(seed + 1, config.seeds, f"components at width {width}")
        order = np.argsort(accuracy[row], kind="stable")
        middle = networks[int(order[len(order) // 2])]
        regions.save_network(folder / f"width-{width}.npz", middle)
        clock.lap("components")
    write_arrays(folder / "counts.npz", bounded=bounded, accuracy=accuracy)
    claims = _claims(config, narrow, one_more, bounded)
    total = narrow.size + int((np.array(config.widths) <= 2).sum()) * config.seeds
    return {
        "headline": (
            f"{int(narrow[..., 1].sum())} bounded components in {narrow[..., 1].size} "
            "random narrow networks; trained on a disc, bounded ones in "
            + ", ".join(
                f"{(bounded[row] > 0).mean():.0%} at width {width}"
                for row, width in enumerate(config.widths)
            )
        ),
        "narrow_networks": total,
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "counts.npz")
    box = regions.Box.cube(2, VIEW)
    shown = []
    for width in shown_widths(config.widths):
        network = regions.load_network(folder / f"width-{width}.npz")
        shown.append((width, class_polygons(regions.enumerate_regions(network, box))))
    return Result(
        config,
        summary,
        arrays["bounded"],
        arrays["accuracy"],
        shown,
    )


def shown_widths(widths: tuple[int, ...]) -> list[int]:
    """The widths whose decision regions are drawn: 2, 3 and the largest, if there."""
    return [w for w in widths if w in (2, 3) or w == widths[-1]]


def _random_counts(
    shapes: tuple[tuple[int, ...], ...], seeds: int, progress: Progress
) -> Int64[np.ndarray, "shapes seeds 2"]:
    """Components and bounded ones of random networks."""
    counts = np.zeros((len(shapes), seeds, 2), np.int64)
    for row, shape in enumerate(shapes):
        for seed in range(seeds):
            counts[row, seed] = count_components(random_network(shape, seed))
            progress(row * seeds + seed + 1, len(shapes) * seeds, "random networks")
    return counts


def _train(
    config: Config, width: int, folder: pathlib.Path, progress: Progress
) -> list[regions.ReluNetwork]:
    """Networks of one width after training, one per seed."""
    training = dataclasses.replace(
        config.training,
        model=dataclasses.replace(config.training.model, widths=(width, width)),
    )
    fitted = fit_ensemble(
        training,
        disc_data(config.points, 0),
        range(config.seeds),
        folder / f"training-{width}",
        progress,
    )
    return ensemble_networks(fitted.params, training)


def _claims(
    config: Config,
    narrow: Int64[np.ndarray, "shapes seeds 2"],
    one_more: Int64[np.ndarray, "shapes seeds 2"],
    bounded: Int64[np.ndarray, "widths seeds"],
) -> list[Claim]:
    """What the numbers say."""
    thin = np.array(config.widths) <= 2
    violations = int(narrow[..., 1].sum() + bounded[thin].sum())
    claims = [
        claim_exact(
            "Where no width exceeds the input dimension, every component of every "
            "decision region is unbounded",
            SOURCE,
            f"bounded components in {narrow[..., 1].size} random and "
            f"{bounded[thin].size} trained networks",
            violations,
            holds=violations == 0,
        ),
        claim_exact(
            "One hidden layer of n + 1 units on n inputs, and one output: at most one "
            "bounded component",
            "Grigsby & Lindsey 2022, remembered",
            f"most bounded components of one of {one_more[..., 1].size} random "
            "networks",
            int(one_more[..., 1].max()),
            holds=bool((one_more[..., 1] <= 1).all()),
        ),
    ]
    claims += [
        claim_share(
            f"At width {width} most networks that learn a disc have a bounded "
            "component",
            "ours: the disc is bounded",
            "share of networks with one (above 0.5)",
            bounded[row] > 0,
            low=0.5,
        )
        for row, width in enumerate(config.widths)
        if width > 2
    ]
    return claims
