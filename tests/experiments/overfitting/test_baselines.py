"""Interpolation without a network, against loops and closed forms."""

import numpy as np
import pytest

from experiments.overfitting.baselines import interpolate


def test_two_samples_are_weighed_by_the_gaussian_of_their_distances():
    samples, values = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0.0, 1.0])
    points = np.array([[0.25, 0.0], [0.5, 0.3], [5.0, 0.0]])
    found = interpolate(samples, values, points, sigma=0.4)
    near, far = (np.exp(-(d**2) / (2 * 0.16)) for d in (0.25, 0.75))
    assert found.smoothed[0] == pytest.approx(far / (near + far))
    assert found.smoothed[1] == pytest.approx(0.5)
    assert found.smoothed[2] == pytest.approx(1.0, abs=1e-9)
    assert found.nearest[[0, 2]].tolist() == [0.0, 1.0]
    assert found.distance == pytest.approx([0.25, np.hypot(0.5, 0.3), 4.0])


def test_many_samples_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    samples, values = rng.uniform(size=(200, 2)), rng.uniform(size=200)
    points = rng.uniform(size=(40, 2))
    found = interpolate(samples, values, points, sigma=0.02)
    for k, point in enumerate(points):
        squares = ((samples - point) ** 2).sum(axis=1)
        weights = np.exp(-(squares - squares.min()) / (2 * 0.02**2))
        # Samples beyond the nearest 32 are farther than six sigma here.
        assert found.smoothed[k] == pytest.approx(
            float(weights @ values / weights.sum()), abs=1e-6
        )
        assert found.nearest[k] == values[squares.argmin()]


def test_one_sample_is_everywhere():
    found = interpolate(np.zeros((1, 2)), np.array([0.3]), np.ones((4, 2)), 1.0)
    assert found.nearest.tolist() == found.smoothed.tolist() == [0.3] * 4
