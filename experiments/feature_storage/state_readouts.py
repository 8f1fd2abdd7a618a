"""Reading all features of a state at once: matched, thresholded, optimal, trained."""

from collections.abc import Sequence

import jax
import numpy as np
from jaxtyping import Float32, Float64

from experiments.measures.random_directions import unit_vectors
from training.config import ModelConfig
from training.ensemble import member
from training.models import params_to_relu_network
from training.readouts import train_state_readouts

READOUTS: tuple[str, ...] = ("matched", "threshold", "optimal linear", "trained")
HELD_OUT = 1 << 13
"""States on which read-outs are compared."""

BATCH = 128


def measure_state_readouts(
    *,
    features: int,
    dim: int,
    active: Sequence[int],
    width: int,
    steps: int,
    seeds: Sequence[int],
) -> dict[str, np.ndarray]:
    """Squared error over the variance of a feature, `(readouts, active, seeds)`.

    Features are binary, independent and on with probability active / features; a state
    is the sum of the unit vectors of those that are on.

    Args:
        features: How many there are.
        dim: Dimension of the space, less than the number of features.
        active: Features that are on, on average.
        width: Hidden units of the trained read-out.
        steps: Its updates, on 128 states each.
        seeds: Seeds of the directions, states and networks.
    """
    directions = np.stack(
        [
            unit_vectors(features, dim, np.random.default_rng([seed, features, dim]))
            for seed in seeds
        ]
    )
    config = ModelConfig(
        widths=(width,),
        input_dim=dim,
        output_dim=features,
        activation="relu",
        initializer="flax",
    )
    errors = np.zeros((len(READOUTS), len(active), len(seeds)))
    for a, number in enumerate(active):
        density = number / features
        params = train_state_readouts(
            config, directions, density, seeds, steps=steps, batch=BATCH
        )
        params = jax.tree.map(np.asarray, params)
        for s, seed in enumerate(seeds):
            rng = np.random.default_rng([seed, number, 1])
            truth = (rng.random((HELD_OUT, features)) < density).astype(np.float64)
            states = truth @ directions[s].astype(np.float64)
            network = params_to_relu_network(member(params, s), config)
            inner = states @ directions[s].T.astype(np.float64)
            read = {
                "matched": inner,
                "threshold": (inner > 0.5).astype(np.float64),
                "optimal linear": optimal_linear(states, directions[s], density),
                "trained": network(states),
            }
            errors[:, a, s] = [
                np.mean((read[name] - truth) ** 2) / (density * (1.0 - density))
                for name in READOUTS
            ]
    return {"errors": errors}


def optimal_linear(
    states: Float64[np.ndarray, "points dim"],
    directions: Float32[np.ndarray, "features dim"],
    density: float,
) -> Float64[np.ndarray, "points features"]:
    """The affine read-out of least squared error: V (V^T V)^-1 (x - mean) + density.

    Features are uncorrelated and of equal variance, which cancels. Averaged over them
    its squared error is the share `1 - dim / features` of their variance.
    """
    V = directions.astype(np.float64)
    centered = states - density * V.sum(axis=0)
    return density + centered @ np.linalg.solve(V.T @ V, V.T)
