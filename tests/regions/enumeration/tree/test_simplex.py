"""Compiled programs and proofs of the tree against their references."""

from fractions import Fraction

import numpy as np
import pytest

from regions.compiled import SWITCH
from regions.domains.shapes import Box, WholeSpace
from regions.enumeration import enumerate_regions
from regions.enumeration.tree.kernels import quick_proofs, simplex
from regions.lp.batch_proofs import prove_empty_batch, prove_witness_batch
from regions.lp.chebyshev import small_batch_balls
from regions.lp.exact_lp import interior
from tests.helpers import random_network
from tests.regions.enumeration.oracles import integer_network


def problems(seed, dim, extra, count=40):
    """Polyhedra in the cube, some of them empty, with a row of padding each."""
    rng = np.random.default_rng([seed, dim])
    A = rng.standard_normal((count, extra, dim))
    b = rng.uniform(-0.6, 1.0, (count, extra))
    if seed % 2:
        A, b = np.rint(2 * A), np.rint(2 * b)
        A[:, :, 0] += ~A.any(axis=2)
    cube = np.concatenate([np.eye(dim), -np.eye(dim), np.zeros((1, dim))])
    A = np.concatenate([A, np.broadcast_to(cube, (count, 2 * dim + 1, dim))], axis=1)
    b = np.concatenate([b, np.ones((count, 2 * dim + 1))], axis=1)
    return A, b


def solved(A, b, cap=2.0):
    count, rows, dim = A.shape
    centers, radii = np.empty((count, dim)), np.empty(count)
    duals, fine = np.empty((count, rows)), np.empty(count, bool)
    simplex.balls(A, b, cap, centers, radii, duals, fine)
    return centers, radii, duals, fine


@pytest.mark.parametrize("dim", [1, 2, 3, 5, 8, 14])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_balls_are_as_large_as_those_of_the_reference(seed, dim):
    A, b = problems(seed, dim, 3 * dim)
    centers, radii, duals, fine = solved(A, b)
    _, expected, _ = small_batch_balls(A, b, 2.0)
    assert fine.all()
    full = expected > -1e-8
    np.testing.assert_allclose(radii[full], expected[full], atol=1e-7)
    assert (radii[~full] < 0.0).all()
    gaps = b - np.einsum("brd,bd->br", A, centers)
    lengths = np.linalg.norm(A, axis=2)
    assert (gaps >= (radii[:, None] - 1e-9) * lengths).all()
    # Multipliers prove that no ball is larger: nonnegative, balanced, of sum 1.
    assert (duals >= 0.0).all()
    np.testing.assert_allclose(np.einsum("br,brd->bd", duals, A), 0.0, atol=1e-8)
    np.testing.assert_allclose((duals * lengths).sum(1), 1.0, atol=1e-8)
    bound = (duals * b).sum(1)
    np.testing.assert_allclose(bound[full], radii[full], atol=1e-7)
    assert (bound[~full] < 0.0).all()


def test_huge_tiny_and_broken_numbers_are_solved_or_said_not_to_be():
    A, b = problems(0, 3, 9)
    A[:10] *= 1e140
    b[:10] *= 1e140
    b[10:20] *= 1e-200
    A[20:30] = np.nan
    A[30:] *= 1e-200
    with np.errstate(all="ignore"):
        centers, radii, _, fine = solved(A, b)
    assert not fine[20:].any()
    assert np.isfinite(radii[fine]).all()
    assert np.isfinite(centers[fine]).all()
    assert fine[:10].all()


@pytest.mark.parametrize("seed", range(6))
def test_proofs_hold_and_are_those_of_the_reference(seed):
    A, b = problems(seed, 3, 9)
    doubt = np.full_like(b, 1e-13 if seed % 3 else 0.0)
    centers, radii, duals, _ = solved(A, b)
    inside = np.empty(len(A), bool)
    quick_proofs.inside(A, b, doubt, centers, inside)
    expected = prove_witness_batch(A, b, centers, row_error=doubt)
    np.testing.assert_array_equal(inside, expected)
    empty = np.empty(len(A), bool)
    quick_proofs.excluded(A, b, doubt, duals, 1.0, empty)
    reference = prove_empty_batch(A, b, duals, row_error=doubt, radius=1.0)
    assert not (empty & ~reference).any()
    assert (empty | ~(radii < -1e-6)).all()
    for k in range(len(A)):
        if empty[k]:
            assert interior(A[k].tolist(), b[k].tolist()).witness is None
        if inside[k]:
            point = [Fraction(v) for v in centers[k]]
            for row, right in zip(A[k], b[k], strict=True):
                value = sum(Fraction(a) * x for a, x in zip(row, point, strict=True))
                assert value < Fraction(right)


