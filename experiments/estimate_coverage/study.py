"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import Any, NamedTuple

import numpy as np
import scipy.stats
from jaxtyping import Float64

import regions
from experiments.estimate_coverage.bias import bias_rows, over_others
from experiments.estimate_coverage.claims import coverage_claims
from experiments.estimate_coverage.families import FAMILIES, Family, networks_of
from experiments.estimate_coverage.ideas import IDEAS, idea_values
from experiments.estimate_coverage.trials import (
    LEVELS,
    SIZES,
    columns,
    spread_of_cells,
    try_out,
)
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.progress import Progress

ABOUT = About(
    title="Estimates keep their word",
    page="claims",
    source="this project; one cell kept is D. E. Knuth's estimator of 1975",
    setup=(
        "17 kinds of networks with 8 to 16,376 regions, counted exactly: "
        "random, trained and degenerate (no biases, small integers, copies and "
        "opposites of units), 1 to 30 inputs, boxes and the whole space; 25 networks "
        "of each. An estimate keeps 8 cells in each of 16 runs. Beside it one cell "
        "kept, and the patterns of 1,000 points drawn evenly. On ten networks the "
        "spread of a run against the cells kept, and what each idea for less spread "
        "is worth: 1 / (variance x CPU time)."
    ),
    differs=(
        "An earlier trial, on other seeds and with runs that shared chance between "
        "kinds, had a mean z of -0.116 +- 0.054, whose interval leaves out 0. See "
        "Estimates, which has the lower bounds by parity constraints, too. Patterns "
        "of points are looked up in floating point: where small integers make ties, "
        "rounding may add to them."
    ),
    expected=(
        "Mean of z at 0, 95 % intervals that hold in 92 % of the networks or more, "
        "bounds that fail in 5 % or fewer."
    ),
)


SEEDS_APART = 1000
"""Between the estimates of one family and those of the next."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        families: Kinds of networks.
        seeds: Networks of each.
        epochs: Epochs of training, in full batches, of those that are trained.
        cells: Cells kept in the trials.
        runs: Runs of an estimate; as many others give the standard error of z.
        points: Points drawn evenly from the box.
        kept: Cells kept where the spread is measured against them.
        spread_runs: Runs for each spread.
        idea_groups: Runs, or groups of runs, for the variance of each idea.
        compared: How many networks show the spread and the ideas; on boxes.
    """

    families: tuple[Family, ...] = FAMILIES
    seeds: tuple[int, ...] = tuple(range(200, 225))
    epochs: int = 300
    cells: int = 8
    runs: int = 16
    points: int = 1000
    kept: tuple[int, ...] = (1, 3, 10, 30)
    spread_runs: int = 24
    idea_groups: int = 96
    compared: int = 10


