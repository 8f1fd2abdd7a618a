"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from experiments.decision_topology.claims import claims_of
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.settings import shape_name
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.domains.shapes import WholeSpace
from regions.network import ReluNetwork
from regions.topology.topology import topology_of
from training.progress import Progress

ABOUT = About(
    title="Topology of decision boundaries at initialization",
    page="papers",
    source=(
        "Masden, SIAGA 2025 (2207.07696): width alone does not increase the observed "
        "topology, width with depth does; Grigsby & Lindsey 2022 (2008.09052): one "
        "hidden layer of d + 1 units makes at most one bounded component"
    ),
    setup=(
        "ReLU networks with one output on two and three inputs, weights and biases "
        "uniform in +-1/sqrt(fan-in), by width and depth: Betti numbers of where the "
        "output is zero and of where it is positive, over the whole input space, exact."
    ),
    differs=(
        "The paper's widths, depths, number of networks and initializer could not be "
        "read; its claim is from the abstract. The initializer is the default of the "
        "framework that its code uses."
    ),
    expected=(
        "Mean total Betti number of the boundary flat in the width for one hidden "
        "layer, growing with it from two or three layers on: claimed in the abstract "
        "without a number."
    ),
)
Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        dims: Numbers of inputs.
        widths: Units a layer, for each number of inputs.
        depths: Numbers of hidden layers.
        seeds: Networks a shape; a multiple of ten, for as many groups.
        few_units: Networks with one hidden layer of d + 1 units.
    """

    dims: tuple[int, ...] = (2, 3)
    widths: tuple[Shape, ...] = ((4, 8, 16), (4, 6, 8))
    depths: tuple[int, ...] = (1, 2, 3)
    seeds: int = 30
    few_units: int = 100


PRESETS = {
    "smoke": Config(dims=(2,), widths=((3, 5),), depths=(1, 2), seeds=10, few_units=10),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        boundary: Betti numbers of the boundary by (inputs, width, depth), by network.
    """

    config: Config
    summary: Summary
    boundary: dict[tuple[int, int, int], Int64[np.ndarray, "seeds dim"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Compute all Betti numbers; write them to `folder`."""
    shapes = [
        (dim, width, depth)
        for dim, widths in zip(config.dims, config.widths, strict=True)
        for width in widths
        for depth in config.depths
    ]
    boundary = {}
    for done, shape in enumerate(shapes):
        progress(done, len(shapes), f"{shape_name(shape)} networks")
        boundary[shape] = _stored(folder, config, shape)["boundary"]
    clock.lap("shapes")
    few = {
        dim: stored(
            folder / f"few-{dim}.npz",
            lambda dim=dim: {
                "bounded": [
                    bounded_components(random_network(dim, (dim + 1,), seed))
                    for seed in range(config.few_units)
                ]
            },
        )["bounded"]
        for dim in config.dims
    }
    clock.lap("few units")
    totals = {shape: betti.sum(1) for shape, betti in boundary.items()}
    largest = max(totals, key=lambda shape: totals[shape].mean())
    return {
        "headline": (
            f"largest mean total Betti number of the boundary: "
            f"{totals[largest].mean():.3g} ({largest[0]} inputs, {largest[2]} layers "
            f"of {largest[1]})"
        ),
        "mean_betti_numbers": {
            shape_name(shape): betti.mean(0).tolist()
            for shape, betti in boundary.items()
        },
        "claims": claims_of(totals, few),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    shapes = [
        (dim, width, depth)
        for dim, widths in zip(config.dims, config.widths, strict=True)
        for width in widths
        for depth in config.depths
    ]
    return Result(
        config,
        summary,
        {shape: _stored(folder, config, shape)["boundary"] for shape in shapes},
    )


def random_network(dim: int, widths: Shape, seed: int) -> ReluNetwork:
    """Weights and biases uniform in +-1/sqrt(fan-in), in float32."""
    rng = np.random.default_rng([seed, dim, *widths])
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise((dim, *widths, 1)):
        scale = 1.0 / np.sqrt(fan_in)
        weights.append(rng.uniform(-scale, scale, (fan_out, fan_in)).astype(np.float32))
        biases.append(rng.uniform(-scale, scale, fan_out).astype(np.float32))
    return ReluNetwork.from_arrays(weights, biases)


def bounded_components(network: ReluNetwork) -> int:
    """The largest number of bounded components of one of the two decision regions."""
    space = WholeSpace(network.input_dim)
    counts = [
        sum(part.bounded for part in topology_of(network, space, of).components)
        for of in ("output > 0", "output < 0")
    ]
    return max(counts)


def _stored(
    folder: pathlib.Path, config: Config, shape: tuple[int, int, int]
) -> dict[str, np.ndarray]:
    """Betti numbers of the networks of one shape, kept in the folder."""
    dim, width, depth = shape

    def compute() -> dict[str, list[tuple[int, ...]]]:
        networks = [
            random_network(dim, (width,) * depth, seed) for seed in range(config.seeds)
        ]
        found = [
            topology_of(net, WholeSpace(dim), "boundary").betti for net in networks
        ]
        return {"boundary": found}

    return stored(folder / f"betti-{shape_name(shape)}.npz", compute)
