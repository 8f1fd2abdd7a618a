"""Networks with and without biases, normalized and plain, at several learning rates."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64, Int64

from experiments.measures.tables import split_task
from training.rms_networks import (
    CHECK,
    Layer,
    Layers,
    Points,
    train_rms_networks,
)

PLAIN, NORMALIZED = 0, 1
BIASED, FREE = 0, 1


class Contest(NamedTuple):
    """Numbers of all networks of one task.

    The first axis is plain or normalized, the second with biases or without.

    Attributes:
        train: Cross entropy on the training points before the last update.
        test: The lowest one on the test points, over the checks on the way.
        wrong: The lowest share of them that is misclassified.
        reached: Updates after which the training loss is first at the target; 0 if it
            never is.
        test_there: Test loss at the first check from there on; NaN if there is none.
        curves: Training losses of the best rate of each kind, every `CHECK` updates.
    """

    train: Float64[np.ndarray, "2 2 rates seeds"]
    test: Float64[np.ndarray, "2 2 rates seeds"]
    wrong: Float64[np.ndarray, "2 2 rates seeds"]
    reached: Int64[np.ndarray, "2 2 rates seeds"]
    test_there: Float64[np.ndarray, "2 2 rates seeds"]
    curves: Float64[np.ndarray, "2 2 checks seeds"]


def compare(
    name: str,
    points: int,
    widths: Sequence[int],
    rates: Sequence[float],
    seeds: Sequence[int],
    updates: int,
    target: float,
) -> tuple[Contest, Layers]:
    """Train every kind at every rate from every seed; weights of one are others' too.

    Returns:
        The numbers, and the layers of the normalized networks at the rate that is best
        without biases: with biases first, then without; axes `(2, seeds)`.
    """
    data = [split_task(name, points, seed) for seed in seeds]
    stacked = Points(*(np.stack(arrays) for arrays in zip(*data, strict=True)))
    shape = (2, 2, len(rates), len(seeds))
    normalized, free, rate, seed = (
        axis.ravel()
        for axis in np.meshgrid(
            [0.0, 1.0], [0.0, 1.0], rates, np.arange(len(seeds)), indexing="ij"
        )
    )
    seed = seed.astype(int)
    keys = jax.vmap(jax.random.key)(jnp.asarray(seeds, jnp.uint32))
    classes = int(max(part.labels.max() for part in data)) + 1
    sizes = (stacked.inputs.shape[-1], *widths, classes)
    # The shorter products of an accelerator would train other networks.
    with jax.default_matmul_precision("highest"):
        layers, *curves = train_rms_networks(
            keys[seed],
            Points(*(jnp.asarray(array[seed]) for array in stacked)),
            np.float32(normalized),
            np.float32(1.0 - free),
            np.float32(rate),
            sizes=sizes,
            updates=updates,
        )
    train, test, wrong = (
        np.asarray(curve, np.float64).reshape(*shape, -1) for curve in curves
    )
    contest = _contest(train, test, wrong, target)
    best = best_rate(contest.test[NORMALIZED, FREE])
    kept = [
        Layer(
            *(
                np.asarray(leaf).reshape(*shape, *leaf.shape[1:])[NORMALIZED, :, best]
                for leaf in layer
            )
        )
        for layer in layers
    ]
    return contest, kept


def best_rate(test: Float64[np.ndarray, "rates seeds"]) -> int:
    """The learning rate with the lowest median test loss, by its place."""
    return int(np.median(test, axis=1).argmin())


def fastest_rate(reached: Int64[np.ndarray, "rates seeds"]) -> int:
    """The learning rate with the lowest median number of updates, by its place."""
    never = np.iinfo(np.int64).max
    return int(np.median(np.where(reached > 0, reached, never), axis=1).argmin())


def _contest(
    train: np.ndarray, test: np.ndarray, wrong: np.ndarray, target: float
) -> Contest:
    """The numbers of curves whose last axis is time."""
    below = train <= target
    first = below.argmax(axis=-1)
    checks = -(-first // CHECK)
    inside = below.any(axis=-1) & (checks < test.shape[-1])
    there = np.take_along_axis(
        test, np.minimum(checks, test.shape[-1] - 1)[..., None], axis=-1
    )[..., 0]
    lowest = test.min(axis=-1)
    curves = np.array(
        [
            [train[n, f, best_rate(lowest[n, f])][:, ::CHECK].T for f in range(2)]
            for n in range(2)
        ]
    )
    return Contest(
        train[..., -1],
        lowest,
        wrong.min(axis=-1),
        np.where(below.any(axis=-1), first, 0).astype(np.int64),
        np.where(inside, there, np.nan),
        curves,
    )
