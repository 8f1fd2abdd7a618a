"""What is measured of the embeddings of networks on a plane."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

import regions
from experiments.measures.preconditioners import Scaling, embeddings
from experiments.measures.target_curvature import (
    PrincipalPlane,
    linear_r2,
    one_thread,
    slope_changes,
)

FLOORS = (0.003, 0.01, 0.03)
"""Noise, in units of the spread of an embedding, under which its points are one."""

NEIGHBORS = 64
"""Neighbors of each point, twice as many as an embedding has dimensions."""

MEASURES = ("r2_plane", "r2_all", "share", *(f"gamma {floor:g}" for floor in FLOORS))
"""R^2 of the target on two principal components and on the whole embedding; share of
the variance that the first component has; change of slope of the target in all
dimensions, median over points, for each noise floor."""


def embedding_measures(
    embedding: Float64[np.ndarray, "points dim"],
    target: Float64[np.ndarray, " points"],
) -> Float64[np.ndarray, " measures"]:
    """`MEASURES` of one embedding.

    Args:
        embedding: One point a row.
        target: Value of each.
    """
    with one_thread():
        plane = PrincipalPlane(embedding)
        r2_plane = linear_r2(plane(embedding), target)
        r2_all = linear_r2(embedding, target)
        # One number for all directions: shapes stay as they are.
        centered = embedding - embedding.mean(axis=0)
        places = centered / np.sqrt((centered**2).sum(axis=1).mean())
        neighbors = min(NEIGHBORS, len(target) // 2)
        gammas = [
            np.median(slope_changes(places, target, neighbors, floor))
            for floor in FLOORS
        ]
    return np.array([r2_plane, r2_all, plane.shares[0], *gammas])


def layer_measures(
    networks: Sequence[regions.ReluNetwork],
    points: Sequence[Float64[np.ndarray, "points dim"]],
    targets: Sequence[Float64[np.ndarray, " points"]],
) -> Float64[np.ndarray, "layers seeds measures"]:
    """Measures of the inputs and of every hidden layer, for each seed.

    Args:
        networks: One a seed.
        points: Standardized, for each seed.
        targets: Their values.
    """
    rows = [
        [embedding_measures(z, target) for z in embeddings(network, x)]
        for network, x, target in zip(networks, points, targets, strict=True)
    ]
    return np.swapaxes(np.array(rows), 0, 1)


def last_measures(
    networks: Sequence[regions.ReluNetwork],
    points: Sequence[Float64[np.ndarray, "points dim"]],
    targets: Sequence[Float64[np.ndarray, " points"]],
) -> Float64[np.ndarray, "seeds measures"]:
    """Measures of the last embedding alone, for each seed; see `layer_measures`."""
    rows = [
        embedding_measures(embeddings(network, x)[-1], target)
        for network, x, target in zip(networks, points, targets, strict=True)
    ]
    return np.array(rows)


def standardized_square(half_side: float, inputs: Scaling) -> regions.Box:
    """The square of points up to `half_side` on both axes, as the network sees it."""
    corners = np.array([[-half_side] * 2, [half_side] * 2])
    low, high = inputs.forward(corners)
    return regions.Box(low, high)
