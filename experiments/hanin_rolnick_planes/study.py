"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from experiments.measures.digit_networks import (
    Stage,
    hanin_rolnick_config,
    measure_stages,
    random_pairs,
    train_stages,
    updates_at,
)
from experiments.measures.hanin_rolnick_measures import count_on_plane
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.settings import shape_name
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.bounds import serra_2018_upper_bound, zaslavsky_count
from regions.files.writing import read_arrays, write_arrays
from training.ensemble import ensemble_networks, init_ensemble
from training.labeled import Labeled, load_classes
from training.progress import Progress

SOURCE = "Hanin & Rolnick, NeurIPS 2019 (1906.00904)"
ABOUT = About(
    title="Activation regions on planes through data",
    page="papers",
    source=f"{SOURCE}, main figure and its version normalized by N^2 / 2",
    setup=(
        "ReLU networks with He normal weights and biases of variance 1e-6 learn digits "
        "(Adam, learning rate 1e-3, batches of 64). On the infinite plane through the "
        "origin and two random training images, every activation region is counted: "
        "the whole plane is proved, no window. Ten networks a shape; three planes each "
        "in training, five at initialization."
    ),
    differs=(
        "The 64-pixel digits of scikit-learn stand in for MNIST (--data takes the file "
        "of scripts/fetch_digits.py or any other); three planes instead of five in "
        "training; 50 epochs are 1,150 updates, about one epoch of MNIST's 60,000 "
        "images, so time is shown in updates."
    ),
    expected=(
        "About N^2 / 2 at initialization at every depth, little change in training: "
        "first fewer, then some more again (the figure is remembered, N^2 / 2 read). "
        "On digits the ratio was computed before with another program: 0.93 to 1.00 at "
        "the start, lowest at 0.73 to 0.87. One hidden layer has exactly the count of "
        "lines in general position."
    ),
)

LOW, HIGH = 0.9, 1.1
"""Range of the mean ratio at initialization for depth 3."""

WIDE = 20
"""From this width on, depth 3 makes a claim."""

CHECKED, ENOUGH = 30, 10
"""From this width on, and so many networks, a run fails if the mean is outside."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        data: `digits`, or an `.npz` file of images `X` and classes `y`.
        trained: Hidden widths of the networks that are trained.
        initial: Those that are counted at initialization only.
        seeds: Networks per shape.
        planes: Planes per network during training.
        initial_planes: Planes per network at initialization.
        epochs: When regions are counted.
    """

    data: str = "digits"
    trained: tuple[tuple[int, ...], ...] = (
        (60,),
        (20, 20, 20),
        (32, 32, 32),
        (64, 64),
    )
    initial: tuple[tuple[int, ...], ...] = (
        (32,),
        (64,),
        (96,),
        (128,),
        (16, 16),
        (32, 32),
        (48, 48),
        (64, 64),
        (11, 11, 11),
        (21, 21, 21),
        (32, 32, 32),
        (43, 43, 43),
        (16, 16, 16, 16),
        (24, 24, 24, 24),
        (32, 32, 32, 32),
        (16, 16, 16, 16, 16, 16),
        (21, 21, 21, 21, 21, 21),
    )
    seeds: int = 10
    planes: int = 3
    initial_planes: int = 5
    epochs: tuple[int, ...] = (0, 1, 2, 5, 10, 20, 50)


