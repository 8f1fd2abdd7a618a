"""The corners of all regions, each once and proved: where affine pieces are largest.

A list of regions, with a point in each and with their neighbors, takes several times as
long. What is asked of values alone needs none of it.
"""

import functools
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int, Int32

from regions.domains.shapes import BoundedDomain
from regions.enumeration.budget import Budget
from regions.enumeration.engine import Listing, Task
from regions.enumeration.stages import Stages
from regions.enumeration.sweep import loading
from regions.enumeration.sweep.engine import Sweep, swept
from regions.enumeration.sweep.incidence import cell_members
from regions.enumeration.sweep.work import plain_seconds
from regions.lp.blas import one_blas_thread
from regions.network import ReluNetwork


class Corners(NamedTuple):
    """All corners of all regions of a network in general position.

    Attributes:
        positions: Where they are, in chart coordinates.
        errors: Proved bound, in every coordinate, of how far each is from there.
        zeros: The rows that meet at each: facets of the domain, then units.
        exact: The exact position of one.
        members: Gives the corners of each region, in some order of regions: region i
            has the corners `members[offsets[i]:offsets[i + 1]]` of
            `(offsets, members)`.
    """

    positions: Float64[np.ndarray, "corners dim"]
    errors: Float64[np.ndarray, " corners"]
    zeros: Int32[np.ndarray, "corners dim"]
    exact: Callable[[int], tuple[Fraction, ...]]
    members: Callable[[], tuple[Int[np.ndarray, " regions_1"], Int[np.ndarray, " all"]]]


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
        >>> corners.positions.shape, len(corners.members()[0]) - 1
        ((9, 2), 4)
    """
    task = Task(network, domain, budget)
    if Sweep().refuses(task) is not None or domain.dim < 2:
        return None
    ahead = plain_seconds(network, domain, None)
    loading.load("insertion", ahead=ahead)
    found = swept(task, domain.polytope(), 0, Stages())
    if isinstance(found, Listing):
        return None
    proof, rises = found
    complex_ = proof.complex

    @functools.cache
    def members() -> tuple[np.ndarray, np.ndarray]:
        return cell_members(complex_, complex_.rising_edges(rises).num_cells())

    return Corners(
        complex_.vertices,
        proof.position_error,
        complex_.zeros,
        lambda corner: proof.exact_mean([corner]),
        members,
    )