PRESETS = {
    "smoke": Config(
        families=(FAMILIES[1], FAMILIES[-3], FAMILIES[-1]),
        seeds=(0, 1),
        epochs=2,
        cells=4,
        runs=4,
        points=50,
        kept=(1, 4),
        spread_runs=4,
        idea_groups=4,
        compared=1,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        trials: By family, an array of networks for each field of `Trial`.
        spread: By compared network, spread and seconds by cells kept.
        ideas: By compared network and idea, variance and seconds.
    """

    config: Config
    summary: Summary
    trials: dict[str, dict[str, np.ndarray]]
    spread: np.ndarray
    ideas: np.ndarray


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count and estimate; write it all to `folder`."""
    for k, family in enumerate(config.families):
        progress(k, len(config.families), family.name)
        compute = functools.partial(_trials, config, family, folder)
        stored(folder / f"trials-{k}.npz", compute)
    clock.lap("trials")
    stored(folder / "compared.npz", functools.partial(_compared, config))
    clock.lap("spread and ideas")
    result = read(config, folder, {})
    every = joined(result.trials)
    claims = coverage_claims(every)
    open_ = ~every["exact"]
    mean, error = float(every["z"][open_].mean()), scipy.stats.sem(every["z"][open_])
    return {
        "headline": (
            f"{int(open_.sum())} estimates: mean z {mean:+.3f} +- {error:.3f}; 95 % "
            f"intervals hold in {every['covered'][open_, 2].mean():.1%}; bounds fail "
            f"in {(every['bound'][open_] > 1.0 + 1e-9).mean():.1%}"
        ),
        "table": [_row(name, t) for name, t in result.trials.items()],
        "bias": bias_rows(result.trials),
        "ideas": _idea_rows(result.ideas, config.runs),
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """The stored numbers."""
    compared = read_arrays(folder / "compared.npz")
    trials = {
        family.name: read_arrays(folder / f"trials-{k}.npz")
        for k, family in enumerate(config.families)
    }
    return Result(config, summary, trials, compared["spread"], compared["ideas"])


def joined(trials: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """All networks of all families."""
    parts = [t | {"pooled": _pooled(t)} for t in trials.values()]
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _pooled(trials: dict[str, np.ndarray]) -> Float64[np.ndarray, " networks"]:
    """Errors of a family over the spread of its other networks; 0 of a count."""
    open_ = ~trials["exact"]
    errors = np.zeros(len(open_))
    if open_.sum() > 1:
        errors[open_] = over_others(trials["values"][open_])
    return errors


def _trials(
    config: Config, family: Family, folder: pathlib.Path
) -> dict[str, np.ndarray]:
    """The trials of one family."""
    networks = networks_of(family, config.seeds, config.epochs, folder / "trained")
    # No two estimates of the trial share their chance.
    apart = SEEDS_APART * config.families.index(family)
    return columns(
        [
            try_out(
                network,
                family,
                apart + seed,
                cells=config.cells,
                runs=config.runs,
                points=config.points,
            )
            for network, seed in zip(networks, config.seeds, strict=True)
        ]
    )


def _compared(config: Config) -> dict[str, np.ndarray]:
    """Spread against cells kept, and ideas, on random networks on boxes."""
    families = [f for f in config.families if f.kind == "random" and not f.whole]
    cases: list[tuple[Family, regions.ReluNetwork]] = []
    for k in range(config.compared):
        # Networks that no trial has seen.
        family = families[k % len(families)]
        seed = 2000 + k
        cases.append((family, networks_of(family, (seed,), 0, pathlib.Path())[0]))
    runs = config.spread_runs
    return {
        "spread": np.array(
            [spread_of_cells(net, f, config.kept, runs) for f, net in cases]
        ),
        "ideas": np.array(
            [idea_values(net, f, config.cells, config.idea_groups) for f, net in cases]
        ),
    }


def _row(name: str, trials: dict[str, np.ndarray]) -> dict[str, Any]:
    """One family."""
    open_ = ~trials["exact"]
    row: dict[str, Any] = {
        "networks": name,
        "regions": float(np.median(trials["regions"])),
        "estimates": int(open_.sum()),
        "exact": int((~open_).sum()),
    }
    if not open_.any():
        return row
    held = trials["covered"][open_].mean(0)
    return row | {
        "z": float(trials["z"][open_].mean()),
        **{f"in {level:.0%}": float(held[k]) for k, level in enumerate(LEVELS)},
        "bound fails": float((trials["bound"][open_] > 1.0 + 1e-9).mean()),
        "bound": float(np.median(trials["bound"][open_])),
        "spread": float(np.median(trials["relative_sd"][open_])),
        "one cell": float(np.median(trials["knuth_sd"][open_])),
        "points": float(np.median(trials["points"])),
        **{
            f"XOR-{size}": float(np.median(trials["parity"][:, k]))
            for k, size in enumerate(SIZES)
            if np.isfinite(trials["parity"]).all()
        },
    }


def _idea_rows(ideas: np.ndarray, runs: int) -> list[dict[str, Any]]:
    """Ideas by their efficiency, against cells alike in random order.

    An interval of some runs in groups rests on as many values as there are groups: for
    it, efficiency is over the square of Student's factor too.
    """
    efficiency = 1.0 / (ideas[..., 0] * ideas[..., 1])
    relative = efficiency / efficiency[:, :1]
    variance = ideas[..., 0] / ideas[:, :1, 0]
    together = np.array([idea.together for idea in IDEAS.values()])
    # Of one group nothing is known; two are the fewest.
    factor = scipy.stats.t.ppf(0.975, np.maximum(runs // together - 1, 1))
    wider = (factor / factor[0]) ** 2
    return [
        {
            "idea": name,
            "variance": float(np.exp(np.log(variance[:, k]).mean())),
            "efficiency": float(np.exp(np.log(relative[:, k]).mean())),
            "of intervals": float(np.exp(np.log(relative[:, k] / wider[k]).mean())),
            "better on": int((relative[:, k] > 1.0).sum()),
        }
        for k, name in enumerate(IDEAS)
    ]
