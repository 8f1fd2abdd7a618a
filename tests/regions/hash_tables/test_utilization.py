import numpy as np
import pytest

from regions.bounds import central_count, zaslavsky_count
from regions.domains.shapes import Ball, Box, Segment, WholeSpace
from regions.hash_tables.hash_table import hash_table
from regions.hash_tables.utilization import data_box, region_bound, utilization
from regions.network import ReluNetwork
from tests.helpers import brute_force_patterns, random_network
from tests.zoo import ZOO


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("dim", "widths", "slopes"),
    [(2, [5], 0.0), (2, [4, 4], 0.0), (3, [4, 3], 0.1), (2, [6], -1.0)],
)
def test_each_number_bounds_the_next_and_the_exact_one_is_brute_force(
    seed, dim, widths, slopes
):
    rng = np.random.default_rng(seed)
    network = random_network(rng, dim, widths, slopes=slopes)
    table = hash_table(network, rng.uniform(-1.0, 1.0, (200, dim)))
    box = Box.cube(dim)
    found = utilization(table, box, resolution=64)
    assert found.exact.complete
    assert int(found.exact) == len(brute_force_patterns(network, box))
    assert found.points == 200
    assert 0 < found.occupied <= int(found.exact) <= found.bound <= found.possible
    assert (found.grid is None) == (dim == 3)
    if found.grid is not None:
        assert 0 < int(found.grid) <= int(found.exact)
    assert found.gini_of_regions is not None
    assert found.gini <= found.gini_of_regions


@pytest.mark.parametrize("name", ZOO)
def test_bound_holds_for_brute_force_counts_over_the_zoo(name):
    network, box = ZOO[name]
    if network.num_bits <= 8:
        count = len(brute_force_patterns(network, box))
    else:
        points = np.random.default_rng(0).uniform(box.lower, box.upper, (500, box.dim))
        count = int(hash_table(network, points).occupied.sum())
    assert 1 <= count <= region_bound(network)[0] <= 2**network.num_bits


def test_bounds_are_named_after_their_formulas():
    rng = np.random.default_rng(0)
    free = random_network(rng, 2, [7], bias_scale=0.0)
    assert region_bound(free) == (central_count(7, 2), "through the origin")
    wide = random_network(rng, 2, [7])
    assert region_bound(wide) == (zaslavsky_count(7, 2), "Zaslavsky")
    assert region_bound(random_network(rng, 5, [3])) == (8, "2^n")
    assert region_bound(random_network(rng, 2, [7, 7]))[1] == "Serra 2018"
    leaky = random_network(rng, 2, [7, 7], slopes=0.1)
    assert region_bound(leaky)[1] == "Montufar 2017"
    skip = ZOO["skip_blocks"][0]
    assert region_bound(skip)[1] == "Zaslavsky, layer by layer"
    assert region_bound(ZOO["no_hidden_layer"][0])[0] == 1


def test_points_outside_the_box_occupy_nothing():
    network = ReluNetwork.from_arrays([np.eye(2), np.ones((1, 2))], None)
    table = hash_table(network, np.array([[0.5, 0.5], [-3.0, 0.5], [0.0, 0.5]]))
    found = utilization(table, Box.cube(2), resolution=4)
    assert (found.points, found.occupied, int(found.exact)) == (2, 1, 4)
    assert found.gini_of_regions is None


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_points_of_a_ball_are_those_near_its_center(norm):
    rng = np.random.default_rng(0)
    network, center = random_network(rng, 2, [3]), np.array([0.5, -0.25])
    points = center + rng.uniform(-1.0, 1.0, (100, 2))
    table, ball = hash_table(network, points), Ball(center, 0.75, norm)
    found = utilization(table, ball, resolution=16)
    near = np.linalg.norm(points - center, ord=norm, axis=1) < 0.75
    assert 0 < found.points == near.sum() < 100
    assert found.occupied == len(np.unique(table.codes[near & table.inside]))
    space = utilization(table, WholeSpace(2))
    assert (space.points, space.grid) == (100, None)
    with pytest.raises(ValueError, match="kind Segment"):
        utilization(table, Segment([0.0, 0.0], [1.0, 1.0]))


def test_box_of_data_with_a_constant_coordinate_has_width_one_there():
    network = random_network(np.random.default_rng(0), 2, [3])
    box = data_box(hash_table(network, np.array([[0.0, 2.0], [4.0, 2.0]])))
    assert box.lower.tolist() == [0.0, 1.5]
    assert box.upper.tolist() == [4.0, 2.5]
    huge = data_box(hash_table(network, np.array([[1e18, 0.0], [1e18, 1.0]])))
    assert huge.lower[0] < 1e18 < huge.upper[0]
