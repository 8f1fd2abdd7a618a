"""Checks of the bounds, and parts of them over planes."""

import numpy as np
import pytest
import scipy.interpolate

from experiments.interpolation_bound import bound_checks
from experiments.interpolation_bound.bound_checks import (
    PARTS,
    bounded_errors,
    check_surface,
    plane_parts,
)


def test_errors_are_those_of_another_interpolant():
    found = bounded_errors("wave", 40, 15, 3)
    function, _, low, high = bound_checks.SURFACES["wave"]
    known = np.random.default_rng((3, 40)).uniform(low, high, (40, 2))
    ticks = np.linspace(low, high, 15)
    grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    values = scipy.interpolate.LinearNDInterpolator(known, function(known))(grid)
    error = np.abs(values - function(grid))
    np.testing.assert_allclose(found.error, error[np.isfinite(error)], atol=1e-9)
    assert (found.error <= found.mean).all()
    assert (found.error <= found.edge).all()


def test_check_counts_what_a_wrong_constant_breaks(monkeypatch):
    good = check_surface("cosine", (30, 60), 21, 2)
    assert good["points"].shape == (2, 2)
    assert good["edge_violations"].sum() == good["mean_violations"].sum() == 0.0
    function, gamma, low, high = bound_checks.SURFACES["cosine"]
    wrong = {"cosine": (function, gamma / 1e3, low, high)}
    monkeypatch.setattr(bound_checks, "SURFACES", wrong)
    bad = check_surface("cosine", (30,), 21, 2)
    assert (bad["mean_violations"] > 0.0).all()
    assert bad["mean_share"].max() == pytest.approx(
        1e3 * good["mean_share"][0].max(), rel=1e-3
    )


def test_parts_of_a_parabola_over_a_plane():
    rng = np.random.default_rng(0)
    known, others = rng.uniform(-1.0, 1.0, (2, 300, 2))
    parabola = 4.0 * (known**2).sum(axis=1) / 2.0
    wanted = 4.0 * (others**2).sum(axis=1) / 2.0
    found = dict(zip(PARTS, plane_parts(known, parabola, others, wanted), strict=True))
    assert found["gamma"] == pytest.approx(4.0, rel=0.5)
    # The error at a point is its bound with the true constant.
    assert 0.5 < found["bound"] / (4.0 * found["mean_square"] / 2.0) < 2.0
    assert found["longest"] > found["nearest"] > 0.0
