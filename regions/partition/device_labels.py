"""Labels of the points of a grid on a plane, found and kept on an accelerator.

Each point is evaluated in float64 with a bound of its error. Nothing is asked of the
polygons; where a run of one label ends at a point that the bound leaves open, exact
arithmetic on the host proves the label or puts it right, as for labels of polygons.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int32

from regions.domains.shapes import Box
from regions.grid.device_tally import CollisionError, DeviceTally
from regions.grid.kernel import Axes, stream
from regions.grid.pattern_table import PatternTable
from regions.partition.label_proofs import NO_REGION, prove_labels
from regions.patterns.kernel import random_hash_words
from regions.patterns.packing import bytes_to_words, num_words
from regions.results.region_set import RegionSet

MOST_OPEN = 2**14
"""Points that exact arithmetic looks at; with more, polygons are the better way."""


def labels_on_device(found: RegionSet, box: Box, axes: Axes) -> Array | None:
    """The region at each point of a grid, exactly; see `rasters.label_grid`.

    Args:
        found: All regions on the box.
        box: The domain.
        axes: Coordinates along each axis.

    Returns:
        Labels `(x, y)` on the device, or None where too much is left open: the bound
        grows with every layer.
    """
    bits, shape = found.network.num_bits, tuple(map(len, axes))
    hash_words = random_hash_words(bits)
    table = PatternTable(num_words(bits), hash_words)
    table.locate(bytes_to_words(found.patterns, bits))
    if table.collisions:
        return None
    # Without collisions patterns are numbered as they come.
    tally, labels, is_open = DeviceTally(table, hash_words), [], []
    points = range(math.prod(shape))
    for piece in stream(found.network, axes, "float64", None, points, bounded=True):
        inside = piece.stop - piece.start
        try:
            part = tally.add(piece.words, piece.begins, piece.start, inside)
        except CollisionError:
            return None
        labels.append(part[:inside])
        is_open.append(piece.is_open.reshape(-1)[:inside])
    image = jnp.concatenate(labels).reshape(shape)
    image = jnp.where(image < len(found), image, NO_REGION)
    unproved = jnp.concatenate(is_open).reshape(shape)
    left = int(_open_ends(image, unproved))
    if not left:
        return image
    if left > MOST_OPEN:
        return None
    proved = np.array(image)
    prove_labels(proved, ~np.asarray(unproved), found, box, axes)
    return jnp.asarray(proved)


@jax.jit
def _open_ends(
    labels: Int32[Array, "x y"], is_open: Bool[Array, "x y"]
) -> Int32[Array, ""]:
    """How many open points end a run along the last axis, or have no region."""
    changes = labels[:, 1:] != labels[:, :-1]
    first = jnp.pad(changes, ((0, 0), (1, 0)), constant_values=True)
    last = jnp.pad(changes, ((0, 0), (0, 1)), constant_values=True)
    return (is_open & (first | last | (labels == NO_REGION))).sum(dtype=jnp.int32)
