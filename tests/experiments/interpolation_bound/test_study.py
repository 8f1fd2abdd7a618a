"""The interpolation-bound experiment: bounds, simplices, claims."""

import numpy as np
import pytest
import scipy.interpolate
import scipy.spatial

from experiments import interpolation_bound
from experiments.interpolation_bound.claims import interpolation_claims, shrink_exponent
from experiments.interpolation_bound.study import nested_points
from experiments.measures.target_surfaces import cosine_norm
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


def test_errors_in_two_dimensions_are_those_of_qhull(finished):
    folder, _ = finished
    values = interpolation_bound.load(SMOKE, folder).dims[2]
    assert values["sizes"].tolist() == [8, 60]
    for seed in range(SMOKE.seeds):
        known, points = nested_points(SMOKE, 2, seed)
        assert known.shape == (60, 2)
        assert scipy.spatial.Delaunay(known[:8]).find_simplex(points).min() >= 0
        linear = scipy.interpolate.LinearNDInterpolator(known, cosine_norm(known))
        missed = linear(points) - cosine_norm(points)
        assert values["errors"][1, seed, 0] == pytest.approx(
            np.sqrt((missed**2).mean())
        )
        distances = np.linalg.norm(points[:, None] - known, axis=2).min(axis=1)
        assert values["nearest"][1, seed] == pytest.approx(np.median(distances))
    assert np.isnan(values["errors"][:, :, 2]).all()


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
            "errors": errors,
        }
        for d in (2, 20)
    }
    halves = np.tile([1.0, 0.4], (12, 1))
    embedded = {"gamma": halves, "bound": 2.0 * halves, "error": halves[:, ::-1]}
    claims = interpolation_claims(checks, dims, embedded)
    assert [claim.verdict for claim in claims] == [
        "confirmed",
        "refuted",
        "confirmed",
        "confirmed",
        "refuted",
        "refuted",
        "confirmed",
        "refuted",
        "confirmed",
        "confirmed",
        "refuted",
    ]
