"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from experiments.batch_centering.folding import (
    Draw,
    batch_network,
    draw_layers,
    plain_offsets,
    raw_network,
)
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact, claim_median
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.domains.shapes import Box
from regions.enumeration import count_regions, enumerate_regions
from regions.network import ReluNetwork
from training.progress import Progress

SOURCE = "Qi, Wei et al. 2026 (2605.04946), abstract"
ABOUT = About(
    title="Regions near the data under batch normalization in training",
    page="papers",
    source=(
        "Qi, Wei et al. 2026 (2605.04946): given the batch, hyperplanes are parallel "
        "to ones through its mean, whatever the raw bias; under conditions there are "
        "more regions near the data"
    ),
    setup=(
        "Random networks of 2 inputs and 1 to 3 layers of 16, He normal weights, "
        "uniform biases within 1 / sqrt(fan-in); a batch of 64 normal points whose "
        "mean is 0 to 8 deviations from the origin. Regions are counted exactly in a "
        "window of half-width 1 around it, of the network as it is and with batch "
        "normalization by this batch, for offsets beta of 0 (the start) and normal "
        "ones of deviation 0.5."
    ),
    differs=(
        "The abstract was read: the conditions, and the paper's networks and windows, "
        "were not. Nothing is trained here."
    ),
    expected=(
        "Hyperplanes through the mean and free of the raw bias, exactly; more regions "
        "in the window, from the abstract without numbers."
    ),
)
DIM, POINTS = 2, 64
WINDOW = Box.cube(DIM, 1.0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        width: Units a layer.
        depths: Numbers of hidden layers.
        distances: How far the batch's mean is from the origin.
        spreads: Standard deviations of the offsets beta.
        seeds: Draws.
    """

    width: int = 16
    depths: tuple[int, ...] = (1, 2, 3)
    distances: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0)
    spreads: tuple[float, ...] = (0.0, 0.5)
    seeds: int = 24


PRESETS = {
    "smoke": Config(width=4, depths=(1, 2), distances=(0.0, 4.0), seeds=6),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        raw: Regions without normalization, by depth.
        normalized: Regions with it, by spread and depth.
    """

    config: Config
    summary: Summary
    raw: dict[int, Int64[np.ndarray, "distances seeds"]]
    normalized: dict[tuple[float, int], Int64[np.ndarray, "distances seeds"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count all windows; write them to `folder`."""
    for done, depth in enumerate(config.depths):
        progress(done, len(config.depths), f"networks of {depth} layers")
        _stored(folder, config, depth)
    clock.lap("windows")
    result = read(config, folder, {})
    depth, spread = config.depths[-1], config.spreads[0]
    ratios = result.normalized[spread, depth] / result.raw[depth]
    near, far = np.median(ratios, axis=1)[[0, -1]]
    return {
        "headline": (
            f"{depth} layers of {config.width}: {near:.2g} times the regions around "
            f"data at the origin, {far:.2g} times at distance {config.distances[-1]:g}"
        ),
        "median_raw": {
            str(depth): np.median(counts, axis=1).tolist()
            for depth, counts in result.raw.items()
        },
        "median_normalized": {
            f"{depth}, offsets {spread:g}": np.median(counts, axis=1).tolist()
            for (spread, depth), counts in result.normalized.items()
        },
        "claims": _exact_claims(config) + _ratio_claims(config, result),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    found = {depth: _stored(folder, config, depth) for depth in config.depths}
    return Result(
        config,
        summary,
        {depth: some["raw"] for depth, some in found.items()},
        {
            (spread, depth): some["normalized"][place]
            for depth, some in found.items()
            for place, spread in enumerate(config.spreads)
        },
    )


def crossing(network: ReluNetwork) -> int:
    """Lines of the first layer that meet the inside of the window: |c| < |w|_1."""
    first = network.hidden[0]
    return int((np.abs(first.bias) < np.abs(first.weight).sum(1)).sum())


def _draw(config: Config, depth: int, distance: float, seed: int) -> Draw:
    """Layers of the configured width and a batch."""
    return draw_layers((config.width,) * depth, DIM, POINTS, distance, seed)


def _stored(
    folder: pathlib.Path, config: Config, depth: int
) -> dict[str, Int64[np.ndarray, "*counts"]]:
    """Counts of networks of one depth, kept in the folder."""

    def make() -> dict[str, np.ndarray]:
        shape = (len(config.distances), config.seeds)
        raw = np.zeros(shape, np.int64)
        normalized = np.zeros((len(config.spreads), *shape), np.int64)
        for i, seed in itertools.product(range(shape[0]), range(shape[1])):
            draw = _draw(config, depth, config.distances[i], seed)
            raw[i, seed] = int(count_regions(raw_network(draw), WINDOW))
            for place, spread in enumerate(config.spreads):
                network = batch_network(draw, spread)
                normalized[place, i, seed] = int(count_regions(network, WINDOW))
        return {"raw": raw, "normalized": normalized}

    return stored(folder / f"regions-{depth}.npz", make)


def _exact_claims(config: Config) -> list[Claim]:
    """What holds for every batch, on the networks of one layer."""
    off, moved, wrong, lines = 0.0, 0.0, 0, 0
    for distance, seed in itertools.product(config.distances, range(config.seeds)):
        draw = _draw(config, 1, distance, seed)
        rows, offsets = plain_offsets(draw, 0.0)
        middle = (draw.batch + draw.mean).mean(0)
        gap = np.abs(rows @ middle + offsets) / np.linalg.norm(rows, axis=1)
        off = max(off, float(gap.max()))
        moved = max(moved, float(np.abs(plain_offsets(draw, 5.0)[1] - offsets).max()))
        for network in (raw_network(draw), batch_network(draw, config.spreads[-1])):
            bits = enumerate_regions(network, WINDOW).pattern_bits()
            met = int((bits.any(0) & ~bits.all(0)).sum())
            wrong += met != crossing(network)
            lines += met
    return [
        claim_exact(
            "Without offsets all hyperplanes lead through the batch's mean",
            SOURCE,
            "largest distance from it, in float64",
            off,
            holds=off < 1e-12,
        ),
        claim_exact(
            "The raw bias plays no part",
            SOURCE,
            "largest change of an offset when 5 is added to all biases, in float64",
            moved,
            holds=moved < 1e-12,
        ),
        claim_exact(
            "A hyperplane meets the window if its value at the middle is below the "
            "1-norm of its row times the half-width",
            SOURCE,
            f"networks where {lines} lines, told by the regions, are others than those",
            wrong,
            holds=wrong == 0,
        ),
    ]


def _ratio_claims(config: Config, result: Result) -> list[Claim]:
    """Whether there are more regions near the data, at the origin and far from it."""
    claims = []
    ends = {"at the origin": 0, f"at distance {config.distances[-1]:g}": -1}
    for (where, place), depth in itertools.product(ends.items(), config.depths):
        for spread in config.spreads:
            counts = result.normalized[spread, depth][place]
            claims.append(
                claim_median(
                    f"There are more regions near data {where}: {depth} "
                    f"layer{'s' * (depth > 1)}, offsets of deviation {spread:g}",
                    SOURCE if place else "asked here: does it need the distance?",
                    "log of the regions over those without normalization",
                    np.log(counts / result.raw[depth][place]),
                    low=float(np.nextafter(0.0, 1.0)),
                )
            )
    return claims
