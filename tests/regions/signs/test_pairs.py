"""The number that is added to sums of pairs, against its definition."""

import numpy as np

from regions.signs.pairs import sum_shift


def test_shift_is_one_and_a_half_times_a_power_of_two():
    rng = np.random.default_rng(0)
    bounds = np.exp(rng.uniform(-600.0, 600.0, 1000))
    bounds = np.concatenate([bounds, 2.0 ** rng.integers(-900, 900, 100)])
    for bound in bounds:
        mantissa, exponent = np.frexp(sum_shift(bound))
        assert mantissa == 0.75
        assert 4.0 * bound < 2.0 ** (exponent - 1) <= 8.0 * bound
    assert np.isnan(sum_shift(np.inf))
    assert np.isnan(sum_shift(np.nan))
