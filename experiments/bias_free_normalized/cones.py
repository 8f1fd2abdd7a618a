"""What becomes of hyperplanes under normalization, tested at points.

With a bias a unit is on where `w . x + b rms(x) > 0`: a cone, but no half-space.
Without one the normalization divides by a positive number, and changes no sign.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from training.rms_networks import Layers, plain_network, rms_signs

POWERS = (-8, -1, 1, 8)
"""Powers of 2 by which points are scaled: that rounds nothing."""


class ConeTest(NamedTuple):
    """Points under one network.

    Attributes:
        points: How many.
        unlike_plain: Whose pattern is not that of the plain network.
        scaled: Pairs of a point and its multiple that were compared.
        unlike_scaled: Those with different patterns.
        triples: Pairs of points on one side of a first unit, with their middle.
        bent: Those whose middle is on the other side.
    """

    points: int
    unlike_plain: int
    scaled: int
    unlike_scaled: int
    triples: int
    bent: int


def measure_cones(
    layers: Layers, points: Float64[np.ndarray, "points dim"]
) -> ConeTest:
    """Compare patterns with those of the plain network, of multiples, of middles."""
    first, *_ = levels = rms_signs(layers, points)
    signs = np.concatenate(levels, axis=1)
    plain = plain_network(layers).patterns(points)
    unlike = [
        (np.concatenate(rms_signs(layers, 2.0**power * points), axis=1) != signs)
        for power in POWERS
    ]
    half = len(points) // 2
    pairs = points[:half], points[half : 2 * half]
    middle = rms_signs(layers, (pairs[0] + pairs[1]) / 2.0)[0]
    alike = first[:half] == first[half : 2 * half]
    bent = alike & (middle != first[:half])
    return ConeTest(
        points=len(points),
        unlike_plain=int((plain != signs).any(axis=1).sum()),
        scaled=len(POWERS) * len(points),
        unlike_scaled=int(sum(rows.any(axis=1).sum() for rows in unlike)),
        triples=int(alike.sum()),
        bent=int(bent.sum()),
    )
