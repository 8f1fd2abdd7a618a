"""The result: volumes, polygons, neighbors and affine maps."""

import itertools

import numpy as np
import pytest

from regions.domains.shapes import Box, Segment, Simplex, Slice
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from tests.helpers import random_network


@pytest.fixture(scope="module")
def planar():
    network = random_network(np.random.default_rng(1), 2, [12, 10])
    return enumerate_regions(network, Box([-1, -2], [1.5, 1]))


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_volumes_sum_to_the_box(dim):
    rng = np.random.default_rng(dim)
    network = random_network(rng, dim, [7, 6])
    box = Box(rng.uniform(-2, -1, dim), rng.uniform(1, 2, dim))
    volumes = enumerate_regions(network, box).volumes()
    assert (volumes > 0).all()
    assert volumes.sum() == pytest.approx(float(box.rational_volume()), rel=1e-9)


def test_volumes_sum_to_a_simplex_and_a_slice():
    rng = np.random.default_rng(0)
    network = random_network(rng, 3, [8, 6])
    simplex = Simplex(rng.standard_normal((4, 3)))
    assert enumerate_regions(network, simplex).volumes().sum() == pytest.approx(1 / 6)
    plane = Slice(np.zeros(3), rng.standard_normal((2, 3)), Box.cube(2))
    assert enumerate_regions(network, plane).volumes().sum() == pytest.approx(4.0)


def test_polygons_are_convex_counterclockwise_and_have_the_areas(planar):
    areas = planar.volumes()
    for polygon, area in zip(planar.polygons(), areas, strict=True):
        edges = np.roll(polygon, -1, axis=0) - polygon
        after = np.roll(edges, -1, axis=0)
        turn = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
        assert (turn > -1e-12).all()
        x, y = polygon.T
        shoelace = 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1))
        assert shoelace == pytest.approx(area, rel=1e-9, abs=1e-15)


def test_polygons_are_disjoint(planar):
    """Random points lie in the one polygon whose pattern they have."""
    rng = np.random.default_rng(0)
    points = rng.uniform(planar.domain.lower, planar.domain.upper, (400, 2))
    index = {row.tobytes(): k for k, row in enumerate(planar.pattern_bits())}
    polygons = planar.polygons()
    for point, pattern in zip(points, planar.network.patterns(points), strict=True):
        owner = index[pattern.tobytes()]
        inside = []
        for k, polygon in enumerate(polygons):
            edge, away = np.roll(polygon, -1, axis=0) - polygon, point - polygon
            if (edge[:, 0] * away[:, 1] > edge[:, 1] * away[:, 0]).all():
                inside.append(k)
        assert inside == [owner]


def test_bounds_hold_the_corners_and_the_witness(planar):
    low, high = planar.bounds()
    for k, polygon in enumerate(planar.polygons()):
        assert (low[k] == polygon.min(0)).all()
        assert (high[k] == polygon.max(0)).all()
    assert ((low < planar.coordinates) & (planar.coordinates < high)).all()


def test_neighbors_differ_in_the_unit_between_them(planar):
    graph, bits = planar.adjacency(), planar.pattern_bits()
    units = planar.network.units
    for a, b, data in graph.edges(data=True):
        assert np.flatnonzero(bits[a] != bits[b]).tolist() == [
            units.index(data["unit"])
        ]


def test_neighbors_are_the_pairs_that_share_two_corners(planar):
    """In general position; patterns that differ in one bit need not be neighbors."""
    cells = planar.cells
    corners = [
        set(cells.members[a:b]) for a, b in itertools.pairwise(cells.offsets.tolist())
    ]
    shared = {
        (a, b)
        for a, b in itertools.combinations(range(len(planar)), 2)
        if len(corners[a] & corners[b]) == 2
    }
    assert {tuple(pair) for pair in cells.neighbors.tolist()} == shared


def test_mean_degree_of_the_adjacency_graph_is_below_twice_the_dimension():
    for dim in (2, 3):
        network = random_network(np.random.default_rng(dim), dim, [8, 8])
        graph = enumerate_regions(network, Box.cube(dim, 10.0)).adjacency()
        assert 2 * graph.number_of_edges() / len(graph) <= 2 * dim


def test_packed_patterns_unpack_in_unit_order(planar):
    bits = planar.pattern_bits()
    assert bits.shape == (len(planar), planar.network.num_bits)
    k = 13
    byte = planar.patterns[:, k // 8] >> (k % 8) & 1
    assert (byte.astype(bool) == bits[:, k]).all()
    some = np.array([3, 1])
    assert (planar.pattern_bits(some) == bits[some]).all()


def test_affine_maps_agree_across_a_shared_facet(planar):
    """The network is continuous."""
    jacobian, offset = planar.affine_maps()
    cells = planar.cells
    for a, b in cells.neighbors:
        members = [
            set(cells.members[cells.offsets[k] : cells.offsets[k + 1]]) for k in (a, b)
        ]
        points = cells.vertices[sorted(members[0] & members[1])]
        left = points @ jacobian[a].T + offset[a]
        right = points @ jacobian[b].T + offset[b]
        np.testing.assert_allclose(left, right, atol=1e-12)


def test_affine_map_of_a_slice_is_in_the_ambient_space():
    network = ReluNetwork.from_arrays([np.eye(3), [[1.0, 2.0, 4.0]]], None)
    line = Segment([1.0, 1.0, -1.0], [2.0, 3.0, -1.0])
    jacobian, offset = enumerate_regions(network, line).affine_maps()
    assert jacobian.tolist() == [[[1.0, 2.0, 0.0]]]
    assert offset.tolist() == [[0.0]]


def test_polygons_of_a_solid_are_refused():
    network = random_network(np.random.default_rng(0), 3, [3])
    rs = enumerate_regions(network, Box.cube(3))
    with pytest.raises(ValueError, match="polygons need a 2-D domain"):
        rs.polygons()
