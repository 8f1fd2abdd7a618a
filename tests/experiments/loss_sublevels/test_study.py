"""Sublevel sets of the 0/1 loss against a finer arrangement, and by hand."""

import numpy as np
import pytest

from experiments import loss_sublevels
from experiments.loss_sublevels.cells import (
    Cells,
    Model,
    components,
    parameter_cells,
    parameter_network,
)
from experiments.loss_sublevels.study import draw_points, labelings
from regions.domains.shapes import Box
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from tests.experiments.helpers import run_smoke


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_smoke(loss_sublevels.NAME, tmp_path_factory)


def test_the_smoke_run_finds_covers_numbers(finished):
    _, summary = finished
    cover, separable, *_ = summary["claims"]
    assert cover["verdict"] == separable["verdict"] == "confirmed"
    assert summary["cones"]["one affine function, line"] == [8, 8]


def test_the_network_of_parameters_is_the_classifier():
    points = draw_points(1, 3, 0)
    net = parameter_network(Model(2, 2), points)
    theta = np.random.default_rng(1).standard_normal((20, 6))
    data = np.column_stack([points, np.ones(3)])
    a, b, c = (theta[:, k : k + 2] @ data.T for k in (0, 2, 4))
    wanted = np.maximum(a, b) - np.maximum(c, 0.0)
    assert (net.patterns(theta)[:, -3:] == (wanted > 0.0)).all()


def test_two_functions_can_change_places():
    """++--++ on the line: each function holds one end, and they can not pass by."""
    points = np.arange(6.0)[:, None]
    labels = np.array([1, 1, 0, 0, 1, 1], bool)
    cells = parameter_cells(Model(2, 1), points)
    assert components(cells, labels)[0] == 2
    # All positive: either function alone, or both.
    assert components(cells, np.ones(6, bool))[0] == 1


def test_components_are_those_of_a_finer_arrangement():
    """Cut by the signs of both functions, too, the same sets have the same parts."""
    points = draw_points(1, 4, 3)
    data = np.column_stack([points, np.ones(4)])
    none = np.zeros_like(data)
    rows = np.block([[data, none], [none, data], [data, -data]])
    net = ReluNetwork.from_arrays([rows, np.zeros((1, 12))], None)
    found = enumerate_regions(net, Box.cube(4, 1.0)).require_complete()
    first, second, _ = np.split(found.pattern_bits(), 3, axis=1)
    fine = Cells(first | second, np.asarray(found.neighbors[0], np.int64))
    mine = parameter_cells(Model(2, 1), points)
    assert len(mine.positive) < len(fine.positive)
    for labels in labelings(4):
        assert (components(mine, labels) == components(fine, labels)).all()
