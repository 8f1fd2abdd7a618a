"""What several benchmarks set beside their times: forward passes, memory, networks."""

import resource

import numpy as np

from regions.network import ReluNetwork


def peak_bytes() -> int:
    """Peak resident size of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def forward(network: ReluNetwork, points: np.ndarray) -> None:
    """One forward pass of the hidden layers, in chunks that stay in the cache."""
    for start in range(0, len(points), 4096):
        network.pre_activations(points[start : start + 4096])


def random_network(dim: int, width: int) -> ReluNetwork:
    """He-normal weights and normal biases, as in tests/data/nets."""
    rng = np.random.default_rng(0)
    sizes = [(width, dim), (width, width), (1, width)]
    return ReluNetwork.from_arrays(
        [rng.standard_normal(s) * np.sqrt(2.0 / s[1]) for s in sizes],
        [0.5 * rng.standard_normal(s[0]) for s in sizes],
    )
