"""Batched float64 proofs against exact linear programs, on cases made to trip them."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regions.lp.batch_proofs import prove_empty_batch, prove_witness_batch
from regions.lp.batches import chebyshev_balls
from regions.lp.exact_lp import interior

DIM, ROWS, COUNT = 4, 28, 200
CUBE = np.vstack([np.eye(DIM), -np.eye(DIM)])


def _in_cube(normals, sides):
    """Rows of every problem followed by those of the cube |x| <= 1."""
    count = len(normals)
    A = np.concatenate([normals, np.broadcast_to(CUBE, (count, *CUBE.shape))], axis=1)
    return A, np.concatenate([sides, np.ones((count, len(CUBE)))], axis=1)


def _duals(A, b):
    """Multipliers of the rows as given from the batched Chebyshev program."""
    lengths = np.linalg.norm(A, axis=2)
    return chebyshev_balls(A, b, 10.0).duals / np.where(lengths > 0, lengths, 1.0)


def _is_empty(A, b):
    return np.array([interior(*rows).is_empty for rows in zip(A, b, strict=True)])


def _arrangements(kind):
    """Systems in a cube, of which most are empty; with and without interior."""
    rng = np.random.default_rng(0)
    shape = (COUNT, ROWS - len(CUBE), DIM)
    if kind == "float":
        return _in_cube(
            rng.standard_normal(shape), 0.3 * rng.standard_normal(shape[:2])
        )
    normals = rng.integers(-1, 2, shape).astype(float)
    if kind == "central":
        sides = np.zeros(shape[:2])
    elif kind == "integer":
        sides = rng.integers(-1, 2, shape[:2]).astype(float)
    else:
        sides = (normals * rng.integers(-8, 9, (COUNT, 1, DIM)) / 8).sum(axis=2)
    return _in_cube(normals, sides)


@pytest.mark.parametrize("kind", ["float", "central", "integer", "through_a_point"])
def test_empty_proofs_are_right_and_cover_nearly_all(kind):
    A, b = _arrangements(kind)
    proved, empty = prove_empty_batch(A, b, _duals(A, b)), _is_empty(A, b)
    assert empty.sum() > 100
    assert not (proved & ~empty).any()
    assert proved[empty].mean() > 0.95


@st.composite
def _tiny_systems(draw):
    dim, rows = draw(st.integers(1, 3)), draw(st.integers(1, 7))

    def numbers(low, high, count):
        entry = st.integers(low, high)
        return draw(st.lists(entry, min_size=count, max_size=count))

    A = np.array(numbers(-2, 2, dim * rows), float).reshape(rows, dim)
    duals = np.array(numbers(0, 3, rows), float)
    return A, np.array(numbers(-1, 2, rows), float), duals


@given(_tiny_systems())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_no_weights_prove_a_nonempty_system_empty(system):
    A, b, duals = system
    if prove_empty_batch(A[None], b[None], duals[None])[0]:
        assert interior(A, b).is_empty


@pytest.mark.parametrize("gap", [1e-3, 1e-12, 1e-15, 1e-17, 1e-200, 1e-300, 5e-324])
def test_nearly_touching_rows_are_never_called_empty(gap):
    """Rows through a point, moved apart by less than the rounding of the weights."""
    rng = np.random.default_rng(1)
    normals = rng.standard_normal((100, DIM + 1, DIM))
    null = np.linalg.svd(normals.swapaxes(1, 2))[2][:, -1]
    normals *= np.sign(null)[:, :, None]
    weights = np.abs(null)
    for sign in (1.0, 0.0, -1.0):
        b = np.full((100, DIM + 1), sign * gap)
        proved = prove_empty_batch(normals, b, weights)
        assert (
            proved.all()
            if sign <= 0.0 and gap > 1e-280
            else not (proved & ~_is_empty(normals, b)).any()
        )
        moved = b + (normals @ rng.standard_normal((100, DIM, 1)))[:, :, 0]
        proved = prove_empty_batch(normals, moved, weights)
        assert not (proved & ~_is_empty(normals, moved)).any()


def test_strip_between_equal_lines_is_empty_and_any_wider_is_not():
    A = np.array([[3.0, 1.0, 2.0], [-3.0, -1.0, -2.0]])
    for side in (0.0, 7.0, 0.1):
        touching = np.array([side, -side])
        wider = np.array([np.nextafter(side, 9.0), -side])
        weights = np.ones((1, 2))
        assert not prove_empty_batch(A[None], wider[None], weights)[0]
        if side != 0.1:
            assert prove_empty_batch(A[None], touching[None], weights)[0]


def test_numbers_that_no_power_of_two_brings_together_stay_open():
    A = np.array([[[1e300, 1e-300], [-1e300, -1e-300]]])
    for b in ([0.0, 0.0], [1e308, -1e308], [np.inf, 0.0], [np.nan, 0.0]):
        assert not prove_empty_batch(A, np.array([b]), np.ones((1, 2)))[0]
    assert prove_empty_batch(
        np.zeros((0, 3, 2)), np.zeros((0, 3)), np.zeros((0, 3))
    ).shape == (0,)


def test_empty_proof_with_row_errors_holds_for_every_row_within():
    rng = np.random.default_rng(2)
    A, b = (part[:40] for part in _arrangements("float"))
    duals = _duals(A, b)
    for size, radius in ((1e-12, None), (1e-6, None), (1e-6, 1.0), (1e-2, 1.0)):
        error = np.full(b.shape, size)
        proved = prove_empty_batch(A, b, duals, error, radius=radius)
        assert proved.mean() > 0.2
        signs = rng.choice([-1.0, 1.0], A.shape)
        true_A, true_b = A + signs * size / (2 * DIM), b + size / 2
        true_A[:, -len(CUBE) :], true_b[:, -len(CUBE) :] = CUBE, 1.0
        assert _is_empty(true_A, true_b)[proved].all()


def test_empty_proof_refuses_errors_that_could_open_the_polyhedron():
    A, b = _in_cube(
        np.array([[[1.0, 0, 0, 0], [-1.0, 0, 0, 0]]]), np.array([[0, -1e-6]])
    )
    duals = np.r_[1.0, 1.0, np.zeros(len(CUBE))][None]
    for size, provable in ((1e-8, True), (1e-6, False), (5e-324, True)):
        error = np.where(duals > 0, size, 0.0)
        assert prove_empty_batch(A, b, duals, error, radius=1.0)[0] == provable
    touching = np.where(duals > 0, 0.0, b)
    assert prove_empty_batch(A, touching, duals)[0]
    error = np.where(duals > 0, 5e-324, 0.0)
    assert not prove_empty_batch(A, touching, duals, error, radius=1.0)[0]


def test_empty_within_a_radius_needs_no_balanced_weights():
    """The rows meet at x_0 = 4, which the cube of radius 1 excludes."""
    A = np.array([[[-(2.0**-12), 1.0], [0.0, -1.0]]])
    b = np.array([[-(2.0**-10), 0.0]])
    weights = np.ones((1, 2))
    assert prove_empty_batch(A, b, weights, radius=1.0)[0]
    assert not prove_empty_batch(A, b, weights)[0]
    assert not interior(A[0], b[0]).is_empty
    square = np.vstack([np.eye(2), -np.eye(2)])
    assert interior(np.vstack([A[0], square]), np.append(b[0], np.ones(4))).is_empty


def test_witness_proofs_are_right_to_the_last_bit():
    A, b = _arrangements("float")
    b[:, : ROWS - len(CUBE)] += 1.5
    centers = chebyshev_balls(A, b, 10.0).centers
    proved = prove_witness_batch(A, b, centers)
    assert proved.mean() > 0.9
    assert not (proved & _is_empty(A, b)).any()
    # The boundary itself, and a point that rounding alone puts inside.
    assert not prove_witness_batch(
        A, np.einsum("brd,bd->br", A, centers), centers
    ).any()
    slack = (b - np.einsum("brd,bd->br", A, centers)).min(axis=1)
    tight = prove_witness_batch(A, b, centers, np.full(b.shape, slack.max()))
    assert not tight.any()
    assert prove_witness_batch(A, b, centers, np.full(b.shape, 1e-13)).mean() > 0.9
