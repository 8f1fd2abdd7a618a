"""Networks on a ring with random labels: regions at points, sharpness, robustness."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

import regions
from experiments.measures.occupancy import measure_occupancy
from experiments.measures.preconditioners import embeddings
from experiments.measures.seed_networks import require_networks, seed_networks
from experiments.measures.unit_square import enumerate_square, sample_image
from regions.partition.local_complexity import boundary_density
from training.config import DataConfig, TrainingConfig
from training.curvature import top_eigenvalues
from training.datasets import Dataset

RADIUS = 0.01
"""Radius of the neighborhoods in which kinks are counted, in sides of the square."""

INPUT_NOISE = 0.01
"""Standard deviation of the noise on inputs, in sides."""

EMBEDDING_NOISE = 0.1
"""Deviation of the noise on a unit of the last embedding, in root mean squares."""

ELSEWHERE = 2000
"""Uniform points to which training points are compared."""

MEASURES = (
    "regions",
    "alone",
    "complexity_at",
    "complexity_elsewhere",
    "input_change",
    "embedding_change",
    "fitted",
)


def noisy_ring(data: DataConfig, share: float, seed: int) -> Dataset:
    """Pixels of a seed, a share of their gray values replaced by fair coins."""
    _, points = sample_image(dataclasses.replace(data, seed=seed))
    # The same pixels are the first to be replaced, whatever the share.
    rng = np.random.default_rng([seed, 7])
    targets = np.asarray(points.train_targets)
    order, coins = rng.random(len(targets)), rng.integers(0, 2, len(targets))
    noisy = np.where((order < share)[:, None], coins[:, None], targets)
    return points._replace(train_targets=noisy.astype(np.float32))


def measure_label_noise(
    params: dict[str, Any],
    config: TrainingConfig,
    datasets: Sequence[Dataset],
    seeds: Sequence[int],
) -> dict[str, np.ndarray]:
    """All measures of the trained networks, one number a seed.

    Returns:
        `regions`: exact, of the unit square, per training point. `alone`: share of
        the training points that are the only one of their region. `complexity_at`,
        `complexity_elsewhere`: hyperplanes within `RADIUS` of training points and of
        uniform points, per length. `input_change`, `embedding_change`: root mean
        square change of the output under noise on inputs or on the last embedding,
        at training points. `fitted`: share of points on the right side of one half.
        `sharpness`: top eigenvalue of the Hessian.
    """
    networks = require_networks(seed_networks(params, config), tuple(seeds))
    rows = []
    for network, data, seed in zip(networks, datasets, seeds, strict=True):
        rng = np.random.default_rng([seed, 11])
        rows.append(_measure(network, data, rng))
    columns = np.array(rows).T
    stacked = Dataset(
        *(
            jnp.stack([jnp.asarray(x) for x in part])
            for part in zip(*datasets, strict=True)
        )
    )
    keys = jax.vmap(jax.random.key)(np.array(seeds, np.uint32))
    sharpness = top_eigenvalues(
        jax.tree.map(jnp.asarray, params), stacked, keys, config
    )
    return {
        **dict(zip(MEASURES, columns, strict=True)),
        "sharpness": np.asarray(sharpness, np.float64),
    }


def _measure(
    network: regions.ReluNetwork, data: Dataset, rng: np.random.Generator
) -> list[float]:
    """`MEASURES` of one network."""
    points = np.asarray(data.train_inputs, np.float64)
    targets = np.asarray(data.train_targets)[:, 0]
    output = network(points)[:, 0]
    moved = points + INPUT_NOISE * rng.standard_normal(points.shape)
    return [
        len(enumerate_square(network)) / len(points),
        float(measure_occupancy(network, points).alone.mean()),
        float(boundary_density(network, points, RADIUS).mean()),
        float(boundary_density(network, rng.random((ELSEWHERE, 2)), RADIUS).mean()),
        _rms(network(moved)[:, 0] - output),
        embedding_change(network, points),
        float(((output > 0.5) == (targets > 0.5)).mean()),
    ]


def embedding_change(
    network: regions.ReluNetwork, points: Float64[np.ndarray, "points dim"]
) -> float:
    """Root mean square change of the output under noise on the last embedding.

    The noise is independent on each unit, of `EMBEDDING_NOISE` root mean squares of
    the embedding's entries; the read-out is affine, so the change is that times the
    length of its weights.
    """
    size = _rms(embeddings(network, points)[-1])
    return EMBEDDING_NOISE * size * float(np.linalg.norm(network.output.weight))


def _rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))
