"""Linear regions: merging of activation regions with equal affine maps."""

import itertools
from fractions import Fraction
from math import comb

import networkx
import numpy as np
import pytest

import regions
from regions.domains.shapes import Box, Segment, Slice, WholeSpace
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from regions.partition.linear_regions import count_linear_regions
from regions.results.merging import LinearRegions, map_fingerprints
from regions.results.remainders import MODULI, remainder
from tests.helpers import random_network
from tests.regions.enumeration.oracles import Polygon, exact_pieces, integer_network
from tests.zoo import ZOO


def tent(depth: int) -> ReluNetwork:
    """The tent map composed with itself, `2^depth` pieces on [0, 1]."""
    first, again = [[1.0], [1.0]], [[2.0, -4.0], [2.0, -4.0]]
    return ReluNetwork.from_arrays(
        [first, *[again] * (depth - 1), [[2.0, -4.0]]], [[0.0, -0.5]] * depth + [[0.0]]
    )


def edges(cell: Polygon) -> list[tuple]:
    """Sides of a polygon, or the ends of a segment twice."""
    corners = cell.corners
    if len(corners[0]) == 1:
        return [(c, c) for c in corners]
    return list(zip(corners, corners[1:] + corners[:1], strict=True))


def overlap(e, f) -> bool:
    """Whether two sides lie on one line and share more than a point."""
    if len(e[0]) == 1:
        return e == f
    (p, q), (r, s) = e, f
    along = (q[0] - p[0], q[1] - p[1])

    def across(x):
        return along[0] * (x[1] - p[1]) - along[1] * (x[0] - p[0])

    def place(x):
        return along[0] * (x[0] - p[0]) + along[1] * (x[1] - p[1])

    if across(r) or across(s) or p == q:
        return False
    low, high = sorted([place(r), place(s)])
    return max(low, Fraction(0)) < min(high, place(q))


def brute_force_partition(network, domain) -> set[frozenset]:
    """Linear regions as sets of patterns, from exact polygons of all regions."""
    pieces = exact_pieces(network, domain)
    graph = networkx.Graph()
    graph.add_nodes_from(pattern for pattern, _, _ in pieces)
    for (a, one, f), (b, other, g) in itertools.combinations(pieces, 2):
        assert isinstance(one, Polygon)
        assert isinstance(other, Polygon)
        if f == g and any(
            overlap(e, h) for e, h in itertools.product(edges(one), edges(other))
        ):
            graph.add_edge(a, b)
    return {frozenset(c) for c in networkx.connected_components(graph)}


def partition(rs, merged: LinearRegions) -> set[frozenset]:
    """Linear regions as sets of patterns."""
    patterns = [tuple(row) for row in rs.pattern_bits().tolist()]
    return {
        frozenset(patterns[k] for k in merged.members(label))
        for label in range(merged.count)
    }


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("method", ["line", "tree"])
def test_tent_map_has_a_power_of_two_of_pieces(depth, method):
    merged = count_linear_regions(tent(depth), Segment([0.0], [1.0]), method=method)
    assert (int(merged), merged.complete) == (2**depth, True)


@pytest.mark.parametrize("domain", [Box([-1], [1]), WholeSpace(1)])
def test_identity_of_two_units_is_one_linear_region(domain):
    network = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, -1.0]]], None)
    for method in ("line", "tree"):
        merged = count_linear_regions(network, domain, method=method)
        assert (merged.count, merged.activation_regions) == (1, 2)
        assert str(merged).startswith("1 linear regions of 2 activation regions")


def test_absolute_value_has_two_pieces_at_a_shared_facet():
    network = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    merged = count_linear_regions(network, Box([-1], [1]))
    assert merged.labels.tolist() == [0, 1]


@pytest.mark.parametrize("method", ["cells", "tree"])
def test_unit_without_effect_is_merged_across(method):
    rng = np.random.default_rng(2)
    network = ReluNetwork.from_arrays(
        [rng.standard_normal((5, 2)), [[1.0, -2.0, 0.5, 3.0, 0.0]]],
        [0.2 * rng.standard_normal(5), [0.0]],
    )
    without = ReluNetwork.from_arrays(
        [network.hidden[0].weight[:4], network.output.weight[:, :4]],
        [network.hidden[0].bias[:4], [0.0]],
    )
    rs = enumerate_regions(network, Box.cube(2), method=method)
    expected = enumerate_regions(without, Box.cube(2))
    assert len(rs) > len(expected)
    assert rs.linear_regions().count == len(expected)


