"""Recession cones against polyhedra whose cones are known."""

import numpy as np
import pytest

from regions.lp.recession import (
    MAX_SUBSETS,
    balances,
    falls_along_a_direction,
    is_cone_trivial,
    recession_cone,
)
from regions.polytopes.report import describe_polytope
from tests.helpers import random_network


def test_an_orthant_recedes_along_its_axes():
    rows = [[-int(i == j) for j in range(4)] + [0] for i in range(4)]
    cone = recession_cone(rows, 4)
    assert cone.lineality == ()
    assert set(cone.rays or ()) == {
        tuple(int(i == j) for j in range(4)) for i in range(4)
    }


def test_a_slab_recedes_both_ways():
    cone = recession_cone([[1, 1, 2], [-1, -1, 3]], 2)
    assert len(cone.lineality) == 1
    assert cone.lineality[0] in ((1, -1), (-1, 1))
    assert cone.rays == ()
    assert not cone.is_trivial


def test_a_triangle_recedes_nowhere():
    assert recession_cone([[-1, 0, 0], [0, -1, 0], [1, 1, 1]], 2).is_trivial


def test_no_rows_leave_all_directions():
    assert len(recession_cone([], 3).lineality) == 3


def test_many_rows_give_one_certified_direction():
    rng = np.random.default_rng(0)
    rows = rng.integers(-9, 10, (24, 8))
    rows[rows.sum(axis=1) > 0] *= -1
    table = [[*row, 1] for row in rows.tolist()]
    assert len(table) ** 7 > MAX_SUBSETS
    cone = recession_cone(table, 8)
    assert cone.rays is None
    assert cone.direction is not None
    values = rows @ np.array(cone.direction, object)
    assert max(values) <= 0
    assert min(values) < 0


@pytest.mark.parametrize("seed", range(10))
def test_trivial_cones_are_those_of_bounded_regions(seed):
    rng = np.random.default_rng(seed)
    network, x = random_network(rng, 2, [4, 3]), rng.uniform(-1, 1, 2)
    report = describe_polytope(network, x)
    assert report.recession is not None
    assert report.polytope is not None
    assert report.recession.is_trivial == report.polytope.is_bounded
    for u in (*report.recession.lineality, *(report.recession.rays or ())):
        far = x + 1e6 * np.array(u, float) / max(abs(v) for v in u)
        assert (network.patterns(far[None])[0] == report.pattern).all()


def test_float64_proofs_say_what_exact_programs_say():
    rng, proved = np.random.default_rng(0), 0
    for k in range(60):
        dim = int(rng.integers(2, 5))
        rows = rng.integers(-3, 4, (3 * dim, dim)).astype(float)
        rows = rows[rows.any(axis=1)]
        exact, none = is_cone_trivial(rows), np.zeros(len(rows))
        assert not balances(rows, none) or exact, k
        assert not falls_along_a_direction(rows, none) or not exact, k
        proved += balances(rows, none)
    assert proved > 20


def test_rows_with_large_errors_prove_nothing():
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    assert balances(rows, np.full(3, 1e-12))
    assert not balances(rows, np.full(3, 0.3))
    # The half plane recedes; its two rows balance, and do not span.
    assert not balances(np.array([[1.0, 0.0], [-1.0, 0.0], [-2.0, 0.0]]), np.zeros(3))
