"""Integer forms of a network, against its own patterns and inequalities."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpz

from regions.certificates.integer_forms import (
    IntegerForms,
    homogeneous,
    near,
    near_doubt,
    scaled_floats,
    value,
)
from tests.helpers import brute_force_rows
from tests.zoo import ZOO


@pytest.mark.parametrize("name", ["prelu", "skip_blocks", "residual", "leaky"])
def test_integer_forms_are_the_network(name):
    network, box = ZOO[name]
    forms = IntegerForms(network, box)
    rng = np.random.default_rng(0)
    for point in rng.uniform(-1.0, 1.0, (20, box.dim)):
        exact = homogeneous([Fraction(float(v)) for v in point])
        bits = forms.pattern_at(exact)
        np.testing.assert_array_equal(bits, network.patterns(point[None])[0])
        A, b = brute_force_rows(network, bits)
        for row, a, c in zip(forms.signed_rows(bits).exact, A, b, strict=True):
            ours = np.array(
                [float(Fraction(int(v), int(max(map(abs, row))))) for v in row]
            )
            theirs = np.append(-a, c)
            theirs /= np.abs(theirs).max()
            np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("entries", [2, 3, 4, 40])
def test_values_of_rounded_rows_are_off_by_less_than_is_said(entries):
    rng = np.random.default_rng(entries)
    positive = 0
    for _ in range(200):
        size = int(rng.choice([3, 60, 61, 62, 300, 3000]))
        row, point = (
            [fmpz(rng.integers(-(2**40), 2**40).item()) << int(e) for e in shifts]
            for shifts in rng.integers(0, size, (2, entries))
        )
        # The last entry brings the value to 0, or next to it.
        rest = sum((a * x for a, x in zip(row[:-1], point[:-1], strict=True)), fmpz(0))
        if rng.random() < 0.5:
            row, point = [v * point[-1] for v in row], point
            row[-1] = -rest + fmpz(rng.integers(-1, 1).item())
        exact = value(tuple(row), tuple(point))
        found = float(
            (near([tuple(row)], entries) @ near([tuple(point)], entries).T)[0, 0]
        )
        largest = [max(int(abs(v)).bit_length() for v in part) for part in (row, point)]
        true = Fraction(int(exact), 1 << sum(largest))
        assert abs(Fraction(found) - true) < Fraction(near_doubt(entries)) / 2
        if found > near_doubt(entries):
            assert exact > 0
            positive += 1
    assert positive > 20


def test_floats_over_a_common_power_of_two_are_what_they_were():
    rng = np.random.default_rng(2)
    powers = np.exp2(rng.integers(-1060, 900, (50, 4)).astype(float))
    values = rng.standard_normal((50, 4)) * powers
    values[rng.random((50, 4)) < 0.3] = 0.0
    tables = [
        values[:25],
        np.round(values[25:] / powers[25:] * 8) / 4,
        np.zeros((1, 2)),
    ]
    for table in [*tables, np.array([[-(2.0**53), 5e-324]])]:
        matrix, exponent = scaled_floats(table)
        for found, wanted in zip(matrix.tolist(), table.tolist(), strict=True):
            exact = [Fraction(v) * 2**exponent for v in wanted]
            assert [Fraction(int(v)) for v in found] == exact
        assert exponent == 0 or any(int(v) % 2 for v in matrix.entries())
