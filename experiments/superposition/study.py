"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median, claim_share
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.studies import Summary
from regions.bounds import mean_facets, zaslavsky_count
from regions.files.writing import read_arrays, write_arrays
from training.progress import Progress
from training.toy_models import (
    antipodal_loss,
    decoder_network,
    expected_pair_loss,
    feature_dimensions,
    ignored_loss,
    polygon,
    toy_network,
    train_toy_models,
)

SOURCE = "Elhage et al. 2022 (2209.10652)"
ABOUT = About(
    title="Toy models of superposition, and the regions of their decoder",
    page="papers",
    source=f"{SOURCE}, figures of five features in two dimensions and of the phases",
    setup=(
        "Sparse features x (zero with probability S, else uniform) are reconstructed "
        "as relu(W^T W x + b). Five features of importance 0.9^i in two dimensions at "
        "S = 0, 0.8, 0.9; two features in one dimension over density and relative "
        "importance, the best of several runs at each place. The decoder's hyperplanes "
        "are counted exactly."
    ),
    differs=(
        "The figures of many features (20 to 400) are left out; the border of the "
        "phases is drawn from two closed forms, ours."
    ),
    expected=(
        "2, 4 and 5 features get a direction at S = 0, 0.8, 0.9 (remembered, high "
        "confidence). A pentagon gives every feature 2/5 of a dimension, and its "
        "decoder with equal negative biases has 16 cells of 3.125 facets on average "
        "(derived and computed)."
    ),
)
BIAS = -0.2
"""Bias of every output of the exact pentagon; any other below 0 gives its cells."""

VIEW = 1.0
"""Half the side of the square of the hidden plane that is drawn."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        sparsities: Sparsities of the five features: how often each is off.
        seeds: Models of five features at each sparsity.
        steps: Their updates.
        batch: Points of an update.
        densities: Densities of the phase diagram: how often a feature is on.
        ratios: Importance of its second feature over that of the first.
        restarts: Runs at each place of it, the best of which counts.
        phase_steps: Their updates.
    """

    sparsities: tuple[float, ...] = (0.0, 0.8, 0.9)
    seeds: int = 20
    steps: int = 4000
    batch: int = 512
    densities: tuple[float, ...] = tuple(np.geomspace(0.01, 1.0, 13).round(5).tolist())
    ratios: tuple[float, ...] = tuple(np.geomspace(0.1, 10.0, 13).round(5).tolist())
    restarts: int = 6
    phase_steps: int = 3000


PRESETS = {
    "smoke": Config(
        seeds=2,
        steps=200,
        batch=64,
        densities=(0.05, 1.0),
        ratios=(0.2, 1.0),
        restarts=2,
        phase_steps=200,
    ),
    "paper": Config(),
}
FEATURES, HIDDEN = 5, 2
DECAY = 0.9
"""Importance of a feature over that of the one before it."""


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        W: Weights of every model of five features, by sparsity and seed.
        losses: Their losses.
        phases: `W` of the best model at each density and ratio.
        cells: The exact pentagon's cells in a square of the hidden plane.
    """

    config: Config
    summary: Summary
    W: Float64[np.ndarray, "sparsities seeds hidden features"]
    losses: Float64[np.ndarray, "sparsities seeds"]
    phases: Float64[np.ndarray, "densities ratios 2"]
    cells: list[Float64[np.ndarray, "_ 2"]]


def represented(
    W: Float64[np.ndarray, "*models hidden features"],
) -> Int64[np.ndarray, "*models"]:
    """How many features have a direction longer than 1/2."""
    count = (np.linalg.norm(W, axis=-2) > 0.5).sum(axis=-1)
    return np.asarray(count, np.int64)


def border(
    ratio: Float64[np.ndarray, " ratios"],
) -> Float64[np.ndarray, " ratios"]:
    """Density at which the two closed forms are equal: superposition pays below it.

    `(1 + ratio) density^2 / 6 = min(1, ratio) (density / 3 - density^2 / 4)`.
    """
    smaller = np.minimum(1.0, ratio)
    return np.asarray((smaller / 3.0) / ((1.0 + ratio) / 6.0 + smaller / 4.0))


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Train, compare with closed forms, count cells; write it all to `folder`."""
    progress(0, 2, "training models of five features")
    W, losses = _train_five(config)
    clock.lap("five features")
    progress(1, 2, "training the models of the phase diagram")
    phases, phase_losses = _train_phases(config)
    clock.lap("phase diagram")
    progress(2, 2, "counting cells")
    numbers = _pentagon(folder)
    write_arrays(
        folder / "models.npz",
        W=W,
        losses=losses,
        phases=phases,
        phase_losses=phase_losses,
    )
    clock.lap("regions")
    counts = represented(W)
    return {
        "headline": (
            "features with a direction, median: "
            + ", ".join(
                f"{np.median(row):g} at sparsity {sparsity:g}"
                for sparsity, row in zip(config.sparsities, counts, strict=True)
            )
            + f"; the pentagon's decoder has {numbers['cells']} cells"
        ),
        **numbers,
        "claims": _claims(config, W, losses, phase_losses, numbers),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "models.npz")
    return Result(
        config,
        summary,
        arrays["W"],
        arrays["losses"],
        arrays["phases"],
        read_polygons(folder / "cells.npz"),
    )


