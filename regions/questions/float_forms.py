"""Affine functions of the input on many regions, in float64 with bounds of the errors.

Regions that come one after another share the units of early layers: what only these
decide is found once for each run of such regions.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from regions.network import Layer
from regions.signs.rounding import SAFETY, SMALLEST, UNIT_ROUNDOFF, gamma


class Near(NamedTuple):
    """Numbers, and proved bounds of their errors."""

    value: np.ndarray
    error: np.ndarray


class Forms(NamedTuple):
    """Affine functions, some for each run of regions.

    Attributes:
        value: Gradients, then offsets, `(runs, dim + 1, units)`.
        error: By how much these are off, at most, at points within reach.
        run: The run of each region.
    """

    value: Float64[np.ndarray, "runs dim_1 _"]
    error: Float64[np.ndarray, "runs _"]
    run: Int[np.ndarray, " regions"]

    def on_regions(self) -> tuple[np.ndarray, np.ndarray]:
        """Functions and errors for each region."""
        if len(self.value) == len(self.run):
            return self.value, self.error
        return self.value[self.run], self.error[self.run]


def input_forms(dim: int, regions: int) -> Forms:
    """The coordinates themselves."""
    return Forms(
        np.eye(dim + 1, dim)[None], np.zeros((1, dim)), np.zeros(regions, dtype=int)
    )


def runs_of(on: Sequence[np.ndarray], regions: int) -> Int[np.ndarray, " regions"]:
    """Numbers of runs of regions in which all units of some layers are alike."""
    changes = np.zeros(regions, bool)
    for gates in on:
        changes[1:] |= (gates[1:] != gates[:-1]).any(1)
    return np.cumsum(changes)


def through(
    layer: Layer,
    index: int,
    held: Sequence[Forms | None],
    run: Int[np.ndarray, " regions"],
    reach: Float64[np.ndarray, " dim_1"],
) -> Forms:
    """A layer's pre-activations; its weights may be rounded once themselves.

    Args:
        layer: The layer.
        index: Its number.
        held: The input and the activations before; None for what is zero.
        run: The runs in which all of these are alike.
        reach: Largest absolute coordinates of points, and 1.
    """
    first = np.flatnonzero(np.diff(run, prepend=-1))
    value = np.zeros((len(first), len(reach), layer.width))
    value[:, -1] = layer.bias
    blocks = layer.blocks(index)
    terms = 4 + sum(matrix.shape[1] + 2 for _, matrix in blocks)
    error = np.tile(gamma(terms) * np.abs(layer.bias), (len(first), 1))
    tiny = 4 * terms * SMALLEST * float(reach.sum())
    for source, matrix in blocks:
        near = held[source]
        if near is None or not matrix.any():
            continue
        row = near.run[first]
        own, slip = near.value[row], near.error[row]
        size = np.einsum("rcu,c->ru", np.abs(own), reach)
        doubt = slip + gamma(terms + 2 * len(reach)) * (size + slip)
        # What is 0 without an error stays so.
        alive = (doubt > 0.0) | own.any(1)
        some = np.flatnonzero(alive.any(0))
        steep = matrix[:, some].T
        value = value + own[:, :, some] @ steep
        lost = tiny * alive.any(1, keepdims=True)
        error = error + doubt[:, some] @ np.abs(steep) + lost
    return Forms(value, SAFETY * error, run)


def gated(
    forms: Forms,
    factor: Float64[np.ndarray, "regions _"],
    run: Int[np.ndarray, " regions"],
    reach: Float64[np.ndarray, " dim_1"],
) -> Forms:
    """Activations, on runs in which all slopes of the units, too, are alike."""
    first = np.flatnonzero(np.diff(run, prepend=-1))
    row, own = forms.run[first], factor[first]
    value = forms.value[row] * own[:, None]
    size = np.einsum("rcu,c->ru", np.abs(value), reach)
    lost = UNIT_ROUNDOFF * size + SMALLEST * reach.sum()
    exact = (own == 0.0) | (own == 1.0)
    error = forms.error[row] * own + np.where(exact, 0.0, lost)
    return Forms(value, SAFETY * error, run)


def at_points(value: np.ndarray, error: np.ndarray, place: Near) -> Near:
    """Values of functions at points.

    Args:
        value: For each point gradients, then offsets, `(points, dim + 1, ...)`.
        error: What these are off by.
        place: The points, `(points, dim)`.
    """
    dim, rest = place.value.shape[1], (1,) * (value.ndim - 2)
    total = value[:, dim]
    size, slip = np.abs(total), np.zeros_like(total)
    for c in range(dim):
        x, doubt = (part[:, c].reshape(-1, *rest) for part in place)
        term = value[:, c] * x
        total, size = total + term, size + np.abs(term)
        slip = slip + np.abs(value[:, c]) * doubt
    lost = gamma(2 * dim + 4) * (size + slip)
    lost = lost + 4 * dim * SMALLEST * (value != 0.0).any(1)
    return Near(total, SAFETY * (error + slip + lost))


def times(near: Near, factor: np.ndarray) -> Near:
    """Numbers times slopes."""
    value = near.value * factor
    lost = UNIT_ROUNDOFF * np.abs(value) + SMALLEST
    exact = (factor == 0.0) | (factor == 1.0)
    return Near(value, SAFETY * (near.error * factor + np.where(exact, 0.0, lost)))
