"""Shares of a dimension of polygons, and toy models on three points."""

import numpy as np
import pytest

from experiments.memorized_or_generalized.points_and_features import (
    measure_sizes,
    shared_dimension,
)
from training.toy_models import polygon


@pytest.mark.parametrize("corners", [3, 5, 12])
def test_corners_of_a_polygon_share_two_dimensions(corners):
    assert shared_dimension(polygon(corners)) == pytest.approx(2.0 / corners)
    # Vectors of no length stand for nothing.
    padded = np.concatenate([polygon(corners), np.zeros((2, 7))], axis=1)
    assert shared_dimension(padded) == pytest.approx(2.0 / corners)


def test_one_vector_has_a_dimension_and_orthogonal_ones_too():
    assert shared_dimension(np.array([[2.0], [0.0]])) == pytest.approx(1.0)
    assert shared_dimension(np.diag([1.0, 3.0])) == pytest.approx(1.0)


def test_three_points_are_learned_by_heart():
    found = measure_sizes((3,), features=24, density=0.15, steps=300, seeds=(0, 1))
    assert (found["train"] < 0.05).all()
    assert (found["test"] > 10.0 * found["train"]).all()
    assert found["points"].mean() == pytest.approx(2.0 / 3.0, abs=0.12)
    states = found["states"][0]
    assert states.shape == (2, 3)
    assert np.isfinite(states).all()
