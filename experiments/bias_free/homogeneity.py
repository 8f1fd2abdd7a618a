"""Networks without biases: codes along rays, and what they can fit at best.

Without biases f(t x) = t f(x) for t > 0, and x and t x have one code: on each ray from
the origin the network is a multiple of the distance.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

import regions
from regions.domains.shapes import WholeSpace
from regions.signs.predicate import Predicate

POWERS = (-20, -8, -1, 1, 8, 20)
"""Powers of 2 by which points are scaled: that rounds nothing."""

SECTORS = 2880
"""Number of sectors of a full turn, an eighth of a degree each."""

SAMPLES = 1024
"""Along each ray."""


class RayTest(NamedTuple):
    """Scaled points against the points.

    Attributes:
        codes: Pairs of a point and its multiple with different exact signs.
        outputs: Largest difference between f(t x) and t f(x), over the largest
            |t f(x)| at that t.
        pairs: How many were compared.
    """

    codes: int
    outputs: float
    pairs: int


def compare_rays(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> RayTest:
    """Compare each point with its multiples by powers of 2."""
    predicate = Predicate(network, WholeSpace(network.input_dim))
    signs, outputs = predicate.signs(points).sign, network(points)
    codes, largest = 0, 0.0
    for power in POWERS:
        scaled = 2.0**power * points
        codes += int((predicate.signs(scaled).sign != signs).any(axis=1).sum())
        wanted = 2.0**power * outputs
        gap = float(np.abs(network(scaled) - wanted).max())
        largest = max(largest, gap / max(float(np.abs(wanted).max()), 1e-300))
    return RayTest(codes, largest, len(POWERS) * len(points))


def ray_bound(
    image: UInt8[np.ndarray, "height width"], origin: tuple[float, float]
) -> float:
    """Least mean squared error on an image of any function with f(t x) = t f(x).

    The image fills the unit square. On each ray the best multiple c of the distance r
    has c = int g r^2 dr / int r^3 dr for gray values g, and leaves int g^2 r dr minus
    (int g r^2 dr)^2 / int r^3 dr. Rays are taken a fraction of a degree apart and
    sampled, so that this is a close estimate and no strict bound.

    Args:
        image: Gray values of 0 to 255.
        origin: In the square, its border included.

    Raises:
        ValueError: If the origin lies outside the square.
    """
    start = np.array(origin)
    if (start < 0.0).any() or (start > 1.0).any():
        raise ValueError(f"`origin` is {origin}: a point of the unit square is needed.")
    angles = (np.arange(SECTORS) + 0.5) * 2.0 * np.pi / SECTORS
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    walls = np.where(directions > 0.0, 1.0, 0.0)
    with np.errstate(divide="ignore"):
        reach = ((walls - start) / directions).min(axis=1)
    shares = (np.arange(SAMPLES) + 0.5) / SAMPLES
    r = reach[:, None] * shares
    places = start + r[..., None] * directions[:, None]
    height, width = image.shape
    column = np.clip((places[..., 0] * width).astype(np.int64), 0, width - 1)
    row = np.clip((places[..., 1] * height).astype(np.int64), 0, height - 1)
    gray = image[row, column] / 255.0
    step = reach / SAMPLES
    squares = (gray**2 * r).sum(axis=1) * step
    # Where a ray has no length it has no share of the area either.
    mixed, cubes = (gray * r**2).sum(axis=1) * step, reach**4 / 4.0
    kept = cubes > 0.0
    left = squares[kept].sum() - (mixed[kept] ** 2 / cubes[kept]).sum()
    return float(left * 2.0 * np.pi / SECTORS)
