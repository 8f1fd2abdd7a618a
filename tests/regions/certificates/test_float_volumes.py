"""Volumes in float64: what they say, and where they say nothing."""

import numpy as np
import pytest

from regions.certificates import verify
from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from regions.results.region_set import RegionSet


def part_of(found, left):
    """Some of the regions, said to be all."""
    return RegionSet(
        found.network,
        found.domain,
        found.patterns[left],
        found.coordinates[left],
        complete=True,
        method=found.method,
        seconds=0.0,
        stats={},
    )


TINY = 1e-200
# A B - C D = 2031, which floats miss in every order, also where a product is fused.
A, B, C, D = 240736739.0, 218111339.0, 240737005.0, 218111098.0
LOSSES = {
    "underflow": ReluNetwork.from_arrays(
        [[[TINY, 0.0], [0.0, TINY]], [[TINY, -TINY]], [[1.0]]], None
    ),
    "cancellation": ReluNetwork.from_arrays(
        [[[A, 0.0], [C, 0.0], [0.0, 1.0]], [[B, -D, -2031.0]], [[1.0]]],
        [[2 * A, 2 * C, 2.0], [0.0], [0.0]],
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_verify_says_nothing_of_volumes_whose_rows_lost_their_digits(name):
    found = enumerate_regions(LOSSES[name], Box.cube(2))
    assert verify(found, exact=True).complete
    left = np.arange(1, len(found))
    short = part_of(found, left)
    assert not verify(short, exact=True).ok
    for members in (found, short):
        report = verify(members)
        assert report.checks[-1].name == "completeness"
        assert report.checks[-1].passed is None
        assert not report.complete


@pytest.mark.parametrize("exact", [False, True])
def test_no_regions_are_not_all_of_them(exact):
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    none = part_of(enumerate_regions(network, Box.cube(2)), np.zeros(0, np.int64))
    assert not verify(none, exact=exact).ok
