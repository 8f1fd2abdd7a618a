"""Nested partitions of the first layers of a network: which region lies in which.

The regions of the first l hidden layers are those of the network that ends there, and
every one is enumerated. A region's pattern begins with that of the region that it came
from, its parent.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

import regions
from experiments.measures.unit_square import enumerate_all
from regions.patterns.kernel import pack_bits


class Level(NamedTuple):
    """The partition of the first layers.

    Attributes:
        found: All its regions.
        parents: Region of the level before in which each lies, or -1 if its pattern
            begins like that of none.
        area_gap: Largest difference between the volume of a region of the level before
            and that of its children, over the volume of the box; NaN if the engine
            gave no volumes.
        pieces: Pieces of the crease of each unit of the last of the layers: regions of
            the level before that it cuts. It bends only from one to the next.
    """

    found: regions.RegionSet
    parents: Int64[np.ndarray, " regions"]
    area_gap: float
    pieces: Int64[np.ndarray, " units"]

    @property
    def children(self) -> Int64[np.ndarray, " parents"]:
        """Regions in each region of the level before."""
        count = int(self.parents.max(initial=0)) + 1
        return np.bincount(self.parents[self.parents >= 0], minlength=count)


def prefix_network(network: regions.ReluNetwork, layers: int) -> regions.ReluNetwork:
    """The first hidden layers of a network, with the sum of the last ones as output.

    Raises:
        ValueError: If there are not as many hidden layers, or there are skip blocks.
    """
    if not 1 <= layers <= len(network.hidden) or network.has_skips:
        raise ValueError(
            f"`layers` is {layers}: 1 to {len(network.hidden)} layers of a network "
            "without skip blocks are required."
        )
    kept = network.hidden[:layers]
    return regions.ReluNetwork.from_arrays(
        [*(layer.weight for layer in kept), np.ones((1, kept[-1].width))],
        [*(layer.bias for layer in kept), None],
        [layer.slopes for layer in kept],
    )


def refine(network: regions.ReluNetwork, box: regions.Box) -> list[Level]:
    """The partition of a box by the first layer, the first two, and so on to all.

    The level before the first is the box itself, a region of the empty pattern.
    """
    levels: list[Level] = []
    for layers in range(1, len(network.hidden) + 1):
        found = enumerate_all(prefix_network(network, layers), box)
        before = levels[-1].found if levels else None
        width = before.network.num_bits if before else 0
        bits = found.pattern_bits()
        parents = _parents(bits[:, :width], before)
        last = bits[:, width:]
        levels.append(
            Level(
                found,
                parents,
                _area_gap(found, parents, before, box),
                cut_parents(last, parents),
            )
        )
    return levels


def cut_parents(
    bits: np.ndarray, parents: Int64[np.ndarray, " regions"]
) -> Int64[np.ndarray, " units"]:
    """For each unit, the parents that have children with both values of its bit.

    Args:
        bits: One row a region, one column a unit.
        parents: Parent of each region; regions whose parent is -1 are left out.
    """
    inside = parents >= 0
    count = int(parents.max(initial=-1)) + 1
    pieces = []
    for column in bits[inside].T:
        on = np.bincount(parents[inside], column, count)
        off = np.bincount(parents[inside], ~column, count)
        pieces.append(int(((on > 0) & (off > 0)).sum()))
    return np.array(pieces, np.int64)


def _parents(
    prefixes: np.ndarray, before: regions.RegionSet | None
) -> Int64[np.ndarray, " regions"]:
    """Region of `before` whose pattern each prefix is."""
    if before is None:
        return np.zeros(len(prefixes), np.int64)
    numbers = {row.tobytes(): k for k, row in enumerate(before.patterns)}
    packed = pack_bits(prefixes)
    return np.array([numbers.get(row.tobytes(), -1) for row in packed], np.int64)


def _area_gap(
    found: regions.RegionSet,
    parents: Int64[np.ndarray, " regions"],
    before: regions.RegionSet | None,
    box: regions.Box,
) -> float:
    """How far the children's volumes are from filling their parents."""
    if not found.has_cells or (before is not None and not before.has_cells):
        return math.nan
    whole = float(box.rational_volume())
    wanted = np.array([whole]) if before is None else before.volumes()
    inside = parents >= 0
    filled = np.bincount(parents[inside], found.volumes()[inside], len(wanted))
    return float(np.abs(filled - wanted).max()) / whole
