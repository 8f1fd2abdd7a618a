"""What tuning does to a partition: regions, patterns, creases, maps, and old knowledge.

One network before tuning is compared with one after it, on a box, at points of the old
task and at points of the new one.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

import regions
from experiments.measures.partition_history import crease_motion, weight_distance
from experiments.measures.unit_square import enumerate_all
from regions.partition.partition_change import compare_patterns, compare_points
from regions.patterns.halfspaces import affine_pre_activations
from regions.patterns.kernel import patterns_at
from training.labeled import Labeled

RANK_TOLERANCE = 1e-6
"""Singular values under this share of the largest count as zero: float32 factors."""


class Probe(NamedTuple):
    """Where networks are compared.

    Attributes:
        box: In which regions are counted.
        grid: Points that tile it.
        old: Test points of the old task.
        new: Test points of the new task.
    """

    box: regions.Box
    grid: Float64[np.ndarray, "points 2"]
    old: Labeled
    new: Labeled


def box_grid(box: regions.Box, side: int) -> Float64[np.ndarray, "points 2"]:
    """Middles of `side` x `side` cells that tile a box, x running fastest."""
    middles = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(middles, middles)
    return box.lower + np.stack([x.ravel(), y.ravel()], axis=1) * (
        box.upper - box.lower
    )


def accuracy(network: regions.ReluNetwork, data: Labeled) -> float:
    """Share of the points whose largest output is that of their class."""
    return float((network(data.inputs).argmax(axis=1) == data.labels).mean())


def drift(
    before: regions.ReluNetwork,
    after: regions.ReluNetwork,
    points: Float64[np.ndarray, "points dim"],
) -> Float64[np.ndarray, " points"]:
    """Frobenius norm of the change of the Jacobian at each point."""
    jacobians = [
        affine_pre_activations(network, network.patterns(points))[-1][0]
        for network in (before, after)
    ]
    return np.asarray(np.linalg.norm(jacobians[1] - jacobians[0], axis=(1, 2)))


def change_ranks(
    before: regions.ReluNetwork, after: regions.ReluNetwork
) -> Int64[np.ndarray, " layers"]:
    """Rank of what was added to each layer's weights, up to `RANK_TOLERANCE`."""
    ranks = []
    for first, second in zip(before.layers, after.layers, strict=True):
        values = np.linalg.svd(second.weight - first.weight, compute_uv=False)
        ranks.append(int((values > RANK_TOLERANCE * values[0]).sum()))
    return np.array(ranks)


def adaptation_numbers(
    before: regions.ReluNetwork, after: regions.ReluNetwork, probe: Probe
) -> dict[str, float]:
    """Numbers of one network before and after tuning.

    Returns:
        `regions_before`, `regions_after` (exact, in the box) and the Jaccard index of
        their patterns, `jaccard`; `jaccard_<where>`, `points_<where>` and
        `bits_<where>` on the `grid`, `old` and `new` points (Jaccard index of the
        patterns met, share of the points whose pattern differs, share of bits that
        differ); `turned` (degrees) and `shifted`, medians over the creases of the first
        layer; `rank_<layer>` of the change of each layer's weights; `drift_old` and
        `drift_new`, mean change of the Jacobian; `old_before`, `old_after`,
        `new_before`, `new_after`, accuracies; `distance` of all weights and biases.
    """
    found = [enumerate_all(network, probe.box) for network in (before, after)]
    turned, shifted = crease_motion(before, after)
    places = {
        "grid": probe.grid,
        "old": probe.old.inputs,
        "new": probe.new.inputs,
    }
    numbers = {
        "regions_before": len(found[0]),
        "regions_after": len(found[1]),
        "jaccard": compare_patterns(found[0].patterns, found[1].patterns).jaccard,
        "turned": float(np.median(turned)),
        "shifted": float(np.median(shifted)),
        "drift_old": float(drift(before, after, probe.old.inputs).mean()),
        "drift_new": float(drift(before, after, probe.new.inputs).mean()),
        "distance": weight_distance(before, after),
    }
    for name, points in places.items():
        first, second = (patterns_at(network, points) for network in (before, after))
        change = compare_points(first, second, before.num_bits)
        numbers[f"jaccard_{name}"] = compare_patterns(first, second).jaccard
        numbers[f"points_{name}"], numbers[f"bits_{name}"] = change
    for name, data in (("old", probe.old), ("new", probe.new)):
        numbers[f"{name}_before"] = accuracy(before, data)
        numbers[f"{name}_after"] = accuracy(after, data)
    for layer, rank in enumerate(change_ranks(before, after)):
        numbers[f"rank_{layer}"] = int(rank)
    return {name: float(value) for name, value in numbers.items()}
