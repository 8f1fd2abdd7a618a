"""Linear programs: closed forms, optimality conditions, exact decisions."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings, strategies as st
from scipy.optimize import linprog

from regions.domains.shapes import Box
from regions.errors import EmptyPolyhedronError, SolverError
from regions.lp import farkas, redundancy, solve
from regions.lp.batches import chebyshev_balls
from regions.patterns.halfspaces import Halfspaces, halfspaces
from tests.helpers import brute_force_patterns, largest_slack, random_network
from tests.zoo import ZOO

SQUARE = np.array([[-1.0, 0], [1, 0], [0, -1], [0, 1]])


def _simplex(dim: int) -> Halfspaces:
    A = np.concatenate([-np.eye(dim), np.ones((1, dim))])
    return Halfspaces(A, np.append(np.zeros(dim), 1.0))


def _in_box(rows: Halfspaces, box: Box) -> Halfspaces:
    A, b = box.rows()
    return Halfspaces(np.vstack([rows.A, A]), np.append(rows.b, b))


def test_chebyshev_ball_of_the_square_is_the_unit_disk():
    ball = solve.chebyshev_ball(Halfspaces(SQUARE, np.ones(4)), max_radius=10.0)
    assert ball.radius == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(ball.center, 0.0, atol=1e-9)


def test_chebyshev_ball_of_the_3_4_5_triangle_is_its_incircle():
    rows = Halfspaces(np.array([[-1.0, 0], [0, -1], [4, 3]]), np.array([0, 0, 12.0]))
    ball = solve.chebyshev_ball(rows, max_radius=10.0)
    assert ball.radius == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(ball.center, 1.0, atol=1e-9)


@pytest.mark.parametrize("dim", [1, 2, 3, 6])
def test_chebyshev_ball_of_the_right_simplex_matches_the_formula(dim):
    ball = solve.chebyshev_ball(_simplex(dim), max_radius=10.0)
    assert ball.radius == pytest.approx(1.0 / (dim + math.sqrt(dim)), abs=1e-9)


def test_chebyshev_ball_of_a_half_plane_reaches_the_cap():
    rows = Halfspaces(np.array([[2.0, 0.0]]), np.array([1.0]))
    assert solve.chebyshev_ball(rows, max_radius=7.0).radius == pytest.approx(7.0)


@pytest.mark.parametrize("width", [1e-6, 1e-9, 1e-12, 1e-15])
def test_chebyshev_ball_of_a_thin_strip_is_certified_inside(width):
    A = np.vstack([SQUARE, [[1.0, 0.5], [-1.0, -0.5]]])
    rows = Halfspaces(A, np.array([1, 1, 1, 1, width, 0.0]))
    ball = solve.chebyshev_ball(rows, max_radius=10.0)
    assert (farkas.slack_signs(rows.A, rows.b, ball.center) == 1).all()
    assert ball.radius == pytest.approx(width / 2 / math.hypot(1, 0.5), rel=0.3)


@pytest.mark.parametrize("gap", [1.0, 0.05, 1e-9, 1e-15])
def test_chebyshev_ball_of_an_empty_polyhedron_raises(gap):
    A = np.vstack([SQUARE, [[1.0, 0.5], [-1.0, -0.5]]])
    rows = Halfspaces(A, np.array([1, 1, 1, 1, 0.0, -gap]))
    with pytest.raises(EmptyPolyhedronError, match="no point satisfies the 6 rows"):
        solve.chebyshev_ball(rows, max_radius=10.0)
    assert not solve.has_interior(rows)


def test_chebyshev_ball_of_a_segment_in_the_plane_has_radius_zero():
    A = np.vstack([SQUARE, [[1.0, 0.5], [-3.0, -1.5]]])
    rows = Halfspaces(A, np.array([1, 1, 1, 1, 0.25, -0.75]))
    assert solve.chebyshev_ball(rows, max_radius=10.0).radius == 0.0
    assert not solve.has_interior(rows)
    with pytest.raises(EmptyPolyhedronError, match="has no interior"):
        redundancy.facets(rows)


def test_constant_row_that_cannot_hold_raises():
    rows = Halfspaces(np.array([[0.0, 0.0]]), np.array([-1e-30]))
    with pytest.raises(EmptyPolyhedronError, match="row 0 says 0 <= -1"):
        solve.chebyshev_ball(rows, max_radius=1.0)


def test_maximize_meets_the_optimality_conditions():
    rng = np.random.default_rng(0)
    for dim in (2, 3, 6):
        G = np.vstack([rng.standard_normal((12, dim)), np.eye(dim), -np.eye(dim)])
        G, h, _ = solve.unit_rows(G, np.append(np.full(12, 0.4), np.ones(2 * dim)))
        c = rng.standard_normal(dim)
        answer = solve.maximize_by_solver(c, G, h)
        slack = h - G @ answer.x
        assert slack.min() > -1e-9
        assert answer.duals.min() > -1e-9
        assert np.abs(answer.duals * slack).max() < 1e-9
        np.testing.assert_allclose(answer.duals @ G, c, atol=1e-9)


def test_a_program_of_unknown_status_is_solved_anew(monkeypatch):
    """It has too many variables to be solved exactly."""
    problem = solve._maximum_problem(96, 48)[0]
    G = np.vstack([np.eye(48), -np.eye(48)])
    cost = np.linspace(-1.0, 2.0, 48)

    def gives_up(**_):
        raise ValueError("unknown")

    monkeypatch.setattr(problem, "solve", gives_up)
    answer = solve.maximize_by_solver(cost, G, np.ones(96))
    assert answer.status == solve.OPTIMAL
    np.testing.assert_allclose(answer.x, np.sign(cost), atol=1e-9)


def test_maximize_where_the_solver_gives_up_is_exact():
    G, h = np.vstack([SQUARE, [[1.0, 1.0]]]), np.array([1.0, 1, 1, 1, 1.5])
    for c in (np.array([1.0, 2.0]), np.array([3.0, 1.0])):
        usual, exact = (
            solve.maximize_by_solver(c, G, h),
            solve._solved_exactly(c, G, h, "unknown"),
        )
        assert exact.status == usual.status == solve.OPTIMAL
        np.testing.assert_allclose(exact.x, usual.x, atol=1e-9)
        np.testing.assert_allclose(exact.duals, usual.duals, atol=1e-9)
    assert solve._solved_exactly(-c, G[1:2], h[1:2], "unknown").status == "unbounded"
    many = np.zeros(100)
    with pytest.raises(SolverError, match="not solved"):
        solve._solved_exactly(many, np.zeros((1, 100)), np.ones(1), "unknown")


def test_maximize_problem_is_parametrized_once_per_shape():
    G, h = np.vstack([SQUARE]), np.ones(4)
    solve.maximize_by_solver(np.ones(2), G, h)
    before = solve._maximum_problem.cache_info().misses
    solve.maximize_by_solver(np.ones(2), 2.0 * G, h)
    assert solve._maximum_problem.cache_info().misses == before
    assert solve._maximum_problem(8, 2)[0].is_dpp()


def test_bounds_of_a_triangle_and_of_unbounded_polyhedra():
    lower, upper = solve.bounds(_simplex(2))
    np.testing.assert_allclose([lower, upper], [[0, 0], [1, 1]], atol=1e-9)
    strip = Halfspaces(np.array([[1.0, 1.0], [-1.0, -1.0]]), np.array([1.0, 1.0]))
    lower, upper = solve.bounds(strip)
    np.testing.assert_array_equal([lower, upper], [[-np.inf] * 2, [np.inf] * 2])
    quadrant = Halfspaces(np.array([[-1.0, 0.0], [0.0, -1.0]]), np.array([1.0, -2.0]))
    lower, upper = solve.bounds(quadrant)
    np.testing.assert_allclose(lower, [-1.0, 2.0], atol=1e-9)
    np.testing.assert_array_equal(upper, np.inf)


def test_bounds_of_an_empty_polyhedron_raise():
    rows = Halfspaces(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([0.0, -1.0]))
    with pytest.raises(EmptyPolyhedronError, match="no point"):
        solve.bounds(rows)


def _check_proofs(rows: Halfspaces, answer: redundancy.Irredundant) -> None:
    """Re-derive every proof with other code: fractions, one row at a time."""
    kept = sorted(answer.facets)
    assert sorted([*answer.facets, *answer.redundant]) == list(range(len(rows)))

    def exact(values):
        return [fmpq(*float(v).as_integer_ratio()) for v in values]

    for row, evidence in answer.facets.items():
        point = exact(evidence.beyond)
        if evidence.exact is not None:
            point = [fmpq(v.numerator, v.denominator) for v in evidence.exact]
        for other in kept:
            products = zip(exact(rows.A[other]), point, strict=True)
            slack = exact(rows.b[[other]])[0] - sum(a * t for a, t in products)
            assert slack < 0 if other == row else slack > 0
    for row, weights in answer.redundant.items():
        assert all(w >= 0 for w in weights.values())
        assert row not in weights
        for k in range(rows.dim):
            total = sum(
                (w * exact(rows.A[[i], k])[0] for i, w in weights.items()), fmpq(0)
            )
            assert total == exact(rows.A[[row], k])[0]
        bound = sum((w * exact(rows.b[[i]])[0] for i, w in weights.items()), fmpq(0))
        assert bound <= exact(rows.b[[row]])[0]


def test_facets_of_the_square_with_redundant_and_equal_rows():
    A = np.vstack(
        [SQUARE, [[2.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [3.0, 0.0]]]
    )
    rows = Halfspaces(A, np.array([1, 1, 1, 1, 2.0, 2.0, 5.0, 0.0, 9.0]))
    answer = redundancy.facets(rows)
    assert list(answer.facets) == [0, 1, 2, 3]
    assert answer.redundant[4] == {1: fmpq(2)}
    assert answer.redundant[5] == {1: fmpq(1), 3: fmpq(1)}
    _check_proofs(rows, answer)


def test_facets_keep_the_lowest_index_of_equal_rows_and_the_tightest_of_parallel():
    A = np.vstack([[[3.0, 0.0], [1.0, 0.0], [2.0, 0.0]], SQUARE[[0, 2, 3]]])
    rows = Halfspaces(A, np.array([9.0, 1.0, 2.0, 1.0, 1.0, 1.0]))
    answer = redundancy.facets(rows)
    assert list(answer.facets) == [1, 3, 4, 5]
    assert answer.redundant[0] == {1: fmpq(3)}
    assert answer.redundant[2] == {1: fmpq(2)}
    _check_proofs(rows, answer)


# Rows that tie within one rounding: exact linear programs tell them apart.
TIED = {"equal_up_to_rounding", "bias_free_in_space"}


@pytest.mark.parametrize("name", sorted(TIED))
def test_facets_of_rows_tied_within_rounding_are_proved(name):
    network, box = ZOO[name]
    points = np.random.default_rng(1).uniform(box.lower, box.upper, (20, box.dim))
    for pattern in network.patterns(points):
        rows = _in_box(halfspaces(network, pattern), box)
        _check_proofs(rows, redundancy.facets(rows))


@pytest.mark.parametrize("gap", [1e-9, 1e-13, 2.0**-53])
def test_facet_that_cuts_off_a_corner_is_found_and_one_that_touches_is_not(gap):
    A = np.vstack([SQUARE, [[1.0, 1.0], [1.0, 1.0]]])
    b = np.array([1, 1, 1, 1, 2.0, 3.0])
    A[1, 0] -= gap  # moves the corner (1, 1) beyond the row of 2
    rows = Halfspaces(A, b)
    answer = redundancy.facets(rows)
    _check_proofs(rows, answer)
    assert list(answer.facets) == [0, 1, 2, 3, 4]
    touching = redundancy.facets(Halfspaces(np.vstack([SQUARE, A[4:5]]), b[:5]))
    assert list(touching.facets) == [0, 1, 2, 3]


def test_ball_of_a_set_without_a_float64_point_is_decided():
    low, high = 1.98, np.nextafter(1.98, 2.0)
    for slope in 1.96 + 2.0**-52 * np.arange(8):
        A = np.array([[slope], [-slope]])
        near = float(Fraction(low) / Fraction(slope))
        near = np.array([[np.nextafter(near, 0)], [near], [np.nextafter(near, 2)]])
        thin = Halfspaces(A, np.array([high, -low]))
        inside = [farkas.slack_signs(A, thin.b, x).min() > 0 for x in near]
        assert solve.has_interior(thin)
        answer = redundancy.facets(thin)
        assert list(answer.facets) == [0, 1]
        _check_proofs(thin, answer)
        assert not solve.has_interior(Halfspaces(A, np.array([low, -low])))
        assert not solve.has_interior(Halfspaces(A, np.array([low, -high])))
        if not any(inside):
            return
    raise AssertionError("every interval had a float64 point")


@pytest.mark.parametrize("name", sorted(set(ZOO) - TIED))
def test_facets_of_the_zoo_are_proved_row_by_row(name):
    network, box = ZOO[name]
    rng = np.random.default_rng(1)
    points = rng.uniform(box.lower, box.upper, (2, box.dim))
    for pattern in network.patterns(points):
        rows = _in_box(halfspaces(network, pattern), box)
        answer = redundancy.facets(rows)
        _check_proofs(rows, answer)
        for row in answer.redundant:
            # Without the row the polytope stays: flipping it leaves no room.
            keep = np.array(sorted(answer.facets))
            if rows.A[row].any():
                A = np.vstack([rows.A[keep], -rows.A[row]])
                room = largest_slack(A, np.append(rows.b[keep], -rows.b[row]))
                assert room < 1e-9


@settings(derandomize=True, deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_facets_of_integer_polytopes_match_brute_force(seed, dim):
    """Small integers make ties, equal rows and redundant rows that just touch."""
    rng = np.random.default_rng(seed)
    A = np.vstack([np.eye(dim), -np.eye(dim), rng.integers(-1, 2, (8, dim))])
    rows = Halfspaces(A, np.append(np.full(2 * dim, 2.0), rng.integers(1, 5, 8)))
    answer = redundancy.facets(rows)
    _check_proofs(rows, answer)


def _regions_of_an_arrangement(count: int, dim: int) -> int:
    return sum(math.comb(count, k) for k in range(dim + 1))


@pytest.mark.parametrize(
    ("dim", "units", "mean"),
    [(2, 4, 2.9091), (2, 6, 3.2727), (3, 5, 4.2308), (3, 7, 4.8125)],
)
def test_mean_facets_of_a_generic_layer_match_the_formula(dim, units, mean):
    """Every cell of an arrangement is counted once from each side of each wall."""
    network = random_network(np.random.default_rng(dim + units), dim, [units], 1.0)
    whole = Box(np.full(dim, -1e4), np.full(dim, 1e4))
    patterns = brute_force_patterns(network, whole)
    regions = _regions_of_an_arrangement(units, dim)
    assert len(patterns) == regions
    walls = 2 * units * _regions_of_an_arrangement(units - 1, dim - 1)
    total = sum(
        len(redundancy.facets(halfspaces(network, np.array(p))).facets)
        for p in patterns
    )
    assert total == walls
    assert total / regions == pytest.approx(mean, abs=1e-4)


def test_stacked_and_batched_balls_equal_single_ones():
    rng = np.random.default_rng(2)
    dim = 3
    A = np.concatenate(
        [
            rng.standard_normal((12, 14, dim)),
            np.broadcast_to(np.vstack([np.eye(dim), -np.eye(dim)]), (12, 6, dim)),
        ],
        axis=1,
    )
    b = np.concatenate(
        [np.abs(rng.standard_normal((12, 14))) + 0.1, np.ones((12, 6))], 1
    )
    A[0, 3], b[0, 3] = 0.0, 1.0
    A[1, 3], b[1, 3] = 0.0, -1.0
    A[2, 0], b[2, 0] = -A[2, 1], -b[2, 1] - 0.5
    _, stacked = solve.chebyshev_balls_stacked(A, b, max_radius=5.0)
    batched = chebyshev_balls(A, b, 5.0)
    assert batched.converged.all()
    assert stacked[1] == batched.radii[1] == -np.inf
    keep = np.arange(12) != 1
    np.testing.assert_allclose(stacked[keep], batched.radii[keep], rtol=0, atol=1e-8)
    for i in range(3, 12):
        ball = solve.chebyshev_ball(Halfspaces(A[i], b[i]), max_radius=5.0)
        assert ball.radius == pytest.approx(batched.radii[i], abs=1e-9)
    assert batched.radii[2] < 0
    with pytest.raises(EmptyPolyhedronError):
        solve.chebyshev_ball(Halfspaces(A[2], b[2]), max_radius=5.0)


def test_slack_signs_of_points_on_a_row_are_exact():
    A = np.array([[0.1, 0.2], [0.1, 0.2], [1.0, 0.0]])
    x = np.array([1.0, 1.0])
    # 0.1 + 0.2 as exact dyadic numbers lies below the float64 that the sum rounds to.
    signs = farkas.slack_signs(A, np.array([0.1 + 0.2, 0.3, 1.0]), x)
    assert signs.tolist() == [1, -1, 0]


def test_bounds_along_axes_that_no_row_tells(monkeypatch):
    """Independent of the rows, or of rows of which one is the sum of others."""
    rng = np.random.default_rng(3)
    A = rng.normal(size=(6, 9))
    A[:, 4] = 0.0
    A = np.vstack([A, A[0] + A[1], np.eye(9)[4], -np.eye(9)[4]])
    rows = Halfspaces(A, np.ones(len(A)))
    told = []
    asked = solve.maximize_by_solver

    def note(cost, *rest):
        told.append(np.flatnonzero(cost))
        return asked(cost, *rest)

    monkeypatch.setattr(solve, "maximize_by_solver", note)
    lower, upper = solve.bounds(rows)
    axes = np.arange(9) != 4
    np.testing.assert_array_equal(
        [lower[axes], upper[axes]], [[-np.inf] * 8, [np.inf] * 8]
    )
    np.testing.assert_allclose([lower[4], upper[4]], [-1.0, 1.0])
    assert sum(cost.tolist() == [4] for cost in told) == 2
    assert all(cost.tolist() in ([4], [9]) for cost in told)


@pytest.mark.parametrize("seed", range(8))
def test_bounds_are_infinite_where_another_solver_finds_no_end(seed):
    """The rows span the space, and the polyhedron recedes in some directions."""
    A = np.random.default_rng(seed).integers(-3, 4, (7, 6)).astype(float)
    ends = solve.bounds(Halfspaces(A, np.ones(7)))
    free = (None, None)
    for side, axis in itertools.product((0, 1), range(6)):
        cost = (1 - 2 * side) * np.eye(6)[axis]
        found = linprog(cost, A, np.ones(7), bounds=free)
        assert found.status in (0, 3)
        other = found.x[axis] if found.status == 0 else (2 * side - 1) * np.inf
        assert ends[side][axis] == pytest.approx(other, abs=1e-7)
