"""The target functions and their curvature constants."""

import numpy as np
import pytest

from experiments.measures.target_surfaces import (
    COSINE_NORM_GAMMA,
    SQUARE,
    WAVE_GAMMA,
    cosine_norm,
    grid_points,
    wave,
)


def test_cosine_of_the_norm_is_one_at_the_origin_and_has_its_zeros():
    radii = np.array([0.0, *(np.pi / 2 + np.pi * np.arange(4))])
    turned = radii[:, None] * np.array([[0.6, -0.8]])
    np.testing.assert_allclose(cosine_norm(turned), [1.0, 0, 0, 0, 0], atol=1e-12)
    assert cosine_norm(np.array([[3.0, 4.0, 12.0]]))[0] == pytest.approx(np.cos(13.0))


@pytest.mark.parametrize(
    ("function", "low", "high", "gamma"),
    [
        (cosine_norm, -SQUARE, SQUARE, COSINE_NORM_GAMMA),
        (wave, 0.0, 1.0, WAVE_GAMMA),
    ],
)
def test_gamma_is_the_largest_second_derivative(function, low, high, gamma):
    points = grid_points(low, high, 161)
    h = 1e-3 * (high - low)
    ex, ey = np.array([h, 0.0]), np.array([0.0, h])
    center = function(points)
    xx = function(points + ex) - 2.0 * center + function(points - ex)
    yy = function(points + ey) - 2.0 * center + function(points - ey)
    xy = function(points + ex + ey) - function(points + ex - ey)
    xy = (xy - function(points - ex + ey) + function(points - ex - ey)) / 4.0
    hessians = np.stack([xx, xy, xy, yy], axis=1).reshape(-1, 2, 2) / h**2
    largest = np.abs(np.linalg.eigvalsh(hessians)).max()
    assert largest <= gamma * (1.0 + 1e-9)
    assert largest == pytest.approx(gamma, rel=1e-3)


def test_grid_has_its_first_coordinate_first():
    found = grid_points(0.0, 2.0, 3).reshape(3, 3, 2)
    assert found[2, 1].tolist() == [2.0, 1.0]
