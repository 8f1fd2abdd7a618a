"""Cells: a square cut by its diagonal, and a cube cut in two, by hand."""

import numpy as np
import pytest

from regions.results.cells import Cells, hull_volume


@pytest.fixture
def triangles():
    """The unit square, cut from (0, 0) to (1, 1)."""
    return Cells(
        vertices=np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]),
        offsets=np.array([0, 3, 6]),
        members=np.array([0, 1, 2, 0, 1, 3]),
        neighbors=np.array([[0, 1]]),
        neighbor_bits=np.array([0]),
    )


def test_triangles_have_their_areas_and_corners(triangles):
    assert len(triangles) == 2
    assert triangles.volumes().tolist() == [0.5, 0.5]
    assert triangles.corners(1).tolist() == [[0, 0], [1, 1], [0, 1]]
    np.testing.assert_allclose(triangles.centroids(), [[2 / 3, 1 / 3], [1 / 3, 2 / 3]])


def test_polygons_turn_left(triangles):
    for polygon in triangles.polygons():
        a, b, c = polygon
        assert np.linalg.det([b - a, c - b]) > 0


def test_bounds_are_the_smallest_box(triangles):
    low, high = triangles.bounds()
    assert low.tolist() == [[0, 0], [0, 0]]
    assert high.tolist() == [[1, 1], [1, 1]]


def boxes_along(cut, dim):
    """The unit cube cut at `x_0 = cut`."""
    corners = np.array(np.meshgrid(*[[0.0, cut, 1.0]] + [[0.0, 1.0]] * (dim - 1)))
    vertices = corners.reshape(dim, -1).T
    left = np.flatnonzero(vertices[:, 0] <= cut)
    right = np.flatnonzero(vertices[:, 0] >= cut)
    return Cells(
        vertices=vertices,
        offsets=np.array([0, len(left), len(left) + len(right)]),
        members=np.concatenate([left, right]),
        neighbors=np.array([[0, 1]]),
        neighbor_bits=np.array([0]),
    )


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
@pytest.mark.parametrize("cut", [0.25, 1e-9])
def test_volumes_of_boxes_keep_their_relative_precision(dim, cut):
    volumes = boxes_along(cut, dim).volumes()
    np.testing.assert_allclose(volumes, [cut, 1 - cut], rtol=1e-7)


def test_polygons_of_solids_are_refused():
    with pytest.raises(ValueError, match="this one has dimension 3: use `corners`"):
        boxes_along(0.5, 3).polygons()


def test_volumes_of_flat_and_thin_hulls():
    flat = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    assert hull_volume(flat) == 0.0
    slanted = flat + flat[:, :1] * np.array([0.0, 0.0, 1.0])
    assert 0.0 <= hull_volume(slanted) < 1e-8
    simplex = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    thin = simplex * np.array([1.0, 1e-200, 3.0]) + np.array([7.0, 0.0, -5.0])
    assert hull_volume(thin) == pytest.approx(0.5e-200, rel=1e-12)
