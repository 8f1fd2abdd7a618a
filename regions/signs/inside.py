"""Which points lie strictly inside a domain, proved in float64."""

import numpy as np
from jaxtyping import Bool, Float64

from regions.domains.shapes import Ball, Domain
from regions.signs.rounding import SAFETY, SMALLEST, are_in_ball, gamma, is_certain


def inside_domain(
    points: Float64[np.ndarray, "points dim"], domain: Domain
) -> Bool[np.ndarray, " points"]:
    """Which points lie strictly inside the domain, proved.

    The mean of corners does, but rounding may move it onto a facet or across.

    Example:
        >>> inside_domain(np.array([[0.5, 0.5], [0.75, 0.75]]), Ball([0.0, 0.0], 1.0))
        array([ True, False])
    """
    (A, b), inside = domain.rows(), np.ones(len(points), bool)
    if isinstance(domain, Ball) and domain.squared_radius is not None:
        inside &= are_in_ball(points, domain.radius)
    # A coordinate is compared as it is; the sum in a simplex rounds.
    rounds = (A != 0.0).sum(1) > 1
    with np.errstate(invalid="ignore", over="ignore"):
        for row, end, sums in zip(A, b, rounds, strict=True):
            error = 0.0
            if sums:
                size = np.abs(points) @ np.abs(row) + abs(end)
                error = SAFETY * gamma(domain.dim + 2) * size
                error = error + 2 * domain.dim * SMALLEST
            inside &= is_certain(end - points @ row, error)
    return inside
