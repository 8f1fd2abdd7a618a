"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
import scipy.optimize
import scipy.special
from jaxtyping import Float64

from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from training.progress import Progress

SOURCE = "Amit, Gutfreund & Sompolinsky 1985"
ABOUT = About(
    title="Load curve of the Hopfield network",
    page="papers",
    source=f"{SOURCE}, overlap over the load; limit near 14 % in Folli et al. 2017",
    setup=(
        "Random patterns of +1 and -1 are stored by Hebb's rule without self-coupling. "
        "From stored patterns the network is updated asynchronously until it rests; "
        "the overlap of rest and pattern is averaged over 20 patterns, for loads "
        "(patterns per neuron) from 0.05 to 0.25, beside the replica-symmetric theory "
        "at zero temperature."
    ),
    differs="Capacities of dense associative memories are left to their own study.",
    expected=(
        "Overlap 0.990 at load 0.138 and 0.885 at 0.15 with 500 neurons (computed with "
        "another program): the drop lies between. The theory's critical load is 0.138 "
        "(remembered, and computed here from its equation)."
    ),
)
MEASURED = {
    0.05: 1.000,
    0.10: 0.998,
    0.12: 0.996,
    0.138: 0.990,
    0.15: 0.885,
    0.2: 0.618,
}
"""Mean overlaps by load with 500 neurons, computed with another program."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        neurons: Sizes of the networks.
        loads: Patterns per neuron.
        starts: Stored patterns that a network is started at, all that there are at
            most.
        seeds: Networks of each size and load.
        max_sweeps: Updates of all neurons before a network that moves on is stopped.
    """

    neurons: tuple[int, ...] = (250, 500, 1000)
    loads: tuple[float, ...] = (
        0.05,
        0.1,
        0.12,
        0.13,
        0.138,
        0.145,
        0.15,
        0.16,
        0.18,
        0.2,
        0.25,
    )
    starts: int = 20
    seeds: int = 20
    max_sweeps: int = 200


