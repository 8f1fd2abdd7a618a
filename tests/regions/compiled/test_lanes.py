"""Lanes: the same numbers as NumPy's, NaN, infinities and what is not a whole."""

import numpy as np

from regions.compiled import LANES, jit
from regions.compiled.lanes import (
    choose,
    load,
    not_negative,
    not_zero,
    some,
    spread,
    store,
    up_to,
    words,
)


def _everything(values, marks, on, number, floats, sets):
    """Each operation once; whether the sum is above x in the first `number` lanes."""
    above = False
    for j in range(0, len(marks), LANES):
        x, y = load(values, (0, j)), load(values, (1, j))
        total = x * y + spread(0.5)
        store(floats, (0, j), total)
        store(floats, (1, j), choose(total <= x, abs(total), -total))
        high, low = words(total > x, np.int64(5)), words(total < x, np.int64(3))
        store(sets, (0, j), high | low)
        store(sets, (1, j), ~(high | low) & load(marks, j))
        both = not_zero(load(marks, j)) & ~load(on, j) | not_negative(load(marks, j))
        store(sets, (2, j), words(both, np.int64(-1)))
        above |= some((total > x) & up_to(number - j))
    return above


def test_operations_on_lanes_are_those_of_numpy():
    rng, size = np.random.default_rng(0), 3 * LANES
    values = rng.standard_normal((2, size))
    values[0, :3], values[1, 5:9] = [np.nan, np.inf, -0.0], [np.nan, np.inf, 0.0, 1e308]
    marks = rng.integers(-1, 2, size)
    on = (rng.random(size) < 0.5).astype(np.uint8)
    floats, sets = np.zeros((2, size)), np.zeros((3, size), np.int64)
    run = jit.compiled(_everything)
    with np.errstate(all="ignore"):
        total, x = values[0] * values[1] + 0.5, values[0]
    seen = [run(values, marks, on, number, floats, sets) for number in range(size + 1)]
    assert seen == [bool((total > x)[:number].any()) for number in range(size + 1)]
    np.testing.assert_array_equal(floats[0], total)
    np.testing.assert_array_equal(floats[1], np.where(total <= x, abs(total), -total))
    expected = np.where(total > x, 5, np.where(total < x, 3, 0))
    np.testing.assert_array_equal(sets[0], expected)
    np.testing.assert_array_equal(sets[1], ~expected & marks)
    both = (marks != 0) & (on == 0) | (marks >= 0)
    np.testing.assert_array_equal(sets[2], np.where(both, -1, 0))