PRESETS = {
    "smoke": Config(
        trained=((6, 5),),
        initial=((6,), (5, 5, 5)),
        seeds=2,
        planes=1,
        initial_planes=2,
        epochs=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        updates: Optimizer steps at each epoch of the configuration.
        trained: Regions by shape: `(epochs, seeds, planes)`.
        accuracy: On held-out images by shape: `(epochs, seeds)`.
        initial: Regions at initialization by shape: `(seeds, planes)`.
    """

    config: Config
    summary: Summary
    updates: Int64[np.ndarray, " epochs"]
    trained: dict[tuple[int, ...], np.ndarray]
    accuracy: dict[tuple[int, ...], np.ndarray]
    initial: dict[tuple[int, ...], np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train and count; write it all to `folder`."""
    data = load_classes(config.data)
    initial = _count_initial(config, data, folder, progress)
    clock.lap("counts at initialization")
    trained, accuracy = {}, {}
    for widths in config.trained:
        found = _count_trained(config, widths, data, folder, progress)
        trained[widths], accuracy[widths] = found["counts"], found["accuracy"]
    clock.lap("training and counts")
    write_arrays(
        folder / "counts.npz",
        updates=updates_at(config.epochs, data),
        **{f"trained-{shape_name(w)}": a for w, a in trained.items()},
        **{f"accuracy-{shape_name(w)}": a for w, a in accuracy.items()},
        **{f"initial-{shape_name(w)}": a for w, a in initial.items()},
    )
    return _summary(config, trained, accuracy, initial)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "counts.npz")
    return Result(
        config,
        summary,
        arrays["updates"],
        {w: arrays[f"trained-{shape_name(w)}"] for w in config.trained},
        {w: arrays[f"accuracy-{shape_name(w)}"] for w in config.trained},
        {w: arrays[f"initial-{shape_name(w)}"] for w in config.initial},
    )


def ratio(
    counts: Int64[np.ndarray, "*axes"], widths: tuple[int, ...]
) -> Float64[np.ndarray, "*axes"]:
    """Regions over N^2 / 2."""
    return counts / (sum(widths) ** 2 / 2.0)


def initial_counts(
    widths: tuple[int, ...], data: Labeled, seeds: int, planes: int
) -> Int64[np.ndarray, "seeds planes"]:
    """Regions on planes through the origin and two images, before training."""
    training = hanin_rolnick_config(widths, data, epochs=0)
    names = range(seeds)
    networks = ensemble_networks(init_ensemble(training, names).params, training)
    pairs = random_pairs(data, names, planes)
    counts = [
        [count_on_plane(network, points) for points in row]
        for network, row in zip(networks, pairs, strict=True)
    ]
    return np.array(counts)


def _count_initial(
    config: Config, data: Labeled, folder: pathlib.Path, progress: Progress
) -> dict[tuple[int, ...], np.ndarray]:
    """Regions at initialization of all shapes."""
    result = {}
    for done, widths in enumerate(config.initial):
        progress(done, len(config.initial), "counting at initialization")
        arguments = (widths, data, config.seeds, config.initial_planes)
        result[widths] = stored(
            folder / f"initial-{shape_name(widths)}.npz",
            lambda arguments=arguments: {"counts": initial_counts(*arguments)},
        )["counts"]
    return result


def _count_trained(
    config: Config,
    widths: tuple[int, ...],
    data: Labeled,
    folder: pathlib.Path,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Regions and accuracy of one shape over training."""
    name = shape_name(widths)
    training = hanin_rolnick_config(widths, data, max(config.epochs))
    seeds, place = range(config.seeds), folder / name
    place.mkdir(exist_ok=True)
    pairs = random_pairs(data, seeds, config.planes)

    def measure(stage: Stage) -> dict[str, np.ndarray]:
        counts = []
        for seed, network in enumerate(stage.networks):
            progress(seed, config.seeds, f"counting, {name}, epoch {stage.epoch}")
            counts.append([count_on_plane(network, points) for points in pairs[seed]])
        return {"counts": np.array(counts)}

    return measure_stages(
        lambda: train_stages(training, data, seeds, config.epochs, place, progress),
        config.epochs,
        place,
        measure,
    )


def _summary(
    config: Config,
    trained: dict[tuple[int, ...], np.ndarray],
    accuracy: dict[tuple[int, ...], np.ndarray],
    initial: dict[tuple[int, ...], np.ndarray],
) -> Summary:
    """Numbers and claims."""
    means = {w: ratio(a, w).mean(axis=-1) for w, a in trained.items()}
    starts = {shape_name(w): float(ratio(a, w).mean()) for w, a in initial.items()}
    lowest = {
        shape_name(w): float(np.median(m, axis=1).min()) for w, m in means.items()
    }
    claims = [
        *_exact_claims(trained, initial),
        *[
            _start_claim(w, a)
            for w, a in initial.items()
            if len(w) == 3 and min(w) >= WIDE
        ],
        *[claim for w, m in means.items() if len(w) > 1 for claim in _changes(w, m)],
    ]
    return {
        "headline": (
            "regions over N^2/2 at initialization: "
            f"{min(starts.values()):.2f} to {max(starts.values()):.2f} over "
            f"{len(starts)} shapes; lowest median in training "
            f"{min(lowest.values()):.2f}"
        ),
        "data": config.data,
        "verified": config.seeds < ENOUGH
        or all(
            LOW <= starts[shape_name(w)] <= HIGH
            for w in initial
            if len(w) == 3 and min(w) >= CHECKED
        ),
        "ratio_at_start": starts,
        "lowest_median_ratio_in_training": lowest,
        "held_out_accuracy": {
            shape_name(w): float(a[-1].mean()) for w, a in accuracy.items()
        },
        "claims": claims,
    }


def _exact_claims(
    trained: dict[tuple[int, ...], np.ndarray],
    initial: dict[tuple[int, ...], np.ndarray],
) -> list[Claim]:
    """What must hold of every single plane."""
    everything = [*trained.items(), *initial.items()]
    shallow = [(w, a) for w, a in everything if len(w) == 1]
    unequal = sum(int((a != zaslavsky_count(w[0], 2)).sum()) for w, a in shallow)
    beyond = sum(int((a > serra_2018_upper_bound(2, w)).sum()) for w, a in everything)
    return [
        claim_exact(
            "One hidden layer has as many regions on a plane as lines in general "
            "position, at all times",
            "Zaslavsky 1975",
            f"of {sum(a.size for _, a in shallow):,} planes, those with another count",
            unequal,
            holds=unequal == 0,
        ),
        claim_exact(
            "No plane has more regions than the bound of Serra et al.",
            "Serra, Tjandraatmadja & Ramalingam 2018",
            f"of {sum(a.size for _, a in everything):,} planes, those beyond it",
            beyond,
            holds=beyond == 0,
        ),
    ]


def _start_claim(widths: tuple[int, ...], counts: np.ndarray) -> Claim:
    """The ratio at initialization at depth 3."""
    return claim_median(
        f"At initialization there are about N^2/2 regions, {shape_name(widths)}",
        SOURCE,
        f"mean of a network's {counts.shape[1]} planes over N^2/2 ({LOW} to {HIGH})",
        ratio(counts, widths).mean(axis=1),
        low=LOW,
        high=HIGH,
    )


def _changes(widths: tuple[int, ...], means: np.ndarray) -> list[Claim]:
    """Claims on one deep shape over training."""
    name, relative = shape_name(widths), means / means[0]
    middle = relative[min(len(relative) // 2 + 1, len(relative) - 1)]
    return [
        claim_median(
            f"Training changes the number of regions little, {name}",
            SOURCE,
            "largest factor between any epoch and the start (below 2)",
            np.maximum(relative, 1.0 / relative).max(axis=0),
            high=2.0,
        ),
        claim_median(
            f"The number of regions falls in training, {name}",
            f"{SOURCE}, a shape remembered",
            "regions in the middle of training over those at the start (below 1)",
            middle,
            high=1.0,
        ),
        claim_median(
            f"... and then rises again, {name}",
            f"{SOURCE}, a shape remembered",
            "regions at the last epoch over those in the middle (above 1)",
            relative[-1] / middle,
            low=1.0,
        ),
    ]
