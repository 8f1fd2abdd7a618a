"""How many regions a first layer of low rank makes, counted exactly.

A layer with weight `A B` of rank r reads its input through r directions: it makes as
many regions as its hyperplanes in R^r, at most `sum_{k<=r} C(n, k)`, and exactly that
many in general position. A weight of full rank plus such a product is of full rank
again.
"""

from typing import NamedTuple

import numpy as np

import regions
from regions.bounds import zaslavsky_count

ENTRIES = 99
"""Largest entry of the random integer factors: products and sums are exact."""


class RankCount(NamedTuple):
    """Regions of one layer on the whole space.

    Attributes:
        dim: Inputs.
        units: Units, n.
        rank: Rank r of the adapter.
        base: Whether a random weight of full rank stands under the adapter.
        seed: Seed of the entries.
        regions: All of them.
        bound: `sum_{k<=m} C(n, k)` with m = r without a base, m = d with one.
    """

    dim: int
    units: int
    rank: int
    base: bool
    seed: int
    regions: int
    bound: int


def adapted_layer(
    dim: int, units: int, rank: int, *, base: bool, seed: int
) -> regions.ReluNetwork:
    """A layer of integer weights: an adapter of a rank, on a base or on zero.

    Biases are random too, as if they had been tuned.

    Args:
        dim: Inputs.
        units: Units.
        rank: Rank of the adapter, at most `dim` and `units`.
        base: Whether to add a random weight.
        seed: Seed of all entries.
    """
    rng = np.random.default_rng([seed, dim, units, rank])

    def draw(*shape: int) -> np.ndarray:
        return rng.integers(-ENTRIES, ENTRIES + 1, shape).astype(np.float64)

    weight, bias = draw(units, rank) @ draw(rank, dim), draw(units)
    if base:
        weight = weight + draw(units, dim)
    return regions.ReluNetwork.from_arrays([weight, np.ones((1, units))], [bias, [0.0]])


def count_low_rank(
    dim: int, units: int, rank: int, *, base: bool, seed: int
) -> RankCount:
    """Count the regions of one such layer on the whole space.

    Raises:
        RuntimeError: If a region may be missing.
    """
    network = adapted_layer(dim, units, rank, base=base, seed=seed)
    found = regions.count_regions(network, regions.WholeSpace(dim))
    if not found.complete:
        raise RuntimeError(
            f"{found} of a layer of {units} units: an exact count was required."
        )
    bound = zaslavsky_count(units, dim if base else rank)
    return RankCount(dim, units, rank, base, seed, int(found), bound)
