"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

import regions
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from regions.partition.region_shape import region_shapes
from training.labeled import load_digits, split_dataset
from training.normalized import ClassifierConfig, fold_batch_norm, train_classifiers
from training.progress import Progress

SOURCE = "Zhang & Wu, ICLR 2020 (2001.01072)"
ABOUT = About(
    title="Regions under batch normalization, dropout and learning rates",
    page="papers",
    source=f"{SOURCE}, inspheres, distances and directions of hyperplanes",
    setup=(
        "Networks 64-[32, 32]-10 learn scikit-learn's digits (Adam 1e-3, 60 epochs, "
        "batches of 64): plainly, with batch normalization (folded into the weights "
        "afterwards), with dropout 0.5, or with learning rate 1e-2. For the region of "
        "each of 20 held-out digits: radius of the largest ball between its units' "
        "hyperplanes with the center in a box (a linear program), distance of the "
        "digit to the boundary, mean absolute cosine between normals."
    ),
    differs="Digits for MNIST and CIFAR, and smaller networks.",
    expected=(
        "Batch normalization: smaller regions, normals closer to orthogonal; dropout: "
        "less orthogonal (read). On digits, computed with another program: inradius "
        "1.44 plain, 0.33 with batch normalization, 1.39 with dropout, 1.07 at the "
        "larger rate (center in [-2, 3]^64); cosines 0.192, 0.166, 0.231, 0.212."
    ),
)
BOXES = ((-2.0, 3.0), (0.0, 1.0))
"""Where centers may lie, lower and upper bound of every pixel; the first is the main
one."""

SETTINGS = ("initial", "plain", "batch norm", "dropout 0.5", "rate 1e-2")
COLUMNS = ("inradius", "inradius_in_the_cube", "distance", "cosine")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        classifier: The plainly trained network; the others differ from it as
            `settings` says.
        seeds: Networks of each setting.
        digits: Held-out digits whose regions are measured.
        num_val: Digits held out.
    """

    classifier: ClassifierConfig = dataclasses.field(default_factory=ClassifierConfig)
    seeds: int = 10
    digits: int = 20
    num_val: int = 360


PRESETS = {
    "smoke": Config(
        classifier=ClassifierConfig(widths=(6,), epochs=1), seeds=2, digits=3
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        table: The numbers named in `COLUMNS`, for each setting, seed and digit.
        accuracy: Held-out accuracy by setting and seed.
    """

    config: Config
    summary: Summary
    table: Float64[np.ndarray, "settings seeds digits columns"]
    accuracy: Float64[np.ndarray, "settings seeds"]

    def means(self, column: str) -> Float64[np.ndarray, "settings seeds"]:
        """Mean over the digits of one of `COLUMNS`."""
        return self.table[..., COLUMNS.index(column)].mean(axis=2)


def settings(config: Config) -> dict[str, ClassifierConfig]:
    """The classifiers by the names in `SETTINGS`."""
    plain = config.classifier
    changes: dict[str, dict[str, Any]] = {
        "initial": {"epochs": 0},
        "plain": {},
        "batch norm": {"batch_norm": True},
        "dropout 0.5": {"dropout": 0.5},
        "rate 1e-2": {"learning_rate": 1e-2},
    }
    return {name: dataclasses.replace(plain, **changes[name]) for name in SETTINGS}


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train in every setting and measure regions; write it all to `folder`."""
    digits = load_digits()
    data, _, val = split_dataset(digits, config.num_val, 0)
    inputs, labels = digits.inputs[val], digits.labels[val]
    chosen = inputs[: config.digits]
    table = np.zeros((len(SETTINGS), config.seeds, config.digits, len(COLUMNS)))
    accuracy = np.zeros((len(SETTINGS), config.seeds))
    for row, (name, classifier) in enumerate(settings(config).items()):
        progress(row, len(SETTINGS), f"training: {name}")
        models = train_classifiers(classifier, data, range(config.seeds))
        networks = [fold_batch_norm(model) for model in models]
        clock.lap("training")
        for seed, network in enumerate(networks):
            accuracy[row, seed] = (network(inputs).argmax(axis=1) == labels).mean()
            table[row, seed] = measure(network, chosen)
            progress(seed + 1, config.seeds, f"regions: {name}")
        clock.lap("regions")
    write_arrays(folder / "regions.npz", table=table, accuracy=accuracy)
    result = Result(config, {}, table, accuracy)
    inradius = np.median(result.means("inradius"), axis=1)
    return {
        "headline": "inradius "
        + ", ".join(
            f"{value:.3g} {name}"
            for name, value in zip(SETTINGS, inradius, strict=True)
        ),
        "medians": {
            column: dict(
                zip(
                    SETTINGS,
                    np.median(result.means(column), axis=1).tolist(),
                    strict=True,
                )
            )
            for column in COLUMNS
        },
        "accuracy": dict(
            zip(SETTINGS, np.median(accuracy, axis=1).tolist(), strict=True)
        ),
        "claims": _claims(result),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "regions.npz")
    return Result(config, summary, arrays["table"], arrays["accuracy"])


def measure(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> Float64[np.ndarray, "points columns"]:
    """The numbers named in `COLUMNS` of the region of each point."""
    dim = network.input_dim
    wide, narrow = (
        region_shapes(network, points, regions.Box([low] * dim, [high] * dim))
        for low, high in BOXES
    )
    return np.stack(
        [wide.inradii, narrow.inradii, wide.distances, wide.cosines], axis=1
    )


def _claims(result: Result) -> list[Claim]:
    """What the numbers say."""
    inradius = dict(zip(SETTINGS, result.means("inradius"), strict=True))
    cosine = dict(zip(SETTINGS, result.means("cosine"), strict=True))
    cube, distance = (
        result.table[..., COLUMNS.index(name)]
        for name in ("inradius_in_the_cube", "distance")
    )
    ratio = float((distance / cube).max())
    claims = [
        claim_exact(
            "No digit is farther from the boundary than the inradius of its region",
            "derived: the digit is an allowed center",
            f"largest ratio of {distance.size} regions (at most 1, to 1e-6)",
            ratio,
            holds=ratio <= 1.0 + 1e-6,
        ),
        claim_median(
            "Batch normalization makes regions less than half as large",
            SOURCE,
            "mean inradius over that of the plain network of the same seed (at most "
            "0.5)",
            inradius["batch norm"] / inradius["plain"],
            high=0.5,
        ),
        claim_median(
            "Batch normalization makes normals more orthogonal",
            SOURCE,
            "difference of the mean cosines, with it and without (below 0)",
            cosine["batch norm"] - cosine["plain"],
            high=0.0,
        ),
        claim_median(
            "Dropout makes normals less orthogonal",
            SOURCE,
            "difference of the mean cosines, with it and without (above 0)",
            cosine["dropout 0.5"] - cosine["plain"],
            low=0.0,
        ),
        claim_median(
            "A larger learning rate makes regions smaller",
            "computed with another program: 1.07 against 1.44",
            "mean inradius over that of the plain network of the same seed (at most 1)",
            inradius["rate 1e-2"] / inradius["plain"],
            high=1.0,
        ),
        claim_median(
            "Training makes regions larger",
            "computed with another program: 1.44 against 1.15",
            "mean inradius over that at the start of the same seed (at least 1)",
            inradius["plain"] / inradius["initial"],
            low=1.0,
        ),
    ]
    return claims
