"""Toy models on few points: do they store the points, or the features?

A model has 2 hidden dimensions. A feature has the direction of its column of W, a
training point that of its hidden state; each has a share of a dimension to itself.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

import regions
from training.toy_models import (
    ToyParams,
    decoder_network,
    feature_dimensions,
    sample_unit_points,
    toy_loss,
    train_on_points,
)

HIDDEN = 2
HELD_OUT = 5000
"""Fresh points of the test loss."""


def shared_dimension(directions: Float64[np.ndarray, "hidden vectors"]) -> float:
    """Mean share of a dimension that vectors have to themselves, long ones counting.

    `sum |v|^2 D / sum |v|^2`: vectors near 0 stand for nothing and hardly count.
    """
    squares = (directions**2).sum(axis=0)
    return float(squares @ feature_dimensions(directions) / squares.sum())


def measure_sizes(
    sizes: Sequence[int],
    *,
    features: int,
    density: float,
    steps: int,
    seeds: Sequence[int],
) -> dict[str, np.ndarray]:
    """Models trained on so many points, by size and seed.

    Returns:
        `train` and `test`, losses; `points` and `features`, the `shared_dimension` of
        hidden states and of columns of W; `represented`, columns longer than one half,
        and `cells`, the regions of their decoder in the plane. `W` and `states`: of the
        first seed, at every size, states padded with NaN. `zero`, the test loss of the
        output 0.
    """
    names = ("train", "test", "points", "features", "represented", "cells")
    found = {name: np.zeros((len(sizes), len(seeds))) for name in names}
    W = np.zeros((len(sizes), HIDDEN, features))
    states = np.full((len(sizes), HIDDEN, max(sizes)), np.nan)
    importance = jnp.ones(features, jnp.float32)
    zero = np.zeros(len(seeds))
    for i, size in enumerate(sizes):
        keys = jax.vmap(jax.random.key)(np.array(seeds, np.uint32))
        data_keys, test_keys = (
            jax.vmap(lambda key, word=word: jax.random.fold_in(key, word))(keys)
            for word in (size, 1 << 20)
        )
        draw = jax.vmap(sample_unit_points, in_axes=(0, None, None, None))
        points = draw(data_keys, size, features, density)
        held = draw(test_keys, HELD_OUT, features, density)
        params = train_on_points(keys, points, hidden=HIDDEN, steps=steps)
        for s in range(len(seeds)):
            one = ToyParams(params.W[s], params.b[s])
            columns = np.asarray(one.W, np.float64)
            hidden = columns @ np.asarray(points[s], np.float64).T
            found["train"][i, s] = toy_loss(one, points[s], importance)
            found["test"][i, s] = toy_loss(one, held[s], importance)
            found["points"][i, s] = shared_dimension(hidden)
            found["features"][i, s] = shared_dimension(columns)
            long = np.linalg.norm(columns, axis=0) > 0.5
            found["represented"][i, s] = long.sum()
            found["cells"][i, s] = _cells(columns[:, long], np.asarray(one.b)[long])
            zero[s] = (np.asarray(held[s]) ** 2).sum(axis=1).mean()
            if s == 0:
                W[i], states[i, :, :size] = columns, hidden
    return {**found, "zero": zero, "W": W, "states": states}


def _cells(W: Float64[np.ndarray, "hidden features"], b: np.ndarray) -> int:
    """Regions of the plane under the outputs of some features, counted exactly."""
    if not W.shape[1] or W.shape[1] > 20:
        # None represented; or so many that the count says nothing about polygons.
        return 0
    decoder = decoder_network(W, b.astype(np.float64))
    return int(regions.count_regions(decoder, regions.WholeSpace(HIDDEN)))
