"""Volumes and integrals by fans, against determinants, closed formulas and Qhull."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq_mat

from regions.polytopes.fans.measuring import KERNELS, measured, words_of_rows
from regions.polytopes.hull_volume import hull_volume
from regions.signs.exact import to_fmpq, to_fraction


def zero_sets(rows, corners):
    """Words of bits: which rows vanish at which corners."""
    words = np.zeros((-(-len(rows) // 64), len(corners)), np.uint64)
    for k, (*a, b) in enumerate(rows):
        on = np.abs(corners @ np.array(a) - b) < 1e-12
        words[k // 64, on] |= np.uint64(1 << (k % 64))
    return words.view(np.int64)


def measure(corners, zeros, order=1):
    x, end = np.ascontiguousarray(corners.T), np.array([len(corners)])
    none = np.zeros(len(corners))
    return measured(end, x, none, zeros, x[:1], 0.0 * x[:1], order)


@pytest.mark.parametrize("dim", [2, 3, 4, 5])
def test_volumes_bound_what_the_errors_of_corners_make_of_them(dim):
    rng, off, number = np.random.default_rng(dim), 1e-3, 60
    true = rng.standard_normal((number, dim + 1, dim))
    moved = (true + off * rng.choice([-1.0, 1.0], true.shape)).reshape(-1, dim)
    every = (1 << (dim + 1)) - 1
    zeros = np.tile([every ^ (1 << k) for k in range(dim + 1)], number)[None]
    x, end = np.ascontiguousarray(moved.T), (dim + 1) * np.arange(1, number + 1)
    reach = np.full(len(moved), off)
    doubt = np.full((1, len(moved)), off)
    with KERNELS.switched_off():
        found = measured(end, x, reach, zeros, x[:1], doubt, 2)
    size = np.abs(np.linalg.det(true[:, 1:] - true[:, :1])) / math.factorial(dim)
    wrong = np.abs(size - found.volume) / found.volume_error
    assert wrong.max() < 1.0
    assert wrong.max() > 5e-4
    mean = true[:, :, 0].mean(1)
    square = np.square(true[:, :, 0]).sum(1) + true[:, :, 0].sum(1) ** 2
    for k, exact in enumerate((mean, square / ((dim + 1) * (dim + 2)))):
        wrong = np.abs(size * exact - found.integral[0, k])
        assert (wrong < found.integral_error[0, k]).all()


@pytest.mark.parametrize("dim", [2, 3, 4, 5])
def test_volumes_of_thin_simplices_are_off_by_rounding_alone(dim):
    """Their corners are near a line, and exact: determinants in rational numbers."""
    rng, number = np.random.default_rng(dim), 20
    along = rng.uniform(-1.0, 1.0, (number, dim + 1, 1)) * rng.standard_normal(dim)
    corners = along + 1e-4 * rng.standard_normal((number, dim + 1, dim))
    every = (1 << (dim + 1)) - 1
    zeros = np.tile([every ^ (1 << k) for k in range(dim + 1)], number)[None]
    x = np.ascontiguousarray(corners.reshape(-1, dim).T)
    end, none = (dim + 1) * np.arange(1, number + 1), np.zeros(x.shape[1])
    for scale in (1.0, 2.0 ** -(1200 // dim)):
        with KERNELS.switched_off():
            found = measured(end, scale * x, none, zeros, scale * x[:1], none[None], 1)
        for n, points in enumerate((scale * corners).tolist()):
            first, *others = [[Fraction(v) for v in point] for point in points]
            edges = [
                [to_fmpq(v - w) for v, w in zip(point, first, strict=True)]
                for point in others
            ]
            size = abs(to_fraction(fmpq_mat(edges).det())) / math.factorial(dim)
            wrong = abs(Fraction(found.volume[n]) - size)
            assert 0 < wrong < Fraction(found.volume_error[n])


@pytest.mark.parametrize("dim", [2, 3, 4, 5, 6])
def test_cubes_with_rows_that_are_no_facets(dim):
    """Rows that touch at faces of all dimensions, twice: more than a word of them."""
    corners = np.array([*itertools.product([0.0, 1.0], repeat=dim)])
    signs = [s for s in itertools.product([-1, 0, 1], repeat=dim) if any(s)]
    rows = [(*s, sum(v > 0 for v in s)) for s in signs]
    facets = [row for row in rows if np.abs(row[:-1]).sum() == 1]
    rows = (facets + rows * 2)[:200]
    found = measure(corners, zero_sets(rows, corners), order=3)
    assert abs(found.volume[0] - 1.0) <= found.volume_error[0] < 1e-9
    for k in range(3):
        error = abs(found.integral[0, k, 0] - 1.0 / (k + 2))
        assert error <= found.integral_error[0, k, 0] < 1e-9


def test_an_octahedron_and_a_pyramid():
    """Corners with more facets than dimensions."""
    octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    rows = [(*s, 1.0) for s in itertools.product([-1, 1], repeat=3)]
    found = measure(octahedron, zero_sets(rows, octahedron))
    assert found.volume[0] == pytest.approx(hull_volume(octahedron), rel=1e-14)
    base = np.array([[1, 1, 0], [1, -1, 0], [-1, 1, 0], [-1, -1, 0], [0, 0, 3.0]])
    rows = [(3, 0, 1, 3), (-3, 0, 1, 3), (0, 3, 1, 3), (0, -3, 1, 3), (0, 0, 1, 0)]
    found = measure(base, zero_sets(rows, base))
    assert found.volume[0] == pytest.approx(4.0, rel=1e-14)


def test_words_of_rows_grow():
    """A corner a row of its own, beside one that all share."""
    number = 100
    rows = np.stack([np.arange(number), np.full(number, 7_000)], 1)
    words = words_of_rows(np.array([number]), np.arange(number), rows)
    assert words.shape == (2, number)
    bits = np.unpackbits(words.T.copy().view(np.uint8), axis=1)
    assert sorted(bits.sum(0).tolist())[-2:] == [1, number]
    assert (bits.sum(1) == 2).all()
