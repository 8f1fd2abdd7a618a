"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from experiments.feature_storage.claims import (
    Sizes,
    feature_storage_claims,
    feature_storage_headline,
)
from experiments.feature_storage.linearity import linearity_of_classifiers
from experiments.feature_storage.noisy_channels import measure_pairs, measure_readouts
from experiments.feature_storage.state_readouts import measure_state_readouts
from experiments.feature_storage.storage import (
    STORAGES,
    context_dependence,
    random_planes,
    read_error,
    read_in_contexts,
)
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.progress import Progress

ABOUT = About(
    title="Linear storage of many features, and its read-outs",
    page="claims",
    source=(
        "Hoagy, comments on beren's post on almost linear models, 2023; an unnamed "
        "reader's test of linearity there"
    ),
    setup=(
        "1024 features in 256 dimensions, 1 to 128 others on: the spread over contexts "
        "of a feature's effect over its mean, and the error of the value read, for "
        "linear, quadratic, thresholded and curved (half circle) storage. All features "
        "of 128 in 32 dimensions at once: matched, optimal linear, thresholded and "
        "trained read-outs. One feature under Gaussian noise: trained read-outs, and "
        "pairs of encoder and read-out, beside the least possible error. Digits: "
        "|f(2x) - 2 f(x)| and |f(x+y) - f(x) - f(y)| of classifiers, on inputs and at "
        "the last embedding."
    ),
    differs=(
        "The comments give no numbers and no set-up: sizes, storages and read-outs "
        "are ours. The reader asks for the two sizes only; both are divided by the "
        "size of what is compared."
    ),
    expected=(
        "Context dependence of a quadratic read-out 0.13, 0.25, 0.5, 1.0 at 1, 4, 16, "
        "64 others and of a threshold 0.00, 0.02, 0.22, 0.70 (computed before). Seen "
        "through Gaussian noise, y = x + n, the read-out of least squared error is "
        "E[x | y] = y + s^2 (ln f)'(y), with f the density of y and s^2 the variance "
        "of the noise (Tweedie). It is linear if and only if x is Gaussian: if it is "
        "linear, ln f is a parabola, so y is Gaussian, and so are both its parts "
        "(Cramer). For a feature of values 0 and 1 it is a soft threshold (derived)."
    ),
)

STAGES = ("contexts", "states", "readouts", "pairs", "linearity")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        features: Number of features of the storages.
        dim: Dimension of their space.
        active: Others that are on.
        contexts: Reads at each number of them.
        state_features: Number of features of the states that read-outs give back whole.
        state_dim: Dimension of their space.
        state_active: Features that are on, on average.
        state_width: Hidden units of the trained read-out.
        state_steps: Its updates, on 128 states each.
        densities: Probabilities that a binary feature under noise is 1.
        noises: Standard deviations of the noise.
        noisy_steps: Updates of read-outs under noise and of pairs.
        digit_epochs: Epochs of the classifiers of digits.
        seeds: Independent repetitions of everything.
    """

    features: int = 1024
    dim: int = 256
    active: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128)
    contexts: int = 4000
    state_features: int = 128
    state_dim: int = 32
    state_active: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    state_width: int = 256
    state_steps: int = 1200
    densities: tuple[float, ...] = (0.5, 0.2, 0.05, 0.01)
    noises: tuple[float, ...] = (0.125, 0.25, 0.5, 1.0)
    noisy_steps: int = 2000
    digit_epochs: int = 15
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        features=128,
        dim=64,
        active=(1, 16),
        contexts=500,
        state_features=16,
        state_dim=8,
        state_active=(1, 4),
        state_width=16,
        state_steps=40,
        densities=(0.05,),
        noises=(0.25,),
        noisy_steps=30,
        digit_epochs=1,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        arrays: Arrays of each stage by name, as its measure gives them.
    """

    config: Config
    summary: Summary
    arrays: dict[str, dict[str, np.ndarray]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """All five stages; write it all to `folder`."""
    measures: dict[str, Callable[[], dict[str, np.ndarray]]] = {
        "contexts": lambda: measure_contexts(config, progress),
        "states": lambda: measure_state_readouts(
            features=config.state_features,
            dim=config.state_dim,
            active=config.state_active,
            width=config.state_width,
            steps=config.state_steps,
            seeds=config.seeds,
        ),
        "readouts": lambda: measure_readouts(
            config.densities, config.noises, config.noisy_steps, config.seeds
        ),
        "pairs": lambda: measure_pairs(config.noises, config.noisy_steps, config.seeds),
        "linearity": lambda: linearity_of_classifiers(
            config.digit_epochs, config.seeds, folder / "digits", progress
        ),
    }
    arrays = {}
    for done, stage in enumerate(STAGES):
        progress(done, len(STAGES), f"stage: {stage}")
        arrays[stage] = stored(folder / f"{stage}.npz", measures[stage])
        clock.lap(stage)
    sizes = Sizes(
        dim=config.dim,
        active=config.active,
        state_features=config.state_features,
        state_dim=config.state_dim,
        state_active=config.state_active,
        densities=config.densities,
    )
    claims = feature_storage_claims(sizes, arrays)
    return {
        "headline": feature_storage_headline(sizes, arrays),
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = {stage: read_arrays(folder / f"{stage}.npz") for stage in STAGES}
    return Result(config, summary, arrays)


def measure_contexts(config: Config, progress: Progress) -> dict[str, np.ndarray]:
    """Context dependence and read errors, `(storages, active, seeds)`."""
    shape = (len(STORAGES), len(config.active), len(config.seeds))
    found = {name: np.zeros(shape) for name in ("dependence", "binary", "graded")}
    for s, seed in enumerate(config.seeds):
        rng = np.random.default_rng([seed, config.features, config.dim])
        gram = random_planes(config.features, config.dim, rng)
        for a, active in enumerate(config.active):
            on, graded = (
                read_in_contexts(gram, active, config.contexts, rng, graded=kind)
                for kind in (False, True)
            )
            for i, storage in enumerate(STORAGES):
                found["dependence"][i, a, s] = context_dependence(on, storage)
                found["binary"][i, a, s] = read_error(on, storage)
                found["graded"][i, a, s] = read_error(graded, storage)
        progress(s + 1, len(config.seeds), "reading features in contexts")
    return found
