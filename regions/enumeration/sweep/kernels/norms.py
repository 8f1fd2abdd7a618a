"""Upper bounds of the norms of the layers of a network, rounding included."""

import functools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.network import Layer
from regions.signs.rounding import SAFETY, SMALLEST, gamma

SQUARINGS = 5


class Norms(NamedTuple):
    """Bounds of the norms of each layer.

    Attributes:
        spectral: Spectral norm of the matrix.
        row: Largest 2-norm of a row of the matrix.
        bias: Largest absolute bias.
    """

    spectral: np.ndarray
    row: np.ndarray
    bias: np.ndarray


def norms_of(layers: tuple[Layer, ...]) -> Norms:
    """Upper bounds of the norms of some layers."""
    norms = [_layer_norms(layer) for layer in layers]
    spectral, row, bias = (np.array(column) for column in zip(*norms, strict=True))
    return Norms(spectral, row, bias)


@functools.lru_cache(maxsize=64)
def _layer_norms(layer: Layer) -> tuple[float, float, float]:
    """Bounds for one layer; the chambers of a domain ask for the same again."""
    return (
        spectral_bound(layer.weight),
        float(_norm_bounds(layer.weight).max()),
        float(np.abs(layer.bias).max()),
    )


def _norm_bounds(
    arrays: Float64[np.ndarray, "*some entries"],
) -> Float64[np.ndarray, "*some"]:
    """Upper bounds of 2-norms along the last axis."""
    size = np.abs(arrays).max(-1, initial=0.0)
    with np.errstate(all="ignore"):
        scaled = arrays / size[..., None]
        norm = size * np.sqrt((scaled * scaled).sum(-1)) * SAFETY
        # A subnormal product is rounded by as much as it is large.
        norm += SMALLEST
    return np.where((size > 0.0) & (size < math.inf), norm, size)


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


def _whole_norm(array: np.ndarray) -> float:
    """An upper bound of the 2-norm of all entries."""
    return float(_norm_bounds(array.reshape(-1)))
