"""How many of its possible codes a network uses: possible, existing, seen, occupied."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
import scipy.stats
from jaxtyping import Float64, Int64

import regions
from regions.files.writing import open_atomically
from regions.hash_tables.hash_table import hash_table, occupancy_gini
from regions.hash_tables.utilization import region_bound

GRID = {1: 4096, 2: 512, 3: 64, 4: 22, 5: 12}
"""Points along an axis by dimension: about 250,000 in all from two dimensions on."""


class RegionUse(NamedTuple):
    """One network with one data set.

    Attributes:
        bits: Units, n; 2^n codes are possible.
        bound: Most regions of the whole space, from the literature.
        exact: Regions of the box, all of them.
        grid: How many of these the grid meets.
        occupied: How many of these have a point of the data inside.
        entropy: Entropy of the points' codes, in bits.
        gini: Gini coefficient of the points per region, the empty ones included.
    """

    bits: int
    bound: int
    exact: int
    grid: int
    occupied: int
    entropy: float
    gini: float

    def is_ordered(self) -> bool:
        """Whether each number bounds what it has to bound."""
        seen = max(self.grid, self.occupied)
        return seen <= self.exact <= self.bound <= 2**self.bits


def region_use(
    network: regions.ReluNetwork,
    points: Float64[np.ndarray, "points dim"],
    box: regions.Box,
) -> RegionUse:
    """Count the regions that are possible, exist, meet the grid and hold data.

    Raises:
        ValueError: If a point lies outside the box or on a boundary.
        RuntimeError: If not all regions were found.
    """
    table = hash_table(network, points)
    outside = ((points < box.lower) | (points > box.upper)).any(axis=1)
    if outside.any() or not table.inside.all():
        raise ValueError(
            f"{int(outside.sum())} points lie outside the box and "
            f"{int((~table.inside).sum())} on a boundary: none is required."
        )
    exact = regions.count_regions(network, box)
    if not exact.complete:
        raise RuntimeError(f"{exact} were found: all are required.")
    grid = regions.hash_grid(network, box, GRID[box.dim], labels=False)
    return RegionUse(
        bits=network.num_bits,
        bound=region_bound(network)[0],
        exact=int(exact),
        grid=int(grid),
        occupied=len(table),
        entropy=table.entropy,
        gini=occupancy_gini(table.counts, int(exact)),
    )


def use_columns(rows: Sequence[RegionUse]) -> dict[str, np.ndarray]:
    """One array for each field, an entry a network."""
    fields = zip(RegionUse._fields, zip(*rows, strict=True), strict=True)
    return {name: np.array(values) for name, values in fields}


def write_use(
    path: pathlib.Path,
    tables: Mapping[str, Mapping[str, np.ndarray]],
    seeds: Sequence[int],
) -> None:
    """One row a network, as CSV.

    Args:
        path: The file.
        tables: By setting, what `use_columns` gives, one entry a seed.
        seeds: Seeds of the networks.
    """
    columns: dict[str, list[Any]] = {
        "setting": [name for name in tables for _ in seeds],
        "seed": [seed for _ in tables for seed in seeds],
    }
    for field in RegionUse._fields:
        columns[field] = [v for table in tables.values() for v in table[field].tolist()]
    with open_atomically(path) as file:
        pyarrow.csv.write_csv(pa.table(columns), file)


def occupied_codes(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> int:
    """Codes that points have, in float64."""
    return len(np.unique(network.patterns(points), axis=0))


def random_units(
    dim: int, units: int, seed: int, *, use_bias: bool
) -> regions.ReluNetwork:
    """One layer of ReLUs, normal weights and biases uniform in [-1, 1] or none."""
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(units, dim)), rng.uniform(-1.0, 1.0, units)
    return regions.ReluNetwork.from_arrays(
        [weight, np.ones((1, units))], [bias if use_bias else None, None]
    )


def normal_points(
    count: int, dim: int, seed: int, reach: float
) -> Float64[np.ndarray, "count dim"]:
    """Standard normal coordinates, each cut off at `reach` on both sides."""
    rng = np.random.default_rng(seed)
    drawn = scipy.stats.truncnorm.rvs(
        -reach, reach, size=(count, dim), random_state=rng
    )
    return np.asarray(drawn)


def cluster_points(
    count: int, dim: int, clusters: int, seed: int, reach: float
) -> tuple[Float64[np.ndarray, "count dim"], Int64[np.ndarray, " count"]]:
    """Tight normal clusters about centers as `normal_points`, and each one's number.

    Points take turns, so that clusters are as large as each other; a tenth is the
    standard deviation in a cluster, cut off at four of them.
    """
    centers = normal_points(clusters, dim, seed, reach - 0.4)
    spread = normal_points(count, dim, seed + 1_000_000, 4.0)
    labels = np.arange(count) % clusters
    return centers[labels] + 0.1 * spread, labels
