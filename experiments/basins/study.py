"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from experiments.basins.claims import basin_claims, basin_headline
from experiments.measures.dense_memories import (
    Energy,
    basin_radius,
    nearest_radius,
    random_patterns,
)
from experiments.measures.target_curvature import one_thread
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.progress import Progress

ABOUT = About(
    title="Basins of dense associative memories",
    page="claims",
    source=(
        "beren and Hoagy, comments on almost linear models, 2023, who quote Krotov on "
        "modern Hopfield networks; Krotov & Hopfield 2016"
    ),
    setup=(
        "Random patterns, 1/20, 1/4 and 1 for each of 40 to 640 neurons, the same "
        "for the energies h^2, h^3, h^4 and exp(h). Basin: the largest share of "
        "flipped bits, in steps of 1/40, from which nine in ten of up to twenty "
        "patterns come back with under 1 % of wrong bits, all neurons updated at once, "
        "up to ten times. Beside it, the largest share from which the nearest stored "
        "pattern is the right one."
    ),
    differs="The comments give no numbers: sizes and loads are ours.",
    expected=(
        "Below capacity a basin is a share of the neurons; h^2 has none beyond 0.138 "
        "patterns for each neuron; the exponential's is that of the nearest pattern, "
        "1/2 - sqrt(ln K / 2 N) (derived, of large N)."
    ),
)
FLIPPED = np.arange(1, 21) / 40.0
"""Shares of flipped bits that are tried, up to one half."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        energies: The square first, the exponential last.
        neurons: Sizes, ascending.
        loads: Patterns for each neuron, ascending; one of them 1.
        tested: Stored patterns started from, at most.
        seeds: Independent repetitions of everything.
    """

    energies: tuple[Energy, ...] = (
        Energy("power", 2),
        Energy("power", 3),
        Energy("power", 4),
        Energy("exp", 0),
    )
    neurons: tuple[int, ...] = (40, 80, 160, 320, 640)
    loads: tuple[float, ...] = (0.05, 0.25, 1.0)
    tested: int = 20
    seeds: tuple[int, ...] = tuple(range(40))


PRESETS = {
    "smoke": Config(
        energies=(Energy("power", 2), Energy("exp", 0)),
        neurons=(20, 40),
        loads=(0.1, 1.0),
        tested=10,
        seeds=(0, 1),
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        radii: Shares of bits, by energy, the nearest pattern last.
    """

    config: Config
    summary: Summary
    radii: Float64[np.ndarray, "energies loads neurons seeds"]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Measure; write it all to `folder`."""
    arrays = stored(folder / "basins.npz", lambda: _measure(config, progress))
    clock.lap("basins")
    labels = [energy.label for energy in config.energies]
    rest = labels, config.loads, config.neurons, arrays["radii"]
    return {"headline": basin_headline(*rest), "claims": basin_claims(*rest)}


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    return Result(config, summary, read_arrays(folder / "basins.npz")["radii"])


def _measure(config: Config, progress: Progress) -> dict[str, np.ndarray]:
    """Radii of all energies on the same patterns."""
    # Small products are faster so, on a busy machine.
    with one_thread():
        return _measure_all(config, progress)


def _measure_all(config: Config, progress: Progress) -> dict[str, np.ndarray]:
    """`_measure`, in one thread."""
    places = (len(config.loads), len(config.neurons), len(config.seeds))
    radii = np.zeros((len(config.energies) + 1, *places))
    for done, place in enumerate(np.ndindex(*places)):
        progress(done, int(np.prod(places)), "measuring basins")
        load, neurons, seed = (
            values[k]
            for values, k in zip(
                (config.loads, config.neurons, config.seeds), place, strict=True
            )
        )
        count = max(2, round(load * neurons))
        patterns = random_patterns(
            count, neurons, np.random.default_rng([seed, neurons, count])
        )
        for k, energy in enumerate(config.energies):
            radii[k, *place] = basin_radius(
                energy,
                patterns,
                np.random.default_rng([seed, 1]),
                tested=config.tested,
                shares=FLIPPED,
            )
        radii[-1, *place] = nearest_radius(
            patterns,
            np.random.default_rng([seed, 1]),
            tested=config.tested,
            shares=FLIPPED,
        )
    return {"radii": radii}
