"""Integrals of sums of ramps and of their squares, against exact lists of pieces."""

import math
from fractions import Fraction

import numpy as np
import pytest

import regions
from regions.network import ReluNetwork
from regions.polytopes.fans.measuring import KERNELS, measured_ramps

SLOPES = np.array([0.0, 0.0, 0.25, 0.0, -1.0, 1.0])


def simplices(corners):
    """Ends, positions and zero sets of simplices, `(number, dim + 1, dim)`."""
    number, count, dim = corners.shape
    zeros = [((1 << count) - 1) ^ (1 << k) for k in range(count)]
    x = np.ascontiguousarray(corners.reshape(-1, dim).T)
    return count * np.arange(1, number + 1), x, np.tile(zeros, number)[None]


def exact(corners, gradients, offsets, weights, slopes):
    """Integrals of the sum and of its square over one simplex, rational."""
    network = ReluNetwork.from_arrays(
        [gradients, weights[None]], [offsets, None], slopes=[slopes]
    )
    found = regions.moments(network, regions.Simplex(corners), method="list")
    edges = [
        [Fraction(v) - Fraction(w) for v, w in zip(c, corners[0], strict=True)]
        for c in corners[1:]
    ]
    size = abs(determinant(edges)) / math.factorial(len(edges))
    return [size * v for v in found.value]


def determinant(rows):
    """By its first column."""
    if not rows:
        return 1
    return sum(
        (-1) ** k * row[0] * determinant([r[1:] for r in rows[:k] + rows[k + 1 :]])
        for k, row in enumerate(rows)
    )


def wrongs(found, expected):
    """Errors over their bounds, by polytope and power."""
    return np.array(
        [
            [
                float(abs(Fraction(found.integral[0, k, n]) - value))
                / found.integral_error[0, k, n]
                for k, value in enumerate(values)
            ]
            for n, values in enumerate(expected)
        ]
    )


@pytest.mark.parametrize("dim", [2, 3, 4])
@pytest.mark.parametrize("plain", [True, False])
def test_ramps_that_bend_everywhere_are_those_of_the_list(dim, plain):
    """One at a time, in pairs that cross, are nested or have nothing in common."""
    rng, number, units = np.random.default_rng(dim), 12, len(SLOPES)
    corners = rng.uniform(-1.0, 1.0, (number, dim + 1, dim))
    form = rng.standard_normal((dim + 1, units, number))
    form[dim] *= 0.3
    weights = rng.standard_normal(units)
    end, x, zeros = simplices(corners)
    given = form, np.zeros((units, number)), weights, SLOPES, 2
    none = np.zeros(x.shape[1])
    if plain:
        with KERNELS.switched_off():
            found = measured_ramps(end, x, none, zeros, *given)
    else:
        found = measured_ramps(end, x, none, zeros, *given)
    expected = [
        exact(corners[n], form[:dim, :, n].T, form[dim, :, n], weights, SLOPES)
        for n in range(number)
    ]
    assert wrongs(found, expected).max() < 1.0
    assert found.integral_error.max() < 1e-10


@pytest.mark.parametrize("dim", [2, 3])
def test_doubts_of_arguments_and_of_corners_are_in_the_bounds(dim):
    rng, number, off = np.random.default_rng(dim), 30, 1e-3
    slopes, weights = SLOPES[:3], rng.standard_normal(3)
    corners = rng.uniform(-0.9, 0.9, (number, dim + 1, dim))
    form = rng.standard_normal((dim + 1, 3, number))
    moved = form + off / (dim + 1) * rng.choice([-1.0, 1.0], form.shape)
    shifted = corners + off * rng.choice([-1.0, 1.0], corners.shape)
    expected = [
        exact(corners[n], form[:dim, :, n].T, form[dim, :, n], weights, slopes)
        for n in range(number)
    ]
    doubt = np.full((3, number), off)
    for given, here, d, reach in (
        (moved, corners, doubt, 0.0),
        (form, shifted, 0.0 * doubt, off),
        (moved, shifted, doubt, off),
    ):
        end, x, zeros = simplices(here)
        far = np.full(x.shape[1], reach)
        found = measured_ramps(end, x, far, zeros, given, d, weights, slopes, 2)
        wrong = wrongs(found, expected)
        assert wrong.max() < 1.0
        assert wrong.max(0).min() > 0.01


def one(corners, form, weights, slopes, reach=0.0):
    """What is found of one simplex, in plain code."""
    end, x, zeros = simplices(np.array([corners]))
    form = np.array(form, float)[..., None]
    far, none = np.full(x.shape[1], reach), np.zeros(form.shape[1:])
    with KERNELS.switched_off():
        return measured_ramps(
            end, x, far, zeros, form, none, np.array(weights), np.array(slopes), 2
        )


def test_a_shift_of_all_corners_moves_a_steep_function():
    """Its mean was zero, so that the bound of the volume says nothing of it."""
    corners = np.array([[-0.5, -0.25], [0.5, -0.25], [0.0, 0.5]])
    found = one(corners, [[64.0], [0.0], [0.0]], [1.0], [1.0], reach=1e-3)
    assert found.integral[0, 0, 0] == 0.0
    assert found.integral_error[0, 0, 0] > 64.0 * 1e-3 * found.volume[0]


@pytest.mark.parametrize("kept", [[0, 1, 2], [0, 1], [2]])
def test_what_rounding_takes_from_large_terms_is_in_the_bounds(kept):
    """Large terms that cancel, none of which bends: only the sum is small."""
    corners = np.array([[0.0, 0.0], [0.7, 0.1], [0.2, 0.9]])
    form = np.array([[0.1, 0.1 / 3], [0.3, 0.1], [0.7, 0.7 / 3]])
    form[[c for c in range(3) if c not in kept]] = 0.0
    weights = np.array([1e8, -3e8])
    found = one(corners, form, weights, [0.0, 0.0])
    expected = exact(corners, form[:2].T, form[2], weights, np.zeros(2))
    assert wrongs(found, [expected]).max() < 1.0
    assert found.integral_error[0, 0, 0] < 1e-4


@pytest.mark.parametrize(
    ("power", "small", "other"), [(0, 3 * 5e-324, 0.0), (1, 1e-250, 1e-100)]
)
def test_what_underflows_is_in_the_bounds(power, small, other):
    """A ramp of tiny numbers with a large factor, beside one that does not bend."""
    corners = np.array([[-0.5, 0.0], [0.75, 0.25], [0.0, 0.625]])
    form = np.array([[small, 0.0], [0.0, 0.0], [0.0, other]])
    weights, slopes = np.array([1e150, 1.0]), np.array([0.0, 1.0])
    found = one(corners, form, weights, slopes)
    expected = exact(corners, form[:2].T, form[2], weights, slopes)
    wrong = abs(Fraction(found.integral[0, power, 0]) - expected[power])
    # More than what rounding explains.
    assert wrong > 1e-6 * float(expected[power])
    assert wrong < found.integral_error[0, power, 0] < np.inf


def test_a_simplex_whose_integral_underflows():
    corners = 1e-150 * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = one(corners, [[0.0], [0.0], [1e-100]], [1.0], [1.0])
    assert found.integral[0, 0, 0] == 0.0
    assert (found.integral_error > 0.0).all()
