"""Points lie in the domain, and nodes that hold a point are not proved empty."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import regions
from regions.questions.backward import Box, Dual
from regions.questions.exact_bounds import exact_bounds
from regions.questions.node_proofs import point_inside, proves_empty, rational_point
from regions.questions.problem import Linear, Problem
from regions.questions.relaxation import Hint, Node
from tests.helpers import random_network

ROWS = np.array([[1.0, 0.5], [-1.0, 1.0], [0.0, -1.0], [-1.0, -1.0]])
RIGHT = np.array([1.0, 1.5, 1.0, 2.0])
DOMAINS = {
    "box": regions.Box([-1.0, 0.1], [1.0, 2.0]),
    "polytope": regions.HPolytope(ROWS, RIGHT),
    "ball": regions.Ball([0.0, 0.0], 0.7, 2),
}


def holds(domain, point: tuple[Fraction, ...]) -> bool:
    """Whether a point lies in one of the domains, by fractions."""
    if isinstance(domain, regions.Ball):
        return sum(v * v for v in point) <= Fraction(domain.radius) ** 2
    A, b = ROWS, RIGHT
    if isinstance(domain, regions.Box):
        A = np.vstack([np.eye(2), -np.eye(2)])
        b = np.append(domain.upper, -domain.lower)
    return all(
        sum(Fraction(w) * v for w, v in zip(row, point, strict=True)) <= Fraction(end)
        for row, end in zip(A.tolist(), b.tolist(), strict=True)
    )


def places() -> np.ndarray:
    """Points all over the domains, on their borders, and far beyond."""
    rng = np.random.default_rng(0)
    around = rng.normal(size=(100, 2))
    rim = 0.7 * around / np.linalg.norm(around, axis=1)[:, None]
    on = np.array([[1.0, 0.0], [-1.0, 0.1], [1.0, 2.0], [0.0, 1.5], [0.5, 1.0]])
    return np.concatenate([on, rim, around, 1e3 * around])


@pytest.mark.parametrize("name", DOMAINS)
def test_points_to_try_lie_in_the_domain(name):
    domain = DOMAINS[name]
    problem = Problem(random_network(np.random.default_rng(1), 2, [3]), domain, [])
    box = Box(tuple(problem.low), tuple(problem.high))
    kept = 0
    for near in places():
        given = tuple(map(Fraction, near.tolist()))
        point = point_inside(problem, near)
        assert holds(domain, point)
        if name == "box" and holds(domain, given):
            assert point == given
        hint = Hint(near, Dual((), {}, {}), {}, {}, 0.0)
        suggested = rational_point(problem, box, hint)
        assert suggested is None or holds(domain, suggested)
        if holds(domain, given):
            assert suggested == given
            kept += 1
    assert kept > 5


@pytest.mark.parametrize("upper", [0.5, 1.0, 1.25, 3.0])
def test_a_node_is_empty_only_if_its_signs_cannot_be(upper):
    """A unit x - 1 that is on: nothing of it lies below 1, and at 1 one point does."""
    network = regions.ReluNetwork.from_arrays([[[1.0]], [[1.0]]], [[-1.0], [0.0]])
    domain = regions.Box([0.0], [upper])
    problem = Problem(network, domain, [(Linear((Fraction(1),)),)])
    box = Box(tuple(problem.low), tuple(problem.high))
    node = Node(box, exact_bounds(problem, box), {(0, 0): True})
    for weight in (fmpq(1, 1000), fmpq(1), fmpq(1000)):
        dual = Dual((fmpq(0),), {(0, 0): weight}, {})
        hint = Hint(None, dual, {}, {}, 0.0)
        assert proves_empty(problem, 0, node, hint) is (upper < 1)
