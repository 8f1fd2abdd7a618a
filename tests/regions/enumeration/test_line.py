"""The line engine: constructions with known breakpoints, ties of every kind."""

from fractions import Fraction

import numpy as np
import pytest

from regions.certificates import verify
from regions.domains.shapes import Box, Segment, WholeSpace
from regions.enumeration import count_regions, enumerate_regions
from regions.enumeration.line import cut_line, inside
from regions.network import ReluNetwork
from tests.helpers import brute_force_patterns, random_network
from tests.regions.enumeration.oracles import exact_patterns
from tests.zoo import ZOO


def zig_zag(pieces: int, depth: int) -> ReluNetwork:
    """`relu(n x) - 2 relu(n x - 1) + 2 relu(n x - 2) - ...`, composed with itself."""
    fold = np.array([[1.0] + [2.0 * (-1) ** k for k in range(1, pieces)]])
    first = np.full((pieces, 1), float(pieces))
    bias = -np.arange(float(pieces))
    weights = [first, *[first @ fold] * (depth - 1), fold]
    return ReluNetwork.from_arrays(weights, [bias] * depth + [[0.0]])


def tent(depth: int) -> ReluNetwork:
    """The tent `relu(2 x) - relu(4 x - 2)`, composed with itself."""
    first, fold = np.array([[2.0], [4.0]]), np.array([[1.0, -1.0]])
    weights = [first, *[first @ fold] * (depth - 1), fold]
    return ReluNetwork.from_arrays(weights, [[0.0, -2.0]] * depth + [[0.0]])


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 10])
def test_tent_has_two_to_the_depth_intervals(depth):
    network = tent(depth)
    assert int(count_regions(network, Box([0], [1]))) == 2**depth
    expected = 3 if depth == 1 else 2**depth + 2
    assert int(count_regions(network, WholeSpace(1))) == expected


def test_tent_breaks_at_dyadic_points():
    line = cut_line(tent(4), Box([0], [1]))
    assert line.breakpoints == [Fraction(k, 16) for k in range(1, 16)]


@pytest.mark.parametrize(
    ("pieces", "on_the_line"),
    [(3, [4, 10, 28]), (4, [5, 18, 66]), (5, [6, 26, 126])],
)
def test_zig_zag_has_its_known_intervals(pieces, on_the_line):
    for depth, expected in enumerate(on_the_line, 1):
        network = zig_zag(pieces, depth)
        assert int(count_regions(network, Box([0], [1]))) == pieces**depth
        assert int(count_regions(network, WholeSpace(1))) == expected


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_one_layer_cuts_the_line_into_one_more_interval_than_units(n):
    network = random_network(np.random.default_rng(n), 1, [n])
    assert int(count_regions(network, WholeSpace(1), method="line")) == n + 1


@pytest.mark.parametrize("slopes", [0.0, 0.1, -0.5])
@pytest.mark.parametrize("widths", [(8,), (4, 4), (3, 3, 3)])
def test_line_lists_the_patterns_of_brute_force_on_the_whole_line(widths, slopes):
    network = random_network(np.random.default_rng(8), 1, widths, slopes=slopes)
    rs = enumerate_regions(network, WholeSpace(1))
    found = {tuple(row) for row in rs.pattern_bits().tolist()}
    assert len(found) == len(rs)
    assert found == brute_force_patterns(network, WholeSpace(1))


@pytest.mark.parametrize("name", sorted(ZOO))
def test_line_through_a_zoo_network_is_exact(name):
    network, box = ZOO[name]
    for start, end in [(box.lower, box.upper), (box.lower / 2, 0.3 * box.upper)]:
        segment = Segment(start, end)
        rs = enumerate_regions(network, segment, method="line")
        found = {tuple(row) for row in rs.pattern_bits().tolist()}
        assert found == exact_patterns(network, segment)


def test_intervals_lie_in_order_and_fill_the_segment():
    rng = np.random.default_rng(2)
    network = random_network(rng, 784, [20, 20])
    rs = enumerate_regions(network, Segment(*rng.standard_normal((2, 784))))
    assert rs.volumes().sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(rs.coordinates[:, 0]) > 0).all()
    assert (network.patterns(rs.witnesses) == rs.pattern_bits()).all()
    assert [sorted(pair) for pair in rs.adjacency().edges] == [
        [k, k + 1] for k in range(len(rs) - 1)
    ]


def test_whole_line_keeps_no_ends():
    rs = enumerate_regions(tent(2), WholeSpace(1))
    with pytest.raises(ValueError, match="only those of complete sets on bounded"):
        rs.volumes()


def test_point_inside_a_short_interval_is_exact_where_no_float_fits():
    low = Fraction(1)
    high = low + Fraction(1, 2**60)
    assert low < inside(low, high) < high
    assert inside(None, None) == 0
    assert inside(None, Fraction(-5)) < -5
    assert inside(Fraction(10**20), None) > 10**20


def test_interval_shorter_than_float64_has_an_exact_witness():
    # Zeros at 1 / 3 of two units whose float64 weights differ in the last place.
    network = ReluNetwork.from_arrays(
        [[[0.3], [0.1]], [[1.0, 1.0]]], [[-0.1, -1 / 30], [0]]
    )
    segment = Segment([0.0], [1.0])
    rs = enumerate_regions(network, segment)
    assert {tuple(r) for r in rs.pattern_bits().tolist()} == exact_patterns(
        network, segment
    )


def test_line_refuses_a_plane():
    network = random_network(np.random.default_rng(0), 2, [3])
    with pytest.raises(ValueError, match="needs a domain of dimension 1"):
        count_regions(network, Box.cube(2), method="line")


def test_breakpoint_beyond_float64_has_an_exact_witness():
    network = ReluNetwork.from_arrays([[[1e-200]], [[1.0]]], [[-1e200], [0.0]])
    found = enumerate_regions(network, WholeSpace(1))
    assert found.method == "line"
    assert len(found) == 2
    assert verify(found, exact=True).complete
    below = ReluNetwork.from_arrays([[[1e-200]], [[1.0]]], [[1e200], [0.0]])
    assert int(count_regions(below, WholeSpace(1))) == 2