PRESETS = {
    "smoke": Config(neurons=(100,), loads=(0.05, 0.138, 0.15), seeds=2, starts=4),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        overlaps: Mean overlap of each size, load and network.
    """

    config: Config
    summary: Summary
    overlaps: Float64[np.ndarray, "sizes loads seeds"]


def hebbian_couplings(
    patterns: Float64[np.ndarray, "patterns neurons"],
) -> Float64[np.ndarray, "neurons neurons"]:
    """`sum over patterns of x x^T / neurons`, with zeros on the diagonal."""
    couplings = patterns.T @ patterns / patterns.shape[1]
    np.fill_diagonal(couplings, 0.0)
    return couplings


def settle(
    couplings: Float64[np.ndarray, "neurons neurons"],
    states: Float64[np.ndarray, "starts neurons"],
    *,
    rng: np.random.Generator,
    max_sweeps: int,
) -> tuple[Float64[np.ndarray, "starts neurons"], bool]:
    """Update neurons one by one in random order until no state changes.

    Args:
        couplings: Symmetric, zeros on the diagonal: every update then lowers the energy
            or changes nothing, so that the network comes to rest.
        states: States of +1 and -1; each is updated in the same order.
        rng: Draws the orders of the updates.
        max_sweeps: Give up after so many updates of all neurons.

    Returns:
        The states, and whether all are at rest. A neuron without field keeps its sign.
    """
    states = states.copy()
    fields = states @ couplings
    for _ in range(max_sweeps):
        changed = False
        for neuron in rng.permutation(len(couplings)):
            flip = fields[:, neuron] * states[:, neuron] < 0.0
            if flip.any():
                changed = True
                step = -2.0 * states[flip, neuron]
                states[flip, neuron] += step
                fields[flip] += step[:, None] * couplings[neuron]
        if not changed:
            return states, True
    return states, False


def theory_load(y: Float64[np.ndarray, " points"]) -> Float64[np.ndarray, " points"]:
    """Load at which the overlap is `erf(y)`, at zero temperature, replica-symmetric.

    `sqrt(2 load) = erf(y) / y - (2 / sqrt(pi)) exp(-y^2)`; two y share a load below
    the critical one, the largest value, and the larger y is the stable one.
    """
    slope = 2.0 / np.sqrt(np.pi)
    root = scipy.special.erf(y) / y - slope * np.exp(-(y**2))
    return np.asarray(root**2 / 2.0)


def critical_point() -> tuple[float, float]:
    """The theory's critical load, and the overlap there."""
    found = scipy.optimize.minimize_scalar(
        lambda y: -theory_load(np.array([y]))[0], bounds=(0.5, 3.0), method="bounded"
    )
    y = float(found.x)  # pyright: ignore[reportAttributeAccessIssue]
    return float(theory_load(np.array([y]))[0]), float(scipy.special.erf(y))


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Store, start and settle at every size and load; write it all to `folder`."""
    shape = (len(config.neurons), len(config.loads), config.seeds)
    overlaps, resting = np.zeros(shape), np.zeros(shape, bool)
    for done, place in enumerate(np.ndindex(*shape)):
        size, load = config.neurons[place[0]], config.loads[place[1]]
        overlaps[place], resting[place] = _overlap(config, size, load, place[2])
        progress(done + 1, overlaps.size, "settling networks")
    clock.lap("settling")
    write_arrays(folder / "overlaps.npz", overlaps=overlaps)
    critical, at_critical = critical_point()
    row = config.neurons.index(500) if 500 in config.neurons else 0
    below, above = (overlaps[row, config.loads.index(load)] for load in (0.138, 0.15))
    return {
        "headline": (
            f"with {config.neurons[row]} neurons the overlap is {below.mean():.3f} at "
            f"load 0.138 and {above.mean():.3f} at 0.15; critical load of the theory "
            f"{critical:.4f}"
        ),
        "critical_load": critical,
        "overlap_at_the_critical_load": at_critical,
        "all_at_rest": bool(resting.all()),
        "claims": _claims(config, overlaps, row, critical),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    overlaps = read_arrays(folder / "overlaps.npz")["overlaps"]
    return Result(config, summary, overlaps)


def _overlap(config: Config, size: int, load: float, seed: int) -> tuple[float, bool]:
    """Mean overlap of one network, and whether it came to rest."""
    rng = np.random.default_rng([size, round(1000 * load), seed])
    patterns = rng.choice([-1.0, 1.0], (round(load * size), size))
    starts = patterns[: config.starts]
    states, at_rest = settle(
        hebbian_couplings(patterns), starts, rng=rng, max_sweeps=config.max_sweeps
    )
    return float((states * starts).mean()), at_rest


def _claims(
    config: Config,
    overlaps: Float64[np.ndarray, "sizes loads seeds"],
    row: int,
    critical: float,
) -> list[Claim]:
    """What the numbers say."""
    below, above = (overlaps[row, config.loads.index(load)] for load in (0.138, 0.15))
    size = config.neurons[row]
    claims = [
        claim_exact(
            "The theory's critical load is 0.138",
            SOURCE,
            "largest load with a retrieval solution of the replica-symmetric equation",
            critical,
            holds=abs(critical - 0.138) < 5e-4,
        ),
        claim_median(
            f"At load 0.138 patterns are kept ({size} neurons)",
            "computed with another program: 0.990 on average",
            "mean overlap of a network (0.97 to 1)",
            below,
            low=0.97,
            high=1.0,
        ),
        claim_median(
            f"At load 0.15 they are not ({size} neurons)",
            "computed with another program: 0.885 on average",
            "mean overlap of a network (0.8 to 0.96)",
            above,
            low=0.8,
            high=0.96,
        ),
        claim_median(
            f"The drop from 0.138 to 0.15 is steeper with {config.neurons[-1]} neurons "
            f"than with {config.neurons[0]}",
            f"{SOURCE}: a jump in the limit of many neurons",
            "difference of the two drops of networks of one seed (above 0)",
            _drop(config, overlaps[-1]) - _drop(config, overlaps[0]),
            low=0.0,
        ),
    ]
    return claims


def _drop(
    config: Config, overlaps: Float64[np.ndarray, "loads seeds"]
) -> Float64[np.ndarray, " seeds"]:
    """How much smaller the overlap is at 0.15 than at 0.138."""
    before, after = (overlaps[config.loads.index(load)] for load in (0.138, 0.15))
    return before - after
