"""Delaunay interpolation in the unit cube, beside what a network learns there.

In twenty dimensions nearly every point of a cube lies outside of the convex hull of
thousands of others. As in the paper, such a point gets the value of the nearest point
of the hull.

Source: T. C. H. Lux et al., Interpolation of sparse high-dimensional data, Numerical
Algorithms, 2020, section 5.1.
"""

import math
import pathlib

import numpy as np
import scipy.optimize
import scipy.stats.qmc
from jaxtyping import Float64

from experiments.interpolation_bound.linear_interpolation import (
    locate,
    locate_in_plane,
)
from experiments.measures import read_outs
from experiments.measures.preconditioners import standardized_task
from experiments.measures.target_curvature import one_thread
from experiments.measures.target_surfaces import cosine_norm
from training.config import ModelConfig, TrainingConfig
from training.ensemble import ensemble_networks, fit_ensemble

METHODS = ("Delaunay", "nearest neighbor", "MLP", "mean")
NOISE = 0.1
"""Largest noise of a value, as a share of it."""
INSIDE = 1e-9
"""Distance from a hull up to which a point of a unit cube is taken to be inside."""


def hull_weights(
    known: Float64[np.ndarray, "known dim"], points: Float64[np.ndarray, "points dim"]
) -> tuple[Float64[np.ndarray, "points known"], Float64[np.ndarray, " points"]]:
    """Convex combinations of known points that are nearest to points.

    Of w >= 0 that minimize `|sum w_i (x_i - z)|^2 + (sum w_i - 1)^2` the direction
    does not depend on the second term: scaled to sum 1 they give the nearest point of
    the hull. For a point outside they are unique if the known points are in general
    position, and its vertices are those of a face of the Delaunay triangulation.

    Args:
        known: The points whose hull it is.
        points: Where to.

    Returns:
        The combinations, and the distances that are left.
    """
    weights, target = [], np.append(np.zeros(known.shape[1]), 1.0)
    for point in points:
        matrix = np.vstack([(known - point).T, np.ones(len(known))])
        found, _ = scipy.optimize.nnls(matrix, target)
        weights.append(found / found.sum())
    table = np.array(weights)
    return table, np.linalg.norm(table @ known - points, axis=1)


def interpolated(
    known: Float64[np.ndarray, "known dim"],
    values: Float64[np.ndarray, " known"],
    points: Float64[np.ndarray, "points dim"],
) -> Float64[np.ndarray, " points"]:
    """Delaunay interpolation; outside of the hull that of the nearest point in it.

    Args:
        known: Where values are known, in general position.
        values: The values.
        points: Where they are asked for.
    """
    with one_thread():
        weights, left = hull_weights(known, points)
        result, inside = weights @ values, left <= INSIDE
        if known.shape[1] == 2:
            located = locate_in_plane(known, points[inside])
            places = np.flatnonzero(inside)[located.which]
            result[places] = located.interpolate(values)
        elif inside.any():
            result[inside] = locate(known, points[inside]).interpolate(values)
    return result


def cube_errors(
    dim: int,
    size: int,
    seeds: int,
    tested: int,
    *,
    noise: float,
    network: tuple[int, int, int] | None,
    place: pathlib.Path,
) -> Float64[np.ndarray, "seeds methods"]:
    """RMSE of each of `METHODS` for cos(||x||) on the unit cube.

    Args:
        dim: Of the cube.
        size: Points that are known, a Latin hypercube.
        seeds: Sets of points, and networks.
        tested: Uniform points where the error is measured.
        noise: Largest relative noise of a known value, uniform.
        network: Width, depth and updates of the networks; none, and NaN, if None.
        place: Where they are kept.
    """
    errors = np.full((seeds, len(METHODS)), np.nan)
    sets = []
    for seed in range(seeds):
        rng = np.random.default_rng((seed, dim, size))
        known = scipy.stats.qmc.LatinHypercube(dim, rng=rng).random(size)
        points = rng.random((tested, dim))
        values = cosine_norm(known) * (1.0 + noise * rng.uniform(-1.0, 1.0, size))
        sets.append((known, values, points))
        nearest = read_outs.nearest(known, values[:, None], points)[:, 0]
        guesses = (interpolated(known, values, points), nearest, None, values.mean())
        wanted = cosine_norm(points)
        for k, guess in enumerate(guesses):
            if guess is not None:
                errors[seed, k] = np.sqrt(np.mean((guess - wanted) ** 2))
    if network is not None:
        errors[:, METHODS.index("MLP")] = _network_errors(sets, network, place)
    return errors


BATCH = 64
"""Points of an update of the networks."""


def _network_errors(
    sets: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    network: tuple[int, int, int],
    place: pathlib.Path,
) -> Float64[np.ndarray, " seeds"]:
    """RMSE of ReLU networks that learned from the sets."""
    width, depth, steps = network
    size, dim = sets[0][0].shape
    epochs = math.ceil(steps / math.ceil(size / BATCH))
    training = TrainingConfig(
        model=ModelConfig(widths=(width,) * depth, input_dim=dim, activation="relu"),
        epochs=epochs,
        batch_size=min(BATCH, size),
        snapshot_every=epochs,
    )
    tasks = [
        standardized_task(known, values[:, None], points, cosine_norm(points)[:, None])
        for known, values, points in sets
    ]
    fitted = fit_ensemble(
        training, [task.data for task in tasks], range(len(sets)), place
    )
    errors = []
    for net, task, (_, _, points) in zip(
        ensemble_networks(fitted.params, training), tasks, sets, strict=True
    ):
        said = task.outputs.back(net(task.inputs.forward(points)))
        errors.append(read_outs.errors(said, cosine_norm(points)[:, None])[0])
    return np.array(errors)