def test_dead_paths_leave_one_constant_region_per_connected_part():
    """relu(|x| - 1) is zero between -1 and 1; relu(1 - |x|) on two sides that are not
    connected."""
    pair = [[1.0], [-1.0]]
    valley = ReluNetwork.from_arrays(
        [pair, [[1.0, 1.0]], [[1.0]]], [[0.0, 0.0], [-1.0], [0.0]]
    )
    hill = ReluNetwork.from_arrays(
        [pair, [[-1.0, -1.0]], [[1.0]]], [[0.0, 0.0], [1.0], [0.0]]
    )
    for method in ("line", "tree"):
        assert count_linear_regions(valley, Box([-3], [3]), method=method).count == 3
        hills = count_linear_regions(hill, Box([-3], [3]), method=method)
        assert hills.count == hills.activation_regions == 4


def test_regions_that_touch_in_a_corner_stay_apart():
    """|x| |y| signs: max(x, y) + max(-x, -y) has equal maps on opposite wedges only."""
    network = ReluNetwork.from_arrays(
        [np.eye(2), [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], slopes=-1.0
    )
    assert count_linear_regions(network, Box.cube(2)).count == 4
    checker = ReluNetwork.from_arrays(
        [
            [[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]],
            [[1.0, 1.0, -1.0, -1.0]],
        ],
        None,
    )
    # |x + y| - |x - y| = 2 sign * smaller of |x|, |y|: maps 2y, 2x, -2y, -2x by wedges.
    merged = count_linear_regions(checker, Box.cube(2))
    assert (merged.activation_regions, merged.count) == (4, 4)


def test_equal_maps_apart_are_not_merged_although_patterns_are_one_flip_apart():
    """Outside of | |x| - 1 | <= 1 both sides are constant and one kink apart."""
    network = ReluNetwork.from_arrays(
        [[[1.0]], [[-1.0]], [[1.0]]], [[0.0], [1.0], [0.0]], slopes=[-1.0, 0.0]
    )
    for method in ("line", "tree"):
        rs = enumerate_regions(network, Box([-3], [3]), method=method)
        outside = [tuple(b) for b in rs.pattern_bits().tolist()]
        assert {(True, False), (False, False)} <= set(outside)
        assert rs.linear_regions().count == len(rs) == 4


def test_maximum_through_a_skip_merges_nothing_and_its_double_merges_all():
    network, box = ZOO["maximum_of_two_inputs"]
    merged = count_linear_regions(network, box)
    assert merged.count == 2
    assert merged.activation_regions > 2
    # x + relu(y - x) - relu(y - x), the skip reading the input.
    flat = ReluNetwork.from_arrays(
        [[[-1.0, 1.0], [-1.0, 1.0]], [[1.0, -1.0]]], None, skips={1: {0: [[1.0, 0.0]]}}
    )
    assert count_linear_regions(flat, Box.cube(2)).count == 1


@pytest.mark.parametrize(("dim", "units"), [(2, 7), (3, 6)])
def test_one_generic_layer_merges_nothing(dim, units):
    network = random_network(np.random.default_rng(dim), dim, [units])
    expected = sum(comb(units, k) for k in range(dim + 1))
    merged = count_linear_regions(network, WholeSpace(dim))
    assert merged.count == merged.activation_regions == expected


@pytest.mark.parametrize("seed", range(40))
def test_partition_of_integer_networks_equals_exact_brute_force(seed):
    rng = np.random.default_rng(seed)
    dim = 1 + seed % 2
    widths = rng.integers(1, 5, rng.integers(1, 4)).tolist()
    network = integer_network(rng, dim, widths, 1 if seed % 3 else 2)
    domain = Box([-2.0] * dim, [1.5] * dim)
    expected = brute_force_partition(network, domain)
    for method in ("auto", "tree"):
        rs = enumerate_regions(network, domain, method=method)
        merged = rs.linear_regions()
        assert partition(rs, merged) == expected
        assert merged.count == len(expected)


def test_brute_force_merges_often():
    """Were nothing ever to merge, the test above would show nothing."""
    smaller = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        dim = 1 + seed % 2
        widths = rng.integers(1, 5, rng.integers(1, 4)).tolist()
        network = integer_network(rng, dim, widths, 1 if seed % 3 else 2)
        domain = Box([-2.0] * dim, [1.5] * dim)
        pieces = exact_pieces(network, domain)
        smaller += len(brute_force_partition(network, domain)) < len(pieces)
    assert smaller >= 10


@pytest.mark.parametrize("name", ["dead_unit", "skip_blocks", "prelu", "leaky"])
def test_cells_and_exact_rows_give_the_same_partition(name):
    network, box = ZOO[name]
    by_cells = enumerate_regions(network, box, method="cells")
    by_tree = enumerate_regions(network, box, method="tree")
    merged = by_cells.linear_regions(), by_tree.linear_regions()
    assert partition(by_cells, merged[0]) == partition(by_tree, merged[1])


def test_maps_on_a_slice_are_those_of_the_slice():
    """Two units that differ only off the slice cancel on it."""
    network = ReluNetwork.from_arrays(
        [[[1.0, 0.0, 5.0], [1.0, 0.0, -3.0]], [[1.0, -1.0]]], None
    )
    plane = Slice([0.0, 0.0, 0.0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], Box.cube(2))
    assert count_linear_regions(network, plane).count == 1
    assert count_linear_regions(network, Box.cube(3)).count > 1


def test_fingerprints_tell_maps_apart_that_differ_in_the_last_bit():
    def network(last):
        return ReluNetwork.from_arrays([[[1.0], [-1.0]], [[0.1, last]]], None)

    for last, expected in [(-0.1, 1), (np.nextafter(-0.1, 0.0), 2)]:
        rs = enumerate_regions(network(last), Box([-1], [1]))
        assert len(np.unique(map_fingerprints(rs), axis=0)) == expected
        assert rs.linear_regions().count == expected


def test_incomplete_set_says_so():
    network = random_network(np.random.default_rng(0), 2, [12])
    rs = enumerate_regions(network, Box.cube(2), max_regions=5)
    merged = rs.linear_regions()
    assert not merged.complete
    assert "not complete" in str(merged)
    assert regions.count_linear_regions is count_linear_regions


@pytest.mark.parametrize("seed", range(4))
def test_coordinate_that_changes_nothing_leaves_the_count(seed):
    """A network of the plane, lifted, sheared and cut by a unit without effect."""
    rng = np.random.default_rng(300 + seed)
    flat = integer_network(rng, 2, [4, 2], 1)
    first, second = flat.hidden
    shear = np.array([[1.0, 2.0, -1.0], [0.0, 1.0, 3.0], [0.0, 0.0, 1.0]])
    lifted = np.zeros((5, 3))
    lifted[:4, :2] = first.weight
    lifted[4] = [1.0, 1.0, 1.0]
    network = ReluNetwork.from_arrays(
        [
            lifted @ shear,
            np.concatenate([second.weight, np.zeros((2, 1))], axis=1),
            flat.output.weight,
        ],
        [np.append(first.bias, 1.0), second.bias, flat.output.bias],
        float(first.slopes[0]),
    )
    expected = count_linear_regions(flat, WholeSpace(2))
    merged = count_linear_regions(network, WholeSpace(3))
    assert merged.count == expected.count
    assert merged.activation_regions > expected.activation_regions


@pytest.mark.parametrize("modulus", MODULI)
def test_remainders_are_those_of_whole_numbers(modulus):
    rng = np.random.default_rng(0)
    largest = 2048 * (modulus - 1) ** 2
    numbers = rng.integers(0, largest, 2000).tolist()
    quotients = rng.integers(1, largest // modulus, 2000).tolist()
    # Where quotients round the wrong way: multiples, and their neighbors.
    near = [q * modulus + k for q in quotients for k in (-1, 0, 1)]
    numbers += [0, 1, modulus - 1, modulus, largest - 1, largest, *near]
    found = remainder(np.array(numbers, float), modulus)
    assert found.tolist() == [float(n % modulus) for n in numbers]


def test_parts_that_meet_beyond_a_round_ball_stay_apart():
    """Where the larger of x and y exceeds 3/4: two caps of the disc, one of its box."""
    first = [[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]]
    low = ReluNetwork.from_arrays(
        [first, [[-1.0, -1.0, -1.0, 1.0]], [[1.0]]], [None, [1.5], None]
    )
    for domain, count in ((regions.Ball([0.0, 0.0], 1.0), 4), (Box.cube(2), 3)):
        assert count_linear_regions(low, domain).count == count
        found = regions.decision_regions(low, domain)
        assert sorted(found.classes.tolist()) == [*[0] * (count - 2), 1]
