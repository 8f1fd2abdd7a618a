"""Boxes bounded by gradient steps, proved in float64: against the list and the checker.

All boxes are bounded so here, however few units are open.
"""

from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.certificates.answers import verify_answer
from regions.questions import maxima, search
from regions.questions.backward import Box, Dual, goal_bound
from regions.questions.exact_bounds import UnitBounds
from regions.questions.problem import Linear, Problem
from regions.questions.relaxation import Node
from regions.questions.unit_bounds import float_goal_bound, unit_bounds
from regions.signs.exact import to_fmpq
from tests.helpers import random_network
from tests.zoo import ZOO


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Only quick boxes, and no list, at first."""
    monkeypatch.setattr(search, "MANY_OPEN_UNITS", 0)
    monkeypatch.setattr(search, "FEW_UNITS", 0)
    monkeypatch.setattr(maxima, "FEW_NODES", 10**9)


@pytest.mark.parametrize("seed", range(3))
def test_ranges_are_those_of_the_list_and_verified(seed, tmp_path):
    dim = 2 + seed
    network = random_network(np.random.default_rng(seed), dim, [5, 4], outputs=2)
    box = regions.Box(-np.ones(dim), np.linspace(0.25, 1.0, dim))
    exact = regions.output_range(network, box, 1, method="list").value
    answer = regions.output_range(network, box, 1, tolerance=1e-2)
    for value, right in zip(answer.value, exact, strict=True):
        low, high = value if isinstance(value, tuple) else (value, value)
        assert low <= right <= high
        assert high - low <= 0.01
    assert verify_answer(answer.save(tmp_path / "answer.json"), network=network).ok


@pytest.mark.parametrize("name", ["prelu", "residual", "skip_blocks"])
def test_bounds_in_float64_are_no_less_than_the_exact_ones(name):
    network, domain = ZOO[name]
    weights = tuple(Fraction(k + 1, 2) for k in range(network.output_dim))
    problem = Problem(network, domain, [(Linear(weights),)])
    rng = np.random.default_rng(0)
    box = Box(tuple(problem.low), tuple(problem.high))
    bounds: UnitBounds = unit_bounds(problem, box)
    node = Node(box, bounds, {})
    for _ in range(5):
        tangents = [
            layer.slopes + rng.integers(0, 9, layer.width) / 8 * (1 - layer.slopes)
            for layer in network.hidden
        ]
        named = {
            u: to_fmpq(float(tangents[u[0]][u[1]])) for u in node.open_units(problem)
        }
        exact = goal_bound(
            problem, 0, Dual([to_fmpq(1)], {}, {}), node.lines(problem, named), box
        )
        found = float_goal_bound(problem, 0, box, bounds, tangents)
        assert found is not None
        assert exact <= found <= exact + abs(exact) / 10**6 + to_fmpq(1e-9)
