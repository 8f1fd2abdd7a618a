"""Upper bounds of the norms of the layers of a network, rounding included."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.enumeration.float_bounds import SAFETY, gamma
from regions.network import Layer

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
    spectral = np.empty(len(layers))
    shapes = [layer.weight.shape for layer in layers]
    for shape in set(shapes):
        alike = [k for k, other in enumerate(shapes) if other == shape]
        matrices = np.stack([layers[k].weight for k in alike])
        spectral[alike] = spectral_bounds(matrices)
    rows = [_norm_bounds(layer.weight).max() for layer in layers]
    bias = [np.abs(layer.bias).max() for layer in layers]
    return Norms(spectral, np.array(rows), np.array(bias))


def _norm_bounds(
    arrays: Float64[np.ndarray, "*some entries"],
) -> Float64[np.ndarray, "*some"]:
    """Upper bounds of 2-norms along the last axis."""
    size = np.abs(arrays).max(-1, initial=0.0)
    with np.errstate(all="ignore"):
        scaled = arrays / size[..., None]
        norm = size * np.sqrt((scaled * scaled).sum(-1)) * SAFETY
    return np.where((size > 0.0) & (size < math.inf), norm, size)


def spectral_bounds(
    matrices: Float64[np.ndarray, "some rows columns"],
) -> Float64[np.ndarray, " some"]:
    """Upper bounds of the spectral norms of some matrices.

    The square of the norm of B is the norm of the Gram matrix of B, which in float64
    errs by at most g_n ||B||_F^2; after some squarings the Frobenius norm bounds it
    well. Each matrix is scaled to entries of at most 1, so nothing that counts
    underflows.
    """
    some, rows, columns = matrices.shape
    gram = matrices if rows >= columns else matrices.transpose(0, 2, 1)
    steps: list[tuple[np.ndarray, np.ndarray]] = []
    with np.errstate(all="ignore"):
        for _ in range(SQUARINGS):
            size = np.abs(gram).max((1, 2))
            scaled = gram / size[:, None, None]
            error = gamma(scaled.shape[1] + 4)
            error *= _norm_bounds(scaled.reshape(some, -1)) ** 2
            steps.append((size, error))
            gram = scaled.transpose(0, 2, 1) @ scaled
        bound = _norm_bounds(gram.reshape(some, -1))
        for size, error in reversed(steps):
            bound = np.sqrt(bound + error) * size * SAFETY
            # A zero matrix has no scale; what overflows has no bound.
            bound = np.where(size > 0.0, bound, 0.0)
            bound = np.where(np.isfinite(size), bound, math.inf)
    return bound
