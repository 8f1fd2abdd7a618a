"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from experiments.dense_memory.claims import dense_memory_claims, dense_memory_headline
from experiments.dense_memory.memories_of_digits import (
    measure_completion,
    measure_prototypes,
)
from experiments.measures.dense_memories import (
    UPDATES,
    Energy,
    capacity,
)
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.progress import Progress

ABOUT = About(
    title="Dense associative memories",
    page="claims",
    source=(
        "beren and Hoagy, comments on almost linear models, 2023 (modern Hopfield "
        "networks store exponentially much); Krotov & Hopfield 2016; Demircigil et al. "
        "2017"
    ),
    setup=(
        "Random patterns; all neurons are updated at once, up to ten times, from "
        "stored patterns. Capacity: the most patterns with under 1 % of wrong bits, "
        "over 8 to 400 neurons, for energies h^2, h^3, h^4, max(h, 0)^3 and exp(h). "
        "Digits: classifiers whose hidden units "
        "are memories to the power n - 1; and 1000 binary digits stored as they are, "
        "whose lower halves, and those of others, are completed from the upper."
    ),
    differs=(
        "The comments give no numbers. Krotov and Hopfield use MNIST and clip their "
        "memories; here it is scikit-learn's digits, and memories have length 1. At "
        "n = 30 most of them get next to no gradient from their random start and stay "
        "noise: the claims about the largest n fail on that, and the one on n = 20 was "
        "added after it was seen."
    ),
    expected=(
        "Capacity ~ N^(n-1) (0.138 N for n = 2, with few errors), 2^(N/2) for the "
        "exponential (remembered, the latter without errors); from features to "
        "prototypes as n grows (remembered)."
    ),
)

STAGES = ("capacity", "digits", "completion")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """An energy, and the sizes at which its capacity is sought.

    Attributes:
        energy: F.
        neurons: Sizes, ascending.
    """

    energy: Energy
    neurons: tuple[int, ...]


GROWTHS = (
    Growth(energy=Energy("power", 2), neurons=(50, 100, 200, 400)),
    Growth(energy=Energy("power", 3), neurons=(40, 60, 90, 130)),
    Growth(energy=Energy("power", 4), neurons=(30, 40, 55, 75)),
    Growth(energy=Energy("rectified", 3), neurons=(40, 60, 90, 130)),
    Growth(energy=Energy("exp", 0), neurons=(8, 10, 12, 14, 16, 18)),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        growths: Capacities that are sought.
        tested: Stored patterns started from.
        degrees: n of the classifiers of digits.
        memories: Number of memories of each classifier.
        steps: Updates of each.
        completing: Energies that complete digits.
        stored: Digits that they store.
        seeds: Independent repetitions of everything.
    """

    growths: tuple[Growth, ...] = GROWTHS
    tested: int = 50
    degrees: tuple[int, ...] = (2, 3, 5, 10, 20, 30)
    memories: int = 50
    steps: int = 1500
    completing: tuple[Energy, ...] = (
        Energy("power", 2),
        *(Energy("rectified", n) for n in (3, 4, 6, 10, 20)),
        Energy("exp", 0),
    )
    stored: int = 1000
    seeds: tuple[int, ...] = tuple(range(10))


PRESETS = {
    "smoke": Config(
        growths=(
            Growth(energy=Energy("power", 2), neurons=(20, 40)),
            Growth(energy=Energy("power", 3), neurons=(20, 40)),
            Growth(energy=Energy("exp", 0), neurons=(6, 8)),
        ),
        tested=20,
        degrees=(2, 10),
        memories=10,
        steps=20,
        completing=(Energy("power", 2), Energy("exp", 0)),
        stored=100,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        arrays: Arrays of each stage by name. `capacity` has, for each growth, its
            number as key: settled and one-step capacities `(2, sizes, seeds)`.
    """

    config: Config
    summary: Summary
    arrays: dict[str, dict[str, np.ndarray]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Capacities and digits; write it all to `folder`."""
    measures: dict[str, Callable[[], dict[str, np.ndarray]]] = {
        "capacity": lambda: _capacities(config, progress),
        "digits": lambda: measure_prototypes(
            config.degrees, config.memories, config.steps, config.seeds
        ),
        "completion": lambda: measure_completion(
            config.completing, config.stored, config.seeds
        ),
    }
    arrays = {}
    for done, stage in enumerate(STAGES):
        progress(done, len(STAGES), f"stage: {stage}")
        arrays[stage] = stored(folder / f"{stage}.npz", measures[stage])
        clock.lap(stage)
    growths = [(growth.energy, growth.neurons) for growth in config.growths]
    claims = dense_memory_claims(growths, config.degrees, arrays)
    return {
        "headline": dense_memory_headline(growths, arrays["capacity"]),
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = {stage: read_arrays(folder / f"{stage}.npz") for stage in STAGES}
    return Result(config, summary, arrays)


def _capacities(config: Config, progress: Progress) -> dict[str, np.ndarray]:
    """Settled and one-step capacities of every growth."""
    found = {}
    for g, growth in enumerate(config.growths):
        values = np.zeros((2, len(growth.neurons), len(config.seeds)))
        for i, neurons in enumerate(growth.neurons):
            for s, seed in enumerate(config.seeds):
                for u, updates in enumerate((UPDATES, 1)):
                    rng = np.random.default_rng([seed, neurons, g])
                    values[u, i, s] = capacity(
                        growth.energy,
                        neurons,
                        rng,
                        tested=config.tested,
                        updates=updates,
                    )
            progress(i + 1, len(growth.neurons), f"capacity of {growth.energy.label}")
        found[str(g)] = values
    return found
