"""Counts of the whole space by sectors: closed formulas, the tree, invariances."""

import numpy as np
import pytest

from regions import bounds
from regions.domains.shapes import Box, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.errors import NotGenericError
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.zoo import ZOO


def by_sectors(network: ReluNetwork) -> int:
    result = count_regions(network, WholeSpace(network.input_dim), method="sectors")
    assert result.complete
    return int(result)


@pytest.mark.parametrize(("units", "dim"), [(2, 2), (22, 2), (7, 3)])
@pytest.mark.parametrize("bias_scale", [1e-6, 1e6])
def test_generic_hyperplanes_make_as_many_regions_as_zaslavsky_says(
    units, dim, bias_scale
):
    rng = np.random.default_rng(units)
    network = random_network(rng, dim, [units], bias_scale)
    assert by_sectors(network) == bounds.zaslavsky_count(units, dim)


@pytest.mark.parametrize("widths", [[6, 5, 4], [7, 5]])
def test_sectors_count_what_the_tree_finds(widths):
    network = random_network(np.random.default_rng(len(widths)), 2, widths)
    found = enumerate_regions(network, WholeSpace(2), method="tree")
    assert by_sectors(network) == len(found)
    result = count_regions(network, WholeSpace(2))
    assert (int(result), result.method) == (len(found), "sectors")


@pytest.mark.parametrize(
    "name", ["dead_unit", "integer_weights", "parallel_units", "residual", "prelu"]
)
def test_awkward_networks_count_as_in_the_tree(name):
    network, _ = ZOO[name]
    domain = WholeSpace(network.input_dim)
    result = count_regions(network, domain)
    assert int(result) == len(enumerate_regions(network, domain, method="tree"))


def test_parallel_boundaries_meet_at_infinity_and_go_to_the_tree():
    # Far up one unit is active alone: there its layer has rank one.
    first = [[1.0, 0.0], [-1.0, -0.5], [-1.0, -1.0]]
    network = ReluNetwork.from_arrays(
        [first, np.eye(3) + 0.25, [[1.0] * 3]],
        [[0.1, 0.2, 0.3], [-1.0, -2.0, 0.5], [0]],
    )
    with pytest.raises(NotGenericError):
        by_sectors(network)
    result = count_regions(network, WholeSpace(2))
    assert (result.complete, result.method) == (True, "tree")
    assert int(result) == int(count_regions(network, Box.cube(2, 1e6)))


def test_budgets_of_numbers_and_journals_go_to_the_tree(tmp_path):
    network = random_network(np.random.default_rng(0), 2, [6, 5])
    assert count_regions(network, WholeSpace(2), max_regions=9).method == "tree"
    kept = count_regions(network, WholeSpace(2), journal=tmp_path)
    assert (kept.method, int(kept)) == ("tree", by_sectors(network))


def test_time_that_is_spent_leaves_a_lower_bound():
    network = random_network(np.random.default_rng(1), 2, [8, 8])
    stopped = count_regions(network, WholeSpace(2), max_seconds=1e-9)
    assert not stopped.complete
    assert int(stopped) <= by_sectors(network)


def test_domains_and_listings_that_sectors_do_not_serve_are_refused():
    network = random_network(np.random.default_rng(0), 2, [3])
    with pytest.raises(ValueError, match="whole space of 2 to 3 dimensions"):
        count_regions(network, Box.cube(2), method="sectors")
    with pytest.raises(ValueError, match="only counts"):
        enumerate_regions(network, WholeSpace(2), method="sectors")
