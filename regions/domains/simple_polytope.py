"""Boxes and standard simplices by their corners, with the facets through each."""

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
    """

    A: Float64[np.ndarray, "facets dim"]
    b: Float64[np.ndarray, " facets"]
    vertices: Float64[np.ndarray, "vertices dim"]
    vertex_facets: Int[np.ndarray, "vertices dim"]


def box_polytope(lower: np.ndarray, upper: np.ndarray) -> SimplePolytope:
    """Facet 2i is `t_i >= lower_i`, facet 2i + 1 is `t_i <= upper_i`."""
    dim = len(lower)
    if dim > MAX_BOX_DIM:
        raise ValueError(
            f"a box in {dim} dimensions has 2^{dim} corners, too many to list "
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
    return SimplePolytope(A, b, np.where(side == 1, upper, lower), facets)


def standard_simplex(dim: int) -> SimplePolytope:
    """Facet i is `t_i >= 0`, facet dim is `sum t <= 1`; corner 0 is the origin."""
    A = np.concatenate([-np.eye(dim), np.ones((1, dim))])
    b = np.zeros(dim + 1)
    b[-1] = 1.0
    vertices = np.concatenate([np.zeros((1, dim)), np.eye(dim)])
    # Corner k + 1 misses facet k, the origin misses facet dim.
    missed = np.concatenate([[dim], np.arange(dim)])
    facets = np.array([[f for f in range(dim + 1) if f != m] for m in missed], np.int32)
    return SimplePolytope(A, b, vertices, facets)
