"""What one network looks like on the pixels of an image: regions, outputs, dead units.

A pixel is one grid point: pixel (row j, column i) of H x W is the point (i / W, j / H).
"""

import dataclasses
import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float64, UInt32

import regions
from experiments.measures.image_fit import CONSTANT
from experiments.measures.unit_square import UNIT_SQUARE
from regions.grid.hash_grid import Axes, boundary_pixels, grid_axes
from regions.partition.rasters import label_image, outputs_on_grid
from regions.patterns.kernel import (
    LayerParams,
    Structure,
    kernel_inputs,
    pack_bits,
    pack_words,
    point_hash,
    pre_activations,
    random_hash_words,
    unpack_bits,
    words_to_bytes,
)

DEEP = 9
"""Layers from which on proofs are dear."""

COARSE, FEW = 64, 4
"""A grid with one pattern to so many points shows that a finer one is not needed."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A network on every pixel.

    Attributes:
        boundaries: Pixels with a 4-neighbor in another region, or of another pattern
            on the grid.
        outputs: Outputs at each pixel.
        count: Number of regions, or of patterns on the grid.
        found: The regions, or None if they are more than was allowed: then codes on the
            grid tell pixels apart, and `count` is a lower bound.
        dead_units: ReLU units that are off on the whole square (or grid).
        dead_layer: First layer all of whose units are dead, from 1; 0 if there is none.
    """

    boundaries: Bool[np.ndarray, "height width"]
    outputs: Float64[np.ndarray, "outputs height width"]
    count: int
    found: regions.RegionSet | None
    dead_units: int
    dead_layer: int

    @property
    def is_exact(self) -> bool:
        """Whether boundaries and count are those of the exact partition."""
        return self.found is not None

    @property
    def is_constant(self) -> bool:
        """Whether every output is the same at all pixels, to half a gray level."""
        spread = np.ptp(self.outputs.reshape(len(self.outputs), -1), axis=1)
        return bool((spread < CONSTANT).all())


def look_at(
    network: regions.ReluNetwork,
    shape: tuple[int, int],
    max_regions: int,
    box: regions.Box = UNIT_SQUARE,
) -> Look:
    """A network of two inputs on the pixels of an image.

    Args:
        network: The network.
        shape: Height and width in pixels.
        max_regions: With more regions than that, pixels are told apart by their codes.
        box: What the image shows; x runs right and y down.
    """
    resolution = (shape[1], shape[0])
    axes, found = grid_axes(box, resolution, 0.0), None
    if _may_have_at_most(network, box, max_regions, resolution):
        found = regions.enumerate_regions(network, box, max_regions=max_regions)
    if found is None or not found.complete:
        return _look_at_codes(network, axes)
    labels = label_image(found, resolution)
    bits = unpack_bits(found.patterns, network.num_bits)
    outputs = outputs_on_grid(network, bits, labels, axes)
    dead = _dead_units(network, np.asarray(bits.any(0)))
    return Look(
        # Labels that are on a device stay there.
        boundaries=np.ascontiguousarray(np.asarray(boundary_pixels(labels)).T),
        outputs=np.ascontiguousarray(outputs.transpose(0, 2, 1)),
        count=len(bits),
        found=found,
        dead_units=sum(int(layer.sum()) for layer in dead),
        dead_layer=_dead_layer(dead),
    )


class _Pixels(NamedTuple):
    """Every pixel by itself.

    Attributes:
        words: Its packed pattern.
        lanes: The hash of that.
        outputs: The network's outputs there.
    """

    words: Array
    lanes: Array
    outputs: Array


