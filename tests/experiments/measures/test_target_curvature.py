"""Curvature measures against functions whose curvature is known."""

import numpy as np
import pytest

from experiments.measures.target_curvature import (
    PrincipalPlane,
    interpolate_plane,
    linear_r2,
    slope_changes,
    triangulation_error,
)

RNG = np.random.default_rng(0)


def test_plane_has_spread_one_and_the_directions_of_the_singular_vectors():
    points = RNG.normal(size=(300, 4)) * [5.0, 2.0, 0.5, 0.1] + 3.0
    plane = PrincipalPlane(points)
    found = plane(points)
    centered = points - points.mean(axis=0)
    _, s, vt = np.linalg.svd(centered, full_matrices=False)
    np.testing.assert_allclose(plane.shares, (s**2 / (s**2).sum())[:2])
    assert (found**2).sum() / (len(points) - 1) == pytest.approx(1.0)
    ratio = found / (centered @ vt[:2].T)
    np.testing.assert_allclose(np.abs(ratio), np.abs(ratio[0, 0]), rtol=1e-8)


def test_points_at_one_place_are_refused():
    with pytest.raises(ValueError, match="one place"):
        PrincipalPlane(np.ones((5, 3)))


def test_r2_is_one_of_an_affine_target_and_that_of_its_formula_else():
    points = RNG.normal(size=(200, 3))
    assert linear_r2(points, points @ [1.0, -2.0, 0.5] + 4.0) == pytest.approx(1.0)
    target = points[:, 0] ** 2 + points[:, 1]
    design = np.column_stack([points, np.ones(200)])
    rest = target - design @ np.linalg.lstsq(design, target)[0]
    expected = 1.0 - rest @ rest / ((target - target.mean()) ** 2).sum()
    assert linear_r2(points, target) == pytest.approx(expected)


def test_affine_targets_have_no_curvature_and_parabolas_have_theirs():
    points = RNG.uniform(-1.0, 1.0, (800, 2))
    affine = points @ [2.0, -3.0] + 1.0
    assert slope_changes(points, affine).max() < 1e-8
    assert triangulation_error(
        points[:400], affine[:400], points[:3] / 9, affine[:3] / 9 + 8 / 9
    ) == pytest.approx(0.0, abs=1e-12)
    for gamma in (1.0, 6.0):
        parabola = gamma * (points**2).sum(axis=1) / 2.0
        found = slope_changes(points, parabola)
        # The fitted gradient is not quite the true one.
        assert np.median(found) == pytest.approx(gamma, rel=0.5)
    assert np.median(found) == pytest.approx(
        6.0 * np.median(slope_changes(points, (points**2).sum(axis=1) / 2.0))
    )


def test_a_floor_makes_coinciding_points_and_thin_directions_count_little():
    plane = RNG.uniform(-1.0, 1.0, (400, 2))
    affine = plane @ [2.0, -3.0]
    noise = RNG.normal(0.0, 3e-4, (400, 30))
    thin = np.hstack([plane, noise])
    curved = affine + 3.0 * (plane**2).sum(axis=1)
    # Twelve neighbors are fitted exactly in 32 dimensions.
    assert np.median(slope_changes(thin, curved)) < 1e-6
    # With a floor the thin directions tell nothing, as if they were not there.
    found = slope_changes(thin, curved, 64, 0.01)
    without = slope_changes(plane, curved, 64, 0.01)
    assert np.median(found) == pytest.approx(np.median(without), rel=0.1)
    assert np.median(found) > 1.0
    # Values that differ at almost one place: at most their difference over the floor.
    twins = np.repeat(plane[:100], 2, axis=0) + np.tile([[0.0], [1e-7]], (100, 1))
    values = np.tile([0.0, 1.0], 100)
    assert np.median(slope_changes(twins, values)) > 1e7
    assert slope_changes(twins, values, 12, 0.1).max() < 2.01 / 0.1**2


def test_neighbors_at_the_same_place_are_left_out():
    points = np.repeat(RNG.normal(size=(40, 2)), 2, axis=0)
    assert np.isfinite(slope_changes(points, points[:, 0] ** 2)).all()


def test_outside_of_all_triangles_the_nearest_value_counts():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    values = np.array([[0.0], [1.0], [2.0]])
    others = np.array([[0.25, 0.25], [3.0, 0.1]])
    np.testing.assert_allclose(
        interpolate_plane(corners, values, others), [[0.75], [1.0]]
    )
    line = np.column_stack([np.arange(4.0), np.arange(4.0)])
    found = interpolate_plane(line, np.arange(4.0)[:, None], line[1:3] + 0.1)
    assert found[:, 0].tolist() == [1.0, 2.0]
