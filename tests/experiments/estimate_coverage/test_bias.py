"""Standard errors that a test of bias divides by."""

import numpy as np

from experiments.estimate_coverage.bias import over_others, over_own, simulated_own


def test_errors_over_the_spread_of_the_other_networks():
    values = np.array([[1.0, 1.2, 1.4], [0.0, 1.0, 2.0]])
    # Means are off by 0.2 and 0; variances of the other network are 1 and 0.04.
    np.testing.assert_allclose(over_others(values), [0.2 / np.sqrt(1.0 / 3.0), 0.0])
    np.testing.assert_allclose(over_own(values)[0], 0.2 / np.sqrt(0.04 / 3.0))


def test_skewed_runs_are_below_their_mean_over_their_own_spread():
    skewed = np.random.default_rng(0).exponential(size=(20, 16))
    assert simulated_own(skewed) < -0.1
    even = np.concatenate([skewed, 2.0 - skewed], axis=1)
    assert abs(simulated_own(even)) < 0.05
