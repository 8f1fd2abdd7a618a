"""Widths of edges of known functions."""

import numpy as np
import pytest

from experiments.measures.edge_width import edge_widths

CENTER = (0.5, 0.4)


def _radius(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points - np.array(CENTER), axis=1)


def _widths(values, **changes) -> np.ndarray:
    options = {"center": CENTER, "radius": 0.25, "reach": 0.2} | changes
    return edge_widths(values, **options)


@pytest.mark.parametrize("width", [0.002, 0.03, 0.2])
def test_a_ramp_has_eight_tenths_of_its_width(width):
    found = _widths(lambda x: np.clip((_radius(x) - 0.25) / width + 0.5, 0.0, 1.0))
    assert found.shape == (64,)
    np.testing.assert_allclose(found, 0.8 * width, rtol=1e-6)


def test_width_follows_the_direction():
    def values(points):
        x, y = (points - np.array(CENTER)).T
        width = np.where(np.abs(x) > np.abs(y), 0.01, 0.05)
        return np.clip((np.hypot(x, y) - 0.25) / width + 0.5, 0.0, 1.0)

    found = _widths(values, radii=8)
    np.testing.assert_allclose(found[[0, 4]], 0.008, rtol=1e-6)
    np.testing.assert_allclose(found[[2, 6]], 0.04, rtol=1e-6)


def test_the_rise_nearest_to_the_circle_is_the_edge():
    def values(points):
        r = _radius(points)
        ramp = np.clip((r - 0.25) / 0.02 + 0.5, 0.0, 1.0)
        return np.where(r < 0.12, 1.0, np.where(r < 0.13, 0.0, ramp))

    np.testing.assert_allclose(_widths(values), 0.016, rtol=1e-6)


@pytest.mark.parametrize("level", [0.0, 0.45, 1.0])
def test_no_edge_is_infinitely_wide(level):
    assert np.isinf(_widths(lambda x: np.full(len(x), level))).all()
    assert np.isinf(_widths(lambda x: 0.4 + 0.5 * _radius(x))).all()
