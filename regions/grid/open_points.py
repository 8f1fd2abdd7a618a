"""Patterns that say what rounding leaves open, in traced code.

Beside the activations of a layer runs a bound of the length of their error vector: it
passes through a layer by at most the matrix's largest singular value, and the sums of
the layer add `gamma` times the absolute values in them (`regions.signs.rounding`). That
costs a few operations a unit, not a second matrix product. A point at which some unit
is no further from zero than its own bound is *open*: what float32 leaves open, float64
has to settle, and what float64 leaves open, exact arithmetic.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float64, UInt32

from regions.network import Layer, ReluNetwork
from regions.patterns.kernel import (
    LayerParams,
    Structure,
    pack_words,
    pre_activations,
)
from regions.signs.rounding import (
    FLUSHED,
    SINGLE_FLUSHED,
    SINGLE_ROUNDOFF,
    UNIT_ROUNDOFF,
    steepest,
)

_SAFETY = np.float32(1.0 + 2.0**-10)
"""Covers the rounding of the bounds themselves, which may be float32, too."""

_LOSSES = {
    "float32": (np.float32(SINGLE_ROUNDOFF), np.float32(SINGLE_FLUSHED)),
    "float64": (UNIT_ROUNDOFF, FLUSHED),
}
"""What a product loses to rounding, as a share of it, and to underflow."""

_SQUARINGS = 4
"""With so many the bound of a norm is above it by at most the 64th root of the rank."""


class BlockBounds(NamedTuple):
    """Upper bounds of what a matrix does to lengths, on the device.

    Attributes:
        rows: Length of each row, `(fan_out,)`.
        norm: Largest singular value.
        absolute_norm: The same of the absolute values of the entries.
    """

    rows: Array
    norm: Array
    absolute_norm: Array


class LayerBounds(NamedTuple):
    """What the error bound needs to know of a hidden layer, on the device.

    Attributes:
        blocks: One entry per block that the layer reads.
        bias: Absolute biases, `(fan_out,)`.
        bias_norm: Length of the vector of biases.
        relative: Relative error of the sum in a unit, with that of its weights.
        floor: What underflow can add to it, per number that is summed.
        steepest: Largest absolute slope.
        varies: Whether the unit is anything but zero everywhere, `(fan_out,)`.
    """

    blocks: tuple[BlockBounds, ...]
    bias: Array
    bias_norm: Array
    relative: Array
    floor: Array
    steepest: Array
    varies: Array


def layer_bounds(network: ReluNetwork, dtype: str) -> tuple[LayerBounds, ...]:
    """Arrays for `point_words_and_open`, one entry per hidden layer.

    Args:
        network: The network.
        dtype: Of the arithmetic: `"float32"`, or `"float64"` in JAX's x64 mode.
    """
    # What overflows becomes infinite, and leaves everything open.
    with np.errstate(over="ignore", invalid="ignore"):
        return tuple(_bounds(layer, i, dtype) for i, layer in enumerate(network.hidden))


def _bounds(layer: Layer, index: int, dtype: str) -> LayerBounds:
    """The same of one layer."""
    matrices = [matrix for _, matrix in layer.blocks(index)]
    terms = sum(matrix.shape[1] for matrix in matrices) + 1
    # Weights, biases and inputs round once, a slope twice, besides the sum itself.
    roundoff, flushed = _LOSSES[dtype]
    roundings = (terms + 8) * float(roundoff)
    relative = roundings / (1.0 - roundings) if roundings < 0.5 else np.inf
    varies = layer.bias != 0
    for matrix in matrices:
        varies = varies | (matrix != 0).any(1)
    not_below = functools.partial(_not_below, dtype=dtype)
    return LayerBounds(
        tuple(
            BlockBounds(
                not_below(_row_lengths(matrix)),
                not_below(_norm(matrix)),
                not_below(_norm(np.abs(matrix))),
            )
            for matrix in matrices
        ),
        not_below(np.abs(layer.bias)),
        not_below(_row_lengths(layer.bias[None])[0]),
        not_below(relative),
        not_below(terms * float(flushed)),
        not_below(steepest(layer)),
        jax.device_put(varies),
    )


def _row_lengths(
    matrix: Float64[np.ndarray, "rows columns"],
) -> Float64[np.ndarray, " rows"]:
    """Length of each row, whose squares may leave the range of numbers."""
    largest = np.abs(matrix).max(axis=1, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    return largest * np.linalg.norm(matrix / scale[:, None], axis=1)


def _norm(matrix: Float64[np.ndarray, "rows columns"]) -> float:
    """A bound of the largest singular value: at most some percent above it.

    The 2^k-th root of the Frobenius norm of `(A^T A)^(2^(k-1))` is one, by its trace.
    """
    scale = np.abs(matrix).max(initial=0.0)
    if scale == 0 or not np.isfinite(scale):
        return float(scale)
    scaled = matrix / scale
    power = scaled @ scaled.T if len(matrix) < matrix.shape[1] else scaled.T @ scaled
    exponent, logarithm = 2.0, 0.0
    for _ in range(_SQUARINGS):
        # Kept near 1: `logarithm` is that of the factor taken out of `power`.
        largest = np.abs(power).max()
        power = power / largest
        logarithm = 2.0 * (logarithm + np.log(largest))
        power, exponent = power @ power, 2.0 * exponent
    frobenius = np.log((power**2).sum()) / 2.0
    return float(scale * np.exp((frobenius + logarithm) / exponent))


def _not_below(
    values: float | Float64[np.ndarray, "*some"], dtype: str
) -> Float[Array, "*some"]:
    """The values in another arithmetic, none of them less than it was."""
    rounded = np.multiply(values, 1.0 + 2.0**-20).astype(dtype)
    return jax.device_put(np.nextafter(rounded, np.dtype(dtype).type(np.inf)))


def point_words_and_open(
    params: tuple[LayerParams, ...],
    bounds: tuple[LayerBounds, ...],
    structure: Structure,
    x: Float[Array, " dim"],
) -> tuple[UInt32[Array, " words"], Bool[Array, ""]]:
    """The packed pattern of one point, and whether a bit of it is open.

    Args:
        params: Weights and biases of the network, in some arithmetic.
        bounds: From `layer_bounds`, in the same.
        structure: Structure of the network.
        x: The point, rounded to it.
    """
    roundoff, flushed = _LOSSES[x.dtype.name]
    activations, sizes = [x], [_length(x)]
    errors = [_SAFETY * sizes[0] * roundoff + len(x) * flushed]
    bits, is_open = [jnp.zeros(0, bool)], jnp.zeros((), bool)
    layers = zip(params, bounds, structure.sources, structure.kinks, strict=True)
    for layer, bound, sources, kinks in layers:
        pre = pre_activations(layer, sources, activations)
        each, together = _errors(bound, sources, sizes, errors)
        on, units = pre > 0, np.array(kinks, int)
        # An error that overflowed, or a value that is NaN, is above nothing.
        is_open |= (~(jnp.abs(pre) > each) & bound.varies)[units].any()
        bits.append(on[units])
        activations.append(jnp.where(on, pre, layer.slopes * pre))
        sizes.append(_length(activations[-1]))
        sloped = 3 * roundoff * (_length(pre) + together)
        errors.append(_SAFETY * (bound.steepest * (together + sloped) + bound.floor))
    return pack_words(jnp.concatenate(bits)), is_open


def _length(values: Float[Array, " some"]) -> Float[Array, ""]:
    """Length of a vector, whose squares may leave the range of numbers."""
    largest = jnp.abs(values).max(initial=0)
    scaled = jnp.where(largest > 0, values / largest, 0)
    return _SAFETY * largest * jnp.sqrt((scaled**2).sum())


def _errors(
    bound: LayerBounds,
    sources: tuple[int, ...],
    sizes: list[Array],
    errors: list[Array],
) -> tuple[Float[Array, " units"], Float[Array, ""]]:
    """Bounds of the errors of the pre-activations, and of their length together."""
    each, together = bound.relative * bound.bias, bound.relative * bound.bias_norm
    lost = 1 + bound.bias_norm
    for block, source in zip(bound.blocks, sources, strict=True):
        reach = sizes[source] + errors[source]
        each = each + block.rows * (errors[source] + bound.relative * reach)
        together = together + block.norm * errors[source]
        together = together + block.absolute_norm * bound.relative * reach
        lost = lost + block.absolute_norm + reach
    lost = bound.floor * lost
    units = np.float32(np.sqrt(len(bound.bias)))
    return _SAFETY * (each + lost), _SAFETY * (together + units * lost)
