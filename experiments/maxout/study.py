"""What the study runs, measures and keeps."""

import dataclasses
import math
import pathlib
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.studies import Summary
from regions.files.writing import read_arrays, write_arrays
from regions.models.maxout import maxout_network
from regions.partition.class_polygons import class_polygons, region_polygons
from training.progress import Progress

SOURCE = "Tseran & Montufar, NeurIPS 2021 (2107.00379)"
ABOUT = About(
    title="A seeded maxout network, and regions over the rank",
    page="papers",
    source=f"{SOURCE}, README of its code",
    setup=(
        "A rank-2 maxout network 2-[7, 7, 6]-2 drawn from NumPy's generator with seed "
        "123 (weights and biases normal of variance 1 / fan-in, the last layer "
        "2 / fan-in) is cut exactly on [-3, 3]^2. Beside it, networks of ranks 2 to 5 "
        "drawn the same way: their linear regions, and the activation regions of the "
        "tournaments of ReLU units that compute them."
    ),
    differs="Ranks above 2 are ours: other widths and seeds, drawn by the same law.",
    expected=(
        "216 linear regions, 30 pieces of decision boundary and 199 regions on a grid "
        "of 300 x 300, read in the README; the first two computed with a second "
        "program; linear regions that grow with the rank "
        "(remembered as a shape)."
    ),
)
ORACLE = (216, 30)
"""Linear regions and pieces of decision boundary of the seeded network."""

GRID_ORACLE = 199
"""Regions that the paper's grid of 300 x 300 gradients sees."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        seed: Seed of the seeded network.
        widths: Its maxout units per layer.
        half_width: Half the side of the square in which regions are counted.
        grid: Side of the grid of gradients.
        study_widths: Maxout units per layer of the networks of several ranks.
        ranks: Ranks of the maxout units of those networks.
        seeds: Number of networks of each rank.
    """

    seed: int = 123
    widths: tuple[int, ...] = (7, 7, 6)
    half_width: float = 3.0
    grid: int = 300
    study_widths: tuple[int, ...] = (5, 5)
    ranks: tuple[int, ...] = (2, 3, 4, 5)
    seeds: int = 20


