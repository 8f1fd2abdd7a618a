"""Definitions of a linear region on networks that can be counted by hand."""

import numpy as np
import pytest

from experiments import region_definitions
from experiments.region_definitions.study import random_network
from regions.domains.shapes import WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.network import ReluNetwork
from regions.topology.definitions import Counts, count_by_definition
from tests.experiments.helpers import run_smoke


def test_the_order_holds_in_the_smoke_run(finished):
    _, summary = finished
    first, *others = summary["claims"]
    assert first["verdict"] == "confirmed"
    assert len(others) == 10
    assert any(claim["verdict"] == "confirmed" for claim in others)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(region_definitions.NAME, tmp_path_factory)


def test_a_crossing():
    """relu(x) + relu(y) - relu(-x) - relu(-y) is linear; four patterns and no more.

    A tie is off: on x = 0, y > 0 units 1 and 3 are off, a fifth pattern, and so on; at
    the origin all are off.
    """
    W = [[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], [[1.0, 1.0, -1.0, -1.0]]]
    network = ReluNetwork.from_arrays(W, None)
    assert count_by_definition(network, WholeSpace(2)) == Counts(9, 4, 1, 1, 1)


def test_the_example_of_the_paper():
    """max(-y, min(0, -x)) has 3 regions by each of the last three definitions."""
    # -y + relu(y - relu(x)); of its network a note on the paper gives 7, 5, 4, 3, 3, 3.
    first = [[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
    second = [[-1.0, 1.0, -1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    network = ReluNetwork.from_arrays([first, second, [[1.0, -1.0, 1.0]]], None)
    points = np.random.default_rng(0).standard_normal((50, 2))
    wanted = np.maximum(-points[:, 1], np.minimum(0.0, -points[:, 0]))
    np.testing.assert_allclose(network(points)[:, 0], wanted, atol=1e-12)
    counts = count_by_definition(network, WholeSpace(2))
    assert counts[2:] == (3, 3, 3)
    assert counts.proper >= 4


def test_quadrants_that_touch_in_a_point():
    """relu of the smaller of x and y, plus that of -x and -y: zero in two quadrants."""
    # min(x, y) = x - relu(x - y); skips carry x and y to the second layer.
    first = [[1.0, -1.0], [-1.0, 1.0], [1.0, 0.0], [-1.0, 0.0]]
    # x - relu(x - y) = relu(x) - relu(-x) - relu(x - y), and the same turned around.
    second = [[-1.0, 0.0, 1.0, -1.0], [0.0, -1.0, -1.0, 1.0]]
    network = ReluNetwork.from_arrays([first, second, [[1.0, 1.0]]], None)
    counts = count_by_definition(network, WholeSpace(2))
    assert counts.closed == counts.open - 1 == counts.affine


@pytest.mark.parametrize("seed", range(3))
def test_two_of_them_are_those_of_the_engines(seed: int):
    network = random_network((3, 2), seed, "integer")
    counts = count_by_definition(network, WholeSpace(2))
    assert counts.proper == int(count_regions(network, WholeSpace(2)))
    listed = enumerate_regions(network, WholeSpace(2), method="tree")
    assert counts.open == int(listed.linear_regions())
