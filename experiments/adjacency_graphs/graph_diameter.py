"""The exact diameter of a graph, by breadth-first search from all nodes at once."""

import numpy as np
from jaxtyping import Int64

WORDS = 8
"""Words of 64 sources that are searched from together."""


def diameter(pairs: Int64[np.ndarray, "edges 2"], nodes: int) -> int:
    """The largest number of edges on a shortest path between two nodes.

    A bit for each source tells of every node whether the source has been reached from
    it; a step takes the union over the neighbors.

    Args:
        pairs: Both ends of every edge.
        nodes: How many nodes there are.

    Raises:
        ValueError: If the graph is not connected.
    """
    if nodes < 2:
        return 0
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    starts = np.searchsorted(both[:, 0], np.arange(nodes))
    if np.bincount(both[:, 0], minlength=nodes).min() == 0:
        raise ValueError("the graph is not connected.")
    neighbors, most = both[:, 1], 0
    for first in range(0, nodes, 64 * WORDS):
        sources = np.arange(first, min(first + 64 * WORDS, nodes))
        most = max(most, _eccentricity(neighbors, starts, sources))
    return most


def _eccentricity(
    neighbors: np.ndarray, starts: np.ndarray, sources: np.ndarray
) -> int:
    """The largest distance of any node from one of the sources."""
    word, bit = np.divmod(sources - sources[0], 64)
    reached = np.zeros((len(starts), word[-1] + 1), np.uint64)
    reached[sources, word] = np.uint64(1) << bit.astype(np.uint64)
    everything = np.bitwise_or.reduce(reached)
    steps = 0
    while (reached != everything).any():
        more = reached | np.bitwise_or.reduceat(reached[neighbors], starts)
        if (more == reached).all():
            raise ValueError("the graph is not connected.")
        reached, steps = more, steps + 1
    return steps
