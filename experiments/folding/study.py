"""What the study runs, measures and keeps."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.folding.curve_lengths import (
    LENGTH,
    RAGHU,
    Circle,
    all_circle_lengths,
    growth_rates,
    length_claims,
    stretch_claims,
    stretch_factors,
)
from experiments.folding.fold_networks import folding_network, zig_zag_network
from experiments.running.about import About
from experiments.running.claims import Claim, claim_exact
from experiments.running.common import Clock
from experiments.running.polygons import read_polygons, write_polygons
from experiments.running.studies import Summary
from regions import bounds
from regions.files.writing import read_arrays, write_arrays
from regions.partition.class_polygons import region_polygons
from training.progress import Progress

ABOUT = About(
    title="Folding networks, and the length of curves through depth",
    page="papers",
    source=(
        "Telgarsky 2015 (1509.08101); Montufar et al., NeurIPS 2014 (1402.1869); "
        f"{RAGHU}, figure of trajectory length over depth; {LENGTH}"
    ),
    setup=(
        "The tent and zig-zags with n units a layer, composed k times, on the line; "
        "Montufar's layers that fold every axis of the square, before a layer of lines "
        "in general position: all counted exactly. Random networks of width 100 "
        "(weights of variance s / fan-in, biases of variance 0.01) on a great circle; "
        "and the factor by which random networks stretch a direction, variance 2."
    ),
    differs=(
        "Lengths are of polygons through 2,000 points of the circle. The widths and "
        "variances of Raghu's figure are remembered only roughly."
    ),
    expected=(
        "2^k and n^k pieces on [0, 1]; n^k + 1 or + 2 activation regions of the line "
        "(computed). The lower bound of Montufar et al. attained (derived). Length "
        "that grows exponentially with depth (read); sqrt(s / 2) a layer for ReLU "
        "(derived). At variance 2 / fan-in no growth, a slow decline (read), to first "
        "order exp(-(5/8) sum 1/n_l) (derived); measured before, 400 networks: 0.963, "
        "0.915 and 0.782 for 1, 3, 10 layers of 32."
    ),
)

CIRCLE = Circle()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        units: Teeth of the zig-zags.
        depths: Largest depth of the zig-zag of each number of teeth.
        folds: `(folds, folding layers, units of the last layer)` in the plane.
        drawn: Which of them is drawn.
        circle: What the random networks are, and the circle.
        stretch_shapes: `(layers, width)` of the networks that stretch a direction.
        stretch_seeds: Networks per shape.
    """

    units: tuple[int, ...] = (2, 3, 4, 5)
    depths: tuple[int, ...] = (10, 6, 5, 4)
    folds: tuple[tuple[int, int, int], ...] = (
        (2, 1, 4),
        (2, 2, 4),
        (4, 1, 8),
        (3, 2, 6),
        (6, 2, 12),
    )
    drawn: int = 1
    circle: Circle = CIRCLE
    stretch_shapes: tuple[tuple[int, int], ...] = (
        (1, 16),
        (3, 16),
        (10, 16),
        (1, 32),
        (3, 32),
        (10, 32),
        (1, 128),
        (3, 128),
        (10, 128),
    )
    stretch_seeds: int = 2000


