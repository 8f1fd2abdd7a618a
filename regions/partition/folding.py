"""How much a network folds a straight path, in the space of activation patterns.

Along a straight path the Euclidean distance from the start only grows. The Hamming
distance of the pattern from that of the start may shrink again: then the network maps
later parts of the path back near earlier ones. All intervals of the path are found, so
nothing depends on a number of samples.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from regions.domains.shapes import Domain
from regions.enumeration.line import cut_line
from regions.network import ReluNetwork


class Folding(NamedTuple):
    """A path among activation patterns.

    Attributes:
        flips: Bits that flip along the path, each time counted.
        reach: Largest Hamming distance from the first pattern.
    """

    flips: int
    reach: int

    @property
    def value(self) -> float:
        """`1 - reach / flips`: 0 for a path that never turns back, or never moves."""
        return 1.0 - self.reach / self.flips if self.flips else 0.0


def path_folding(patterns: Bool[np.ndarray, "steps bits"]) -> Folding:
    """Folding of a path that is given as its patterns in order."""
    steps = np.count_nonzero(patterns[1:] != patterns[:-1])
    away = np.count_nonzero(patterns != patterns[:1], axis=1)
    return Folding(int(steps), int(away.max(initial=0)))


def space_folding(network: ReluNetwork, path: Domain) -> Folding:
    """Folding of a network along a segment, from its exact intervals.

    It is 0 for one hidden layer: an affine pre-activation changes its sign once along a
    line, so that the distance from the start never shrinks.

    Args:
        network: The network.
        path: A domain of dimension 1, from its start to its end.

    References:
        M. Lewandowski et al., On space folds of ReLU neural networks, TMLR 2025, arXiv
        2502.09954, where the patterns are sampled along the path.

    Example:
        >>> import regions
        >>> net = ReluNetwork.from_arrays(
        ...     [[[1.0], [1.0]], [[1.0, -2.0]], [[1.0]]], [[0.0, -1.0], [-0.5], [0.0]])
        >>> space_folding(net, regions.Segment([0.1], [1.9]))  # a tent, cut at 1/2
        Folding(flips=3, reach=2)
    """
    line = cut_line(network, path)
    return path_folding(line.patterns[:, line.kinks])
