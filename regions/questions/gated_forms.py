"""Pre-activations as affine forms over the integers, one layer after another.

A form `(gradient, offset)` is a row of an integer matrix over a power of two that the
whole layer shares. Nothing is rounded. The gates of a layer are its units that are on.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

from flint import fmpz_mat

from regions.signs.exact import ExactLayer


class Forms(NamedTuple):
    """Affine forms `(gradient, offset) / 2**shift`, one a row."""

    matrix: fmpz_mat
    shift: int


@functools.lru_cache(maxsize=8)
def input_forms(dim: int) -> Forms:
    """The coordinates themselves."""
    entries = [int(i == j) for i in range(dim) for j in range(dim + 1)]
    return Forms(fmpz_mat(dim, dim + 1, entries), 0)


def pre_activations(layer: ExactLayer, sources: Sequence[Forms]) -> Forms:
    """Forms of a layer's units, from those of the input and of all layers before."""
    top = max(sources[source].shift for source, _ in layer.blocks)
    dim = sources[0].matrix.nrows()
    bias = [0] * (layer.bias.nrows() * (dim + 1))
    bias[dim :: dim + 1] = [v << top for v in map(int, layer.bias.entries())]
    total = fmpz_mat(layer.bias.nrows(), dim + 1, bias)
    for source, matrix in layer.blocks:
        held = sources[source]
        # The coordinates are a column more than the identity: nothing to multiply.
        part = _with_zeros(matrix) if source == 0 else matrix * held.matrix
        total += part * (1 << (top - held.shift)) if top > held.shift else part
    return Forms(total, top + layer.shift)


def _with_zeros(matrix: fmpz_mat) -> fmpz_mat:
    """A matrix and a column of zeros."""
    table = [[*row, 0] for row in matrix.tolist()]
    return fmpz_mat(table)


def activations(layer: ExactLayer, pre: Forms, on: Sequence[bool]) -> Forms:
    """Forms of the activations where these units are on, and the others off."""
    unit, size = 1 << layer.slope_shift, len(on)
    gates = [unit if o else s for o, s in zip(on, layer.slopes, strict=True)]
    if all(g == unit for g in gates):
        return pre
    columns = pre.matrix.ncols()
    factors = [gate for gate in gates for _ in range(columns)]
    pairs = zip(pre.matrix.entries(), factors, strict=True)
    gated = fmpz_mat(size, columns, [v * factor for v, factor in pairs])
    return Forms(gated, pre.shift + layer.slope_shift)
