"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from experiments.measures.digit_networks import (
    Stage,
    hanin_rolnick_config,
    held_out_images,
    measure_stages,
    random_pairs,
    train_stages,
    updates_at,
)
from experiments.measures.hanin_rolnick_measures import (
    boundary_distances,
    count_everywhere,
    count_on_line,
)
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.settings import shape_name
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.bounds import zaslavsky_count
from regions.files.writing import read_arrays, write_arrays
from training.config import ModelConfig, TrainingConfig
from training.ensemble import ensemble_networks, init_ensemble
from training.labeled import Labeled, load_classes
from training.progress import Progress

SOURCE = "Hanin & Rolnick, ICML 2019 (1901.09021)"
ABOUT = About(
    title="Regions on lines, and distances to the nearest boundary",
    page="papers",
    source=f"{SOURCE}, figures of regions along lines and of distances over training",
    setup=(
        "ReLU networks with He normal weights and biases of variance 1e-6 learn digits "
        "(Adam, learning rate 1e-3, batches of 64). On infinite lines through two "
        "random training images every region is counted in rational arithmetic; the "
        "distance from held-out images to the nearest boundary is the least over all "
        "rows of the image's own region. Beside it, networks from R to R at "
        "initialization."
    ),
    differs=(
        "The 64-pixel digits of scikit-learn stand in for MNIST (--data takes the file "
        "of scripts/fetch_digits.py or any other); 200 images for distances instead of "
        "10,000; 50 epochs are 1,150 updates, about one epoch of MNIST's 60,000 "
        "images, so time is shown in updates."
    ),
    expected=(
        "The same number of regions over N for all shapes at initialization, slightly "
        "fewer early in training, then more again; distances between 0.4 / N and "
        "1.5 / N (shape and band remembered). Computed before with another program on "
        "digits: 0.96 to 1.00 at the start, lowest at 0.84 to 0.89; distances of 0.5 / "
        "N to 1.25 / N. One hidden layer: exactly N + 1."
    ),
)
BAND = (0.4, 1.5)
"""Range of distances times N, as remembered."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        data: `digits`, or an `.npz` file of images `X` and classes `y`.
        trained: Hidden widths of the networks that are trained.
        scalar: Those of the networks from R to R, at initialization.
        seeds: Networks per shape that are trained.
        scalar_seeds: Networks per shape from R to R.
        lines: Lines per network.
        points: Held-out images whose distance to a boundary is measured.
        epochs: When it is measured.
    """

    data: str = "digits"
    trained: tuple[tuple[int, ...], ...] = (
        (60,),
        (20, 20, 20),
        (32, 32, 32),
        (64, 64),
    )
    scalar: tuple[tuple[int, ...], ...] = ((64,), (32, 32), (21, 21, 21), (16,) * 4)
    seeds: int = 10
    scalar_seeds: int = 50
    lines: int = 4
    points: int = 200
    epochs: tuple[int, ...] = (0, 1, 2, 5, 10, 20, 50)


PRESETS = {
    "smoke": Config(
        trained=((6, 5),),
        scalar=((5,), (4, 4)),
        seeds=2,
        scalar_seeds=3,
        lines=2,
        points=20,
        epochs=(0, 1),
    ),
    "paper": Config(),
}

Shape = tuple[int, ...]


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        updates: Optimizer steps at each epoch of the configuration.
        lines: Regions on lines by shape: `(epochs, seeds, lines)`.
        distances: Mean distance to the nearest boundary by shape: `(epochs, seeds)`.
        scalar: Regions of R by shape.
    """

    config: Config
    summary: Summary
    updates: Int64[np.ndarray, " epochs"]
    lines: dict[Shape, np.ndarray]
    distances: dict[Shape, np.ndarray]
    scalar: dict[Shape, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train and count; write it all to `folder`."""
    data = load_classes(config.data)
    scalar = {}
    for done, widths in enumerate(config.scalar):
        progress(done, len(config.scalar), "networks from R to R")
        scalar[widths] = stored(
            folder / f"scalar-{shape_name(widths)}.npz",
            lambda w=widths: {"counts": scalar_counts(w, config.scalar_seeds)},
        )["counts"]
    clock.lap("networks from R to R")
    measures = {w: _measure(config, w, data, folder, progress) for w in config.trained}
    clock.lap("training and measures")
    write_arrays(
        folder / "measures.npz",
        updates=updates_at(config.epochs, data),
        **{f"lines-{shape_name(w)}": m["lines"] for w, m in measures.items()},
        **{f"distances-{shape_name(w)}": m["distances"] for w, m in measures.items()},
        **{f"scalar-{shape_name(w)}": counts for w, counts in scalar.items()},
    )
    return _summary(config, measures, scalar)


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "measures.npz")
    return Result(
        config,
        summary,
        arrays["updates"],
        {w: arrays[f"lines-{shape_name(w)}"] for w in config.trained},
        {w: arrays[f"distances-{shape_name(w)}"] for w in config.trained},
        {w: arrays[f"scalar-{shape_name(w)}"] for w in config.scalar},
    )


def scalar_counts(widths: Shape, seeds: int) -> Int64[np.ndarray, " seeds"]:
    """Activation regions of R of networks from R to R, before training."""
    model = ModelConfig(
        widths=widths,
        input_dim=1,
        activation="relu",
        initializer="he_normal_small_bias",
    )
    training = TrainingConfig(model=model, epochs=0)
    networks = ensemble_networks(init_ensemble(training, range(seeds)).params, training)
    return np.array([count_everywhere(network) for network in networks])


