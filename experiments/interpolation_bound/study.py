"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from experiments.interpolation_bound.bound_checks import (
    PARTS,
    SURFACES,
    bounded_errors,
    check_surface,
    plane_parts,
)
from experiments.interpolation_bound.claims import interpolation_claims
from experiments.interpolation_bound.linear_interpolation import (
    geometry,
    locate,
    pull_inside,
)
from experiments.measures import read_outs
from experiments.measures.preconditioners import (
    embeddings,
    kept_networks,
    preconditioner_training,
    sample_square,
    standardized_task,
)
from experiments.measures.target_curvature import PrincipalPlane, one_thread
from experiments.measures.target_surfaces import cosine_norm
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.ensemble import ensemble_networks, fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Bounds of linear interpolation",
    page="claims",
    source='T. C. H. Lux, "MLP\'s are actually nonlinear -> linear preconditioners", '
    "2021, and the paper that it links (Numerical Algorithms, 2020, section 5)",
    setup=(
        "Delaunay interpolation of cos(||x||) on [-4 pi, 4 pi]^2 (gamma, the Lipschitz "
        "constant of the gradient, is 1) and of 3x + cos(8x)/2 + sin(5y) on the unit "
        "square (32), from 8 to 8,192 uniform points, 10 sets of each: error and two "
        "bounds at every point of a grid of 201 x 201 in the convex hull. Then "
        "cos(||x||) on [-pi, pi]^d for d = 2 and 20, at 20 points in the hull of the "
        "smallest set, which the larger ones contain: the Delaunay simplex of each "
        "comes from a linear program; beside it the "
        "nearest neighbor, an MLP (32 x 4 PReLU, 500 full-batch updates of Adam; up to "
        "2,048 points) and the mean. Last, 10 networks of 8 x 32 units trained on "
        "2,000 points: the same quantities over the inputs and over two principal "
        "components of the last embedding, both of spread 1, gamma fitted to 12 "
        "neighbors."
    ),
    differs=(
        "The paper's text was not at hand: form and constants are derived here from "
        "the form on the author's slides. Its test functions and sizes are not known "
        "to us but for d and n; points outside of the hull are pulled into it, as "
        "in 20 dimensions every uniform point is outside."
    ),
    expected=(
        "Derived: no violation, and equality of the second bound for a quadratic. As "
        "remembered of the paper: Delaunay beats an MLP in 2 dimensions, none beats "
        "the other in 20, where distances hardly shrink."
    ),
)

METHODS = ("Delaunay", "nearest neighbor", "MLP", "mean")
SIDE = np.pi
"""Half the side of the cube in d dimensions."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        sizes: Numbers of points.
        grid: Side of the grid on which the bounds are checked.
        dims: Dimensions that are compared; sizes up to one are left out there.
        queries: Points of the hull a set, in these.
        mlp_points: Largest number of points that an MLP learns from.
        mlp_width: Its units a layer.
        mlp_depth: Its layers.
        mlp_steps: Its updates.
        width: Units a layer of the networks whose embeddings are compared.
        depth: Their layers.
        steps: Their updates.
        points: Their points, and as many others.
        seeds: Seeds of sets and networks.
    """

    sizes: tuple[int, ...] = (8, 32, 128, 512, 2048, 8192)
    grid: int = 201
    dims: tuple[int, ...] = (2, 20)
    queries: int = 20
    mlp_points: int = 2048
    mlp_width: int = 32
    mlp_depth: int = 4
    mlp_steps: int = 500
    width: int = 32
    depth: int = 8
    steps: int = 1000
    points: int = 2000
    seeds: int = 10


PRESETS = {
    "smoke": Config(
        sizes=(8, 60),
        grid=21,
        dims=(2,),
        queries=8,
        mlp_points=0,
        width=4,
        depth=2,
        steps=20,
        points=60,
        seeds=2,
    ),
    "paper": Config(),
}


