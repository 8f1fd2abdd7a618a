"""Rays from a point inside a polyhedron, and the rows that they meet: no proofs."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Int

FEWEST, MOST = 50, 1000
"""Steps of relaxation: one for each row between these, as what steps do not find costs
a program, which is cheap where rows are few."""
OVERSHOOT = 1.6
_MARGIN = 0.95
_ARRIVED = 0.99
_PATIENCE = 8


@np.errstate(all="ignore")
def relaxed_feet(
    normals: Float64[np.ndarray, "rows dim"],
    slack: Float64[np.ndarray, " rows"],
    targets: Int[np.ndarray, " targets"],
    check: Callable[[], None] = lambda: None,
) -> Float64[np.ndarray, "targets dim"]:
    """Points of hyperplanes, moved away from the rows that they violate most.

    Motzkin's relaxation within each hyperplane, all of them in step (Motzkin and
    Schoenberg, Canadian Journal of Mathematics 6, 1954).

    Args:
        normals: Rows of unit length.
        slack: Distance of the origin from each.
        targets: On which hyperplanes points are sought.
        check: Called every few steps; it may raise to stop.
    """
    own = normals[targets]
    cosines = own @ normals.T
    shrunk = 1.0 / np.sqrt(np.maximum(1.0 - cosines**2, 1e-6))
    shrunk[np.arange(len(targets)), targets] = 0.0
    feet = slack[targets, None] * own
    left, x = np.arange(len(targets)), feet
    for step in range(min(max(FEWEST, len(normals)), MOST)):
        reached = x @ normals.T
        if step % _PATIENCE == 0:
            check()
            # Points that violate nothing have arrived.
            violates = (reached > _ARRIVED * slack) & (shrunk > 0.0)
            feet[left], moving = x, violates.any(axis=1)
            left, x, reached = left[moving], x[moving], reached[moving]
            own, cosines, shrunk = own[moving], cosines[moving], shrunk[moving]
            if not len(left):
                break
        excess = (reached - _MARGIN * slack) * shrunk
        each, worst = np.arange(len(left)), np.argmax(excess, axis=1)
        size = np.maximum(excess[each, worst], 0.0) * shrunk[each, worst]
        across = normals[worst] - cosines[each, worst][:, None] * own
        x = x - (OVERSHOOT * size)[:, None] * across
    feet[left] = x
    return feet


def first_hits(
    normals: Float64[np.ndarray, "rows dim"],
    slack: Float64[np.ndarray, " rows"],
    rays: Float64[np.ndarray, "rays dim"],
) -> tuple[
    Int[np.ndarray, " rays"], Float64[np.ndarray, " rays"], Float64[np.ndarray, " rays"]
]:
    """The row that each ray from the origin meets first, where, and where the next one.

    Distances are in lengths of the ray; infinite or equal where a ray is of no use.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        speed = rays @ normals.T
        reach = np.where(speed > 0.0, slack / speed, np.inf)
    first = np.argmin(reach, axis=1)
    each = np.arange(len(rays))
    near = reach[each, first]
    reach[each, first] = np.inf
    return first, near, reach.min(axis=1, initial=np.inf)
