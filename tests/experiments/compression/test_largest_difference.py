"""The largest difference, against closed forms and a dense grid."""

import itertools

import numpy as np
import pytest

import regions
from experiments.compression.largest_difference import crossings, largest_difference
from experiments.measures.adaptation import box_grid

BOX = regions.Box([-1.0, -1.0], [1.0, 1.0])


def _random(seed, widths=(6, 5)):
    rng = np.random.default_rng(seed)
    sizes = [2, *widths, 2]
    weights = [rng.normal(size=(b, a)) for a, b in itertools.pairwise(sizes)]
    return regions.ReluNetwork.from_arrays(
        weights, [rng.normal(size=len(w)) for w in weights]
    )


def test_two_creases_that_cross():
    """|max(x, 0) - max(y, 0)| is largest, 1, at corners of the square."""
    first = regions.ReluNetwork.from_arrays([[[1.0, 0.0]], [[1.0]]], None)
    second = regions.ReluNetwork.from_arrays([[[0.0, 1.0]], [[1.0]]], None)
    assert largest_difference(first, second, BOX) == 1.0


def test_a_peak_inside():
    """A tent and the zero function differ most on the ridge of the tent."""
    tent = regions.ReluNetwork.from_arrays(
        [[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], [[1.0, -2.0, 1.0]]],
        [[0.5, 0.0, -0.5], [0.0]],
    )
    flat = regions.ReluNetwork.from_arrays([[[0.0, 1.0]], [[0.0]]], None)
    assert largest_difference(tent, flat, BOX) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", [0, 1])
def test_no_less_than_on_a_grid_and_close_to_it(seed):
    first, second = _random(seed), _random(seed + 10)
    grid = box_grid(BOX, 400)
    on_grid = abs(first(grid) - second(grid)).max()
    found = largest_difference(first, second, BOX)
    assert on_grid <= found + 1e-12
    assert found == pytest.approx(on_grid, rel=0.05)
    assert largest_difference(first, first, BOX) == 0.0


def test_segments_cross_once():
    plus = np.array([[[-1.0, 0.0], [1.0, 0.0]], [[-1.0, 5.0], [1.0, 5.0]]])
    bar = np.array([[[0.25, -1.0], [0.25, 1.0]], [[-1.0, 0.0], [1.0, 0.0]]])
    assert crossings(plus, bar).tolist() == [[0.25, 0.0]]
