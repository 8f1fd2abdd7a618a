"""What the study runs, measures and keeps."""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from experiments.running.about import About
from experiments.running.claims import Claim, claim_median
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.domains.shapes import Box
from regions.enumeration import count_regions, enumerate_regions
from regions.network import ReluNetwork
from regions.patterns.packing import pack_bits
from training.progress import Progress

SOURCE = "Balestriero & LeCun 2023 (2401.11188), abstract"
ABOUT = About(
    title="What uniform sampling finds of the regions",
    page="papers",
    source=(
        f"{SOURCE}: for large regions uniform sampling is highly efficient, for small "
        "ones its cost is exponential in the input dimension"
    ),
    setup=(
        "ReLU networks with two hidden layers, He normal weights and normal biases of "
        "standard deviation 0.3, on the box [-1, 1]^d: all regions counted exactly, "
        "and how many of them 10^3 to 10^6 uniform points meet; in few dimensions also "
        "the volumes of the regions that are met and missed."
    ),
    differs=(
        "The paper's networks and figures could not be read; its claims are from the "
        "abstract."
    ),
    expected=(
        "A share found at a fixed number of points that falls steeply with the "
        "dimension, while regions with a thousandth of the volume are all found."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        dims: Input dimensions.
        width: Units of each of the two hidden layers.
        points: Numbers of uniform points.
        seeds: Networks per dimension.
        volume_dims: Dimensions in which volumes are computed.
    """

    dims: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8)
    width: int = 8
    points: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    seeds: int = 10
    volume_dims: tuple[int, ...] = (2, 3, 4)


PRESETS = {
    "smoke": Config(
        dims=(2, 3), width=5, points=(100, 1000), seeds=2, volume_dims=(2,)
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        shares: Share of the regions found, by dimension, network and number of points.
        volumes: Volume over that of the box, and whether the region was met by the
            second number of points, of all regions in some dimensions.
    """

    config: Config
    summary: Summary
    shares: Float64[np.ndarray, "dims seeds numbers"]
    volumes: dict[int, Float64[np.ndarray, "regions 2"]]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Count and sample; write it all to `folder`."""
    parts = []
    for done, dim in enumerate(config.dims):
        progress(done, len(config.dims), f"{dim} inputs")
        parts.append(_stored(folder, config, dim))
    clock.lap("networks")
    shares = np.array([part["shares"] for part in parts])
    counts = np.array([part["counts"] for part in parts])
    volumes = {
        dim: part["volumes"]
        for dim, part in zip(config.dims, parts, strict=True)
        if dim in config.volume_dims
    }
    first, last = config.dims[0], config.dims[-1]
    low, high = (float(np.median(shares[end, :, -1])) for end in (0, -1))
    return {
        "headline": (
            f"{config.points[-1]:,} uniform points find {low:.1%} of the regions in "
            f"{first} dimensions and {high:.1%} in {last}, median"
        ),
        "median_regions": dict(
            zip(map(str, config.dims), np.median(counts, axis=1).tolist(), strict=True)
        ),
        "median_share": {
            str(dim): np.median(table, axis=0).tolist()
            for dim, table in zip(config.dims, shares, strict=True)
        },
        "claims": _claims(config, shares, volumes),
    }


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    parts = {dim: _stored(folder, config, dim) for dim in config.dims}
    return Result(
        config,
        summary,
        np.array([part["shares"] for part in parts.values()]),
        {dim: parts[dim]["volumes"] for dim in config.volume_dims},
    )


def random_network(dim: int, width: int, seed: int) -> ReluNetwork:
    """Two hidden layers, in float32."""
    rng = np.random.default_rng([seed, dim, width])
    weights, biases = [], []
    for fan_in, fan_out in itertools.pairwise((dim, width, width, 1)):
        normal = rng.standard_normal((fan_out, fan_in)) * np.sqrt(2.0 / fan_in)
        weights.append(normal.astype(np.float32))
        biases.append((0.3 * rng.standard_normal(fan_out)).astype(np.float32))
    return ReluNetwork.from_arrays(weights, biases)


def patterns_met(network: ReluNetwork, number: int, seed: int) -> np.ndarray:
    """Patterns of uniform points of the box, packed, one name each."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1.0, 1.0, (number, network.input_dim))
    packed = pack_bits(network.patterns(points))
    names = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1])))
    return names.ravel()


def _stored(folder: pathlib.Path, config: Config, dim: int) -> dict[str, np.ndarray]:
    """What one dimension gave, kept in the folder."""
    return stored(folder / f"dim-{dim}.npz", lambda: _measure(config, dim))


def _measure(config: Config, dim: int) -> dict[str, np.ndarray]:
    """Counts, shares and volumes of the networks of one dimension."""
    counts, shares, volumes = [], [], [np.zeros((0, 2))]
    box = Box.cube(dim)
    for seed in range(config.seeds):
        network = random_network(dim, config.width, seed)
        count = int(count_regions(network, box).require_complete())
        names = patterns_met(network, config.points[-1], seed)
        found = [len(np.unique(names[:number])) for number in config.points]
        counts.append(count)
        shares.append([number / count for number in found])
        if dim in config.volume_dims:
            listed = enumerate_regions(network, box, method="cells")
            kind = np.dtype((np.void, listed.patterns.shape[1]))
            mine = np.ascontiguousarray(listed.patterns).view(kind).ravel()
            met = np.isin(mine, np.unique(names[: config.points[1]]))
            volumes.append(
                np.stack([listed.volumes() / 2.0**dim, met.astype(float)], 1)
            )
    return {
        "counts": np.array(counts),
        "shares": np.array(shares),
        "volumes": np.concatenate(volumes),
    }


def _claims(
    config: Config, shares: np.ndarray, volumes: dict[int, np.ndarray]
) -> list[Claim]:
    """Large regions are found; the share falls with the dimension."""
    claims = []
    few = config.points[1]
    for dim, table in volumes.items():
        large = table[:, 0] > 10.0 / few
        claims.append(
            claim_median(
                f"Uniform sampling finds large regions, {dim} dimensions",
                SOURCE,
                f"share of the {int(large.sum())} regions with more than "
                f"{10.0 / few:g} of the volume that {few:,} points meet, in ten groups "
                "(above 0.99)",
                np.array([p.mean() for p in np.array_split(table[large, 1], 10)]),
                low=0.99,
            )
        )
    for number, label in ((len(config.points) - 1, config.points[-1]),):
        ratio = shares[:-1, :, number] / shares[1:, :, number]
        steps = np.exp(np.log(ratio).mean(axis=0))
        claims.append(
            claim_median(
                "Small regions cost exponentially more with the dimension",
                SOURCE,
                f"factor by which the share that {label:,} points find falls with each "
                "dimension, geometric mean (above 1)",
                steps,
                low=float(np.nextafter(1.0, 2.0)),
            )
        )
    return claims
