"""Codes of many random layers: those that data occupy, and those that exist."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from experiments.measures.hanin_rolnick_measures import count_everywhere
from experiments.measures.region_use import (
    cluster_points,
    normal_points,
    occupied_codes,
    random_units,
)


def swept_clusters(
    units: int,
    dims: Sequence[int],
    clusters: Sequence[int],
    seeds: Sequence[int],
    points: int,
    reach: float,
) -> Int64[np.ndarray, "dims clusters seeds"]:
    """Occupied codes of layers with biases, by dimension and number of clusters.

    Args:
        units: Number of units of the layer.
        dims: Numbers of inputs.
        clusters: Numbers of clusters of the data.
        seeds: Seeds of layers and data.
        points: In all clusters together.
        reach: Largest coordinate.
    """
    counts = [
        [
            [
                occupied_codes(
                    random_units(dim, units, seed, use_bias=True),
                    cluster_points(points, dim, number, seed, reach)[0],
                )
                for seed in seeds
            ]
            for number in clusters
        ]
        for dim in dims
    ]
    return np.array(counts, np.int64)


def normal_codes(
    units: int, dims: Sequence[int], seeds: Sequence[int], points: int, reach: float
) -> Int64[np.ndarray, "dims 2 seeds"]:
    """Codes that normal points occupy, of layers with biases and without."""
    counts = [
        [
            [
                occupied_codes(
                    random_units(dim, units, seed, use_bias=bias),
                    normal_points(points, dim, seed, reach),
                )
                for seed in seeds
            ]
            for bias in (True, False)
        ]
        for dim in dims
    ]
    return np.array(counts, np.int64)


def whole_counts(units: int, seeds: Sequence[int]) -> Int64[np.ndarray, "dims 2 seeds"]:
    """Regions of the whole space, of 1 to `units` inputs, with biases and without."""
    counts = [
        [
            [
                count_everywhere(random_units(dim, units, seed, use_bias=bias))
                for seed in seeds
            ]
            for bias in (True, False)
        ]
        for dim in range(1, units + 1)
    ]
    return np.array(counts, np.int64)
