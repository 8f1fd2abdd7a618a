"""How many points a grid may have, and how many it has by default."""

import math
import re

import numpy as np
import pytest

from regions.domains.shapes import Box, Segment, Slice
from regions.grid import kernel as grid_kernel
from regions.grid.hash_grid import (
    DEFAULT_POINTS,
    MAX_POINTS,
    default_resolution,
    grid_shape,
    hash_grid,
)
from regions.patterns.kernel import pack_bits, words_to_bytes
from tests.helpers import random_network

LARGEST = (49, 73, 127, 337, 92737, 649657)
"""The prime factors of 2^63 - 1, seven twice, are the sides of a grid."""


def test_the_last_points_of_the_largest_grid_are_those_of_brute_force():
    assert math.prod(LARGEST) == MAX_POINTS == np.iinfo(np.int64).max
    net, box = random_network(np.random.default_rng(0), 6, [20]), Box.cube(6)
    assert grid_shape(box, LARGEST) == LARGEST
    axes = grid_kernel.grid_axes(box, LARGEST, 0.5)
    points = range(MAX_POINTS - 1000, MAX_POINTS)
    rest, index = np.array(points, object), []
    for size in LARGEST[::-1]:
        index.append((rest % size).astype(int))
        rest = rest // size
    where = zip(axes, index[::-1], strict=True)
    expected = pack_bits(net.patterns(np.stack([a[i] for a, i in where], 1)))
    for piece in grid_kernel.stream(net, axes, "float64", 300, points):
        runs = grid_kernel.runs_of(piece)
        length = np.diff(runs.begins, append=piece.stop - piece.start)
        packed = words_to_bytes(np.repeat(runs.words, length, axis=0), 20)
        part = slice(piece.start - points.start, piece.stop - points.start)
        np.testing.assert_array_equal(packed, expected[part])
    grid = hash_grid(net, box, LARGEST, labels=False, chunk=500, stop=lambda: True)
    assert grid.points_per_label.sum() == 500


@pytest.mark.parametrize(
    ("dim", "resolution", "message"),
    [
        # One point less along an axis, and they can be numbered.
        (7, 512, "512: 9,223,372,036,854,775,808 points in 7 dimensions, where 9,2"),
        (64, 4, "about 10^38 points in 64 dimensions"),
        # Too many digits for Python to write.
        (784, 2**29, "about 10^6844 points in 784 dimensions"),
        (65, 1, "65 dimensions and a grid at most 64"),
        (25, None, "two points per axis make 2^25, and it has at most 16,777,216"),
    ],
)
def test_points_that_cannot_be_numbered_are_refused(dim, resolution, message):
    net = random_network(np.random.default_rng(0), dim, [4])
    with pytest.raises(ValueError, match=re.escape(message)):
        hash_grid(net, Box.cube(dim), resolution, labels=False)


def test_grids_just_below_the_limits_are_taken():
    assert math.prod(grid_shape(Box.cube(7), (*(512,) * 6, 511))) < MAX_POINTS
    grid = hash_grid(random_network(np.random.default_rng(0), 64, [4]), Box.cube(64), 1)
    assert grid.count == 1
    assert grid.labels is not None
    assert grid.labels.shape == (1,) * 64


@pytest.mark.parametrize("shape", [(1024,) * 6, LARGEST])
def test_labels_that_no_memory_holds_are_refused(shape):
    net = random_network(np.random.default_rng(0), 6, [4])
    with pytest.raises(ValueError, match="more memory than there is: leave them out"):
        hash_grid(net, Box.cube(6), shape)


@pytest.mark.parametrize("dim", range(1, 25))
def test_default_grid_is_the_finest_that_is_small_enough(dim):
    resolution = default_resolution(dim)
    assert 2 <= resolution <= 1024
    assert resolution**dim <= DEFAULT_POINTS
    assert resolution == 1024 or (resolution + 1) ** dim > DEFAULT_POINTS
    assert grid_shape(Box.cube(dim)) == (resolution,) * dim


def test_default_grid_of_a_domain_is_that_of_its_own_dimension():
    plane = Slice(np.zeros(784), np.eye(2, 784), Box.cube(2))
    assert grid_shape(plane) == (1024, 1024)
    assert grid_shape(Segment(np.zeros(784), np.ones(784))) == (1024,)
