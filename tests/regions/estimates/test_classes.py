"""Regions of one class, against programs over every region."""

import numpy as np
import pytest

import regions
from regions.domains.shapes import Box, WholeSpace
from regions.estimates.estimate import estimate_regions
from tests.helpers import brute_force_rows, largest_slack, random_network

NETWORK = random_network(np.random.default_rng(14), 2, [5, 4], outputs=3)
BOX = Box.cube(2, 2.0)


def holds_class(pattern, label):
    """Whether a region of the box has points where an output exceeds the others."""
    A, b = brute_force_rows(NETWORK, pattern)
    points = np.vstack([np.zeros(2), np.eye(2)])
    signs, values = pattern.astype(bool), points
    for layer, start in zip(NETWORK.hidden, (0, 5), strict=True):
        on = signs[start : start + layer.width]
        values = (values @ layer.weight.T + layer.bias) * on
    out = values @ NETWORK.output.weight.T + NETWORK.output.bias
    gaps = np.delete(out - out[:, [label]], label, axis=1)
    A = np.vstack([A, (gaps[1:] - gaps[0]).T, np.eye(2), -np.eye(2)])
    b = np.concatenate([b, -gaps[0], np.full(4, 2.0)])
    return largest_slack(A, b) > 1e-9


def test_regions_of_each_class_are_those_that_programs_find():
    found = regions.enumerate_regions(NETWORK, BOX)
    patterns = np.array([region.pattern for region in found])
    counts = []
    for label in range(3):
        counts.append(sum(holds_class(p, label) for p in patterns))
        exact = estimate_regions(NETWORK, BOX, cells=10_000, of_class=label)
        assert exact.exact == counts[-1]
    assert max(counts) > min(counts) > 0
    few = estimate_regions(NETWORK, BOX, cells=4, runs=24, of_class=0)
    assert few.exact is None
    assert abs(few.mean - counts[0]) < 3.5 * few.relative_error * few.mean
    assert few.at_least() <= counts[0]


def test_a_class_that_is_nowhere_has_no_region():
    output = regions.ReluNetwork.from_arrays(
        [np.eye(2), [[1.0, 1.0], [1.0, 1.0]]], [None, [0.0, 1.0]]
    )
    found = estimate_regions(output, WholeSpace(2), of_class=0)
    assert found.exact == found.mean == found.at_least() == 0
    assert estimate_regions(output, WholeSpace(2), of_class=1).exact == 4


def test_a_class_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="`of_class` is 3 and the network has 3 out"):
        estimate_regions(NETWORK, BOX, of_class=3)
