"""Something short to count for each engine: continuous integration measures it.

Run: python -m benchmarks.gate --only engines      (seconds)

Each engine counts a network of its own for some hundredths of a second. Beside it
stands a yardstick in place of a floor: forward passes of one network, which are, as
engines are, many calls of NumPy on arrays that fit in caches, and which a busy machine
slows down as much. Both are so short that some of their repeats meet a quiet moment.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.yardsticks import random_network
from regions.domains.shapes import Ball, Box, Domain, WholeSpace
from regions.network import ReluNetwork

YARD = 80
"""Forward passes of a yardstick: about as long as what is measured."""


class Case(NamedTuple):
    """What an engine counts.

    Attributes:
        widths: Input dimension and widths of the hidden layers.
        domain: Where.
        biases: Whether there are any.
    """

    widths: tuple[int, ...]
    domain: Domain
    biases: bool = True

    def network(self) -> ReluNetwork:
        """Normal weights and biases, always the same."""
        rng = np.random.default_rng(0)
        sizes = list(zip((*self.widths[1:], 1), self.widths, strict=True))
        weights = [rng.standard_normal(s) * np.sqrt(2.0 / s[1]) for s in sizes]
        biases = [0.5 * rng.standard_normal(s[0]) for s in sizes]
        return ReluNetwork.from_arrays(weights, biases if self.biases else None)


CASES = {
    "line": Case((1, 256, 256), Box.cube(1, 4.0)),
    "balls": Case((2, 12, 12), Ball([0.0, 0.0], 1.0)),
    "restriction": Case((6, 22), WholeSpace(6)),
    "cells": Case((2, 160, 160), Box.cube(2)),
    "tree": Case((2, 12, 12), Box.cube(2)),
}
"""One for each engine of `regions.enumeration.table`."""


def yardstick() -> Callable[[], None]:
    """Forward passes of a network that is always the same."""
    network = random_network(3, 64)
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (128, 3))

    def passes() -> None:
        for _ in range(YARD):
            network.pre_activations(points)

    return passes
