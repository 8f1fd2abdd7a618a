"""Boxes and standard simplices by their corners and edges, as the sweep starts."""

import dataclasses
import itertools

import numpy as np
from jaxtyping import Float64, Int

MAX_BOX_DIM = 24


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SimplePolytope:
    """A bounded polytope in which every vertex lies on exactly `dim` facets.

    Attributes:
        A: Outward facet normals, `A t <= b`, exact in float64.
        b: Right-hand sides.
        vertices: Corners.
        vertex_facets: Facets (rows of A) through each corner, sorted.
        edges: Pairs of corners.
        edge_facets: Facets that contain each edge, sorted.
    """

    A: Float64[np.ndarray, "facets dim"]
    b: Float64[np.ndarray, " facets"]
    vertices: Float64[np.ndarray, "vertices dim"]
    vertex_facets: Int[np.ndarray, "vertices dim"]
    edges: Int[np.ndarray, "edges 2"]
    edge_facets: Int[np.ndarray, "edges dim_minus_1"]


def box_polytope(lower: np.ndarray, upper: np.ndarray) -> SimplePolytope:
    """Facet 2i is `t_i >= lower_i`, facet 2i + 1 is `t_i <= upper_i`."""
    dim = len(lower)
    if dim > MAX_BOX_DIM:
        raise ValueError(
            f"a box in {dim} dimensions has 2^{dim} corners, too many for the sweep "
            f"(at most {MAX_BOX_DIM} dimensions): use method='tree' or a Slice."
        )
    A = np.zeros((2 * dim, dim))
    A[np.arange(0, 2 * dim, 2), np.arange(dim)] = -1.0
    A[np.arange(1, 2 * dim, 2), np.arange(dim)] = 1.0
    b = np.empty(2 * dim)
    b[0::2], b[1::2] = -lower, upper
    side = np.array(list(itertools.product([0, 1], repeat=dim)), np.int32)
    side = side.reshape(2**dim, dim)
    facets = 2 * np.arange(dim, dtype=np.int32) + side
    edges, edge_facets = [], []
    for axis in range(dim):
        low = np.flatnonzero(side[:, axis] == 0)
        edges.append(np.stack([low, low + 2 ** (dim - 1 - axis)], 1))
        edge_facets.append(np.delete(facets[low], axis, axis=1))
    return SimplePolytope(
        A,
        b,
        np.where(side == 1, upper, lower),
        facets,
        np.concatenate(edges).astype(np.int32),
        np.concatenate(edge_facets),
    )


def standard_simplex(dim: int) -> SimplePolytope:
    """Facet i is `t_i >= 0`, facet dim is `sum t <= 1`; corner 0 is the origin."""
    A = np.concatenate([-np.eye(dim), np.ones((1, dim))])
    b = np.zeros(dim + 1)
    b[-1] = 1.0
    vertices = np.concatenate([np.zeros((1, dim)), np.eye(dim)])
    # Corner k + 1 misses facet k, the origin misses facet dim.
    missed = np.concatenate([[dim], np.arange(dim)])
    facets = np.array([[f for f in range(dim + 1) if f != m] for m in missed], np.int32)
    pairs = list(itertools.combinations(range(dim + 1), 2))
    edge_facets = np.array(
        [
            [f for f in range(dim + 1) if f not in (missed[i], missed[j])]
            for i, j in pairs
        ],
        np.int32,
    ).reshape(len(pairs), dim - 1)
    return SimplePolytope(
        A, b, vertices, facets, np.array(pairs, np.int32), edge_facets
    )
