"""The corners of all regions, each once and proved: where affine pieces are largest.

A list of regions, with a point in each and with their neighbors, takes several times as
long. What is asked of values alone needs none of it.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import Budget
from regions.enumeration.engine import Listing, Task
from regions.enumeration.stages import Stages
from regions.enumeration.sweep import loading
from regions.enumeration.sweep.engine import Sweep, swept
from regions.enumeration.sweep.work import plain_seconds
from regions.lp.blas import one_blas_thread
from regions.network import ReluNetwork


class Corners(NamedTuple):
    """All corners of all regions of a network in general position.

    Attributes:
        positions: Where they are, in chart coordinates.
        errors: Proved bound, in every coordinate, of how far each is from there.
        exact: The exact position of one.
    """

    positions: Float64[np.ndarray, "corners dim"]
    errors: Float64[np.ndarray, " corners"]
    exact: Callable[[int], tuple[Fraction, ...]]


@one_blas_thread()
def proved_corners(
    network: ReluNetwork, domain: BoundedDomain, budget: Budget
) -> Corners | None:
    """The corners; None if the domain is not served, or the budget was spent.

    Raises:
        NotGenericError: If the network is not in general position.

    Example:
        >>> from regions.domains.shapes import Box
        >>> net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
        >>> corners = proved_corners(net, Box([-1, -1], [1, 2]), Budget())
        >>> corners.positions.shape
        (9, 2)
    """
    task = Task(network, domain, budget)
    if Sweep().refuses(task) is not None or domain.dim < 2:
        return None
    ahead = plain_seconds(network, domain, None)
    loading.load("insertion", ahead=ahead)
    found = swept(task, domain.polytope(), 0, Stages())
    if isinstance(found, Listing):
        return None
    proof, _ = found
    return Corners(
        proof.complex.vertices,
        proof.position_error,
        lambda corner: proof.exact_mean([corner]),
    )
