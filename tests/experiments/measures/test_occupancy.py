"""Occupancy of four quadrants, counted by hand."""

import numpy as np
import pytest

import regions
from experiments.measures.occupancy import measure_occupancy

CROSS = regions.ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)


def test_points_of_quadrants():
    points = np.array([[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [3.0, 3.0]])
    found = measure_occupancy(CROSS, points)
    assert found.occupied == 3
    assert found.per_region == pytest.approx(5 / 3)
    assert found.singletons == pytest.approx(2 / 3)
    assert found.alone.tolist() == [False, False, True, True, False]


def test_ties_are_off():
    found = measure_occupancy(CROSS, np.array([[0.0, 1.0], [-1.0, 1.0]]))
    assert found.occupied == 1
    assert found.singletons == 0.0
