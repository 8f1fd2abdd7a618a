"""Counting regions at their lowest vertices, compiled: `Complex.rising_edges`."""

import numpy as np

from regions.compiled.jit import compiled


@compiled
def compare(ends, heights, errors):
    """Whether each edge rises, and which differences the errors leave unclear."""
    rises = np.empty(len(ends), np.bool_)
    unclear = np.empty(len(ends), np.bool_)
    for e in range(len(ends)):
        u, v = ends[e, 0], ends[e, 1]
        rise = heights[v] - heights[u]
        rises[e] = rise > 0.0
        # NaN, where a height overflowed, is unclear too.
        unclear[e] = not abs(rise) > errors[u] + errors[v]
    return rises, unclear


@compiled
def count(zeros, ends, edge_zeros, rises):
    """Number of regions and Euler characteristic; -1 or -2 if an edge does not fit.

    As `RisingEdges.num_cells`: products over the zeros of each vertex of how many edges
    rise on leaving them.
    """
    vertices, dim = zeros.shape
    rising = np.zeros((vertices, dim), np.uint8)
    for e in range(len(ends)):
        low = ends[e, 0] if rises[e] else ends[e, 1]
        freed, shared = 0, 0
        for q in range(dim):
            kept = False
            for k in range(dim - 1):
                kept |= zeros[low, q] == edge_zeros[e, k]
            if kept:
                shared += 1
            else:
                freed = q
        if shared != dim - 1:
            return -1, 0
        rising[low, freed] += 1
        if rising[low, freed] > 2:
            return -2, 0
    cells, euler = 0, 0
    for v in range(vertices):
        product, signed = 1, 1
        for q in range(dim):
            product *= rising[v, q]
            signed *= 1 - np.int64(rising[v, q])
        cells += product
        euler += signed
    return cells, euler