class Result(NamedTuple):
    """What the figure needs of a finished run.

    Attributes:
        config: As in `config.json`.
        summary: As in `summary.json`.
        checks: By surface, over (sizes, seeds): `edge_violations`, `mean_violations`,
            `points`, and the largest shares of the bounds that errors reach,
            `edge_share` and `mean_share`.
        shown: `error`, `edge` and `mean` at grid points, for one set of the cosine.
        dims: By dimension, over (sizes, seeds): `sizes`, medians `nearest`, `longest`
            and `least`, and RMSE of each of `METHODS` in `errors` (sizes, seeds,
            methods), NaN where there is no MLP.
        embedded: Over (seeds, inputs and embedding):
            `experiments.interpolation_bound.bound_checks.PARTS`.
    """

    config: Config
    summary: Summary
    checks: dict[str, dict[str, np.ndarray]]
    shown: dict[str, np.ndarray]
    dims: dict[int, dict[str, np.ndarray]]
    embedded: dict[str, np.ndarray]


def conduct(
    config: Config, folder: pathlib.Path, progress: Progress, clock: Clock
) -> Summary:
    """Check, compare dimensions, compare embeddings; write it all to `folder`."""
    total = len(config.dims) + 2
    progress(0, total, "checking the bounds")
    for name in SURFACES:
        stored(folder / f"check_{name}.npz", functools.partial(_check, config, name))
    stored(folder / "shown.npz", functools.partial(_shown, config))
    clock.lap("bounds")
    for i, dim in enumerate(config.dims):
        progress(1 + i, total, f"points in {dim} dimensions")
        stored(
            folder / f"dim_{dim}.npz",
            functools.partial(_dimension, config, dim, folder),
        )
    clock.lap("dimensions")
    progress(total - 1, total, "training networks, interpolating over embeddings")
    stored(folder / "embedded.npz", functools.partial(_embedded, config, folder))
    clock.lap("embeddings")
    checks, dims, embedded = _read(config, folder)
    claims = interpolation_claims(checks, dims, embedded)
    violations = sum(
        int(values[f"{bound}_violations"].sum())
        for values in checks.values()
        for bound in ("edge", "mean")
    )
    points = sum(int(values["points"].sum()) for values in checks.values())
    reached = max(float(values["mean_share"].max()) for values in checks.values())
    gamma, error = (
        float(np.median(embedded[name][:, 1] / embedded[name][:, 0]))
        for name in ("gamma", "error")
    )
    summary = {
        "headline": (
            f"{violations} violations of two bounds at {points:,} points, errors up to "
            f"{reached:.2f} of the sharper one; over the embedding the median change "
            f"of slope is {gamma:.2f} times, the error of Delaunay {error:.2f} times "
            "that over the inputs"
        ),
        "claims": claims,
    }
    progress(total, total, "done")
    return summary


def _read(
    config: Config, folder: pathlib.Path
) -> tuple[
    dict[str, dict[str, np.ndarray]],
    dict[int, dict[str, np.ndarray]],
    dict[str, np.ndarray],
]:
    """Checks, dimensions and embeddings of a run."""
    return (
        {name: read_arrays(folder / f"check_{name}.npz") for name in SURFACES},
        {dim: read_arrays(folder / f"dim_{dim}.npz") for dim in config.dims},
        read_arrays(folder / "embedded.npz"),
    )


def read(config: Config, folder: pathlib.Path, summary: Summary) -> Result:
    """A finished run, from the files in its folder."""
    checks, dims, embedded = _read(config, folder)
    return Result(
        config,
        summary,
        checks,
        read_arrays(folder / "shown.npz"),
        dims,
        embedded,
    )


def _check(config: Config, name: str) -> dict[str, np.ndarray]:
    """Violations of the bounds of a surface, and how near errors come to them."""
    return check_surface(name, config.sizes, config.grid, config.seeds)


