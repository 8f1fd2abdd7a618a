"""An upper bound of the spectral norm of a matrix, rounding included."""

import math

import numpy as np
from jaxtyping import Float64

from regions.signs.rounding import SAFETY, SMALLEST, gamma

SQUARINGS = 5


def spectral_bound(matrix: Float64[np.ndarray, "rows columns"]) -> float:
    """An upper bound of the spectral norm.

    The square of the norm of B is the norm of the Gram matrix of B, which in float64
    errs by at most g_n ||B||_F^2; after some squarings the Frobenius norm bounds it
    well. Each matrix is scaled to entries of at most 1, so nothing that counts
    underflows.
    """
    gram = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    steps: list[tuple[float, float]] = []
    for _ in range(SQUARINGS):
        size = float(np.abs(gram).max())
        if not 0.0 < size < math.inf:
            return size
        scaled = gram / size
        steps.append((size, gamma(len(scaled) + 4) * _whole_norm(scaled) ** 2))
        gram = scaled.T @ scaled
    bound = _whole_norm(gram)
    for size, error in reversed(steps):
        bound = math.sqrt(bound + error) * size * SAFETY + SMALLEST
    return bound


def _whole_norm(array: Float64[np.ndarray, "rows columns"]) -> float:
    """An upper bound of the 2-norm of all entries."""
    size = float(np.abs(array).max(initial=0.0))
    if not 0.0 < size < math.inf:
        return size
    with np.errstate(all="ignore"):
        scaled = array / size
        # A subnormal product is rounded by as much as it is large.
        return size * float(np.sqrt((scaled * scaled).sum())) * SAFETY + SMALLEST
