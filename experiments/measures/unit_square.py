"""Images on the unit square, networks on their pixels, and all regions there.

Pixel (row j, column i) of an image of H x W is the point (i / W, j / H).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

import regions
from training.config import DataConfig
from training.datasets import Dataset, load_image, pixel_points, sample_points
from training.progress import Progress, quiet

UNIT_SQUARE = regions.Box([0.0, 0.0], [1.0, 1.0])

CHUNK = 65536
"""Pixels evaluated at once; all layers of that many stay under 100 MB."""


def sample_image(
    config: DataConfig,
) -> tuple[UInt8[np.ndarray, "height width"], Dataset]:
    """The image and the points sampled from it.

    Raises:
        FileNotFoundError: If the image file does not exist.
        ValueError: If it cannot be read, or has fewer pixels than are asked for.
    """
    image = load_image(config)
    return image, sample_points(image, config.num_train, config.num_val, config.seed)


def predict_image(
    network: regions.ReluNetwork, shape: tuple[int, int], progress: Progress = quiet
) -> Float64[np.ndarray, "height width"]:
    """The network's only output at every pixel, in float64."""
    height, width = shape
    output = np.empty(height * width)
    for start in range(0, len(output), CHUNK):
        indices = np.arange(start, min(start + CHUNK, len(output)))
        points = pixel_points(indices, height, width).astype(np.float64)
        output[indices] = network(points)[:, 0]
        progress(int(indices[-1]) + 1, len(output), "evaluating every pixel")
    return output.reshape(height, width)


def enumerate_square(network: regions.ReluNetwork) -> regions.RegionSet:
    """All activation regions of the unit square; see `enumerate_all`."""
    return enumerate_all(network, UNIT_SQUARE)


def enumerate_all(
    network: regions.ReluNetwork, box: regions.Box | regions.Slice | regions.Simplex
) -> regions.RegionSet:
    """All activation regions of a bounded domain, a box in most cases.

    Raises:
        RuntimeError: If a region may be missing.
    """
    found = regions.enumerate_regions(network, box)
    _require_all(len(found), found.complete, found.stats)
    return found


def count_square(network: regions.ReluNetwork) -> int:
    """How many activation regions the unit square has: faster than to list them.

    Raises:
        RuntimeError: If a region may be missing.
    """
    found = regions.count_regions(network, UNIT_SQUARE)
    _require_all(found.count, found.complete, found.stats)
    return found.count


def _require_all(count: int, complete: bool, stats: Mapping[str, Any]) -> None:
    """Raise unless a search found every region."""
    if not complete:
        raise RuntimeError(
            f"{count} regions were found and some may be missing ({stats}): an exact "
            "count was required."
        )
