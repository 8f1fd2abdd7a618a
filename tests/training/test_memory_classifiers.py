"""Memory classifiers: hidden powers by hand, and a problem that they solve."""

import jax.numpy as jnp
import numpy as np
import pytest

from training.memory_classifiers import (
    SCALE,
    MemoryParams,
    memory_activations,
    memory_logits,
    train_memory_classifiers,
)


def test_activations_are_powers_of_cosines():
    params = MemoryParams(
        np.array([[3.0, 4.0], [-2.0, 0.0]], np.float32),
        np.array([[1.0, 2.0]], np.float32),
        np.array([0.5], np.float32),
    )
    point = jnp.array([[1.0, 0.0]], jnp.float32)
    h = memory_activations(params, 4, point)
    assert np.asarray(h) == pytest.approx(np.array([[(0.6 / SCALE) ** 3, 0.0]]))
    logits = memory_logits(params, 4, point)
    assert np.asarray(logits) == pytest.approx(np.array([[(0.6 / SCALE) ** 3 + 0.5]]))


def test_three_directions_are_told_apart():
    rng = np.random.default_rng(0)
    angles = np.repeat([0.0, 2.0, 4.0], 30) + 0.2 * rng.standard_normal(90)
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    labels = np.repeat([0, 1, 2], 30)
    params = train_memory_classifiers(
        points, labels, [0, 1], degree=3, memories=6, steps=80, learning_rate=0.1
    )
    for s in range(2):
        one = MemoryParams(*(leaf[s] for leaf in params))
        logits = np.asarray(memory_logits(one, 3, jnp.asarray(points)))
        assert (logits.argmax(axis=1) == labels).mean() > 0.95
