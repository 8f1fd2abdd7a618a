"""The bounds of linear interpolation, held against errors in the plane."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from experiments.interpolation_bound.linear_interpolation import (
    Geometry,
    geometry,
    locate_in_plane,
)
from experiments.measures.read_outs import nearest_index
from experiments.measures.target_curvature import slope_changes
from experiments.measures.target_surfaces import (
    COSINE_NORM_GAMMA,
    SQUARE,
    WAVE_GAMMA,
    cosine_norm,
    grid_points,
    wave,
)

SURFACES = {
    "cosine": (cosine_norm, COSINE_NORM_GAMMA, -SQUARE, SQUARE),
    "wave": (wave, WAVE_GAMMA, 0.0, 1.0),
}
"""Function, gamma and the square's ends, by name."""

PARTS = (*Geometry._fields, "gamma", "bound", "error")
"""What `plane_parts` gives: medians of the parts of the bounds over points in the hull,
of the change of slope around known points, and of the mean bound with the gamma around
the nearest of them; and the RMSE of Delaunay interpolation."""


class Bounded(NamedTuple):
    """Errors of a set at the grid points in its hull, and their bounds.

    Attributes:
        error: Size of the error.
        edge: The edge bound.
        mean: The mean bound.
    """

    error: Float64[np.ndarray, " points"]
    edge: Float64[np.ndarray, " points"]
    mean: Float64[np.ndarray, " points"]


def bounded_errors(name: str, size: int, grid: int, seed: int) -> Bounded:
    """Errors and bounds of Delaunay interpolation from random points.

    Args:
        name: One of `SURFACES`.
        size: Number of points.
        grid: Side of the grid.
        seed: Seed of the points.
    """
    function, gamma, low, high = SURFACES[name]
    known = np.random.default_rng((seed, size)).uniform(low, high, (size, 2))
    located = locate_in_plane(known, grid_points(low, high, grid))
    error = np.abs(located.interpolate(function(known)) - function(located.points))
    found = geometry(known, located)
    return Bounded(error, found.edge_bound(gamma, 2), found.mean_bound(gamma))


SLACK = 1e-10
"""Rounding of values of the size of the functions, far below any bound that matters."""


def check_surface(
    name: str, sizes: tuple[int, ...], grid: int, seeds: int
) -> dict[str, np.ndarray]:
    """Violations of the bounds, and how near errors come to them.

    Args:
        name: One of `SURFACES`.
        sizes: Numbers of points.
        grid: Side of the grid.
        seeds: Sets of each size.

    Returns:
        Over (sizes, seeds): `points` checked, `edge_violations`, `mean_violations`, and
        the largest shares of the bounds that errors reach, `edge_share` and
        `mean_share`.
    """
    shape = (len(sizes), seeds)
    result = {
        key: np.zeros(shape)
        for key in (
            "edge_violations",
            "mean_violations",
            "edge_share",
            "mean_share",
            "points",
        )
    }
    for i, size in enumerate(sizes):
        for seed in range(seeds):
            found = bounded_errors(name, size, grid, seed)
            result["points"][i, seed] = len(found.error)
            for key, bound in (("edge", found.edge), ("mean", found.mean)):
                above = found.error > bound + SLACK
                result[f"{key}_violations"][i, seed] = above.sum()
                share = found.error / (bound + SLACK)
                result[f"{key}_share"][i, seed] = share.max()
    return result


def plane_parts(
    known: Float64[np.ndarray, "known 2"],
    values: Float64[np.ndarray, " known"],
    others: Float64[np.ndarray, "others 2"],
    wanted: Float64[np.ndarray, " others"],
) -> list[float]:
    """`PARTS` of a target over a plane.

    Args:
        known: Where the target is known.
        values: Its values.
        others: Other points; those outside of the hull are left out.
        wanted: Values there.
    """
    gammas = slope_changes(known, values)
    located = locate_in_plane(known, others)
    found = geometry(known, located)
    at = nearest_index(known, located.points)
    missed = located.interpolate(values) - wanted[located.which]
    return [
        *(float(np.median(part)) for part in found),
        float(np.median(gammas)),
        float(np.median(gammas[at] * found.mean_square / 2.0)),
        float(np.sqrt(np.mean(missed**2))),
    ]
