"""The interpolation-bound experiment: bounds, simplices, claims."""

import cvxpy
import numpy as np
import pytest
import scipy.interpolate
import scipy.spatial

from experiments import interpolation_bound
from experiments.interpolation_bound.claims import interpolation_claims, shrink_exponent
from experiments.interpolation_bound.on_cube import interpolated
from experiments.interpolation_bound.study import nested_points
from tests.experiments.helpers import run_smoke

SMOKE = interpolation_bound.PRESETS["smoke"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and summary of one run."""
    return run_smoke(interpolation_bound.NAME, tmp_path_factory)


def test_no_violation_and_no_empty_check(finished):
    folder, summary = finished
    result = interpolation_bound.load(SMOKE, folder)
    for values in result.checks.values():
        assert (values["points"] > 20).all()
        assert values["mean_violations"].sum() == 0.0
    assert summary["claims"][0]["verdict"] == "confirmed"
    assert summary["claims"][1]["verdict"] == "confirmed"


def test_distances_and_bounds_are_of_points_inside(finished):
    folder, _ = finished
    values = interpolation_bound.load(SMOKE, folder).dims[2]
    assert values["sizes"].tolist() == [8, 60]
    assert values["violations"].sum() == 0.0
    assert (values["share"] > 0.0).all()
    assert (values["share"] < 1.0).all()
    for seed in range(SMOKE.seeds):
        known, points = nested_points(SMOKE, 2, seed)
        assert known.shape == (60, 2)
        assert scipy.spatial.Delaunay(known[:8]).find_simplex(points).min() >= 0
        distances = np.linalg.norm(points[:, None] - known, axis=2).min(axis=1)
        assert values["nearest"][1, seed] == pytest.approx(np.median(distances))
    assert np.isnan(values["errors"][:, :, 2]).all()
    # With noise the errors are others, but for the mean of few points.
    assert (values["errors"][:, :, 0] != values["noisy"][:, :, 0]).all()


@pytest.mark.parametrize("dim", [2, 3])
def test_delaunay_in_the_hull_is_that_of_qhull_and_beside_it_of_its_nearest_point(dim):
    rng = np.random.default_rng(dim)
    known, points = rng.random((20, dim)), rng.random((30, dim))
    values = rng.standard_normal(20)
    found = interpolated(known, values, points)
    linear = scipy.interpolate.LinearNDInterpolator(known, values)
    inside = np.isfinite(linear(points))
    assert 0 < inside.sum() < 30
    assert found[inside] == pytest.approx(linear(points[inside]), abs=1e-9)
    for point, value in zip(points[~inside][:4], found[~inside], strict=False):
        weights = cvxpy.Variable(20, nonneg=True)
        distance = cvxpy.sum_squares(weights @ known - point)
        whole = cvxpy.Zero(cvxpy.sum(weights) - 1)
        cvxpy.Problem(cvxpy.Minimize(distance), [whole]).solve(cvxpy.CLARABEL)
        assert weights.value is not None
        assert value == pytest.approx(weights.value @ values, abs=1e-3)


def test_exponent_of_a_power_is_exact():
    sizes = np.array([10.0, 40.0, 160.0])
    values = np.stack([sizes**-0.5, 7.0 * sizes**-0.05], axis=1)
    assert shrink_exponent(sizes, values) == pytest.approx([0.5, 0.05])


def test_claims_follow_the_numbers():
    sizes = np.array([10, 100])
    checks = {
        "wave": {
            "edge_violations": np.zeros((2, 3)),
            "mean_violations": np.array([[0.0, 0.0, 1.0]]),
            "points": np.full((2, 3), 50.0),
        }
    }
    shrinking = np.outer(sizes**-0.5, np.ones(12))
    errors = np.ones((2, 12, 4))
    errors[:, :, 0] = 0.5
    dims = {
        d: {
            "sizes": sizes,
            "nearest": shrinking,
            "longest": shrinking,
            "violations": np.zeros((2, 12)),
            "share": np.full((2, 12), 0.1),
            "errors": errors,
            "noisy": np.where(np.arange(4) == 0, 2.0, errors),
        }
        for d in (2, 20)
    }
    halves = np.tile([1.0, 0.4], (12, 1))
    embedded = {"gamma": halves, "bound": 2.0 * halves, "error": halves[:, ::-1]}
    claims = interpolation_claims(checks, dims, embedded)
    assert [(claim.claim.split(":")[0], claim.verdict) for claim in claims] == [
        ("No error of Delaunay interpolation is above the edge bound.", "confirmed"),
        ("No error of Delaunay interpolation is above the mean bound.", "refuted"),
        ("In 20 dimensions, too, no error is above the edge bound.", "confirmed"),
        *(
            (
                f"In {dim} dimensions {what} shrinks as the number of points to the "
                f"power -1/{dim}.",
                verdict,
            )
            for dim, verdict in ((2, "confirmed"), (20, "refuted"))
            for what in ("the distance to the nearest point", "the longest edge at it")
        ),
        ("In 2 dimensions Delaunay interpolates better than an MLP.", "confirmed"),
        ("In 20 dimensions Delaunay tells something of the function.", "confirmed"),
        ("In 20 dimensions the two are about as good.", "refuted"),
        ("With noise of a tenth Delaunay is better in 20 dimensions.", "refuted"),
        ("In 20 dimensions more points bring no apparent improvement.", "confirmed"),
        ("Training makes it smaller", "confirmed"),
        ("Training makes it smaller", "confirmed"),
        ("Training makes it smaller", "refuted"),
    ]
