"""Characteristic polynomials against the closed forms of the literature."""

import math
from fractions import Fraction

import numpy as np
import pytest

from regions.enumeration.restriction.polynomial import characteristic_polynomial
from regions.network import ReluNetwork
from tests.regions.enumeration.restriction import families
from tests.regions.enumeration.restriction.families import product_of_roots


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_reflection_arrangements(n):
    """Orlik and Terao: the roots are the exponents of the group."""
    braid = characteristic_polynomial(families.differences(n, [0]))
    assert braid.coefficients == product_of_roots(n, range(n))
    assert braid.regions == math.factorial(n)
    type_b = characteristic_polynomial(families.type_b(n))
    assert type_b.coefficients == product_of_roots(n, range(1, 2 * n, 2))
    assert type_b.regions == 2**n * math.factorial(n)
    type_d = characteristic_polynomial(families.type_d(n))
    roots = [*range(1, 2 * n - 2, 2), n - 1]
    assert type_d.coefficients == product_of_roots(n, roots)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_deformations_of_the_braid_arrangement(n):
    """Postnikov and Stanley, J. Combin. Theory A 91, 2000."""
    shi = characteristic_polynomial(families.differences(n, [0, 1]))
    assert shi.coefficients == product_of_roots(n, [0] + [n] * (n - 1))
    assert shi.regions == (n + 1) ** (n - 1)
    catalan = characteristic_polynomial(families.differences(n, [-1, 0, 1]))
    assert catalan.coefficients == product_of_roots(n, [0, *range(n + 1, 2 * n)])
    linial = characteristic_polynomial(families.differences(n, [1]))
    for t in range(-3, 4):
        total = sum(math.comb(n, k) * Fraction(t - k) ** (n - 1) for k in range(n + 1))
        assert linial(t) == t * total / 2**n
    semiorder = characteristic_polynomial(families.differences(n, [-1, 1]))
    assert semiorder.regions == [3, 19, 183, 2371][n - 2]


def test_threshold_graphs():
    counts = [characteristic_polynomial(families.sums(n)).regions for n in range(2, 7)]
    assert counts == [2, 8, 46, 332, 2874]


@pytest.mark.parametrize(
    ("n", "count"), [(1, 4), (2, 14), (3, 104), (4, 1882), (5, 94572), (6, 15028134)]
)
def test_threshold_functions(n, count):
    assert characteristic_polynomial(families.threshold(n)).regions == count


def test_resonance():
    counts = [
        characteristic_polynomial(families.resonance(n)).regions for n in range(1, 7)
    ]
    assert counts == [2, 6, 32, 370, 11292, 1066044]
    seventh = characteristic_polynomial(families.resonance(7))
    known = (1, 127, 7035, 215439, 3831835, 37769977, 169824305, 135677633)
    assert seventh.betti == known
    assert seventh.regions == 347326352


def test_hyperplanes_through_points_and_corners_of_the_demicube():
    """Brysiewicz, Eble and Kuehne, Discrete Comput. Geom. 2023."""
    points = np.random.default_rng(3).integers(-50, 50, (6, 4)).tolist()
    assert characteristic_polynomial(families.spanned(points)).regions == 600
    demicube = characteristic_polynomial(families.demicube(5))
    assert demicube.coefficients == (1, -16, 120, -500, 1160, -1362, 597)


@pytest.mark.parametrize(("n", "d"), [(7, 1), (9, 2), (12, 3), (11, 5), (3, 5)])
def test_general_position(n, d):
    """Zaslavsky 1975; floats are taken as they are."""
    rows = np.random.default_rng([n, d]).standard_normal((n, d + 1))
    chi = characteristic_polynomial(rows)
    rank = min(n, d)
    assert chi.betti == tuple(math.comb(n, k) for k in range(rank + 1))
    assert chi.bounded_regions == (math.comb(n - 1, d) if n > d else 0)


def test_scaled_repeated_and_empty_rows_are_one_hyperplane_or_none():
    rows = [[Fraction(1, 3), 0.5, 1], [-2, -3, -6], [0, 0, 5], [0, 0, 0]]
    chi = characteristic_polynomial(rows)
    assert (chi.dim, chi.betti, chi.bounded_regions) == (2, (1, 1), 0)
    assert str(chi) == "t^2 - t"
    assert str(characteristic_polynomial([[0, 0, 1]])) == "t^2"


def test_a_network_is_the_arrangement_of_its_one_layer_with_kinks():
    weights = [
        [[2.0, 0.0], [0.0, 2.0]],
        [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
        [[1.0] * 3],
    ]
    biases = [[1.0, 0.0], [0.0, 1.0, 0.0], [0.0]]
    net = ReluNetwork.from_arrays(weights, biases, [1.0, 0.0])
    chi = characteristic_polynomial(net)
    assert str(chi) == "t^2 - 3t + 3"
    with pytest.raises(ValueError, match="kinks in 2 layers"):
        characteristic_polynomial(ReluNetwork.from_arrays(weights, biases))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no rows"),
        ([[1.0]], "two numbers"),
        ([[1, 2], [1, 2, 3]], "3 entries"),
        ([[1.0, np.nan]], "must be finite"),
    ],
)
def test_bad_rows_are_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        characteristic_polynomial(rows)
