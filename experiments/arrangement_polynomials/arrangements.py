"""The hyperplanes of the families, as integer rows (normal, offset)."""

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


def spanned(dim: int, points: int) -> Rows:
    """Hyperplanes through 0 that are spanned by generic vectors of Z^dim."""
    drawn = np.random.default_rng(0).integers(-99, 100, (points, dim))
    rows = []
    for chosen in itertools.combinations(range(points), dim - 1):
        vectors = drawn[list(chosen)]
        minors = [
            int(fmpz_mat(np.delete(vectors, c, 1).tolist()).det()) for c in range(dim)
        ]
        rows.append([*((-1) ** c * minor for c, minor in enumerate(minors)), 0])
    return rows


FAMILIES = {
    "resonance": resonance,
    "threshold": threshold,
    "demicube": demicube,
}