def _importance() -> Float64[np.ndarray, " features"]:
    """Importances of the five features."""
    return DECAY ** np.arange(FEATURES)


def _train_five(
    config: Config,
) -> tuple[
    Float64[np.ndarray, "sparsities seeds hidden features"],
    Float64[np.ndarray, "sparsities seeds"],
]:
    """Models of five features in two dimensions."""
    count = len(config.sparsities) * config.seeds
    params, losses = train_toy_models(
        jax.random.split(jax.random.key(0), count),
        jnp.asarray(1.0 - np.repeat(config.sparsities, config.seeds)),
        jnp.asarray(np.tile(_importance(), (count, 1))),
        hidden=HIDDEN,
        steps=config.steps,
        batch=config.batch,
    )
    shape = (len(config.sparsities), config.seeds)
    W = np.asarray(params.W, np.float64).reshape(*shape, HIDDEN, FEATURES)
    return W, np.asarray(losses, np.float64).reshape(shape)


def _train_phases(
    config: Config,
) -> tuple[
    Float64[np.ndarray, "densities ratios 2"], Float64[np.ndarray, "densities ratios"]
]:
    """The best model of two features in one dimension at every place."""
    places = list(itertools.product(config.densities, config.ratios))
    grid = np.repeat(np.array(places), config.restarts, axis=0)
    importance = np.stack([np.ones(len(grid)), grid[:, 1]], axis=1)
    params, _ = train_toy_models(
        jax.random.split(jax.random.key(1), len(grid)),
        jnp.asarray(grid[:, 0]),
        jnp.asarray(importance),
        hidden=1,
        steps=config.phase_steps,
        batch=config.batch,
    )
    shape = (len(config.densities), len(config.ratios))
    W, b = (np.asarray(part, np.float64) for part in params)
    losses = expected_pair_loss(W, b, importance, grid[:, 0])
    table = losses.reshape(len(places), config.restarts)
    best = table.argmin(axis=1)
    W = W.reshape(len(places), config.restarts, 2)
    rows = np.arange(len(places))
    return W[rows, best].reshape(*shape, 2), table[rows, best].reshape(shape)


