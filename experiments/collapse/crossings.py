"""Where boundaries lie, from how often random lines cross them.

By Crofton's formula the length of boundaries in a set is in proportion to the mean
number of their crossings there with lines drawn evenly over directions and offsets.
"""

import numpy as np
from jaxtyping import Float64

import regions
from regions.patterns.kernel import patterns_at


def crossing_share(
    network: regions.ReluNetwork,
    radii: tuple[float, float],
    *,
    lines: int,
    steps: int,
) -> float:
    """Estimated share of the boundaries' length in the unit square within a ring.

    Args:
        network: Of two inputs.
        radii: Distances from the square's center between which the ring lies.
        lines: Random lines, the same at each call.
        steps: Steps along each. A unit that changes its sign twice in one step is not
            seen there: where boundaries are dense the share is a little too small.
    """
    near = total = 0
    for points in _lines(lines, steps):
        inside = ((points >= 0.0) & (points <= 1.0)).all(axis=1)
        points = points[inside]
        packed = patterns_at(network, points)
        changes = np.bitwise_count(packed[1:] ^ packed[:-1]).sum(axis=1)
        middles = (points[1:] + points[:-1]) / 2.0
        distances = np.linalg.norm(middles - 0.5, axis=1)
        ring = (distances >= radii[0]) & (distances <= radii[1])
        near += int(changes[ring].sum())
        total += int(changes.sum())
    return near / total if total else 0.0


def _lines(count: int, steps: int) -> Float64[np.ndarray, "lines points 2"]:
    """Points on lines that meet the circle around the unit square."""
    rng = np.random.default_rng(0)
    angles = rng.uniform(0.0, np.pi, count)
    radius = np.sqrt(0.5)
    offsets = rng.uniform(-radius, radius, count)
    along = np.linspace(-radius, radius, steps + 1)
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    tangents = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    feet = 0.5 + offsets[:, None] * normals
    return feet[:, None, :] + along[None, :, None] * tangents[:, None, :]
