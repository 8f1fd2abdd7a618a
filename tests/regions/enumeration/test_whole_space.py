"""The whole space as a cone: known counts, exact elimination, free invariances."""

import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import regions
from regions.domains.shapes import Box, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.tree.homogeneous import cone_problem, seen_directions
from regions.network import ReluNetwork
from regions.results.region_set import RegionSet
from regions.signs.exact import Columns, ExactNetwork
from tests.helpers import brute_force_patterns, random_network
from tests.regions.enumeration.oracles import Rows, _through_layer
from tests.zoo import ZOO

NETS = Path(__file__).parents[2] / "data" / "nets"


def elimination(network: ReluNetwork) -> set[tuple[bool, ...]]:
    """Patterns of all regions of the space, by rows alone: there is no box."""
    dim = network.input_dim
    unit = [[Fraction(int(i == k)) for k in range(dim)] for i in range(dim)]
    states = [(Rows([]), [[(*row, Fraction(0)) for row in unit]], ())]
    for index, layer in enumerate(network.hidden):
        states = [s for old in states for s in _through_layer(*old, layer, index)]
    return {pattern for _, _, pattern in states}


def patterns_of(rs: RegionSet) -> set[tuple[bool, ...]]:
    """Patterns of a complete set whose witnesses are proved here, in integers."""
    points = [
        rs.exact_witnesses.get(k) or tuple(Fraction(float(v)) for v in point)
        for k, point in enumerate(rs.coordinates)
    ]
    assert np.isfinite(rs.coordinates).all()
    every = [layer.kinks for layer in rs.network.hidden]
    kinks = np.concatenate([np.zeros(0, bool), *every])
    signs = ExactNetwork(rs.network, rs.domain).signs(Columns.of_points(points))
    assert ((signs[kinks].T > 0) == rs.pattern_bits()).all()
    result = {tuple(row) for row in rs.pattern_bits().tolist()}
    assert rs.complete
    assert len(result) == len(rs)
    return result


def count(network: ReluNetwork) -> int:
    result = count_regions(network, WholeSpace(network.input_dim))
    assert result.complete
    return int(result)


def one_layer(rows, bias=None) -> ReluNetwork:
    rows = np.asarray(rows, float)
    return ReluNetwork.from_arrays([rows, np.ones((1, len(rows)))], [bias, None])


@pytest.mark.parametrize(
    ("name", "expected"), [("d2_16x1", 137), ("d2_32x2", 1929), ("d3_16x2", 4781)]
)
def test_whole_space_of_a_trained_network_has_the_known_count(name, expected):
    assert count(regions.load_network(NETS / f"{name}.npz")) == expected


@pytest.mark.slow
def test_whole_space_of_a_deep_network_has_the_known_count():
    assert count(regions.load_network(NETS / "d2_14x6.npz")) == 4136


@pytest.mark.parametrize(("dim", "units"), [(1, 7), (2, 9), (3, 7), (4, 6)])
def test_generic_hyperplanes_make_as_many_regions_as_zaslavsky_says(dim, units):
    rng = np.random.default_rng(dim)
    network = one_layer(rng.standard_normal((units, dim)), rng.standard_normal(units))
    assert count(network) == sum(math.comb(units, k) for k in range(dim + 1))


def test_far_away_crossings_are_not_missed():
    """Lines that are almost parallel cross far outside of every reasonable box."""
    for gap in (1e-3, 1e-9, 1e-15, 1e-300):
        assert count(one_layer([[1, 0], [1, gap]], [0, 1])) == 4
    assert count(one_layer([[1, 0], [1, 0]], [0, 1])) == 3


def test_directions_that_no_layer_sees_are_left_out():
    network = one_layer([[1, 2, 3], [2, 4, 6], [1, 2, 3]], [0, 0, 1])
    assert seen_directions(network).shape == (1, 3)
    assert cone_problem(network, WholeSpace(3))[1].dim == 2
    rs = enumerate_regions(network, WholeSpace(3))
    assert patterns_of(rs) == elimination(network)
    assert len(rs) == 3


def test_network_that_sees_nothing_has_one_region():
    network = ReluNetwork.from_arrays(
        [np.zeros((2, 3)), [[1, 1], [1, -1]], [[1, 1]]], [[1, -1], [0.5, -3], None]
    )
    rs = enumerate_regions(network, WholeSpace(3))
    assert rs.pattern_bits().tolist() == [[True, False, True, False]]
    assert patterns_of(rs) == elimination(network)