@pytest.mark.parametrize("seed", range(8))
def test_empty_cones_are_proved_and_no_others(seed):
    dim = 2 + seed % 4
    rng = np.random.default_rng(seed)
    count, rows = 60, 2 * dim
    A = rng.standard_normal((count, rows, dim))
    if seed % 2:
        A = np.rint(A)
        A[:, :, 0] += ~A.any(axis=2)
    cube = np.broadcast_to(
        np.concatenate([np.eye(dim), -np.eye(dim)]), (count, 2 * dim, dim)
    )
    A = np.concatenate([cube, A], axis=1)
    b = np.concatenate([np.ones((count, 2 * dim)), np.zeros((count, rows))], axis=1)
    doubt = np.zeros_like(b)
    doubt[:, 2 * dim :] = 1e-14 if seed % 3 == 0 else 0.0
    _, _, duals, _ = solved(A, b)
    proved = np.empty(count, bool)
    quick_proofs.excluded_cones(A, b, doubt, duals, proved)
    zero = np.zeros_like(b)
    reference = prove_empty_batch(
        A, b, duals, row_error=doubt, right_error=zero, radius=1.0
    )
    assert not (proved & ~reference).any()
    exact = [
        interior(a.tolist(), r.tolist()).witness is None
        for a, r in zip(A, b, strict=True)
    ]
    assert not (proved & ~np.array(exact)).any()
    assert proved.sum() > 0.5 * np.sum(exact)
    # A perturbation within the doubt must not make a point of what was excluded.
    moved = A + doubt[:, :, None] / dim * rng.uniform(-1.0, 1.0, A.shape)
    for k in np.flatnonzero(proved).tolist():
        assert interior(moved[k].tolist(), b[k].tolist()).witness is None


def test_cones_of_nearly_balanced_rows_are_not_excluded():
    """Rows that miss zero by one unit in the last place leave a narrow cone."""
    tiny = 2.0**-52
    A = np.array(
        [
            [[1.0, 0.0], [-1.0, tiny], [0.0, -1.0]],
            [[1.0, 0.0], [-1.0, tiny], [0.0, 1.0]],
        ]
    )
    # x < 0 and tiny y < x: a cone of y < 0, which the first excludes.
    exact = [interior(a.tolist(), [0.0] * 3).witness is None for a in A]
    assert exact == [True, False]
    b, doubt, proved = np.zeros((2, 3)), np.zeros((2, 3)), np.empty(2, bool)
    weights = np.array([[1.0, 1.0, tiny], [1.0, 1.0, 0.0]])
    quick_proofs.excluded_cones(A, b, doubt, weights, proved)
    assert not proved[1]


def test_points_that_are_no_numbers_prove_nothing():
    A, b = problems(0, 2, 3, count=2)
    points = np.array([[np.nan, 0.0], [np.inf, 0.0]])
    inside = np.ones(2, bool)
    quick_proofs.inside(A, b, np.zeros_like(b), points, inside)
    assert not inside.any()
    empty = np.ones(2, bool)
    for weight in (0.0, np.nan, np.inf):
        weights = np.full_like(b, weight)
        quick_proofs.excluded(A, b, np.zeros_like(b), weights, 1.0, empty)
        assert not empty.any()


@pytest.mark.parametrize("seed", range(10))
def test_compiled_and_plain_trees_find_the_same_regions(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    dim = 2 + seed % 3
    if seed % 2:
        network = integer_network(rng, dim, [6, 5])
    else:
        network = random_network(rng, dim, [7, 4])
    domain = WholeSpace(dim) if seed % 3 == 0 else Box.cube(dim)
    found = []
    for mode in ("off", "on"):
        monkeypatch.setenv(SWITCH, mode)
        regions = enumerate_regions(network, domain, method="tree")
        assert regions.complete
        found.append({bytes(row) for row in regions.patterns})
        assert len(found[-1]) == len(regions)
    assert found[0] == found[1]