PRESETS = {
    "smoke": Config(
        units=(2, 3),
        depths=(5, 3),
        folds=((2, 1, 4), (2, 2, 4)),
        circle=Circle(width=30, depth=4, variances=(2.0, 8.0), seeds=3, points=200),
        stretch_shapes=((1, 32), (3, 32)),
        stretch_seeds=400,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        activation: Activation regions of the line, one array over depth per zig-zag.
        pieces: Linear pieces on [0, 1], likewise.
        polygons: Activation regions of the folding network that is drawn.
        lengths: Length of the image of the circle after each layer, input first.
        stretches: Factor of a direction's length, per shape and network.
    """

    config: Config
    summary: Summary
    activation: list[Int64[np.ndarray, " _"]]
    pieces: list[Int64[np.ndarray, " _"]]
    polygons: list[Float64[np.ndarray, "_ 2"]]
    lengths: Float64[np.ndarray, "variances seeds layers"]
    stretches: Float64[np.ndarray, "shapes seeds"]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count and measure; write it all to `folder`."""
    activation, pieces = _zig_zags(config, progress)
    clock.lap("zig-zags")
    folded = _folded(config, folder, progress)
    clock.lap("folded planes")
    lengths = all_circle_lengths(config.circle)
    stretches = np.array(
        [
            stretch_factors(*shape, config.stretch_seeds)
            for shape in config.stretch_shapes
        ]
    )
    clock.lap("lengths")
    write_arrays(
        folder / "numbers.npz",
        lengths=lengths,
        stretches=stretches,
        folded=folded,
        **{f"activation-{n}": a for n, a in zip(config.units, activation, strict=True)},
        **{f"pieces-{n}": a for n, a in zip(config.units, pieces, strict=True)},
    )
    claims = [
        *_exact_claims(config, activation, pieces, folded),
        *length_claims(config.circle, lengths),
        *stretch_claims(stretches),
    ]
    return {
        "headline": (
            f"up to {max(int(a.max()) for a in pieces):,} pieces on the line and "
            f"{int(folded.max()):,} regions of the square, each as its formula says; a "
            f"layer of variance {config.circle.variances[-1]:g} / fan-in lengthens the "
            f"circle {np.median(growth_rates(lengths)[-1]):.2f} times"
        ),
        "verified": all(c.verdict == "confirmed" for c in claims if not c.seeds),
        "folded_regions": folded.tolist(),
        "growth_per_layer": {
            f"{s:g}": float(np.median(rate))
            for s, rate in zip(
                config.circle.variances, growth_rates(lengths), strict=True
            )
        },
        "mean_stretch": {
            f"{layers} x {width}": float(values.mean())
            for (layers, width), values in zip(
                config.stretch_shapes, stretches, strict=True
            )
        },
        "claims": claims,
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    arrays = read_arrays(folder / "numbers.npz")
    return Result(
        config,
        summary,
        [arrays[f"activation-{n}"] for n in config.units],
        [arrays[f"pieces-{n}"] for n in config.units],
        read_polygons(folder / "polygons.npz"),
        arrays["lengths"],
        arrays["stretches"],
    )


def _zig_zags(
    config: Config, progress: Progress
) -> tuple[list[Int64[np.ndarray, " _"]], list[Int64[np.ndarray, " _"]]]:
    """Activation regions of the line and linear pieces on [0, 1] by depth."""
    activation, pieces = [], []
    for done, (units, depth) in enumerate(
        zip(config.units, config.depths, strict=True)
    ):
        progress(done, len(config.units), "counting zig-zags")
        networks = [zig_zag_network(units, k) for k in range(1, depth + 1)]
        line, interval = regions.WholeSpace(1), regions.Box([0.0], [1.0])
        activation.append(
            np.array([int(regions.count_regions(net, line)) for net in networks])
        )
        pieces.append(
            np.array(
                [regions.count_linear_regions(net, interval).count for net in networks]
            )
        )
    return activation, pieces


def _folded(
    config: Config, folder: pathlib.Path, progress: Progress
) -> Int64[np.ndarray, " networks"]:
    """Regions of the open square; the partition that is drawn goes to `folder`."""
    square, counts = regions.Box([0.0, 0.0], [1.0, 1.0]), []
    for k, shape in enumerate(config.folds):
        progress(k, len(config.folds), "counting folded planes")
        network = folding_network(*shape)
        found = regions.count_regions(network, square).require_complete()
        counts.append(int(found))
        if k == config.drawn:
            listed = regions.enumerate_regions(network, square)
            write_polygons(folder / "polygons.npz", region_polygons(listed))
    return np.array(counts)


def _exact_claims(
    config: Config,
    activation: list[Int64[np.ndarray, " _"]],
    pieces: list[Int64[np.ndarray, " _"]],
    folded: Int64[np.ndarray, " networks"],
) -> list[Claim]:
    """Counts against their formulas."""
    wrong = {"pieces": 0, "regions": 0}
    for units, on_line, on_unit in zip(config.units, activation, pieces, strict=True):
        for k, (regions_, linear) in enumerate(zip(on_line, on_unit, strict=True), 1):
            wrong["pieces"] += int(linear != bounds.zig_zag_pieces(units, k))
            wrong["regions"] += int(
                regions_ != bounds.zig_zag_activation_regions(units, k)
            )
    expected = [
        bounds.montufar_2014_lower_bound(2, [2 * f] * layers + [last])
        for f, layers, last in config.folds
    ]
    missed = int((folded != np.array(expected)).sum())
    total = sum(len(a) for a in pieces)
    return [
        claim_exact(
            "A zig-zag of n teeth has n^k linear pieces on [0, 1]",
            "Telgarsky 2015 (1509.08101)",
            f"of {total} networks, those with another exact count",
            wrong["pieces"],
            holds=wrong["pieces"] == 0,
        ),
        claim_exact(
            "On the line it has n^k + 1 activation regions (n odd) or n^k + 2 (n "
            "even), from two layers on",
            "computed before in exact arithmetic",
            f"of {total} networks, those with another exact count",
            wrong["regions"],
            holds=wrong["regions"] == 0,
        ),
        claim_exact(
            "Folding layers attain the lower bound in the unit square",
            "Montufar et al., NeurIPS 2014 (1402.1869), theorem 4",
            f"of {len(expected)} networks with up to {max(expected):,} regions, those "
            "with another exact count",
            missed,
            holds=missed == 0,
        ),
    ]
