"""The batched interior point against closed forms and a simplex solver."""

import numpy as np
import pytest
from scipy.optimize import linprog

from regions.lp.batches import bounding_boxes, chebyshev_balls, solve_batch


def _random_polytopes(
    rng: np.random.Generator, count: int, dim: int, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Polytopes in the cube, with random rows that keep the origin inside."""
    cube = np.concatenate([np.eye(dim), -np.eye(dim)])
    A = rng.standard_normal((count, rows, dim))
    b = np.abs(rng.standard_normal((count, rows))) + 0.1
    A = np.concatenate([A, np.broadcast_to(cube, (count, 2 * dim, dim))], axis=1)
    return A, np.concatenate([b, np.ones((count, 2 * dim))], axis=1)


def _radius_by_simplex(A: np.ndarray, b: np.ndarray, max_radius: float) -> float:
    norms = np.linalg.norm(A, axis=1)
    keep = norms > 0
    A, b = A[keep] / norms[keep, None], b[keep] / norms[keep]
    dim = A.shape[1]
    result = linprog(
        np.append(np.zeros(dim), -1.0),
        A_ub=np.column_stack([A, np.ones(len(A))]),
        b_ub=b,
        bounds=[(None, None)] * dim + [(None, max_radius)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0
    return -result.fun


def _simplex_rows(dim: int) -> tuple[np.ndarray, np.ndarray]:
    """`x >= 0` and `sum x <= 1`."""
    A = np.concatenate([-np.eye(dim), np.ones((1, dim))])
    return A, np.append(np.zeros(dim), 1.0)


@pytest.mark.parametrize("dim", [1, 3])
def test_chebyshev_balls_of_the_simplex_match_the_formula(dim):
    A, b = _simplex_rows(dim)
    balls = chebyshev_balls(A[None], b[None], 10.0)
    assert balls.converged.all()
    np.testing.assert_allclose(balls.radii, 1.0 / (dim + np.sqrt(dim)), atol=1e-12)
    np.testing.assert_allclose(balls.centers[0], balls.radii[0], atol=1e-11)


def test_chebyshev_balls_of_the_square_and_the_3_4_5_triangle():
    square = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]), np.ones(4)
    triangle = np.array([[-1.0, 0], [0, -1], [4, 3], [0, 0]]), np.array([0, 0, 12.0, 1])
    A = np.stack([square[0], triangle[0]])
    balls = chebyshev_balls(A, np.stack([square[1], triangle[1]]), 10.0)
    np.testing.assert_allclose(balls.centers, [[0, 0], [1, 1]], atol=1e-11)
    np.testing.assert_allclose(balls.radii, [1, 1], atol=1e-12)
    # The triangle has exactly three active rows and one row of padding.
    assert (balls.duals[1, :3] > 0.1).all()
    assert abs(balls.duals[1, 3]) < 1e-9


@pytest.mark.parametrize("dim", [2, 5])
def test_chebyshev_balls_of_random_polytopes_match_the_simplex_method(dim):
    A, b = _random_polytopes(np.random.default_rng(dim), 25, dim, 5 * dim)
    balls = chebyshev_balls(A, b, 5.0)
    expected = [_radius_by_simplex(*p, 5.0) for p in zip(A, b, strict=True)]
    assert balls.converged.all()
    np.testing.assert_allclose(balls.radii, expected, rtol=0, atol=1e-9)


def test_chebyshev_balls_duals_prove_the_radius():
    A, b = _random_polytopes(np.random.default_rng(0), 50, 3, 15)
    balls = chebyshev_balls(A, b, 5.0)
    norms = np.linalg.norm(A, axis=2)
    slack = (b - np.einsum("brd,bd->br", A, balls.centers)) / norms
    assert (balls.duals >= 0).all()
    np.testing.assert_allclose(balls.duals.sum(1), 1.0, atol=1e-9)
    combination = np.einsum("br,brd->bd", balls.duals, A / norms[..., None])
    np.testing.assert_allclose(combination, 0.0, atol=1e-9)
    np.testing.assert_allclose((balls.duals * b / norms).sum(1), balls.radii, atol=1e-9)
    # Complementarity: a row is active or its multiplier is small.
    gap = balls.duals * (slack - balls.radii[:, None])
    assert np.abs(gap).max() < 1e-9


def test_chebyshev_balls_of_unbounded_polyhedra_reach_the_cap():
    half = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.5, 1.0])
    strip = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1.0, 1.0])
    A, b = np.stack([half[0], strip[0]]), np.stack([half[1], strip[1]])
    balls = chebyshev_balls(A, b, 100.0)
    assert balls.converged.all()
    np.testing.assert_allclose(balls.radii, [100.0, 1.0], atol=1e-9)


def test_chebyshev_balls_of_empty_polyhedra_are_negative():
    A = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    b = np.array([[0.0, -0.05, 1, 1], [0.0, -1e-7, 1, 1], [0.0, -3.0, 1, 1]])
    balls = chebyshev_balls(np.stack([A] * 3), b, 10.0)
    assert balls.converged.all()
    np.testing.assert_allclose(balls.radii, [-0.025, -5e-8, -1.5], atol=1e-10)


def test_chebyshev_balls_with_an_impossible_constant_row_are_minus_infinite():
    A = np.array([[[1.0, 0.0], [0.0, 0.0]]] * 2)
    balls = chebyshev_balls(A, np.array([[1.0, -1e-30], [1.0, 0.0]]), 2.0)
    assert balls.radii[0] == -np.inf
    assert balls.radii[1] == pytest.approx(2.0)


@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9])
def test_chebyshev_balls_of_thin_strips_keep_their_radius(width):
    rng = np.random.default_rng(3)
    normals = rng.standard_normal((20, 1, 3))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    cube = np.broadcast_to(np.concatenate([np.eye(3), -np.eye(3)]), (20, 6, 3))
    A = np.concatenate([normals, -normals, cube], axis=1)
    b = np.tile(np.r_[width, 0.0, np.ones(6)], (20, 1))
    balls = chebyshev_balls(A, b, 10.0)
    assert balls.converged.all()
    np.testing.assert_allclose(balls.radii, width / 2, rtol=0, atol=1e-11)


def test_chebyshev_balls_ignore_the_lengths_of_rows():
    rng = np.random.default_rng(4)
    A, b = _random_polytopes(rng, 30, 3, 15)
    lengths = 10.0 ** rng.uniform(-12, 12, b.shape)
    scaled = chebyshev_balls(A * lengths[..., None], b * lengths, 5.0)
    plain = chebyshev_balls(A, b, 5.0)
    assert scaled.converged.all()
    np.testing.assert_allclose(scaled.radii, plain.radii, rtol=0, atol=1e-11)


@pytest.mark.parametrize("size", [1e-8, 1e-3, 1e6])
def test_chebyshev_balls_scale_with_the_polytope(size):
    A, b = _random_polytopes(np.random.default_rng(6), 20, 3, 15)
    plain = chebyshev_balls(A, b, 5.0)
    scaled = chebyshev_balls(A, size * b, 5.0 * size)
    assert scaled.converged.all()
    np.testing.assert_allclose(scaled.radii, size * plain.radii, rtol=1e-10)


def test_chebyshev_balls_do_not_depend_on_the_batch():
    A, b = _random_polytopes(np.random.default_rng(7), 17, 3, 15)
    together = chebyshev_balls(A, b, 5.0)
    alone = [
        chebyshev_balls(A[i : i + 1], b[i : i + 1], 5.0).radii[0] for i in range(17)
    ]
    np.testing.assert_allclose(together.radii, alone, rtol=0, atol=1e-12)
    nothing = chebyshev_balls(A[:0], b[:0], 5.0)
    assert nothing.centers.shape == (0, 3)


def test_bounding_boxes_of_random_polytopes_match_the_simplex_method():
    A, b = _random_polytopes(np.random.default_rng(8), 10, 3, 15)
    boxes = bounding_boxes(A, b)
    assert boxes.converged.all()
    for i in range(10):
        for k in range(3):
            for found, sign in [(boxes.lower, 1), (boxes.upper, -1)]:
                result = linprog(
                    sign * np.eye(3)[k], A_ub=A[i], b_ub=b[i], bounds=(None, None)
                )
                assert found[i, k] == pytest.approx(sign * result.fun, abs=1e-9)


def test_bounding_boxes_of_an_unbounded_or_empty_polyhedron_do_not_converge():
    A = np.array([[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]] * 2)
    boxes = bounding_boxes(A, np.array([[1.0, 1.0, 1.0], [-1.0, -1.0, 1.0]]))
    assert not boxes.converged[0, 1, 0]
    assert not boxes.converged[1].any()


def test_solve_batch_meets_the_optimality_conditions():
    rng = np.random.default_rng(9)
    G, h = _random_polytopes(rng, 40, 3, 15)
    cost = rng.standard_normal((40, 3))
    result = solve_batch(cost, G, h)
    slack = h - np.einsum("brd,bd->br", G, result.x)
    assert result.converged.all()
    assert slack.min() > -1e-10
    assert (result.duals >= 0).all()
    np.testing.assert_allclose(
        np.einsum("br,brd->bd", result.duals, G), -cost, atol=1e-10
    )
    assert np.abs(result.duals * slack).max() < 1e-10
