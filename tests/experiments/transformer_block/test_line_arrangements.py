"""Euler's formula for lines in a rectangle, by hand and against the enumerator."""

import numpy as np
import pytest

import regions
from experiments.transformer_block.line_arrangements import regions_of_lines

LOW, HIGH = np.array([0.0, 0.0]), np.array([1.0, 1.0])


def test_small_arrangements_by_hand():
    cross = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert regions_of_lines(cross, np.array([-0.5, -0.5]), LOW, HIGH) == 4
    # One of them misses the square.
    assert regions_of_lines(cross, np.array([-0.5, 0.5]), LOW, HIGH) == 2
    parallel = np.array([[1.0, 1.0], [1.0, 1.0]])
    assert regions_of_lines(parallel, np.array([-0.5, -1.0]), LOW, HIGH) == 3
    # They cross outside.
    steep = np.array([[1.0, 0.1], [1.0, -0.1]])
    assert regions_of_lines(steep, np.array([-0.3, -0.6]), LOW, HIGH) == 3


@pytest.mark.parametrize("seed", range(3))
def test_random_lines_agree_with_the_enumerator(seed):
    rng = np.random.default_rng(seed)
    normals, offsets = rng.standard_normal((12, 2)), 0.5 * rng.standard_normal(12)
    network = regions.ReluNetwork.from_arrays(
        [normals, np.ones((1, 12))], [offsets, None]
    )
    exact = int(regions.count_regions(network, regions.Box(LOW, HIGH)))
    assert regions_of_lines(normals, offsets, LOW, HIGH) == exact
