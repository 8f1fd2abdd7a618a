"""Networks of the literature that fold: zig-zags of the line, and of the plane."""

import numpy as np
from jaxtyping import Float64

import regions


def zig_zag_network(units: int, depth: int) -> regions.ReluNetwork:
    """The zig-zag with `units` teeth on [0, 1], composed with itself `depth` times.

    A layer is `x -> relu(n x) - 2 relu(n x - 1) + 2 relu(n x - 2) - ...`: with n = 2 it
    is Telgarsky's tent. All weights are integers.
    """
    fold = _fold(units)
    first = units * np.ones((units, 1))
    weights = [first, *[first @ fold[None]] * (depth - 1), fold[None]]
    biases = [-np.arange(units, dtype=float)] * depth
    return regions.ReluNetwork.from_arrays(weights, [*biases, None])


def folding_network(
    folds: int, layers: int, last: int, dim: int = 2
) -> regions.ReluNetwork:
    """Montufar's construction: `layers` layers that fold every axis, and a last one.

    Each folding layer has `folds` units for every axis and maps the unit cube onto
    itself `folds^dim` times; the last one has `last` units, whose hyperplanes are in
    general position and all meet near the middle of the cube. So the open cube has
    `folds^(dim layers) * sum_{j<=dim} C(last, j)` regions.

    References:
        G. Montufar, R. Pascanu, K. Cho, Y. Bengio, NeurIPS 2014, arXiv 1402.1869.
    """
    first = np.kron(np.eye(dim), folds * np.ones((folds, 1)))
    merge = np.kron(np.eye(dim), _fold(folds)[None])
    normals, offsets = _central_planes(last, dim)
    weights = [first, *[first @ merge] * (layers - 1), normals @ merge]
    biases = [np.tile(-np.arange(folds, dtype=float), dim)] * layers + [offsets]
    return regions.ReluNetwork.from_arrays(
        [*weights, np.ones((1, last))], [*biases, None]
    )


def _fold(units: int) -> Float64[np.ndarray, " units"]:
    """Weights 1, -2, 2, -2, ... that make teeth of the units of a layer."""
    weights = 2.0 * (-1.0) ** np.arange(units)
    weights[0] = 1.0
    return weights


def _central_planes(
    count: int, dim: int
) -> tuple[Float64[np.ndarray, "count dim"], Float64[np.ndarray, " count"]]:
    """Hyperplanes in general position, all of whose vertices lie in the unit cube.

    Lines turned evenly, at slightly different small distances from the middle.
    """
    if dim != 2:
        raise ValueError(f"`dim` is {dim}: 2 is required.")
    # Half a turn in all: no two lines are nearly parallel, so no vertex is far.
    angles = np.pi * (np.arange(count) + 0.3) / count
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    distance = (0.45 / count) * (1.0 + 0.4 * np.sin(9.0 * angles))
    return normals, -(normals.sum(axis=1) / 2.0 + distance)
