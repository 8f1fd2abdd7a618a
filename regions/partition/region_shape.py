"""Size and shape of the regions around data points, in any dimension.

Of the region that contains a point: the inradius, the distance of the point to the
boundary, and how nearly orthogonal the hyperplanes of the units are. The first needs a
linear program each; many are solved in one batch.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy.optimize
from jaxtyping import Float64

from regions.domains.domain_vectors import whole_number
from regions.domains.shapes import Box
from regions.errors import SolverError
from regions.errors.arguments import kinds_checked
from regions.errors.limits import check
from regions.lp.batches import solve_batch
from regions.models.arguments import DomainLike, NetworkLike, network_and_domain
from regions.network import ReluNetwork
from regions.patterns.halfspaces import halfspaces_batch

CHUNK_NUMBERS = 1 << 24
"""Entries of the programs that are held at a time."""


class MeanSize(NamedTuple):
    """A mean over the regions of a box, each with its volume as weight.

    Attributes:
        mean: The mean inradius of the regions of the points.
        error: Its standard error.
        points: How many points were drawn.

    Example:
        >>> print(MeanSize(0.125, 0.002, 1000))
        0.125 +- 0.002 (1000 points)
    """

    mean: float
    error: float
    points: int

    def __str__(self) -> str:
        return f"{self.mean:.4g} +- {self.error:.2g} ({self.points} points)"


@kinds_checked
def mean_inradius(
    network: NetworkLike, domain: DomainLike, *, points: int = 1000, seed: int = 0
) -> MeanSize:
    """Mean inradius of the regions of a box, by volume, where no list can be made.

    Points are drawn evenly from the box, so that each meets a region exactly as often
    as is its share of the volume: the mean over points is that over the regions by
    their volumes, without any of the volumes. A region's inradius is that of the
    largest ball between the hyperplanes of its units with its center in the box; the
    ball may reach beyond the box.

    Args:
        network: The network.
        domain: A box.
        points: How many to draw, two or more.
        seed: Of the points.

    Raises:
        ValueError: If the domain is no box, there are too few points, or the seed is
            negative.
        SolverError: If a linear program ends without an answer.

    Example:
        >>> net = ReluNetwork.from_arrays([[[1.0]], [[1.0]]], [[0.5], [0.0]])
        >>> found = mean_inradius(net, Box([-1.0], [1.0]), points=100)
        >>> 0.5 <= found.mean <= 1.5
        True
    """
    network, domain = network_and_domain(network, domain)
    if not isinstance(domain, Box) or points < 2:
        raise ValueError(
            f"a {type(domain).__name__} and {points} points are given: a box and two "
            "points or more are required."
        )
    rng = np.random.default_rng(whole_number(seed, "seed", 0))
    rows = sum(network.widths) + 2 * domain.dim + 1
    step = max(1, CHUNK_NUMBERS // (rows * (domain.dim + 1)))
    parts = []
    for start in range(0, points, step):
        check()
        size = (min(step, points - start), domain.dim)
        chunk = rng.uniform(domain.lower, domain.upper, size)
        parts.append(region_shapes(network, chunk, domain).inradii)
    radii = np.concatenate(parts)
    error = float(radii.std(ddof=1)) / math.sqrt(points)
    return MeanSize(float(radii.mean()), error, points)


class RegionShapes(NamedTuple):
    """Numbers of the regions that contain points.

    Attributes:
        inradii: Radius of the largest ball between the units' hyperplanes with its
            center in the box; the ball may reach beyond the box.
        distances: From the point to the nearest of those hyperplanes; at most the
            inradius, for a point in the box.
        cosines: Mean over pairs of units of the absolute cosine between the normals of
            their hyperplanes.
    """

    inradii: Float64[np.ndarray, " points"]
    distances: Float64[np.ndarray, " points"]
    cosines: Float64[np.ndarray, " points"]


def region_shapes(
    network: ReluNetwork, points: Float64[np.ndarray, "points dim"], box: Box
) -> RegionShapes:
    """Inradius, distance to the boundary and cosines, of the region of each point.

    Args:
        network: The network.
        points: In the network's input space.
        box: Where the centers of the balls may lie: without one, most regions around
            data are unbounded.

    Raises:
        ValueError: If the network has no hidden unit, or a point lies on a boundary of
            its region where a unit is constant.
        SolverError: If a linear program ends without an answer.
    """
    A, b = halfspaces_batch(network, network.patterns(points))
    lengths = np.linalg.norm(A, axis=2)
    bends = lengths > 0.0
    if not bends.any(axis=1).all():
        raise ValueError(
            "a region has no unit that bends: it is the whole space, and has no shape."
        )
    normals = A / np.where(bends, lengths, 1.0)[:, :, None]
    rights = np.where(bends, b / np.where(bends, lengths, 1.0), np.inf)
    gaps = rights - np.einsum("prd,pd->pr", normals, points)
    return RegionShapes(
        _inradii(normals, rights, box),
        gaps.min(axis=1),
        np.array(
            [mean_cosine(rows[kept]) for rows, kept in zip(normals, bends, strict=True)]
        ),
    )


def mean_cosine(normals: Float64[np.ndarray, "rows dim"]) -> float:
    """Mean absolute cosine over pairs of unit vectors; NaN of fewer than two."""
    if len(normals) < 2:
        return float("nan")
    products = np.abs(normals @ normals.T)
    return float(products[np.triu_indices(len(normals), 1)].mean())


def _inradii(
    normals: Float64[np.ndarray, "points rows dim"],
    rights: Float64[np.ndarray, "points rows"],
    box: Box,
) -> Float64[np.ndarray, " points"]:
    """Largest balls between the rows with centers in the box."""
    count, rows, dim = normals.shape
    sides, ends = box.rows()
    bends = np.isfinite(rights)
    G = np.zeros((count, rows + len(sides) + 1, dim + 1))
    h = np.zeros((count, rows + len(sides) + 1))
    G[:, :rows, :-1], G[:, :rows, -1] = normals, bends
    h[:, :rows] = np.where(bends, rights, 1.0)
    G[:, rows:-1, :-1], h[:, rows:-1] = sides, ends
    # The radius is not negative.
    G[:, -1, -1] = -1.0
    cost = np.zeros((count, dim + 1))
    cost[:, -1] = -1.0
    solution = solve_batch(cost, G, h)
    radii = solution.x[:, -1].copy()
    for k in np.flatnonzero(~solution.converged):
        radii[k] = _radius(cost[k], G[k], h[k])
    return radii


def _radius(cost: np.ndarray, G: np.ndarray, h: np.ndarray) -> float:
    """One program by HiGHS, where the batch left it open."""
    result = scipy.optimize.linprog(
        cost, A_ub=G, b_ub=h, bounds=(None, None), method="highs"
    )
    if result.status != 0:
        raise SolverError("inradius not found", status=str(result.message))
    return float(result.x[-1])
