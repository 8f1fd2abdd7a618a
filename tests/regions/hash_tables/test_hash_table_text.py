"""Lines that show a hash table to a reader."""

import numpy as np
import pytest

from regions.domains.shapes import Box
from regions.hash_tables.hash_table import hash_table
from regions.hash_tables.text import (
    function_lines,
    table_lines,
    total_line,
    utilization_lines,
)
from regions.hash_tables.utilization import utilization
from regions.network import ReluNetwork


@pytest.fixture
def table():
    """Quadrants of x1 + x2 + ...: two points in one, one in another, one on an axis."""
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]] * 4], None)
    points = np.array([[1.0, 1.0], [2.0, 1.0], [-1.0, -1.0], [1.0, 0.0]])
    return hash_table(network, points)


def test_codes_are_sorted_by_points_and_cut(table):
    first, rest = table_lines(table, rows=1, ids=1)
    assert first.startswith("11  -> f")
    assert "2 points" in first
    assert first.endswith("output [2, 3]  [2, 3]  [2, 3] ...  ids 0 ...")
    assert rest == f"... and {len(table) - 1} codes more"


def test_code_of_a_boundary_point_is_marked(table):
    lines = table_lines(table, rows=10, ids=8)
    assert len(lines) == 3
    assert [line[:2] for line in lines if line[2] == "*"] == ["10"]


def test_functions_of_the_codes_shown_alone(table):
    (line,) = function_lines(table, rows=1)
    assert line.split(" = ")[1] == ", ".join(["1 x1 + 1 x2"] * 4)
    assert len(function_lines(table, rows=3)) == table.num_functions


def test_total_counts_points_codes_and_maps(table):
    assert total_line(table).startswith("4 points, 3 codes, 3 affine maps; ")


def test_numbers_of_regions_are_those_of_the_quadrants(table):
    found = utilization(table, Box.cube(2), resolution=8)
    lines = utilization_lines(found)
    values = {line[:22].strip(): line[22:36].strip() for line in lines}
    assert values["possible codes, 2^n"] == "4"
    assert values["regions in the domain"] == "4"
    assert values["occupied by data"] == "2"


def test_many_codes_are_given_by_their_size():
    weights = [np.eye(60, 1), np.ones((1, 60))]
    network = ReluNetwork.from_arrays(weights, [np.arange(60.0), np.zeros(1)])
    found = utilization(
        hash_table(network, np.array([[0.5]])), Box.cube(1), resolution=8
    )
    assert "~10^18" in utilization_lines(found)[0]
