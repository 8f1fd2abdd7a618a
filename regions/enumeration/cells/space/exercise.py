"""A small problem that runs the compiled loop."""

import numpy as np

from regions.domains.shapes import Box
from regions.enumeration.cells.space.counting import count_space
from regions.network import ReluNetwork


def exercise() -> None:
    """Count a few regions; loads or compiles what it calls."""
    rng = np.random.default_rng(0)
    network = ReluNetwork.from_arrays(
        [rng.standard_normal(shape) for shape in ((5, 3), (4, 5), (1, 4))],
        [rng.standard_normal(n) for n in (5, 4, 1)],
    )
    count_space(network, Box.cube(3), lambda: False)
