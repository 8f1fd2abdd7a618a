"""The hyperplanes of the families, as integer rows (normal, offset)."""

import functools
import itertools

import numpy as np
from flint import fmpz_mat

Rows = list[list[int]]


def resonance(n: int) -> Rows:
    """All normals in {0,1}^n but 0."""
    return [[*v, 0] for v in itertools.product([0, 1], repeat=n) if any(v)]


def threshold(n: int) -> Rows:
    """Normals (1, x) for x in {0,1}^n: regions are threshold functions of n bits."""
    return [[1, *v, 0] for v in itertools.product([0, 1], repeat=n)]


def demicube(n: int) -> Rows:
    """Normals (1, x) for the corners x of the n-demicube, in {-1,1}^n."""
    corners = itertools.product([-1, 1], repeat=n)
    return [[1, *v, 0] for v in corners if v.count(-1) % 2 == 0]


def discriminantal(dim: int, points: int) -> Rows:
    """Hyperplanes through every `dim` of some points of Z^dim, drawn at random.

    Which points does not matter where they are generic; points on the moment curve at
    0, 1, 2, ... are not: six of them in R^4 give 581 regions for 600. The hyperplanes
    through the origin and three of six vectors of R^4 are another arrangement, of 892
    regions: that of Manin and Schechtman of six hyperplanes in the plane.
    """
    drawn = np.random.default_rng(0).integers(-99, 100, (points, dim))
    homogeneous = np.column_stack([drawn, np.ones(points, int)])
    rows = []
    for chosen in itertools.combinations(range(points), dim):
        through = homogeneous[list(chosen)]
        # The normal is the vector of signed maximal minors (Cramer's rule).
        minors = [
            int(fmpz_mat(np.delete(through, c, 1).tolist()).det())
            for c in range(dim + 1)
        ]
        rows.append([(-1) ** c * minor for c, minor in enumerate(minors)])
    return rows


FAMILIES = {
    "resonance": resonance,
    "threshold": threshold,
    "demicube": demicube,
    "discriminantal-2": functools.partial(discriminantal, 2),
    "discriminantal-3": functools.partial(discriminantal, 3),
    "discriminantal-4": functools.partial(discriminantal, 4),
}