@pytest.mark.parametrize(
    "name", sorted(n for n, (net, _) in ZOO.items() if net.num_bits <= 8)
)
def test_whole_space_of_a_zoo_network_equals_elimination(name):
    network = ZOO[name][0]
    rs = enumerate_regions(network, WholeSpace(network.input_dim), method="tree")
    assert patterns_of(rs) == elimination(network)


@pytest.mark.parametrize("scale", [1e-320, 1e-310, 1e-200, 1e150, 1e300])
def test_regions_beyond_the_largest_float_have_rational_witnesses(scale):
    rng = np.random.default_rng(1)
    rows, second = rng.standard_normal((4, 2)), rng.standard_normal((2, 4))
    bias = rng.standard_normal(4)
    network = ReluNetwork.from_arrays(
        [rows * scale, second, [[1, 1]]], [bias, None, None]
    )
    rs = enumerate_regions(network, WholeSpace(2))
    assert patterns_of(rs) == elimination(network)
    if scale < 1e-307:
        assert rs.exact_witnesses


@st.composite
def numbers_of_networks(draw) -> tuple:
    """Small integers for a network, full of ties; dimension 1 to 3."""
    sizes = [draw(st.integers(1, 3)), *draw(st.lists(st.integers(1, 3), max_size=2)), 1]

    def table(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        entries = st.lists(st.integers(-2, 2), min_size=size, max_size=size)
        return np.array(draw(entries), float).reshape(shape)

    weights = [table(b, a) for a, b in itertools.pairwise(sizes)]
    slopes = [
        [draw(st.sampled_from([0.0, 0.25, 1.0, -1.0])) for _ in range(n)]
        for n in sizes[1:-1]
    ]
    return weights, [table(n) for n in sizes[1:]], slopes


@settings(max_examples=60, derandomize=True, deadline=None)
@given(numbers_of_networks())
def test_whole_space_of_small_integers_equals_elimination(numbers):
    network = ReluNetwork.from_arrays(*numbers)
    expected = elimination(network)
    domain = WholeSpace(network.input_dim)
    for method in ("tree", "auto"):
        rs = enumerate_regions(network, domain, method=method)
        assert patterns_of(rs) == expected


@settings(max_examples=25, derandomize=True, deadline=None)
@given(numbers_of_networks(), st.sampled_from([0.125, 0.5, 3.0, 1e6]))
def test_count_survives_a_factor_on_all_biases(numbers, factor):
    weights, biases, slopes = numbers
    scaled = [factor * b for b in biases]
    network = ReluNetwork.from_arrays(weights, biases, slopes)
    assert count(network) == count(ReluNetwork.from_arrays(weights, scaled, slopes))


@pytest.mark.parametrize("seed", range(3))
def test_count_survives_moving_and_mixing_the_input(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (5, 3)).astype(float)
    bias = rng.integers(-2, 3, 5).astype(float)
    second = rng.integers(-2, 3, (3, 5)).astype(float)
    mix = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [0.0, 0.0, 2.0]])
    shift = rng.integers(-9, 10, 3).astype(float)

    def net(first, offset):
        return ReluNetwork.from_arrays(
            [first, second, [[1.0] * 3]], [offset, None, None]
        )

    expected = count(net(rows, bias))
    assert count(net(rows @ mix, bias + rows @ shift)) == expected
    order = rng.permutation(3)
    assert count(net(rows[:, order], bias)) == expected


def test_box_around_all_crossings_holds_the_whole_space():
    network = random_network(np.random.default_rng(6), 2, [4, 3])
    everything = brute_force_patterns(network, WholeSpace(2))
    rs = enumerate_regions(network, WholeSpace(2))
    assert patterns_of(rs) == everything
    inside = enumerate_regions(network, Box.cube(2, 1e6))
    assert {tuple(row) for row in inside.pattern_bits().tolist()} == everything


def test_regions_of_the_whole_space_pass_exact_verification():
    network = random_network(np.random.default_rng(9), 2, [4, 3])
    rs = enumerate_regions(network, WholeSpace(2))
    report = regions.verify(rs, exact=True)
    assert report.ok, report
    assert report.complete, report
