"""A small problem that calls every compiled function of the sweep."""

import itertools

import numpy as np

from regions.domains.shapes import Box
from regions.enumeration.engine import Task
from regions.enumeration.sweep.engine import Sweep
from regions.network import ReluNetwork

_SIZES = (2, 9, 9, 1)


def exercise() -> None:
    """Count and list a few regions; loads or compiles what it calls."""
    rng = np.random.default_rng(0)
    shapes = [(n, m) for m, n in itertools.pairwise(_SIZES)]
    network = ReluNetwork.from_arrays(
        [rng.standard_normal(shape) for shape in shapes],
        [rng.standard_normal(n) for n, _ in shapes],
    )
    for run in (Sweep().count, Sweep().list):
        run(Task(network, Box.cube(_SIZES[0])))
