"""Parity constraints, against what a list of patterns says."""

import itertools
import math

import numpy as np
import pytest

from experiments.measures.parity_bound import (
    parity_bound,
    pattern_codes,
    rounds_survived,
)


def test_all_patterns_leave_half_at_each_constraint():
    bits = np.array(list(itertools.product([False, True], repeat=8)))
    codes = pattern_codes(bits)
    assert sorted(codes.tolist()) == list(range(256))
    survived = rounds_survived(codes, 8, 5, 32, np.random.default_rng(0))
    # One constraint leaves 128 of them, whichever it is.
    assert survived[0] == 32
    assert (np.diff(survived) <= 0).all()
    assert 16 <= parity_bound(survived, 32, 0.95) <= 256


@pytest.mark.parametrize("size", [2, 5])
def test_bounds_exceed_the_number_of_patterns_as_seldom_as_they_say(size):
    rng, failed = np.random.default_rng(size), 0
    for number in range(2, 202):
        codes = rng.choice(2**12, number, replace=False).astype(np.uint64)
        survived = rounds_survived(codes, 12, size, 20, rng)
        failed += parity_bound(survived, 20, 0.95) > number
    assert failed <= 10


def test_the_bound_is_that_of_chernoff():
    # All of 16 rounds prove with (e / 4)^8 = 0.0455; 15 of them do not.
    assert (math.e / 4.0) ** 8 < 0.05
    assert parity_bound(np.array([16, 16, 16, 9]), 16, 0.95) == 4
    assert parity_bound(np.array([16, 16, 15, 9]), 16, 0.95) == 2
    assert parity_bound(np.array([8]), 16, 0.95) == 1
