"""Bounds of linear interpolation where they are sharp, and simplices two ways."""

import numpy as np
import pytest
import scipy.spatial

from experiments.interpolation_bound.linear_interpolation import (
    INSIDE,
    Located,
    geometry,
    locate,
    locate_in_plane,
    pull_inside,
)
from experiments.measures.target_surfaces import WAVE_GAMMA, wave

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dim", [2, 3, 6])
def test_mean_bound_is_the_error_of_a_quadratic(dim):
    known = RNG.normal(size=(25, dim))
    points = pull_inside(known, RNG.normal(size=(10, dim)))
    located = locate(known, points)
    values = 3.0 * (known**2).sum(axis=1) / 2.0
    error = located.interpolate(values) - 3.0 * (points**2).sum(axis=1) / 2.0
    found = geometry(known, located)
    np.testing.assert_allclose(found.mean_bound(3.0), error, rtol=1e-7)
    assert (found.edge_bound(3.0, dim) >= error).all()


def test_edge_bound_by_hand():
    known = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    located = Located(
        np.array([[0.3, 0.4]]),
        np.array([[1, 0, 2]]),
        np.array([[0.1, 0.8, 0.1]]),
        np.array([0]),
    )
    found = geometry(known, located)
    assert found.nearest[0] == pytest.approx(0.5)
    assert found.longest[0] == 4.0
    assert found.least[0] == pytest.approx(3.0)
    expected = 2.0 * (0.125 + np.sqrt(2.0) * 16.0 / 6.0 * 0.5)
    assert found.edge_bound(2.0, 2)[0] == pytest.approx(expected)
    squares = 0.1 * (2.7**2 + 0.4**2) + 0.8 * 0.25 + 0.1 * (0.3**2 + 3.6**2)
    assert found.mean_square[0] == pytest.approx(squares)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_edge_bound_is_sharp_where_the_paper_says_so(dim):
    known = np.vstack([np.zeros(dim), np.eye(dim)])
    point = np.full((1, dim), -0.5)
    weights = np.append(1.0 + dim / 2.0, np.full(dim, -0.5))[None]
    located = Located(point, np.arange(dim + 1)[None], weights, np.array([0]))
    squares = (known**2).sum(axis=1)
    error = located.interpolate(squares) - (point**2).sum(axis=1)
    assert np.abs(error)[0] == pytest.approx(3.0 * dim / 4.0)
    bound = geometry(known, located).edge_bound(2.0, dim)
    assert bound[0] == pytest.approx(3.0 * dim / 4.0)


@pytest.mark.parametrize("dim", [2, 3])
def test_program_finds_the_simplices_of_qhull(dim):
    known = RNG.uniform(size=(40, dim))
    points = pull_inside(known, RNG.uniform(size=(15, dim)))
    triangulation = scipy.spatial.Delaunay(known)
    expected = triangulation.simplices[triangulation.find_simplex(points)]
    located = locate(known, points)
    np.testing.assert_array_equal(located.simplices, np.sort(expected, axis=1))
    placed = np.einsum("nv,nvd->nd", located.weights, known[located.simplices])
    np.testing.assert_allclose(placed, points, atol=1e-9)
    if dim == 2:
        flat = locate_in_plane(known, points)
        values = RNG.normal(size=40)
        np.testing.assert_allclose(
            flat.interpolate(values), located.interpolate(values), atol=1e-9
        )


def test_points_outside_of_the_hull_are_left_out_or_pulled_in():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.1]])
    points = np.array([[0.5, 0.5], [2.0, 0.5]])
    found = locate_in_plane(corners, points[::-1])
    assert found.points.tolist() == [[0.5, 0.5]]
    assert found.which.tolist() == [1]
    moved = pull_inside(corners, points)
    mean = corners.mean(axis=0)
    assert moved[0].tolist() == [0.5, 0.5]
    # The border is met at x = 1.
    assert moved[1, 0] == pytest.approx(mean[0] + INSIDE * (1.0 - mean[0]))
    with pytest.raises(RuntimeError, match="strictly inside"):
        locate(corners, points[1:])


def test_no_point_of_a_grid_breaks_the_bounds():
    known = RNG.uniform(size=(60, 2))
    ticks = np.linspace(0.0, 1.0, 41)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    located = locate_in_plane(known, grid)
    error = np.abs(located.interpolate(wave(known)) - wave(located.points))
    found = geometry(known, located)
    assert (error <= found.mean_bound(WAVE_GAMMA) + 1e-12).all()
    assert (
        found.mean_bound(WAVE_GAMMA) <= found.edge_bound(WAVE_GAMMA, 2)
    ).mean() > 0.9
    # A smaller constant is broken: the check can fail.
    assert (error > found.mean_bound(WAVE_GAMMA / 8.0)).any()
