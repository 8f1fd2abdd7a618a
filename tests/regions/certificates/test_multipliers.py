"""Multipliers that prove a direction in a cone, against linear programs."""

import numpy as np
from flint import fmpq, fmpz
from hypothesis import given, settings, strategies as st
from scipy.optimize import linprog

from regions.certificates.multipliers import multipliers


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 8))
def test_multipliers_small_cones_agree_with_linear_programs(seed, dim, count):
    rng = np.random.default_rng(seed)
    table = rng.integers(-3, 4, (count, dim))
    target = rng.integers(-3, 4, dim)
    columns = [tuple(fmpz(int(v)) for v in row) for row in table]
    goal = tuple(fmpz(int(v)) for v in target)
    found = multipliers(columns, goal, tuple([fmpz(1)] * dim))
    result = linprog(np.zeros(count), A_eq=table.T, b_eq=target)
    assert result.status in (0, 2)
    assert (found is None) == (result.status == 2)
    if found is not None:
        assert all(weight >= 0 for weight in found.values())
        for k in range(dim):
            total = sum((y * columns[j][k] for j, y in found.items()), fmpq(0))
            assert total == goal[k]
