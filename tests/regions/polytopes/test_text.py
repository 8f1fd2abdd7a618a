"""What the text says of a region, on cones and strips with known shapes."""

import numpy as np
import pytest

from regions import polytope_at
from regions.domains.shapes import Box
from regions.network import ReluNetwork
from regions.polytopes.report import describe_polytope
from regions.polytopes.text import to_text
from tests.helpers import random_network


def text_at(weights, biases, point, output=None):
    """The text for one hidden layer, whose units are summed up."""
    output = np.ones((1, len(weights))) if output is None else output
    network = ReluNetwork.from_arrays([weights, output], [biases, [0.0]])
    return to_text(describe_polytope(network, np.array(point, float)))


@pytest.mark.parametrize(
    ("weights", "biases", "title", "directions"),
    [
        (
            np.eye(2),
            [0.0, 0.0],
            "it recedes along these directions, which are all its extreme rays:",
            {"(1, 0)", "(0, 1)"},
        ),
        (
            [[1.0, 0.0]],
            [0.0],
            "it recedes along these lines (+-) and rays, which are all the extreme on",
            {"+- (0, 1)", "(1, 0)"},
        ),
        (
            [[1.0, 0.0], [-1.0, 0.0]],
            [0.0, 2.0],
            "it recedes along these lines and their combinations, and no other way:",
            {"+- (0, 1)"},
        ),
    ],
)
def test_directions_of_unbounded_regions_are_said_to_be_all(
    weights, biases, title, directions
):
    *_, head = (text := text_at(weights, biases, [1, 1])).split("unbounded")
    assert head.strip().startswith(title)
    assert {line.strip() for line in head.splitlines()[1:]} == directions
    assert text.endswith("\n")


def test_one_direction_of_many_is_said_to_be_some(monkeypatch):
    monkeypatch.setattr("regions.lp.recession.MAX_SUBSETS", 1)
    text = text_at(np.eye(2), [0.0, 0.0], [1, 1])
    assert "these directions, and perhaps others (too many facets):" in text


def test_change_across_a_facet_is_told_by_norm_and_rank():
    # Across x1 = 0 the Jacobian loses 3 (1, 0), across x2 = 0 it loses 4 (0, 1).
    text = text_at(np.eye(2), [0.0, 0.0], [1, 1], [[3.0, 4.0]])
    for norm in (3, 4):
        change = f"the Jacobian changes by a matrix of norm {norm} and rank 1; the outp"
        assert f"; across the facet {change}" in text


def test_facet_of_a_unit_that_nothing_reads_changes_nothing():
    text = text_at(np.eye(2), [0.0, 0.0], [1, 1], [[3.0, 0.0]])
    assert "across the facet the affine map stays the same" in text


@pytest.mark.parametrize(
    ("weights", "biases", "count"),
    [
        ([[1.0, 0.0]], [0.0], "1 facet, no redundant inequalities"),
        ([[1.0, 0.0], [1.0, 0.0]], [0.0, 1.0], "1 facet, 1 redundant inequality\n"),
        (np.eye(2), [0.0, 0.0], "2 facets, no redundant inequalities"),
    ],
)
def test_facets_are_counted_in_the_singular_too(weights, biases, count):
    assert count in text_at(weights, biases, [1, 1])


def test_redundant_inequalities_are_all_rows_but_the_facets():
    network = random_network(np.random.default_rng(1), 2, [4, 3])
    report = describe_polytope(network, np.array([0.1, 0.2]), Box.cube(2))
    # Seven units and four sides of the square.
    redundant = 11 - len(report.inequalities)
    assert redundant > 1
    assert f", {redundant} redundant inequalities" in to_text(report)


def test_units_and_facets_are_counted_from_one_everywhere():
    net = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    poly = polytope_at(net, np.array([0.5, 0.5]), Box([-1, -1], [2, 1]))
    names = {"layer 1 unit 1", "layer 1 unit 2", "domain facet 2", "domain facet 4"}
    assert {str(facet) for facet in poly.facets} == names
    report = describe_polytope(net, np.array([0.5, 0.5]), Box([-1, -1], [2, 1]))
    assert {row.name for row in report.inequalities} == names
