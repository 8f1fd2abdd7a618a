"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from experiments.measures.digit_networks import measure_stages, train_stages
from experiments.measures.two_layer_counts import count_two_layers
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.bounds import serra_2018_upper_bound
from regions.files.writing import read_arrays, write_arrays
from training.config import ModelConfig, OptimizerConfig, TrainingConfig
from training.labeled import Labeled, load_classes
from training.progress import Progress

SOURCE = "Serra, Tjandraatmadja & Ramalingam, ICML 2018 (1711.02114)"
ABOUT = About(
    title="Exact counts and the bound for every split of the units",
    page="papers",
    source=(
        f"{SOURCE}, figure of regions and accuracy over the splits 1;21;10 to 21;1;10 "
        "and figure of regions during training; Serra & Ramalingam, AAAI 2020"
    ),
    setup=(
        "ReLU networks with two hidden layers of a and 22 - a units, and of a and 8 - "
        "a, learn digits (SGD, learning rate 0.01, momentum 0.9, batches of 64, 20 "
        "epochs). All activation regions of the whole input space are counted exactly, "
        "hidden units only."
    ),
    differs=(
        "The 64-pixel digits of scikit-learn stand in for MNIST (--data takes another "
        "file). The paper counts in [0, 1]^784 with a mixed-integer solver, 40 cores; "
        "we count in the whole space, where the first layer's pre-activations cover "
        "R^a exactly. Ten networks per split as in the AAAI paper."
    ),
    expected=(
        "Counts below the bound at every split, on a log scale growing with a (figure "
        "remembered). Values of the bound were computed with a second program: 23 for "
        "(1, 21), 2,449,868 for (11, 11), 4,194,303 for (21, 1); for 8 units 9 to 255."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Networks of one number of units.

    Attributes:
        units: In both hidden layers together.
        splits: Widths of the first layer.
        seeds: Networks per split.
        epochs: When regions are counted.
    """

    units: int
    splits: tuple[int, ...]
    seeds: int
    epochs: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        data: `digits`, or an `.npz` file of images `X` and classes `y`.
        small: The family of which every split is counted, over training.
        large: The family of the paper.
    """

    data: str = "digits"
    small: Family = Family(
        units=8, splits=tuple(range(1, 8)), seeds=10, epochs=(0, 5, 10, 20)
    )
    large: Family = Family(units=22, splits=tuple(range(1, 22)), seeds=10, epochs=(20,))


PRESETS = {
    "smoke": Config(
        small=Family(units=4, splits=(1, 2), seeds=2, epochs=(0, 1)),
        large=Family(units=10, splits=(8,), seeds=1, epochs=(1,)),
    ),
    "paper": Config(),
}

Split = tuple[int, int]


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        counts: Regions by split: `(epochs, seeds)`.
        accuracy: On held-out images by split: `(epochs, seeds)`.
    """

    config: Config
    summary: Summary
    counts: dict[Split, np.ndarray]
    accuracy: dict[Split, np.ndarray]


def splits(family: Family) -> list[Split]:
    """The hidden widths of a family."""
    return [(a, family.units - a) for a in family.splits]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train and count; write it all to `folder`."""
    data = load_classes(config.data)
    counts, accuracy = {}, {}
    for family in (config.small, config.large):
        for done, split in enumerate(splits(family)):
            progress(done, len(family.splits), f"splits of {family.units} units")
            found = _count(family, split, data, folder, progress)
            counts[split], accuracy[split] = found["counts"], found["accuracy"]
        clock.lap(f"{family.units} units")
    write_arrays(
        folder / "counts.npz",
        **{f"counts-{a}-{b}": found for (a, b), found in counts.items()},
        **{f"accuracy-{a}-{b}": found for (a, b), found in accuracy.items()},
    )
    return _summary(config, counts, accuracy)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "counts.npz")
    found = [s for family in (config.small, config.large) for s in splits(family)]
    return Result(
        config,
        summary,
        {(a, b): arrays[f"counts-{a}-{b}"] for a, b in found},
        {(a, b): arrays[f"accuracy-{a}-{b}"] for a, b in found},
    )


def training_config(split: Split, data: Labeled, family: Family) -> TrainingConfig:
    """Training of one split."""
    return TrainingConfig(
        model=ModelConfig(
            widths=split,
            input_dim=data.inputs.shape[1],
            output_dim=data.num_classes,
            activation="relu",
            initializer="he_normal_small_bias",
        ),
        optimizer=OptimizerConfig(name="momentum", learning_rate=0.01),
        loss="cross_entropy",
        epochs=max(family.epochs),
        batch_size=64,
        snapshot_every=int(np.gcd.reduce(family.epochs)),
    )


def _count(
    family: Family,
    split: Split,
    data: Labeled,
    folder: pathlib.Path,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Regions and accuracy of one split."""
    a, b = split
    place, seeds = folder / f"{a}-{b}", range(family.seeds)
    place.mkdir(exist_ok=True)
    training = training_config(split, data, family)
    return measure_stages(
        lambda: train_stages(training, data, seeds, family.epochs, place, progress),
        family.epochs,
        place,
        lambda stage: {
            "counts": np.array([count_two_layers(net) for net in stage.networks])
        },
    )


def bound(split: Split) -> int:
    """The bound of Serra et al. on inputs no fewer than the first layer's units."""
    return serra_2018_upper_bound(split[0], split)


def _summary(
    config: Config, counts: dict[Split, np.ndarray], accuracy: dict[Split, np.ndarray]
) -> Summary:
    """Numbers and claims."""
    large = splits(config.large)
    most = max(int(counts[s].max()) for s in large)
    shares = [float(counts[s][-1].mean()) / bound(s) for s in counts]
    return {
        "headline": (
            f"up to {most:,} regions counted exactly; "
            f"{min(shares):.0%} to {max(shares):.0%} of the bound after training, over "
            f"{len(counts)} splits"
        ),
        "data": config.data,
        "regions_after_training": {
            f"{a}-{b}": float(np.mean(found[-1])) for (a, b), found in counts.items()
        },
        "bound": {f"{a}-{b}": bound((a, b)) for a, b in counts},
        "held_out_accuracy": {
            f"{a}-{b}": float(found[-1].mean()) for (a, b), found in accuracy.items()
        },
        "claims": _claims(config, counts),
    }


def _claims(config: Config, counts: dict[Split, np.ndarray]) -> list[Claim]:
    """What the numbers say."""
    beyond = sum(int((found > bound(s)).sum()) for s, found in counts.items())
    small = splits(config.small)
    first, last = small[0], small[-1]
    return [
        claim_exact(
            "No network has more regions than the bound allows for its split",
            f"{SOURCE}, theorem 1",
            f"of {sum(found.size for found in counts.values()):,} counts, those beyond",
            beyond,
            holds=beyond == 0,
        ),
        claim_median(
            f"More units in the first layer make more regions: {last} against {first}",
            f"{SOURCE}, figure remembered",
            "ratio of the regions after training (above 1)",
            counts[last][-1] / counts[first][-1],
            low=1.0,
        ),
        claim_median(
            f"... and at every step from {first} to {last}",
            f"{SOURCE}, figure remembered",
            "least ratio between a split and the one before (above 1)",
            _least_step(counts, small),
            low=1.0,
        ),
        claim_median(
            f"Training takes regions away, {small[len(small) // 2]}",
            f"{SOURCE}, figure of regions during training, remembered without detail",
            "regions after training over those at initialization (below 1)",
            counts[small[len(small) // 2]][-1] / counts[small[len(small) // 2]][0],
            high=1.0,
        ),
    ]


def _least_step(
    counts: dict[Split, Int64[np.ndarray, "epochs seeds"]], chosen: list[Split]
) -> Float64[np.ndarray, " seeds"]:
    """The least factor from one split to the next, of each seed."""
    table = np.array([counts[s][-1] for s in chosen], np.float64)
    return (table[1:] / table[:-1]).min(axis=0)
