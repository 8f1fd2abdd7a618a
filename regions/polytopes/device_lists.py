"""Balls and boxes of a list of regions whose rows never leave the devices.

Patterns travel there, eight units a byte; rows are made, scaled, solved and judged; and
what comes back is a ball or a box for each region.
"""

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt8

from regions.lp.batches import TINY, Batch, padded_rows, sharded
from regions.network import ReluNetwork
from regions.patterns.kernel import LayerParams, Structure, kernel_inputs
from regions.patterns.packing import bytes_to_words
from regions.patterns.traced_rows import pattern_rows


def balls_or_boxes(
    network: ReluNetwork,
    sides: tuple[np.ndarray, np.ndarray],
    patterns: UInt8[np.ndarray, "regions bytes"],
    reach: float | None,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Centers and radii, or lower and upper corners; and which of them are good.

    Args:
        network: As a function of the chart of the domain.
        sides: Rows `A t <= b` of the domain there.
        patterns: Packed pattern of each region.
        reach: Radius of a ball at most; None for boxes.
    """
    dim, bits = network.input_dim, network.num_bits
    rows = padded_rows(bits + len(sides[0]))
    more = rows - bits - len(sides[0])
    filled = (
        np.pad(sides[0], ((0, more), (0, 0))),
        np.pad(sides[1], (0, more), constant_values=1.0),
    )
    programs = 2 * dim if reach is None else 1
    batch = Batch(len(patterns), rows, dim, programs=programs)
    with jax.enable_x64(True):
        params, structure = kernel_inputs(network)
    make = _row_kernel(structure, dim, batch.devices)
    solve = batch.boxes() if reach is None else batch.balls()
    usable = _is_visible(network)

    def launch(words: np.ndarray) -> Any:
        caps = [] if reach is None else [np.full(len(words), reach)]
        return solve(*make(params, *filled, words), *caps)

    for found in batch.parts(launch, [bytes_to_words(patterns, bits)]):
        u, v, converged = found[0], found[1], found[-1]
        good = usable & converged.reshape(len(u), -1).all(axis=1)
        yield u, v, good if reach is None else good & (v > 0.0)


@functools.cache
def _row_kernel(
    structure: Structure, dim: int, devices: tuple[Any, ...]
) -> Callable[..., tuple[Array, Array]]:
    """Compiled: rows of patterns, those of the domain at the end of each."""

    def rows(
        params: tuple[LayerParams, ...], sides: Array, ends: Array, words: Array
    ) -> tuple[Array, Array]:
        A, b = pattern_rows(params, structure, words, dim)
        return jnp.concatenate([A, sides]), jnp.concatenate([b, ends])

    return sharded(rows, devices, shared=3, own=1)


def _is_visible(network: ReluNetwork) -> bool:
    """Whether no product of weights is so small that XLA takes it for zero."""
    exponent = 0.0
    for index, layer in enumerate(network.hidden):
        for numbers in (layer.slopes, *(m for _, m in layer.blocks(index))):
            sizes = np.abs(numbers[numbers != 0.0])
            exponent += min(0.0, math.log2(sizes.min(initial=1.0)))
    return exponent > math.log2(TINY)