def _pentagon(folder: pathlib.Path) -> dict[str, Any]:
    """Cells of the exact pentagon's decoder, in the plane and in feature space."""
    W, b = polygon(FEATURES), np.full(FEATURES, BIAS)
    decoder, plane = decoder_network(W, b), regions.WholeSpace(HIDDEN)
    found = regions.explore_regions(decoder, np.zeros(HIDDEN), plane)
    box = regions.Box.cube(HIDDEN, VIEW)
    drawn = regions.enumerate_regions(decoder, box)
    write_polygons(folder / "cells.npz", drawn.polygons())
    whole = regions.count_regions(toy_network(W, b), regions.WholeSpace(FEATURES))
    without = regions.count_regions(decoder_network(W, np.zeros(FEATURES)), plane)
    return {
        "cells": len(found),
        "mean_facets": 2.0 * found.adjacency().number_of_edges() / len(found),
        "cells_of_features": int(whole),
        "cells_without_biases": int(without),
        "complete": bool(found.complete and whole.complete and without.complete),
    }


def _claims(
    config: Config,
    W: Float64[np.ndarray, "sparsities seeds hidden features"],
    losses: Float64[np.ndarray, "sparsities seeds"],
    phase_losses: Float64[np.ndarray, "densities ratios"],
    numbers: dict[str, Any],
) -> list[Claim]:
    """What the numbers say."""
    counts = represented(W)
    claims = [
        claim_share(
            f"At sparsity {sparsity:g} {wanted} of five features have a direction",
            f"{SOURCE}, remembered",
            "share of models with as many columns longer than 1/2 (above 0.5)",
            counts[row] == wanted,
            low=0.5,
            reason="most models",
        )
        for row, (sparsity, wanted) in enumerate(
            zip(config.sparsities, (2, 4, 5), strict=True)
        )
    ]
    dense, sparse = losses[0], losses[-1]
    ignored = float(_importance()[HIDDEN:].sum())
    density = 1.0 - config.sparsities[-1]
    # Places of the diagram where a model must do no worse than either closed form.
    p, ratio = np.meshgrid(config.densities, config.ratios, indexing="ij")
    forms = np.minimum(
        np.minimum(1.0, ratio) * ignored_loss(p), (1.0 + ratio) * antipodal_loss(p)
    )
    claims += [
        claim_median(
            "Without sparsity the loss is that of the features ignored",
            "derived: the variance of a feature",
            "loss over its closed form (0.95 to 1.05)",
            dense / (ignored * float(ignored_loss(1.0))),
            low=0.95,
            high=1.05,
            reason="a twentieth for what training leaves",
        ),
        claim_median(
            f"At sparsity {config.sparsities[-1]:g} superposition beats ignoring",
            SOURCE,
            "loss over the closed form of two features kept, three ignored (below 1)",
            sparse / (ignored * float(ignored_loss(density))),
            high=1.0,
            reason="1 is no gain",
        ),
        claim_median(
            f"At sparsity {config.sparsities[-1]:g} features have 2/5 of a dimension",
            f"{SOURCE}: the pentagon",
            "mean of the features' dimensions (0.35 to 0.45)",
            np.array([feature_dimensions(one).mean() for one in W[-1]]),
            low=0.35,
            high=0.45,
            reason="an eighth either way for what training leaves",
        ),
        claim_exact(
            "In the phase diagram no trained model does worse than both closed forms",
            "derived",
            f"largest ratio of trained loss to the lower form, of {forms.size} places "
            "(at most 1.02), both as expectations",
            float((phase_losses / forms).max()),
            holds=bool((phase_losses / forms).max() <= 1.02),
        ),
        claim_exact(
            "The pentagon's decoder has 16 cells, of 3.125 facets on average",
            "derived: five lines of rank 2 in general position",
            "cells of the hidden plane, equal to those of feature space",
            numbers["cells"],
            holds=numbers["complete"]
            and numbers["cells"] == numbers["cells_of_features"]
            and numbers["cells"] == zaslavsky_count(FEATURES, HIDDEN)
            and numbers["mean_facets"] == float(mean_facets(FEATURES, HIDDEN)),
        ),
        claim_exact(
            "Without biases it has 10",
            "derived: five lines through one point",
            "cells of the hidden plane",
            numbers["cells_without_biases"],
            holds=numbers["cells_without_biases"] == 2 * FEATURES,
        ),
    ]
    return claims
