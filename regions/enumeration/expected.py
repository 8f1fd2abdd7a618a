"""About how many regions a network has: how long work will take, never a result."""

import math

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import BoundedDomain, Simplex
from regions.network import ReluNetwork

SEED = 0xC4A3
CHORDS, STEPS = 24, 8


def expected_regions(network: ReluNetwork, domain: BoundedDomain) -> float:
    """About how many regions there are: right within a factor of two, mostly.

    If the units change sign c times between two random points, that is (2c)^d / d!:
    a fit to random networks of one to forty layers in two to eight dimensions, which
    all lie within a quarter of it. No result depends on it.

    Example:
        >>> from regions.domains.shapes import Box
        >>> rng = np.random.default_rng(0)
        >>> net = ReluNetwork.from_arrays(
        ...     [rng.standard_normal((40, 2)), np.ones((1, 40))],
        ...     [rng.standard_normal(40), [0.0]],
        ... )
        >>> 100 < expected_regions(net, Box.cube(2)) < 1600
        True
    """
    rng = np.random.default_rng(SEED)
    starts, ends = (_random_points(domain, rng) for _ in range(2))
    share = np.linspace(0.0, 1.0, STEPS + 1)[:, None, None]
    points = (starts + share * (ends - starts)).reshape(-1, domain.dim)
    changes = 0
    for pre in domain.restrict(network).pre_activations(points)[:-1]:
        bits = (pre > 0.0).reshape(STEPS + 1, -1)
        changes += int((bits[1:] != bits[:-1]).sum())
    size = (2.0 * changes / CHORDS) ** domain.dim
    return max(1.0, size / math.factorial(domain.dim))


def _random_points(
    domain: BoundedDomain, rng: np.random.Generator
) -> Float64[np.ndarray, "points dim"]:
    """Points of a simplex, or of the box around another domain."""
    if isinstance(domain, Simplex):
        return rng.dirichlet(np.ones(domain.dim + 1), CHORDS)[:, 1:]
    box = domain.chart_box()
    return rng.uniform(box.lower, box.upper, (CHORDS, domain.dim))
