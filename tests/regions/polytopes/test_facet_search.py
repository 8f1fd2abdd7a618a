"""Facets of one region: proved rows against closed formulas and `linprog`."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.optimize import linprog

from regions.domains.shapes import Box, WholeSpace
from regions.lp.exact_rows import equal_rows, has_full_rank, proves_redundant
from regions.lp.solve import maximize_by_solver
from regions.lp.warm_lp import WarmProgram
from regions.network import ReluNetwork
from regions.polytopes.facet_evidence import RowSystem
from regions.polytopes.facet_search import search_facets
from regions.polytopes.network_rows import NetworkRows, reduce_first_layer
from tests.helpers import brute_force_rows, random_network


def _system(table: list[list[int]]) -> RowSystem:
    """Rows of integers, which float64 holds exactly."""
    rows = np.array(table, float)
    return RowSystem(rows[:, :-1], rows[:, -1], np.zeros(len(rows)), lambda: table)


def _facets_by_linprog(A: np.ndarray, b: np.ndarray) -> set[int]:
    """Rows whose removal lets the optimum grow; for generic rows."""
    found = set()
    for k in range(len(b)):
        if not A[k].any():
            continue
        relaxed = b.copy()
        relaxed[k] += 1.0
        answer = linprog(
            -A[k], A_ub=A, b_ub=relaxed, bounds=[(None, None)] * A.shape[1]
        )
        assert answer.status == 0
        if -answer.fun > b[k] + 1e-7:
            found.add(k)
    return found


def _bits(network: ReluNetwork, x: np.ndarray) -> np.ndarray:
    """Pattern of a point over all hidden units."""
    return np.concatenate([p[0] > 0 for p in network.pre_activations(x[None])[:-1]])


@pytest.mark.parametrize("seed", range(6))
def test_facets_of_a_random_region_equal_linprog(seed):
    rng = np.random.default_rng(seed)
    dim = int(rng.integers(2, 6))
    network = random_network(rng, dim, [8, 7])
    x, box = rng.uniform(-1, 1, dim), Box.cube(dim, 1.5)
    rows = NetworkRows(network, box)
    search = search_facets(rows.system(_bits(network, x)), x)
    A, b = brute_force_rows(network, network.patterns(x[None])[0])
    polytope = box.polytope()
    A, b = np.vstack([A, polytope.A]), np.append(b, polytope.b)
    assert set(search.facets) == _facets_by_linprog(A, b)
    assert sorted([*search.facets, *search.redundant]) == list(range(len(b)))


def test_independent_rows_are_all_facets():
    rng = np.random.default_rng(0)
    network = random_network(rng, 40, [30])
    x = rng.standard_normal(40)
    search = search_facets(
        NetworkRows(network, WholeSpace(40)).system(_bits(network, x)), x
    )
    assert len(search.facets) == 30


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(1, 4)),
        min_size=1,
        max_size=9,
    )
)
def test_facets_of_integer_rows_are_the_edges_of_the_polygon(rows):
    table = [list(row) for row in rows]
    search = search_facets(_system(table), np.zeros(2))
    # Edges of {a.x <= b} with b > 0 are vertices of the hull of 0 and all a / b.
    points = {(a / b, c / b) for a, c, b in rows if (a, c) != (0, 0)}
    corners = set()
    for p in points:
        others = np.array([q for q in points if q != p]).reshape(-1, 2)
        if not _in_hull(p, np.vstack([others, [0.0, 0.0]])):
            corners.add(p)
    named = {
        (table[k][0] / table[k][2], table[k][1] / table[k][2]) for k in search.facets
    }
    assert named == corners
    assert len(search.facets) == len(corners)


def _in_hull(point: tuple[float, float], others: np.ndarray) -> bool:
    """Whether a point is a convex combination of others."""
    answer = linprog(
        np.zeros(len(others)),
        A_eq=np.vstack([others.T, np.ones(len(others))]),
        b_eq=[*point, 1.0],
    )
    return answer.status == 0


def test_equal_halfspaces_are_named_once():
    table = [[1, 1, 2], [2, 2, 4], [-1, 0, 1], [0, -1, 1], [1, 1, 3]]
    search = search_facets(_system(table), np.zeros(2))
    assert list(search.facets) == [0, 2, 3]
    assert search.facets[0].same == (1,)
    assert equal_rows(table, range(5)) == {0: (1,)}


def test_a_row_that_touches_a_corner_is_redundant():
    table = [[-1, 0, 0], [0, -1, 0], [1, 1, 1], [-1, -1, 0]]
    search = search_facets(_system(table), np.array([0.25, 0.25]))
    assert list(search.facets) == [0, 1, 2]
    assert search.redundant == [3]


def test_multipliers_of_the_wrong_rows_prove_nothing():
    table = [[1, 0, 1], [0, 1, 1], [1, 1, 3], [1, 1, 1], [-1, 1, 1]]
    assert proves_redundant(table, 2, [0, 1])
    assert not proves_redundant(table, 3, [0, 1])
    assert not proves_redundant(table, 4, [0, 1])
    assert not proves_redundant(table, 2, [])


def test_full_rank_is_told_from_dependence():
    assert has_full_rank([[1, 2, 3], [0, 1, 5]])
    assert not has_full_rank([[1, 2, 3], [2, 4, 6]])
    assert not has_full_rank([[1], [2]])


def test_warm_programs_equal_cvxpy():
    rng = np.random.default_rng(1)
    G = np.vstack([rng.standard_normal((12, 3)), np.eye(3), -np.eye(3)])
    h = rng.uniform(0.5, 2.0, len(G))
    program = WarmProgram(G, h)
    for k in itertools.chain(range(6), range(3)):
        moved = h.copy()
        moved[k] += 0.5
        x, duals = program.optimum(G[k], k, 0.5)
        assert G[k] @ x == pytest.approx(
            G[k] @ maximize_by_solver(G[k], G, moved).x, abs=1e-8
        )
        np.testing.assert_allclose(duals @ G, G[k], atol=1e-8)


def test_reduced_coordinates_keep_the_facets():
    rng = np.random.default_rng(2)
    network = random_network(rng, 12, [8, 9, 4])
    x = rng.standard_normal(12)
    bits = _bits(network, x)
    direct = search_facets(NetworkRows(network, WholeSpace(12)).system(bits), x)
    reduction = reduce_first_layer(network, bits)
    assert reduction is not None
    z = network.pre_activations(x[None])[0][0]
    rows = NetworkRows(reduction.network, WholeSpace(len(reduction.kept)))
    small = search_facets(
        rows.system(np.concatenate([bits[:8][reduction.kept], bits[8:]])),
        z[reduction.kept],
    )
    kept = [*reduction.kept.tolist(), *range(8, 21)]
    expected = {kept[k] for k in small.facets} | set(reduction.dropped.tolist())
    assert set(direct.facets) == expected
    assert len(direct.redundant) > 0
