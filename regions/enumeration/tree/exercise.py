"""Small problems that call every compiled function of the tree."""

import numpy as np

from regions.domains.shapes import Box
from regions.enumeration.engine import Task
from regions.enumeration.tree.engine import TreeEngine
from regions.network import ReluNetwork


def exercise() -> None:
    """Count a few regions, with and without biases; loads or compiles what it calls."""
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(shape) for shape in ((6, 3), (4, 6), (1, 4))]
    for size in (0.1, 0.0):
        biases = [size * rng.standard_normal(len(weight)) for weight in weights]
        network = ReluNetwork.from_arrays(weights, biases)
        TreeEngine().count(Task(network, Box.cube(3)))
