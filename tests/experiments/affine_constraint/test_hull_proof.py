"""Regions on a polygon counted by hand, and exact comparison with an affine map."""

import numpy as np
import pytest

import regions
from experiments.affine_constraint import hull_proof as measured

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def _network(weights, biases):
    return regions.ReluNetwork.from_arrays(
        [np.array(weights, float), np.ones((1, len(weights)))],
        [np.array(biases, float), None],
        0.01,
    )


def test_lines_across_the_square_cut_it_into_four():
    network = _network([[1.0, 0.25], [0.25, 1.0]], [-0.6, -0.6])
    found = measured.examine_hull(network, SQUARE, np.random.default_rng(0))
    assert found.patterns == 4
    assert found.verified
    assert found.deviation > 0.01
    assert not found.exact


def test_lines_that_miss_the_square_leave_one_exact_affine_map():
    network = _network([[1.0, 0.5], [-0.3, 1.0]], [0.1, -1.7])
    found = measured.examine_hull(network, SQUARE, np.random.default_rng(0))
    assert found.patterns == 1
    assert found.verified
    assert found.deviation < 1e-12
    assert found.exact


def test_a_line_along_the_diagonal_is_seen():
    # The two triangles share the diagonal (0, 0) to (1, 1): each has one pattern.
    network = _network([[1.0, -1.0]], [0.0])
    found = measured.examine_hull(network, SQUARE, np.random.default_rng(0))
    assert found.patterns == 2


def test_rational_comparison_sees_what_rounding_hides():
    tiny = 2.0**-60
    network = regions.ReluNetwork.from_arrays(
        [np.array([[1.0, 0.0]]), np.array([[tiny]])],
        [np.array([-0.75]), np.array([1.0])],
    )
    points = np.array([[0.5, 0.25], [0.875, 0.25]])
    values = network(points)[:, 0]
    assert (values == 1.0).all()
    corners = np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 1.0]])
    same = measured.affine_in_rationals(network, corners, points)
    assert same.tolist() == [True, False]


def test_triangles_of_a_polygon_add_up_to_its_area():
    parts = measured.triangles(SQUARE)
    areas = [
        0.5 * abs(np.linalg.det(part.vertices[1:] - part.vertices[0])) for part in parts
    ]
    assert sum(areas) == pytest.approx(1.0)
