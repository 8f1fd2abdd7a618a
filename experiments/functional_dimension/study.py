"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from experiments.functional_dimension.claims import claims_of
from experiments.functional_dimension.ranks import (
    functional_dimension,
    largest_possible,
)
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import shape_name
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from training.progress import Progress

ABOUT = About(
    title="Functional dimension at initialization",
    page="papers",
    source=(
        "Grigsby, Lindsey & Rolnick, ICML 2023 (2306.06179): the probability of no "
        "hidden symmetries falls towards 0 with depth and rises towards 1 with width "
        "and input dimension"
    ),
    setup=(
        "ReLU networks with one output, He normal weights and normal biases of "
        "standard deviation 0.1, by depth and by width, on two and three inputs; all "
        "regions of a large box, and the rank of the derivative of their affine maps "
        "in all parameters, modulo a prime. A network has no hidden symmetries that "
        "can be seen in the derivative if the rank is the number of parameters less "
        "that of hidden units."
    ),
    differs=(
        "The paper samples points; its widths, depths, number of networks and "
        "biases could not be read, and its claim is from the abstract. Regions beyond "
        "the box, of half-width 100, are not seen."
    ),
    expected=(
        "A share of networks with full functional dimension that falls with depth and "
        "rises with width and with the number of inputs: claimed in the abstract "
        "without numbers."
    ),
)
HALF_WIDTH = 100.0
Shape = tuple[int, int, int]
"""Inputs, width and depth."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        dims: Numbers of inputs.
        widths: Units a layer.
        depths: Numbers of hidden layers.
        seeds: Networks a shape; a multiple of ten, for as many groups.
    """

    dims: tuple[int, ...] = (2, 3)
    widths: tuple[int, ...] = (4, 6, 8)
    depths: tuple[int, ...] = (1, 2, 3, 4)
    seeds: int = 50


PRESETS = {
    "smoke": Config(dims=(2,), widths=(3, 4), depths=(1, 2), seeds=10),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        missing: How much the functional dimension lacks of the largest possible, by
            inputs, width and depth, one per network.
    """

    config: Config
    summary: Summary
    missing: dict[Shape, Int64[np.ndarray, " seeds"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Compute all ranks; write them to `folder`."""
    shapes = _shapes(config)
    missing = {}
    for done, shape in enumerate(shapes):
        progress(done, len(shapes), f"{shape_name(shape)} networks")
        missing[shape] = _stored(folder, config, shape)
    clock.lap("ranks")
    shares = {shape: float((gap == 0).mean()) for shape, gap in missing.items()}
    first, last = shapes[0], shapes[-1]
    return {
        "headline": (
            f"full functional dimension: {shares[first]:.0%} of networks of "
            f"{first[0]} inputs and {first[2]} layer of {first[1]}, {shares[last]:.0%} "
            f"of {last[0]} inputs and {last[2]} layers of {last[1]}"
        ),
        "share_full": {shape_name(shape): share for shape, share in shares.items()},
        "mean_missing": {
            shape_name(shape): float(gap.mean()) for shape, gap in missing.items()
        },
        "claims": claims_of(missing),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    shapes = _shapes(config)
    found = {shape: _stored(folder, config, shape) for shape in shapes}
    return Result(config, summary, found)


def random_network(shape: Shape, seed: int) -> ReluNetwork:
    """He normal weights and small normal biases, in float32."""
    dim, width, depth = shape
    rng = np.random.default_rng([seed, *shape])
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise((dim, *(width,) * depth, 1)):
        normal = rng.standard_normal((fan_out, fan_in)) * np.sqrt(2.0 / fan_in)
        weights.append(normal.astype(np.float32))
        biases.append((0.1 * rng.standard_normal(fan_out)).astype(np.float32))
    return ReluNetwork.from_arrays(weights, biases)


def missing_dimensions(network: ReluNetwork) -> int:
    """The largest possible functional dimension less the one found."""
    box = Box.cube(network.input_dim, HALF_WIDTH)
    found = enumerate_regions(network, box).require_complete()
    rank = functional_dimension(network, found.pattern_bits())
    return largest_possible(network) - rank


def _shapes(config: Config) -> list[Shape]:
    """All shapes, by inputs, width and depth."""
    return list(itertools.product(config.dims, config.widths, config.depths))


def _stored(
    folder: pathlib.Path, config: Config, shape: Shape
) -> Int64[np.ndarray, " seeds"]:
    """What networks of one shape lack, kept in the folder."""
    return stored(
        folder / f"missing-{shape_name(shape)}.npz",
        lambda: {
            "missing": [
                missing_dimensions(random_network(shape, seed))
                for seed in range(config.seeds)
            ]
        },
    )["missing"]
