"""Batched Chebyshev balls in NumPy against HiGHS."""

import numpy as np
import pytest
from scipy.optimize import linprog

from regions.lp.chebyshev import small_batch_balls

CAP = 10.0


def highs_radius(A: np.ndarray, b: np.ndarray, cap: float = CAP) -> float:
    """The radius by another solver, in its own way of posing it."""
    lengths = np.linalg.norm(A, axis=1)
    real = lengths > 0.0
    dim = A.shape[1]
    result = linprog(
        np.append(np.zeros(dim), -1.0),
        A_ub=np.column_stack([A, lengths])[real] / lengths[real, None],
        b_ub=b[real] / lengths[real],
        bounds=[(None, None)] * dim + [(None, cap)],
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0, result.message
    return float(-result.fun)


def polytopes(
    rng: np.random.Generator, batch: int, dim: int, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Random rows, each polytope in the cube of half-width 1."""
    cube = np.broadcast_to(
        np.concatenate([np.eye(dim), -np.eye(dim)]), (batch, 2 * dim, dim)
    )
    A = np.concatenate([rng.standard_normal((batch, rows, dim)), cube], axis=1)
    b = rng.standard_normal((batch, rows)) * 0.5 + 0.3
    return A, np.concatenate([b, np.ones((batch, 2 * dim))], axis=1)


def assert_as_highs(A: np.ndarray, b: np.ndarray, tolerance: float = 1e-9) -> int:
    """Radii agree, and centers are as far from every row as the radii say."""
    centers, radii, duals = small_batch_balls(A, b, CAP)
    assert centers.shape == (len(A), A.shape[2])
    assert duals.shape == b.shape
    expected = np.array([highs_radius(*pair) for pair in zip(A, b, strict=True)])
    scale = 1.0 + np.abs(b).max(axis=1)
    assert (np.abs(radii - expected) <= tolerance * scale).all()
    lengths = np.linalg.norm(A, axis=2)
    gaps = (b - (A @ centers[..., None])[..., 0]) / np.where(lengths > 0, lengths, 1.0)
    nearest = np.where(lengths > 0, gaps, np.inf).min(1)
    np.testing.assert_allclose(np.minimum(nearest, CAP), radii, atol=1e-12)
    # Dual feasibility; the same value from below and above is optimality.
    assert (duals > -1e-12).all()
    assert np.abs((duals[..., None] * A).sum(1)).max() < 1e-7
    return int((expected < 0.0).sum())


@pytest.mark.parametrize("dim", range(1, 9))
def test_radii_of_random_polytopes_agree_with_highs(dim):
    rng = np.random.default_rng(dim)
    empty = 0
    for rows in (1, dim, 3 * dim):
        empty += assert_as_highs(*polytopes(rng, 12, dim, rows))
    # Both kinds are met: a negative radius is how deep the rows overlap.
    assert 0 < empty < 36


def test_batch_of_one_and_of_none():
    A, b = polytopes(np.random.default_rng(0), 1, 3, 4)
    assert_as_highs(A, b)
    centers, radii, duals = small_batch_balls(A[:0], b[:0], CAP)
    assert (centers.shape, radii.shape, duals.shape) == ((0, 3), (0,), (0, 10))


def test_answers_do_not_depend_on_the_rest_of_the_batch():
    A, b = polytopes(np.random.default_rng(1), 20, 3, 8)
    together = small_batch_balls(A, b, CAP)
    for k in range(len(A)):
        alone = small_batch_balls(A[k : k + 1], b[k : k + 1], CAP)
        np.testing.assert_allclose(alone[1][0], together[1][k], atol=1e-11)


def test_padding_rows_change_nothing():
    A, b = polytopes(np.random.default_rng(2), 10, 3, 6)
    wide = np.concatenate([A[:, :4], np.zeros((10, 5, 3)), A[:, 4:]], axis=1)
    right = np.concatenate([b[:, :4], np.ones((10, 5)), b[:, 4:]], axis=1)
    assert_as_highs(wide, right)
    np.testing.assert_allclose(
        small_batch_balls(wide, right, CAP)[1],
        small_batch_balls(A, b, CAP)[1],
        atol=1e-11,
    )


def test_scaled_rows_change_nothing():
    rng = np.random.default_rng(3)
    A, b = polytopes(rng, 10, 3, 6)
    factor = 10.0 ** rng.uniform(-12, 12, b.shape)
    radii = small_batch_balls(A, b, CAP)[1]
    scaled = small_batch_balls(A * factor[..., None], b * factor, CAP)[1]
    np.testing.assert_allclose(scaled, radii, atol=1e-9)


@pytest.mark.parametrize("size", [1e-12, 1e-6, 1e6, 1e12])
def test_units_of_length_scale_the_radii(size):
    A, b = polytopes(np.random.default_rng(4), 10, 3, 6)
    radii = small_batch_balls(A, b, CAP)[1]
    scaled = small_batch_balls(A, b * size, CAP * size)[1]
    np.testing.assert_allclose(scaled / size, radii, atol=1e-9)


@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9])
def test_thin_slabs_have_half_their_width(width):
    rng = np.random.default_rng(5)
    normal = rng.standard_normal((8, 1, 3))
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    cube = np.broadcast_to(np.concatenate([np.eye(3), -np.eye(3)]), (8, 6, 3))
    A = np.concatenate([normal, -normal, cube], axis=1)
    b = np.concatenate([np.full((8, 2), width / 2), np.ones((8, 6))], axis=1)
    np.testing.assert_allclose(small_batch_balls(A, b, CAP)[1], width / 2, atol=1e-12)
    b[:, :2] = -width / 2
    np.testing.assert_allclose(small_batch_balls(A, b, CAP)[1], -width / 2, atol=1e-12)


def test_interval_and_cone_have_the_expected_balls():
    A = np.array([[[1.0], [-1.0]], [[1.0], [0.0]]])
    b = np.array([[3.0, 1.0], [-2.0, 1.0]])
    centers, radii, _ = small_batch_balls(A, b, CAP)
    np.testing.assert_allclose(radii, [2.0, CAP], atol=1e-9)
    np.testing.assert_allclose(centers[0], [1.0], atol=1e-9)
    assert centers[1, 0] <= -2.0 - CAP + 1e-9


NUMBERS = np.array(
    [0.0, 1.0, -1.0, 5e-324, 1e-310, 1e-160, 1e-9, 1e9, 1e150, 1e200, 1e308, -1e308]
)


@pytest.mark.parametrize("seed", range(20))
def test_no_finite_numbers_crash_or_warn(seed):
    rng = np.random.default_rng(seed)
    dim, rows = rng.integers(1, 6), rng.integers(1, 12)
    A = rng.choice(NUMBERS, (16, rows, dim))
    b = rng.choice(NUMBERS, (16, rows))
    for cap in (1e-300, 1.0, 1e300):
        centers, radii, duals = small_batch_balls(A, b, cap)
        assert centers.shape == (16, dim)
        assert radii.shape == (16,)
        assert duals.shape == (16, rows)


def test_infinite_and_missing_numbers_do_not_spoil_their_neighbors():
    A, b = polytopes(np.random.default_rng(6), 6, 2, 4)
    radii = small_batch_balls(A, b, CAP)[1]
    A[1, 0, 0], b[3, 2], A[4] = np.inf, np.nan, np.nan
    spoiled = small_batch_balls(A, b, CAP)[1]
    np.testing.assert_allclose(spoiled[[0, 2, 5]], radii[[0, 2, 5]], atol=1e-11)
