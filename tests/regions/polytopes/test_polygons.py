"""Polygons without programs, against CVXPY and against exact facets."""

import numpy as np
import pytest

from regions.domains.shapes import Box, Simplex
from regions.lp import redundancy, solve
from regions.polytopes import polygons
from regions.polytopes.polytope import polytope_at
from tests.helpers import random_network
from tests.zoo import ZOO

PLANAR = sorted(name for name, (_, box) in ZOO.items() if box.dim == 2)


def check(polytope):
    """All that a polygon says, against linear programs."""
    expected = redundancy.facets(polytope.rows, polytope.exact_rows)
    assert [facet.row for facet in polytope.facets] == list(expected.facets)
    lower, upper = solve.bounds(polytope.rows)
    size = np.abs(np.concatenate([lower, upper])).max()
    np.testing.assert_allclose(polytope.bounds, [lower, upper], atol=1e-8 * size)
    ball = solve.chebyshev_ball(polytope.rows, max_radius=10.0 * size)
    assert polytope.chebyshev.radius == pytest.approx(ball.radius, abs=1e-8 * size)
    A, b = polytope.rows.A, polytope.rows.b
    gaps = (b - A @ polytope.chebyshev.center) / np.linalg.norm(A, axis=1).clip(1e-300)
    gaps = gaps[A.any(axis=1)]
    assert gaps.min() == pytest.approx(polytope.chebyshev.radius, abs=1e-9 * size)
    corners = polytope.vertices()
    assert len(corners) == len(polytope.facets)
    assert (corners @ A.T <= b + 1e-9 * (1.0 + np.abs(b))).all()
    for facet in polytope.facets:
        assert A[facet.row] @ facet.point == pytest.approx(b[facet.row], abs=1e-9)
        beyond = A @ facet.beyond > b
        assert beyond[facet.row]
        assert beyond.sum() == 1 + sum(
            np.array_equal(A[k], A[facet.row]) and b[k] == b[facet.row]
            for k in range(len(b))
            if k != facet.row
        )


@pytest.mark.parametrize("domain", [Box.cube(2), Simplex([[-1, -1], [2, 0], [0, 2]])])
def test_polygons_of_random_networks_are_those_of_programs(monkeypatch, domain):
    network = random_network(np.random.default_rng(5), 2, [9, 9])
    points = np.random.default_rng(6).uniform(0.05, 0.45, (6, 2))
    if isinstance(domain, Simplex):
        assert points.sum(axis=1).max() < 1.0
    for polytope in polytope_at(network, points, domain):
        with monkeypatch.context() as patch:
            # Nothing of it asks for a program.
            for name in ("maximize_by_solver", "bounds", "chebyshev_ball"):
                patch.setattr(solve, name, None)
            assert polytope.chebyshev.radius > 0.0
            assert polytope.vertices().shape == (len(polytope.facets), 2)
            assert np.isfinite(polytope.bounds).all()
        check(polytope)


@pytest.mark.parametrize("name", PLANAR)
def test_polygons_of_specimens_have_their_exact_facets(name):
    network, box = ZOO[name]
    x = np.random.default_rng(4).uniform(box.lower, box.upper)
    polytope = polytope_at(network, x, box)
    expected = redundancy.facets(polytope.rows, polytope.exact_rows)
    assert [facet.row for facet in polytope.facets] == list(expected.facets)


def test_what_float64_does_not_prove_is_left_to_the_search():
    """A halfspace that is there twice, and a region without end."""
    square = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    for more, side in ([1.0, 0.0], 1.0), ([2.0, 0.0], 2.0):
        A, b = np.vstack([square, more]), np.append(np.ones(4), side)
        system = polygons.RowSystem(A, b, np.zeros(5), lambda: [])
        assert polygons.search_polygon(system, np.zeros(2)) is None
    A, b = np.vstack([square, [1.0, 1.0]]), np.append(np.ones(4), 2.0)
    found = polygons.search_polygon(
        polygons.RowSystem(A, b, np.zeros(5), lambda: []), np.zeros(2)
    )
    assert found is not None
    assert (list(found.facets), found.redundant) == ([0, 1, 2, 3], [4])
    open_ = polygons.RowSystem(A[:3], b[:3], np.zeros(3), lambda: [])
    assert polygons.search_polygon(open_, np.zeros(2)) is None