def _shown(config: Config) -> dict[str, np.ndarray]:
    """Errors and bounds of one set of the cosine, every few grid points."""
    size = config.sizes[len(config.sizes) // 2]
    found = bounded_errors("cosine", size, config.grid, 0)
    few = slice(None, None, max(1, len(found.error) // 4000))
    return {
        "error": found.error[few],
        "edge": found.edge[few],
        "mean": found.mean[few],
        "size": np.array(size),
    }


def nested_points(
    config: Config, dim: int, seed: int
) -> tuple[Float64[np.ndarray, "known dim"], Float64[np.ndarray, "queries dim"]]:
    """Points of a cube, and queries in the hull of the first of them.

    Sets of all sizes begin with the same points, so that one set of queries is in the
    hull of each.
    """
    first = min(size for size in config.sizes if size > dim + 1)
    rng = np.random.default_rng((seed, dim))
    queries = rng.uniform(-SIDE, SIDE, (config.queries, dim))
    known = rng.uniform(-SIDE, SIDE, (max(config.sizes), dim))
    with one_thread():
        return known, pull_inside(known[:first], queries)


def _dimension(config: Config, dim: int, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Distances, simplices and errors of points in a cube of some dimension."""
    sizes = [size for size in config.sizes if size > dim + 1]
    errors = np.full((len(sizes), config.seeds, len(METHODS)), np.nan)
    parts = np.zeros((3, len(sizes), config.seeds))
    clouds = [nested_points(config, dim, seed) for seed in range(config.seeds)]
    queries = [points for _, points in clouds]
    for i, size in enumerate(sizes):
        sets = [known[:size] for known, _ in clouds]
        for seed, (known, points) in enumerate(zip(sets, queries, strict=True)):
            with one_thread():
                located = locate(known, points)
            found = geometry(known, located)
            parts[:, i, seed] = [np.median(part) for part in found[:3]]
            values, wanted = cosine_norm(known), cosine_norm(points)
            nearest = read_outs.nearest(known, values[:, None], points)[:, 0]
            guesses = (located.interpolate(values), nearest, None, values.mean())
            for k, guess in enumerate(guesses):
                if guess is not None:
                    errors[i, seed, k] = np.sqrt(np.mean((guess - wanted) ** 2))
        if size <= config.mlp_points:
            place = folder / f"mlp_{dim}_{size}"
            errors[i, :, METHODS.index("MLP")] = _mlp(config, sets, queries, place)
    nearest, longest, least = parts
    return {
        "sizes": np.array(sizes),
        "nearest": nearest,
        "longest": longest,
        "least": least,
        "errors": errors,
    }


def _mlp(
    config: Config,
    sets: list[np.ndarray],
    queries: list[np.ndarray],
    place: pathlib.Path,
) -> Float64[np.ndarray, " seeds"]:
    """RMSE of MLPs that learned from the sets."""
    training = preconditioner_training(
        config.mlp_width,
        config.mlp_depth,
        config.mlp_steps,
        input_dim=sets[0].shape[1],
    )
    tasks = [
        standardized_task(
            known, cosine_norm(known)[:, None], points, cosine_norm(points)[:, None]
        )
        for known, points in zip(sets, queries, strict=True)
    ]
    fitted = fit_ensemble(
        training, [task.data for task in tasks], range(len(sets)), place
    )
    networks = ensemble_networks(fitted.params, training)
    errors = [
        read_outs.errors(
            task.outputs.back(network(task.inputs.forward(points))),
            cosine_norm(points)[:, None],
        )[0]
        for network, task, points in zip(networks, tasks, queries, strict=True)
    ]
    return np.array(errors)


PLACES = ("inputs", "embedding")


def _embedded(config: Config, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Parts of the bounds over inputs and embedding, medians over points.

    Returns:
        `PARTS` over (seeds, places).
    """
    training = preconditioner_training(config.width, config.depth, config.steps)
    seeds = tuple(range(config.seeds))
    samples = [
        sample_square(seed, config.points, max(config.points, 80)) for seed in seeds
    ]
    place = folder / "networks"
    fit_ensemble(training, [s.task.data for s in samples], seeds, place)
    networks = kept_networks(training, seeds, place)
    rows = []
    for network, sample in zip(networks, samples, strict=True):
        train = np.asarray(sample.task.data.train_inputs, np.float64)
        values = cosine_norm(sample.task.inputs.back(train))
        known, others = embeddings(network, train), embeddings(network, sample.test)
        row = []
        for layer in (0, -1):
            plane = PrincipalPlane(known[layer])
            places = plane(known[layer]), plane(others[layer])
            row.append(plane_parts(places[0], values, places[1], sample.target))
        rows.append(row)
    return dict(zip(PARTS, np.moveaxis(np.array(rows), -1, 0), strict=True))