def _measure(
    config: Config,
    widths: Shape,
    data: Labeled,
    folder: pathlib.Path,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Regions on lines and distances of one shape over training."""
    training = hanin_rolnick_config(widths, data, max(config.epochs))
    seeds, place = range(config.seeds), folder / shape_name(widths)
    place.mkdir(exist_ok=True)
    pairs = random_pairs(data, seeds, config.lines)
    images = held_out_images(data)[: config.points]

    def measure(stage: Stage) -> dict[str, np.ndarray]:
        lines, distances = [], []
        for seed, network in enumerate(stage.networks):
            message = f"counting, {shape_name(widths)}, epoch {stage.epoch}"
            progress(seed, config.seeds, message)
            lines.append([count_on_line(network, points) for points in pairs[seed]])
            distances.append(boundary_distances(network, images).mean())
        return {"lines": np.array(lines), "distances": np.array(distances)}

    return measure_stages(
        lambda: train_stages(training, data, seeds, config.epochs, place, progress),
        config.epochs,
        place,
        measure,
    )


def line_ratio(
    counts: Int64[np.ndarray, "epochs seeds lines"], widths: Shape
) -> Float64[np.ndarray, "epochs seeds"]:
    """Regions over N, averaged over the lines of each network."""
    return counts.mean(axis=-1) / sum(widths)


def _summary(
    config: Config,
    measures: dict[Shape, dict[str, np.ndarray]],
    scalar: dict[Shape, np.ndarray],
) -> Summary:
    """Numbers and claims."""
    ratios = {w: line_ratio(m["lines"], w) for w, m in measures.items()}
    scaled = {w: m["distances"] * sum(w) for w, m in measures.items()}
    starts = {shape_name(w): float(r[0].mean()) for w, r in ratios.items()}
    claims = [_exact_claim(measures, scalar)]
    for widths, found in ratios.items():
        if len(widths) > 1:
            claims += _line_claims(widths, found)
    claims += [claim for w, s in scaled.items() for claim in _distance_claims(w, s)]
    claims += [
        claim_median(
            f"Networks from R to R have about N + 1 regions, {shape_name(widths)}",
            "Kogan, Jananthan & Kepner 2025 (2512.08091), for infinite width",
            "regions over N + 1 (0.9 to 1.1)",
            counts / (sum(widths) + 1),
            low=0.9,
            high=1.1,
        )
        for widths, counts in scalar.items()
        if len(widths) > 1
    ]
    distances = np.stack([np.median(s, axis=1) for s in scaled.values()])
    return {
        "headline": (
            "regions on a line over N at initialization: "
            f"{min(starts.values()):.2f} to {max(starts.values()):.2f}; median "
            "distance to a boundary times N, over training: "
            f"{distances.min():.2f} to {distances.max():.2f}"
        ),
        "data": config.data,
        "line_ratio_at_start": starts,
        "lowest_median_line_ratio": {
            shape_name(w): float(np.median(r, axis=1).min()) for w, r in ratios.items()
        },
        "held_out_accuracy": {
            shape_name(w): float(m["accuracy"][-1].mean()) for w, m in measures.items()
        },
        "claims": claims,
    }


def _exact_claim(
    measures: dict[Shape, dict[str, np.ndarray]], scalar: dict[Shape, np.ndarray]
) -> Claim:
    """One hidden layer cuts a line into N + 1 intervals."""
    counted = [(w, m["lines"]) for w, m in measures.items()] + list(scalar.items())
    shallow = [(w, a) for w, a in counted if len(w) == 1]
    unequal = sum(int((a != zaslavsky_count(w[0], 1)).sum()) for w, a in shallow)
    return claim_exact(
        "One hidden layer cuts every line into N + 1 regions, at all times",
        "points in general position",
        f"of {sum(a.size for _, a in shallow):,} lines, those with another count",
        unequal,
        holds=unequal == 0,
    )


def _line_claims(
    widths: Shape, ratios: Float64[np.ndarray, "epochs seeds"]
) -> list[Claim]:
    """Claims on the regions on lines of one deep shape."""
    name, later = shape_name(widths), ratios[min(len(ratios) // 2 + 1, len(ratios) - 1)]
    return [
        claim_median(
            f"At initialization a line meets about N regions, {name}",
            SOURCE,
            "regions over N, mean of a network's lines (0.9 to 1.1)",
            ratios[0],
            low=0.9,
            high=1.1,
        ),
        claim_median(
            f"A line meets fewer regions in training, {name}",
            f"{SOURCE}, a shape remembered",
            "regions in the middle of training over those at the start (below 1)",
            later / ratios[0],
            high=1.0,
        ),
        claim_median(
            f"... and then more again, {name}",
            f"{SOURCE}, a shape remembered",
            "regions at the last epoch over those in the middle (above 1)",
            ratios[-1] / later,
            low=1.0,
        ),
    ]


def _distance_claims(
    widths: Shape, scaled: Float64[np.ndarray, "epochs seeds"]
) -> list[Claim]:
    """Claims on the mean distance times N of one shape."""
    name = shape_name(widths)
    return [
        claim_median(
            f"{extreme} mean distance to a boundary in training, {name}: {sign} "
            f"{limit} / N",
            f"{SOURCE}, a band remembered",
            f"distance times N ({sign} {limit})",
            values,
            low=low,
            high=high,
        )
        for extreme, sign, limit, values, low, high in (
            ("Least", "above", BAND[0], scaled.min(axis=0), BAND[0], np.inf),
            ("Largest", "below", BAND[1], scaled.max(axis=0), -np.inf, BAND[1]),
        )
    ]
