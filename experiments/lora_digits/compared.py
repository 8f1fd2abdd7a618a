"""Digits old and new, and partitions compared on images and on lines between them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

import regions
from experiments.measures.adaptation import accuracy, change_ranks
from experiments.measures.partition_history import weight_distance
from regions.partition.partition_change import compare_patterns, compare_points
from regions.patterns.kernel import patterns_at
from training.labeled import Labeled

SIDE = 8
"""Pixels along a side of a digit."""

TASKS = ("moved", "shuffled")
"""Digits one pixel lower, which is near, and with their pixels in another order, which
is far: no two pixels that belong together stay beside each other."""


class Probe(NamedTuple):
    """Where networks are compared.

    Attributes:
        old: Held-out images of the old task.
        new: The same images as the new task has them.
        ends: Ends of each line, two old held-out images.
    """

    old: Labeled
    new: Labeled
    ends: Float64[np.ndarray, "lines 2 dim"]


def new_task(data: Labeled, task: str, seed: int) -> Labeled:
    """The digits as a new task shows them; the order of pixels is the seed's.

    Example:
        >>> one = Labeled(np.eye(64)[:1], np.zeros(1, np.int64))
        >>> int(new_task(one, "moved", 0).inputs[0].argmax())
        8
    """
    if task == "moved":
        images = data.inputs.reshape(-1, SIDE, SIDE)
        moved = np.zeros_like(images)
        moved[:, 1:] = images[:, :-1]
        return data._replace(inputs=moved.reshape(len(images), -1))
    order = np.random.default_rng([seed, SIDE]).permutation(SIDE * SIDE)
    return data._replace(inputs=data.inputs[:, order])


def line_patterns(
    network: regions.ReluNetwork, ends: Float64[np.ndarray, "lines 2 dim"]
) -> list[UInt8[np.ndarray, "_ _"]]:
    """Patterns of all regions on each line, exact and in order."""
    found = [
        regions.enumerate_regions(network, regions.Segment(start, end))
        for start, end in ends
    ]
    assert all(one.complete for one in found)
    return [one.patterns for one in found]


def compare_networks(
    before: regions.ReluNetwork, after: regions.ReluNetwork, probe: Probe
) -> dict[str, float]:
    """Numbers of one network before and after tuning.

    Returns:
        `regions_before` and `regions_after`, exact, all lines together; `jaccard` of
        the patterns on the lines; `points` and `bits`, the share of the old held-out
        images whose pattern differs and that of their bits; `between`, the share of
        bits that differ between two such images before tuning; `old_before`,
        `old_after` and `new_after`, accuracies; `rank_<layer>` of the change of each
        layer's weights; `distance` of all weights and biases.
    """
    first, second = (line_patterns(network, probe.ends) for network in (before, after))
    old, new = (patterns_at(network, probe.old.inputs) for network in (before, after))
    points, bits = compare_points(old, new, before.num_bits)
    kept = compare_patterns(np.concatenate(first), np.concatenate(second))
    ranks = {f"rank_{k}": r for k, r in enumerate(change_ranks(before, after))}
    numbers = {
        "regions_before": sum(map(len, first)),
        "regions_after": sum(map(len, second)),
        "jaccard": kept.jaccard,
        "points": points,
        "bits": bits,
        "between": bits_between(before, probe.ends),
        "old_before": accuracy(before, probe.old),
        "old_after": accuracy(after, probe.old),
        "new_after": accuracy(after, probe.new),
        "distance": weight_distance(before, after),
    }
    return {name: float(value) for name, value in (numbers | ranks).items()}


def line_barcode(
    before: regions.ReluNetwork,
    after: regions.ReluNetwork,
    ends: Float64[np.ndarray, "2 dim"],
) -> tuple[Float64[np.ndarray, " regions"], Float64[np.ndarray, " regions"]]:
    """Lengths of the regions of `after` along a line, and how new they are.

    Returns:
        The lengths, and the share of bits that differ from those of `before` at a
        point inside.
    """
    found = regions.enumerate_regions(after, regions.Segment(ends[0], ends[1]))
    inside = np.asarray(found.witnesses, np.float64)
    differ = (before.patterns(inside) != found.pattern_bits()).mean(axis=1)
    order = np.argsort(inside @ (ends[1] - ends[0]))
    return np.asarray(found.volumes(), np.float64)[order], differ[order]


def bits_between(
    network: regions.ReluNetwork, ends: Float64[np.ndarray, "lines 2 dim"]
) -> float:
    """Share of bits that differ between the two ends of a line, mean over lines."""
    first, second = (network.patterns(ends[:, end]) for end in (0, 1))
    return float((first != second).mean())
