"""What the study runs, measures and keeps."""

import dataclasses
import functools
import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from experiments.interpolation_bound.bound_checks import (
    PARTS,
    SLACK,
    SURFACES,
    bounded_errors,
    check_surface,
    plane_parts,
)
from experiments.interpolation_bound.claims import (
    LOW,
    dimension_words,
    interpolation_claims,
)
from experiments.interpolation_bound.linear_interpolation import (
    geometry,
    locate,
    pull_inside,
)
from experiments.interpolation_bound.on_cube import NOISE, cube_errors
from experiments.measures.preconditioners import (
    embeddings,
    kept_networks,
    preconditioner_training,
    sample_square,
)
from experiments.measures.target_curvature import PrincipalPlane, one_thread
from experiments.measures.target_surfaces import COSINE_NORM_GAMMA, cosine_norm
from experiments.running.about import About
from experiments.running.common import Clock
from experiments.running.stages import stored
from experiments.running.studies import Summary
from regions.files.writing import read_arrays
from training.ensemble import fit_ensemble
from training.progress import Progress

ABOUT = About(
    title="Bounds of linear interpolation",
    page="claims",
    source='T. C. H. Lux, "MLP\'s are actually nonlinear -> linear preconditioners", '
    "2021, and the paper that it links (Numerical Algorithms, 2020, section 5, read in "
    "the manuscript that its first author keeps in public)",
    setup=(
        "Delaunay interpolation of cos(||x||) on [-4 pi, 4 pi]^2 (gamma, the Lipschitz "
        "constant of the gradient, is 1) and of 3x + cos(8x)/2 + sin(5y) on the unit "
        "square (32), from 8 to 8,192 uniform points, 8 sets of each: error and two "
        "bounds at every point of a grid of 201 x 201 in the convex hull. Then "
        "cos(||x||) on the unit cube, d = 2 and 20. Distances and the bounds: at 20 "
        "points in the hull of the smallest set, which the larger ones contain; the "
        "Delaunay simplex of each comes from a linear program. Errors, as in the "
        "paper: at 100 uniform points, from Latin hypercubes, with values as they are "
        "and with noise of up to a tenth of each; Delaunay (outside of the hull at the "
        "nearest point of it), the nearest neighbor, an MLP (10 x 32 ReLU; from 32, "
        "512 and 2,048 points) and the mean. Last, 32 networks of 8 x 32 units trained "
        "on 2,000 points: the same quantities over the inputs and over two principal "
        "components of the last embedding, both of spread 1, gamma fitted to 12 "
        "neighbors."
    ),
    differs=(
        "The paper takes approximate Fekete points, and found Latin hypercubes the "
        "same; it trains by 100,000 steps of SGD, these networks by 1,000 of Adam "
        "(0.001, batches of 64), with noise in 20 dimensions only; it has 1,000 points "
        "to test, one set of each size, and networks for all sizes."
    ),
    expected=(
        "The theorem: no violation; derived: equality of the second bound for a "
        "quadratic. Of the paper: in 2 dimensions Delaunay improves while the MLP "
        "comes to a plateau; in 20 more points bring no apparent improvement, and "
        "Delaunay is worse than the MLP without noise, better with it."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What identifies a run.

    Attributes:
        sizes: Numbers of points.
        grid: Side of the grid on which the bounds are checked.
        dims: Dimensions that are compared; sizes up to one are left out there.
        queries: Points of the hull a set, in these, for distances and bounds.
        tested: Points of the cube a set, for errors.
        mlp_sizes: Numbers of points that an MLP learns from.
        mlp_width: Its units a layer.
        mlp_depth: Its layers.
        mlp_steps: Its updates.
        width: Units a layer of the networks whose embeddings are compared.
        depth: Their layers.
        steps: Their updates.
        points: Their points, and as many others.
        seeds: Seeds of sets and of the networks that learn from them.
        compared: Seeds of the networks whose embeddings are compared.
    """

    sizes: tuple[int, ...] = (8, 32, 128, 512, 2048, 8192)
    grid: int = 201
    dims: tuple[int, ...] = (2, 20)
    queries: int = 20
    tested: int = 100
    mlp_sizes: tuple[int, ...] = (32, 512, 2048)
    mlp_width: int = 32
    mlp_depth: int = 10
    mlp_steps: int = 1000
    width: int = 32
    depth: int = 8
    steps: int = 1000
    points: int = 2000
    seeds: int = 8
    compared: int = 32


PRESETS = {
    "smoke": Config(
        sizes=(8, 60),
        grid=21,
        dims=(2,),
        queries=8,
        tested=20,
        mlp_sizes=(),
        width=4,
        depth=2,
        steps=20,
        points=60,
        seeds=2,
        compared=2,
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
            and `least`; `violations` of the edge bound, and `share`, the median of the
            errors over it; RMSE of each of `METHODS` in `errors` and, from values with
            noise, in `noisy` (sizes, seeds, methods), NaN where there is no MLP.
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
            f"{reached:.2f} of the sharper one; {dimension_words(dims)}; over the "
            f"embedding the median change of slope is {gamma:.2f} times, the error of "
            f"Delaunay {error:.2f} times that over the inputs"
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
    """Points of the unit cube, and queries in the hull of the first of them.

    Sets of all sizes begin with the same points, so that one set of queries is in the
    hull of each.
    """
    first = min(size for size in config.sizes if size > dim + 1)
    rng = np.random.default_rng((seed, dim))
    queries = rng.random((config.queries, dim))
    known = rng.random((max(config.sizes), dim))
    with one_thread():
        return known, pull_inside(known[:first], queries)


def _dimension(config: Config, dim: int, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Distances, simplices, bounds and errors in a cube of some dimension."""
    sizes = [size for size in config.sizes if size > dim + 1]
    parts = np.zeros((5, len(sizes), config.seeds))
    for seed in range(config.seeds):
        known, points = nested_points(config, dim, seed)
        for i, size in enumerate(sizes):
            with one_thread():
                located = locate(known[:size], points)
            found = geometry(known, located)
            values = located.interpolate(cosine_norm(known))
            error = np.abs(values - cosine_norm(points))
            bound = found.edge_bound(COSINE_NORM_GAMMA, dim)
            medians = [np.median(part) for part in (*found[:3], error / bound)]
            parts[:, i, seed] = [*medians, (error > bound + SLACK).sum()]
    measured, shape = {}, (config.mlp_width, config.mlp_depth, config.mlp_steps)
    for name, noise in (("errors", 0.0), ("noisy", NOISE)):
        rows = []
        for size in sizes:
            learns = size in config.mlp_sizes and (noise == 0.0 or dim > LOW)
            rows.append(
                cube_errors(
                    dim,
                    size,
                    config.seeds,
                    config.tested,
                    noise=noise,
                    network=shape if learns else None,
                    place=folder / f"mlp_{name}_{dim}_{size}",
                )
            )
        measured[name] = np.array(rows)
    names = ("nearest", "longest", "least", "share", "violations")
    return {
        "sizes": np.array(sizes),
        **dict(zip(names, parts, strict=True)),
        **measured,
    }


PLACES = ("inputs", "embedding")


def _embedded(config: Config, folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Parts of the bounds over inputs and embedding, medians over points.

    Returns:
        `PARTS` over (seeds, places).
    """
    training = preconditioner_training(config.width, config.depth, config.steps)
    seeds = tuple(range(config.compared))
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
