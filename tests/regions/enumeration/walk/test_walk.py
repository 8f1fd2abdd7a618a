"""Straight lines, shortest paths and graphs."""

import itertools
from fractions import Fraction

import networkx
import numpy as np
import pytest

import regions
from regions.domains.shapes import Box
from regions.network import ReluNetwork
from regions.partition.paths import (
    labeled_graph,
    regions_between,
    save_graph,
    shortest_path,
)
from tests.helpers import random_network


@pytest.mark.parametrize(("seed", "dim"), [(0, 2), (1, 10), (2, 784)])
def test_regions_on_a_line_equal_dense_sampling(seed, dim):
    rng = np.random.default_rng(seed)
    network = random_network(rng, dim, [12, 8], slopes=0.1)
    start, end = rng.standard_normal((2, dim))
    parts = regions_between(network, start, end)
    assert parts[0].start == 0.0
    assert parts[-1].end == 1.0
    for one, two in itertools.pairwise(parts):
        assert one.end == two.start
        assert (one.pattern != two.pattern).any()
    shares = (np.arange(20_000) + 0.5) / 20_000
    sampled = network.patterns(start + shares[:, None] * (end - start))
    inside = np.searchsorted([part.end for part in parts], shares)
    clear = np.min([np.abs(shares - part.end) for part in parts], axis=0) > 1e-9
    expected = np.array([part.pattern for part in parts])[inside]
    assert (sampled[clear] == expected[clear]).all()
    assert clear.sum() > 19_000


def test_a_shortest_path_crosses_facets_and_no_fewer_than_bits_differ():
    rng = np.random.default_rng(3)
    network, box = random_network(rng, 2, [6, 5]), Box.cube(2)
    rs = regions.enumerate_regions(network, box)
    start, end = np.array([-0.9, -0.8]), np.array([0.9, 0.7])
    path = shortest_path(rs, start, end)
    bits = rs.pattern_bits()
    assert (bits[path[0]] == network.patterns(start[None])[0]).all()
    assert (bits[path[-1]] == network.patterns(end[None])[0]).all()
    graph = rs.adjacency()
    for a, b in itertools.pairwise(path):
        unit = network.units.index(graph.edges[a, b]["unit"])
        assert np.flatnonzero(bits[a] != bits[b]).tolist() == [unit]
    straight = len(regions_between(network, start, end)) - 1
    apart = int((bits[path[0]] != bits[path[-1]]).sum())
    assert apart <= len(path) - 1 <= straight


def test_a_path_in_a_set_that_ends_too_early_is_refused():
    network = ReluNetwork.from_arrays([np.eye(3), [[1.0] * 3]], None)
    part = regions.explore_regions(network, np.full(3, 0.5), max_regions=3)
    with pytest.raises(ValueError, match="not complete: search further"):
        shortest_path(part, np.full(3, 0.5), np.full(3, -0.5))
    with pytest.raises(ValueError, match="boundary"):
        part.region_of(np.array([0.0, 0.5, 0.5]))
    with pytest.raises(ValueError, match="shape"):
        part.region_of(np.zeros(2))


def test_graphml_is_read_back_with_all_attributes(tmp_path):
    rng = np.random.default_rng(4)
    network, box = random_network(rng, 2, [4, 3]), Box.cube(2)
    rs = regions.enumerate_regions(network, box)
    path = save_graph(tmp_path / "new" / "graph.graphml", rs)
    graph = networkx.read_graphml(path)
    assert graph.number_of_nodes() == len(rs)
    assert graph.number_of_edges() == rs.adjacency().number_of_edges()
    assert graph.graph["complete"] is True
    volume = 0.0
    for k, data in graph.nodes(data=True):
        assert data["pattern"] == rs.patterns[int(k)].tobytes().hex()
        witness = np.array([float(v) for v in data["witness"].split(",")])
        assert (witness == rs.witnesses[int(k)]).all()
        volume += data["volume"]
    assert volume == pytest.approx(4.0)
    names = {data["unit"] for _, _, data in graph.edges(data=True)}
    assert names <= {f"layer {a + 1} unit {b + 1}" for a, b in network.units}
    assert [p.name for p in path.parent.iterdir()] == ["graph.graphml"]


def test_graphs_of_a_local_search_have_no_volumes():
    network = ReluNetwork.from_arrays([np.eye(3), [[1.0] * 3]], None)
    graph = labeled_graph(regions.explore_regions(network, np.full(3, 0.5)))
    assert graph.number_of_edges() == 12
    assert all("volume" not in data for _, data in graph.nodes(data=True))


def test_a_graph_needs_its_suffix(tmp_path):
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    rs = regions.enumerate_regions(network, Box.cube(2))
    with pytest.raises(ValueError, match="graphml is required"):
        save_graph(tmp_path / "graph.json", rs)


def test_region_of_a_point_next_to_a_boundary_is_exact():
    network = ReluNetwork.from_arrays([[[10.0, 10.0]], [[1.0]]], [[-1.0], [0.0]])
    found = regions.enumerate_regions(network, Box.cube(2))
    on = found.pattern_bits()[:, 0]
    rng = np.random.default_rng(0)
    points = [np.array([x, 0.1 - x]) for x in rng.random(200)]
    for point in points:
        value = 10 * Fraction(point[0]) + 10 * Fraction(point[1]) - 1
        if value:
            assert on[found.region_of(point)] == (value > 0)
    float_signs = network.patterns(np.array(points))[:, 0]
    signs = [10 * Fraction(x) + 10 * Fraction(y) > 1 for x, y in points]
    assert (float_signs != signs).any()
    halves = ReluNetwork.from_arrays([[[10.0, 10.0]], [[1.0]]], [[-1.25], [0.0]])
    with pytest.raises(ValueError, match="on the boundary"):
        regions.enumerate_regions(halves, Box.cube(2)).region_of([0.5, -0.375])
