import numpy as np
import pytest
from scipy.optimize import linprog

from regions.estimates.many_inputs.dual_simplex import deep_points

CAP = 50.0


def _program(seed, dim, width, rows, room):
    rng = np.random.default_rng(seed)
    M = rng.standard_normal((width, dim))
    G = rng.standard_normal((1, rows, width))
    h = (G[0] @ (M @ rng.random(dim)) + room * rng.random(rows))[None]
    return M, G, h, np.linalg.norm(G @ M, axis=2)


def _solved(M, G, h, lengths, start=None, enough=2.0):
    dim, rows = M.shape[1], h.shape[1]
    basics, tight, at_upper = start or (
        np.full((1, rows), -1, np.int32),
        np.zeros((1, rows), bool),
        np.zeros((1, dim), bool),
    )
    x, depth, duals = np.zeros((1, dim)), np.zeros(1), np.zeros((1, rows))
    low, high = np.zeros(dim), np.ones(dim)
    tables = basics, tight, at_upper, x, depth, duals
    steps = deep_points(G, h, lengths, M, low, high, CAP, enough, *tables)
    return x[0], depth[0], duals[0], (basics, tight, at_upper), steps


def _reference(M, G, h, lengths):
    answer = linprog(
        np.append(np.zeros(M.shape[1]), -1.0),
        A_ub=np.column_stack([G[0] @ M, lengths[0]]),
        b_ub=h[0],
        bounds=[(0.0, 1.0)] * M.shape[1] + [(None, CAP)],
    )
    return answer.x[-1]


@pytest.mark.parametrize("room", [0.3, -0.02])
@pytest.mark.parametrize(
    ("dim", "width", "rows"), [(4, 3, 5), (30, 8, 20), (90, 12, 30)]
)
def test_depth_and_bound_of_the_multipliers_are_the_optimum(dim, width, rows, room):
    for seed in range(4):
        M, G, h, lengths = _program(seed, dim, width, rows, room)
        x, depth, y, _, _ = _solved(M, G, h, lengths)
        expected = _reference(M, G, h, lengths)
        assert depth == pytest.approx(expected, abs=1e-8)
        assert ((x >= 0.0) & (x <= 1.0)).all()
        slack = (h[0] - G[0] @ (M @ x)) / lengths[0]
        assert slack.min() == pytest.approx(depth, abs=1e-12)
        # Weak duality: no point can be deeper than the multipliers allow.
        assert (y >= 0.0).all()
        bound = y @ h[0] - np.minimum(y @ G[0] @ M, 0.0).sum()
        assert bound == pytest.approx(expected * (y @ lengths[0]), abs=1e-8)


def test_a_row_more_goes_on_from_the_basis():
    M, G, h, lengths = _program(1, 60, 10, 12, 0.3)
    G_less, h_less, shorter = (a[:, :-1].copy() for a in (G, h, lengths))
    _, _, _, (basics, tight, at_upper), _ = _solved(M, G_less, h_less, shorter)
    longer = (
        np.concatenate([basics, [[-1]]], 1).astype(np.int32),
        np.concatenate([tight, [[False]]], 1),
        at_upper,
    )
    _, warm, _, _, steps = _solved(M, G, h, lengths, longer)
    _, cold, _, _, all_steps = _solved(M, G, h, lengths)
    assert warm == pytest.approx(cold, abs=1e-9)
    assert steps < all_steps


def test_a_deep_enough_point_ends_early():
    M, G, h, lengths = _program(2, 60, 10, 15, 0.5)
    _, best, _, _, steps = _solved(M, G, h, lengths)
    _, depth, _, _, fewer = _solved(M, G, h, lengths, enough=0.2)
    assert 0.2 * best <= depth <= best + 1e-12
    assert fewer <= steps


def test_no_rows_leave_everything():
    M, G, h, _ = _program(0, 5, 3, 2, 0.3)
    _, depth, y, _, _ = _solved(M, np.zeros_like(G), np.ones_like(h), np.zeros((1, 2)))
    assert depth == np.inf
    assert not y.any()


def test_the_plain_form_gives_the_same():
    M, G, h, lengths = _program(3, 20, 6, 9, 0.2)
    compiled = _solved(M, G, h, lengths)
    basics, tight = np.full((1, 9), -1, np.int32), np.zeros((1, 9), bool)
    tables = basics, tight, np.zeros((1, 20), bool)
    x, depth, duals = np.zeros((1, 20)), np.zeros(1), np.zeros((1, 9))
    box = np.zeros(20), np.ones(20)
    plain = deep_points.py_func
    plain(G, h, lengths, M, *box, CAP, 2.0, *tables, x, depth, duals)
    assert depth[0] == pytest.approx(compiled[1], abs=1e-12)
    assert duals[0] == pytest.approx(compiled[2], abs=1e-12)