def _look_at_codes(network: regions.ReluNetwork, axes: Axes) -> Look:
    """A network whose pixels are told apart by their codes.

    Each pixel is evaluated by itself: of a deep network with many regions the affine
    maps of all codes would cost more.
    """
    blocks = network.output.blocks(len(network.hidden))
    with jax.enable_x64(True):
        params, structure = kernel_inputs(network)
        matrices = tuple(jax.device_put(matrix) for _, matrix in blocks)
        bias = jax.device_put(network.output.bias)
        last = LayerParams(matrices, bias, jnp.ones_like(bias))
        read = tuple(source for source, _ in blocks)
        seen = _evaluated(params, structure, last, read, *axes)
    words, lanes = np.asarray(seen.words), np.asarray(seen.lanes, np.uint64)
    here = np.bitwise_or.reduce(words.reshape(-1, words.shape[-1]), axis=0)
    on = unpack_bits(words_to_bytes(here[None], network.num_bits), network.num_bits)
    dead = _dead_units(network, on[0])
    return Look(
        boundaries=_changes(words),
        outputs=np.ascontiguousarray(np.asarray(seen.outputs).transpose(2, 0, 1)),
        # Two codes with one hash would count once: still a lower bound.
        count=len(np.unique(lanes[..., 0] << np.uint64(32) | lanes[..., 1])),
        found=None,
        dead_units=sum(int(layer.sum()) for layer in dead),
        dead_layer=_dead_layer(dead),
    )


@functools.partial(jax.jit, static_argnames=("structure", "read"))
def _evaluated(
    params: tuple[LayerParams, ...],
    structure: Structure,
    last: LayerParams,
    read: tuple[int, ...],
    x: Float64[Array | np.ndarray, " width"],
    y: Float64[Array | np.ndarray, " height"],
) -> _Pixels:
    """All pixels, one row after the other, so that memory is a row's."""
    factors = jnp.asarray(random_hash_words(structure.num_bits))

    def at(x: Array, y: Array) -> _Pixels:
        activations, bits = [jnp.stack([x, y])], [jnp.zeros(0, bool)]
        layers = zip(params, structure.sources, structure.kinks, strict=True)
        for layer, sources, kinks in layers:
            pre = pre_activations(layer, sources, activations)
            activations.append(jnp.where(pre > 0, pre, layer.slopes * pre))
            bits.append((pre > 0)[np.array(kinks, int)])
        words = pack_words(jnp.concatenate(bits))
        outputs = pre_activations(last, read, activations)
        return _Pixels(words, point_hash(words, factors), outputs)

    return jax.lax.map(lambda y: jax.vmap(lambda x: at(x, y))(x), y)


def _changes(
    words: UInt32[np.ndarray, "height width words"],
) -> Bool[np.ndarray, "height width"]:
    """Pixels with a 4-neighbor of another pattern."""
    changes = np.zeros(words.shape[:2], bool)
    across = (words[:, 1:] != words[:, :-1]).any(axis=2)
    down = (words[1:] != words[:-1]).any(axis=2)
    changes[:, 1:] |= across
    changes[:, :-1] |= across
    changes[1:] |= down
    changes[:-1] |= down
    return changes


def _may_have_at_most(
    network: regions.ReluNetwork,
    box: regions.Box,
    max_regions: int,
    resolution: tuple[int, int],
) -> bool:
    """Whether coarse grids leave it open that there are few regions.

    Their counts are lower bounds. For a deep network they cost less than regions that
    are proved only to be thrown away; other networks are not asked.
    """
    if len(network.hidden) < DEEP:
        return True
    for side in (COARSE, min(*resolution, 2 * math.isqrt(max_regions))):
        x, y = (
            axis.ravel() for axis in np.meshgrid(*grid_axes(box, (side, side), 0.5))
        )
        pres = network.pre_activations(np.stack([x, y], axis=1))[:-1]
        bits = [
            pre[:, layer.kinks] > 0.0
            for pre, layer in zip(pres, network.hidden, strict=True)
        ]
        count = len(np.unique(pack_bits(np.concatenate(bits, axis=1)), axis=0))
        if count > max_regions:
            return False
        if FEW * count < side * side:
            break
    return True


def _dead_units(
    network: regions.ReluNetwork, on: Bool[np.ndarray, " bits"]
) -> list[np.ndarray]:
    """Per layer, which units are on nowhere and pass nothing on.

    Args:
        network: The network.
        on: The bits that are on under some pattern.
    """
    start, dead = 0, []
    for layer in network.hidden:
        stop = start + int(layer.kinks.sum())
        is_dead = np.zeros(layer.width, bool)
        is_dead[layer.kinks] = ~on[start:stop] & (layer.slopes[layer.kinks] == 0.0)
        dead.append(is_dead)
        start = stop
    return dead


def _dead_layer(dead: list[np.ndarray]) -> int:
    """The first layer that is dead as a whole, from 1; 0 if there is none."""
    return next((k for k, layer in enumerate(dead, 1) if layer.all()), 0)
