"""What one network looks like on the pixels of an image: regions, outputs, dead units.

A pixel is one grid point: pixel (row j, column i) of H x W is the point (i / W, j / H).
"""

import dataclasses
import math

import numpy as np
from jaxtyping import Bool, Float64, UInt8

import regions
from experiments.measures.image_fit import CONSTANT
from experiments.measures.unit_square import UNIT_SQUARE
from regions.grid.hash_grid import boundary_pixels, grid_axes
from regions.partition.rasters import label_image, outputs_on_grid
from regions.patterns.kernel import pack_bits, unpack_bits

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
        patterns: Packed pattern of each region.
        count: Number of regions, or of patterns on the grid.
        found: The regions, or None if they are more than was allowed: then codes on the
            grid tell pixels apart, and `count` is a lower bound.
        dead_units: ReLU units that are off on the whole square (or grid).
        dead_layer: First layer all of whose units are dead, from 1; 0 if there is none.
    """

    boundaries: Bool[np.ndarray, "height width"]
    outputs: Float64[np.ndarray, "outputs height width"]
    patterns: UInt8[np.ndarray, "labels bytes"]
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
    found = None
    if _may_have_at_most(network, box, max_regions, resolution):
        found = regions.enumerate_regions(network, box, max_regions=max_regions)
    if found is not None and found.complete:
        labels, patterns = label_image(found, resolution), found.patterns
    else:
        grid = regions.hash_grid(network, box, resolution, offset=0.0)
        assert grid.labels is not None
        found, labels, patterns = None, grid.labels, grid.patterns
    bits = unpack_bits(patterns, network.num_bits)
    outputs = outputs_on_grid(network, bits, labels, grid_axes(box, resolution, 0.0))
    dead = _dead_units(network, bits)
    return Look(
        # Labels that are on a device stay there.
        boundaries=np.ascontiguousarray(np.asarray(boundary_pixels(labels)).T),
        outputs=np.ascontiguousarray(outputs.transpose(0, 2, 1)),
        patterns=patterns,
        count=len(patterns),
        found=found,
        dead_units=sum(int(layer.sum()) for layer in dead),
        dead_layer=next((k for k, layer in enumerate(dead, 1) if layer.all()), 0),
    )


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
    network: regions.ReluNetwork, bits: Bool[np.ndarray, "patterns bits"]
) -> list[np.ndarray]:
    """Per layer, which units are off under every pattern and pass nothing on."""
    start, dead = 0, []
    on = np.asarray(bits.any(0))
    for layer in network.hidden:
        stop = start + int(layer.kinks.sum())
        is_dead = np.zeros(layer.width, bool)
        is_dead[layer.kinks] = ~on[start:stop] & (layer.slopes[layer.kinks] == 0.0)
        dead.append(is_dead)
        start = stop
    return dead
