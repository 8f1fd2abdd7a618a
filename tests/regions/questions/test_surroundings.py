"""What lies around a point, against quadratic programs and other classes found."""

import math

import cvxpy as cp
import numpy as np
import pytest

import regions
from regions.questions import surroundings
from tests.helpers import random_network


def face_distance(rows: regions.Polytope, own: int, x: np.ndarray) -> float:
    """Distance of a point from one facet of a polytope, by CVXPY."""
    A, b = rows.rows.A, rows.rows.b
    t = cp.Variable(len(x))
    problem = cp.Problem(
        cp.Minimize(cp.sum_squares(t - x)), [A @ t <= b, A[own] @ t == b[own]]
    )
    problem.solve(solver=cp.CLARABEL)
    assert isinstance(problem.value, float)
    return math.sqrt(max(problem.value, 0.0))


@pytest.mark.parametrize("is_exact", [False, True])
def test_facets_are_as_far_as_quadratic_programs_say(monkeypatch, is_exact):
    if is_exact:
        monkeypatch.setattr(
            surroundings, "nearest_weights", lambda A, b: np.zeros(len(b))
        )
    for seed, dim in ((0, 2), (1, 3), (2, 4)):
        rng = np.random.default_rng(seed)
        net, x = random_network(rng, dim, (7, 6)), rng.uniform(-0.5, 0.5, dim)
        found = regions.around(net, x, regions.Box.cube(dim), max_seconds=0)
        assert found.other_class is None
        polytope = found.report.polytope
        assert polytope is not None
        distances = [near.distance for near in found.facets]
        assert distances == sorted(distances)
        assert len(distances) == len(found.report.inequalities)
        # Some feet of perpendiculars lie outside their facets.
        assert max(n.distance / n.facet.distance for n in found.facets) > 1.01
        for near in found.facets:
            own = found.report.inequalities.index(near.facet)
            wanted = face_distance(polytope, own, x)
            assert near.distance == pytest.approx(wanted, rel=1e-4, abs=1e-6)
            assert np.linalg.norm(near.point - x) == pytest.approx(near.distance)
        some = regions.around(net, x, regions.Box.cube(dim), nearest=3, max_seconds=0)
        assert [n.distance for n in some.facets] == distances[:3]
        assert found.boundary is next(f for f in found.facets if f.facet.unit)


def test_nearest_other_class_of_one_output_lies_on_the_threshold():
    rng = np.random.default_rng(5)
    net, x = random_network(rng, 2, (6, 5)), np.array([0.1, 0.2])
    level = float(net(x[None])[0, 0]) + 0.05
    answer = regions.around(net, x, threshold=level).other_class
    assert answer is not None
    assert answer.proved
    point = np.array([float(v) for v in answer.witness])
    assert net(point[None])[0, 0] == pytest.approx(level, abs=1e-12)
    distance = float(np.linalg.norm(point - x))
    angles = np.linspace(0.0, 2 * np.pi, 400)
    ring = x + 0.99 * distance * np.column_stack([np.cos(angles), np.sin(angles)])
    assert (net(ring) < level).all()


def test_point_on_a_boundary_and_wrong_arguments():
    net = regions.ReluNetwork.from_arrays([np.eye(2), np.eye(2)], None)
    found = regions.around(net, [0.0, 1.0], max_seconds=0)
    assert found.facets == []
    assert found.boundary is None
    assert "are zero at the point" in str(found)
    with pytest.raises(ValueError, match="`nearest` is 0"):
        regions.around(net, [0.5, 1.0], nearest=0)
    with pytest.raises(ValueError, match="`threshold` is inf: a finite number"):
        regions.around(net, [0.5, 1.0], threshold=float("inf"))
