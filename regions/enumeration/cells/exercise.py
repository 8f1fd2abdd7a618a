"""A small problem that calls every compiled function of the cells."""

import numpy as np

from regions.domains.shapes import Box
from regions.enumeration.cells.engine import count_cells
from regions.enumeration.cells.stacks import Stack
from regions.network import ReluNetwork


def exercise() -> None:
    """Count a few regions; loads or compiles what it calls."""
    rng = np.random.default_rng(0)
    network = ReluNetwork.from_arrays(
        [rng.standard_normal(shape) for shape in ((9, 2), (9, 9), (1, 9))],
        [rng.standard_normal(n) for n in (9, 9, 1)],
    )
    count_cells(network, Box.cube(2), lambda: False)
    Stack([network, network], Box.cube(2)).advance()