PRESETS = {
    "smoke": Config(study_widths=(2, 2), ranks=(2, 3), seeds=2),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        polygons: Corners of the linear regions of the seeded network.
        segments: Straight pieces of its decision boundary, `(start, end)`.
        linear: Linear regions by rank and seed.
        activation: Activation regions of the tournaments by rank and seed.
    """

    config: Config
    summary: Summary
    polygons: list[Float64[np.ndarray, "_ 2"]]
    segments: Float64[np.ndarray, "segments 2 2"]
    linear: Int64[np.ndarray, "ranks seeds"]
    activation: Int64[np.ndarray, "ranks seeds"]


def draw_network(
    seed: int, widths: tuple[int, ...], rank: int, *, dim: int = 2, outputs: int = 2
) -> regions.ReluNetwork:
    """A random maxout network, drawn in the order of the paper's code.

    Layer by layer, weights before biases, the functions of one unit one after another:
    normal numbers of variance 1 / fan-in, and 2 / fan-in in the affine last layer.
    """
    # The published counts belong to this generator, not to NumPy's newer ones.
    rng = np.random.RandomState(seed)
    weights, biases, fan_in = [], [], dim
    for width in widths:
        scale = math.sqrt(1.0 / fan_in)
        W = rng.normal(0.0, scale, (width * rank, fan_in))
        b = rng.normal(0.0, scale, width * rank)
        weights.append(W.reshape(width, rank, fan_in).swapaxes(0, 1))
        biases.append(b.reshape(width, rank).T)
        fan_in = width
    scale = math.sqrt(2.0 / fan_in)
    matrix = rng.normal(0.0, scale, (outputs, fan_in))
    return maxout_network(weights, biases, matrix, rng.normal(0.0, scale, outputs))


def layer_bound(width: int, rank: int, dim: int) -> int:
    """Most linear regions of one layer of maxout units, which is attained.

    `sum_{j <= dim} C(width, j) (rank - 1)^j` (Montufar, Ren, Zhang, 2104.08135).
    """
    return sum(math.comb(width, j) * (rank - 1) ** j for j in range(dim + 1))


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Cut the seeded network and the networks of several ranks; write to `folder`."""
    box = regions.Box.cube(2, config.half_width)
    network = draw_network(config.seed, config.widths, 2)
    regions.save_network(folder / "network.npz", network)
    found = _enumerate(network, box)
    polygons = region_polygons(found)
    write_polygons(folder / "polygons.npz", polygons)
    pieces = class_polygons(found, polygons)
    numbers = {
        "linear_regions": found.linear_regions().count,
        "activation_regions": len(found),
        "complete": bool(found.complete),
        "boundary_pieces": len(pieces.segments),
        "area": float(found.volumes().sum()),
        "grid_regions": regions.hash_grid(network, box, config.grid).count,
    }
    clock.lap("seeded network")
    linear, activation = _study(config, box, progress)
    write_arrays(
        folder / "counts.npz",
        segments=pieces.segments,
        linear=linear,
        activation=activation,
    )
    clock.lap("ranks")
    return {
        "headline": (
            f"{numbers['linear_regions']} linear regions and "
            f"{numbers['boundary_pieces']} pieces of decision boundary, as published; "
            f"a grid of {config.grid} x {config.grid} sees {numbers['grid_regions']}"
            if (numbers["linear_regions"], numbers["boundary_pieces"]) == ORACLE
            else f"{numbers['linear_regions']} linear regions and "
            f"{numbers['boundary_pieces']} pieces, where {ORACLE} are published"
        ),
        **numbers,
        "claims": _claims(config, numbers, linear, activation),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "counts.npz")
    return Result(
        config,
        summary,
        read_polygons(folder / "polygons.npz"),
        arrays["segments"],
        arrays["linear"],
        arrays["activation"],
    )


def _enumerate(network: regions.ReluNetwork, box: regions.Box) -> regions.RegionSet:
    """All regions."""
    return regions.enumerate_regions(network, box).require_complete()


def _study(
    config: Config, box: regions.Box, progress: Progress
) -> tuple[Int64[np.ndarray, "ranks seeds"], Int64[np.ndarray, "ranks seeds"]]:
    """Linear regions and activation regions by rank and seed."""
    linear = np.zeros((len(config.ranks), config.seeds), np.int64)
    activation = np.zeros_like(linear)
    for i, rank in enumerate(config.ranks):
        for seed in range(config.seeds):
            found = _enumerate(draw_network(seed, config.study_widths, rank), box)
            activation[i, seed] = len(found)
            linear[i, seed] = found.linear_regions().count
            done = i * config.seeds + seed + 1
            progress(done, linear.size, "counting linear regions")
    return linear, activation


def _claims(
    config: Config,
    numbers: dict[str, Any],
    linear: Int64[np.ndarray, "ranks seeds"],
    activation: Int64[np.ndarray, "ranks seeds"],
) -> list[Claim]:
    """What the numbers say."""
    bounds = [
        math.prod(layer_bound(width, rank, 2) for width in config.study_widths)
        for rank in config.ranks
    ]
    beyond = int((linear > np.array(bounds)[:, None]).sum())
    at_two = np.array(config.ranks) == 2
    claims = [
        claim_exact(
            "The seeded network has 216 linear regions on [-3, 3]^2",
            SOURCE,
            "linear regions, found exactly and all",
            numbers["linear_regions"],
            holds=numbers["linear_regions"] == ORACLE[0] and numbers["complete"],
        ),
        claim_exact(
            "Its decision boundary has 30 linear pieces there",
            SOURCE,
            "straight pieces, cut in every region",
            numbers["boundary_pieces"],
            holds=numbers["boundary_pieces"] == ORACLE[1],
        ),
        claim_exact(
            "A grid of 300 x 300 gradients sees 199 of them",
            SOURCE,
            f"activation patterns at the midpoints of {config.grid} x {config.grid} "
            "squares",
            numbers["grid_regions"],
            holds=numbers["grid_regions"] == GRID_ORACLE,
        ),
        claim_exact(
            "No network has more linear regions than its layers' sharp bounds multiply "
            "to",
            "Montufar, Ren & Zhang 2021 (2104.08135)",
            f"of {linear.size} networks, those beyond the bound",
            beyond,
            holds=beyond == 0,
        ),
        claim_exact(
            "At rank 2 linear regions are activation regions",
            "derived: two functions, one sign",
            "networks of rank 2 where the two counts differ",
            int((linear != activation)[at_two].sum()),
            holds=bool((linear == activation)[at_two].all()),
        ),
        claim_median(
            f"More linear regions at rank {config.ranks[-1]} than at {config.ranks[0]}",
            f"{SOURCE}, a shape remembered",
            "ratio of the linear regions of two networks of one seed (above 1)",
            linear[-1] / linear[0],
            low=1.0,
        ),
    ]
    return claims
