"""Regions found by facet flips against closed formulas and the other engines."""

import math

import numpy as np
import pytest

import regions
from regions.domains.shapes import Box, Simplex
from regions.enumeration.walk.facet_flips import explore_regions
from regions.network import ReluNetwork
from regions.polytopes.report import describe_polytope
from regions.signs.strictness import are_strict
from tests.helpers import random_network
from tests.zoo import ZOO


def _patterns(rs) -> set[bytes]:
    """The patterns as a set."""
    found = {row.tobytes() for row in rs.patterns}
    assert len(found) == len(rs)
    return found


def _zaslavsky(hyperplanes: int, dim: int) -> int:
    """Regions of hyperplanes in general position."""
    return sum(math.comb(hyperplanes, k) for k in range(dim + 1))


@pytest.mark.parametrize(("dim", "units"), [(1, 5), (2, 6), (3, 6), (4, 6)])
def test_one_layer_in_the_whole_space_follows_zaslavsky(dim, units):
    network = random_network(np.random.default_rng(dim), dim, [units])
    rs = explore_regions(network, np.full(dim, 0.1))
    assert rs.complete
    assert len(rs) == _zaslavsky(units, dim)
    # Each hyperplane is cut by the others into facets, each of two regions.
    assert rs.adjacency().number_of_edges() == units * _zaslavsky(units - 1, dim - 1)


@pytest.mark.parametrize("name", ZOO)
def test_flips_find_what_the_other_engines_find_on_the_zoo(name):
    network, box = ZOO[name]
    start = np.random.default_rng(3).uniform(box.lower, box.upper)
    rs = explore_regions(network, start, box)
    assert rs.complete
    assert _patterns(rs) == _patterns(regions.enumerate_regions(network, box))


@pytest.mark.parametrize(
    ("seed", "dim", "widths", "slope"),
    [(0, 2, [6, 6], 0.0), (1, 3, [6, 4], 0.1), (2, 2, [4, 4, 4], -0.5)],
)
def test_flips_equal_cells_with_their_adjacency(seed, dim, widths, slope):
    rng = np.random.default_rng(seed)
    network = random_network(rng, dim, widths, slopes=slope)
    rs = explore_regions(network, rng.uniform(-1, 1, dim), Box.cube(dim))
    other = regions.enumerate_regions(network, Box.cube(dim), method="cells")
    assert rs.complete
    assert _edges(rs) == _edges(other)


def _edges(rs) -> set[tuple[frozenset[bytes], tuple[int, int]]]:
    """Pairs of patterns that share a facet, with its unit."""
    return {
        (frozenset((rs.patterns[a].tobytes(), rs.patterns[b].tobytes())), data["unit"])
        for a, b, data in rs.adjacency().edges(data=True)
    }


def test_flips_on_a_simplex_equal_cells():
    rng = np.random.default_rng(5)
    network = random_network(rng, 3, [5, 5])
    domain = Simplex(rng.uniform(-1, 1, (4, 3)))
    rs = explore_regions(network, np.full(3, 0.2), domain)
    assert rs.complete
    assert _patterns(rs) == _patterns(regions.enumerate_regions(network, domain))


def test_facets_are_symmetric_and_jacobians_jump_as_said():
    rng = np.random.default_rng(7)
    network, box = random_network(rng, 2, [5, 4], slopes=0.2), Box.cube(2)
    rs = regions.enumerate_regions(network, box)
    across: dict[bytes, dict[tuple[int, int], bytes]] = {}
    for x in rs.coordinates:
        report = describe_polytope(network, x, box)
        here = report.affine_map
        own = across.setdefault(report.pattern.tobytes(), {})
        for facet in report.inequalities:
            if facet.unit is None:
                continue
            assert facet.neighbor is not None
            own[facet.unit] = facet.neighbor.tobytes()
            there = regions.polytope_at(network, facet.point).affine_map
            other = _map_of(network, facet.neighbor)
            change = other.jacobian - here.jacobian
            assert facet.jump == pytest.approx(np.linalg.norm(change))
            assert facet.rank == np.linalg.matrix_rank(change)
            for one in (other, there):
                np.testing.assert_allclose(
                    one(facet.point[None]), here(facet.point[None]), atol=1e-9
                )
    assert len(across) == len(rs)
    for pattern, facets in across.items():
        for unit, other in facets.items():
            assert across[other][unit] == pattern


def _map_of(network: ReluNetwork, pattern: np.ndarray):
    """The affine map of a pattern."""
    from regions.patterns.halfspaces import affine_map

    return affine_map(network, pattern)


def test_a_budget_of_regions_in_64_dimensions_is_kept():
    rng = np.random.default_rng(0)
    network = random_network(rng, 64, [32, 32])
    rs = explore_regions(network, rng.uniform(-1, 1, 64), max_regions=400)
    assert len(_patterns(rs)) == 400
    assert not rs.complete
    assert "max_regions" in rs.stats["stopped"]
    assert are_strict(network, rs.patterns, rs.witnesses).all()


def test_a_budget_of_time_stops_the_search():
    rng = np.random.default_rng(0)
    network = random_network(rng, 10, [20, 20])
    rs = explore_regions(network, np.zeros(10) + 0.01, max_seconds=0.05)
    assert not rs.complete
    assert rs.count.seconds < 20.0


def test_a_search_that_ends_at_its_budget_is_not_called_complete():
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    rs = explore_regions(network, np.array([0.5, 0.5]), max_regions=4)
    assert len(rs) == 4
    assert not rs.complete
    assert explore_regions(network, np.array([0.5, 0.5]), max_regions=5).complete


def test_breadth_first_order_counts_crossings():
    network = ReluNetwork.from_arrays([np.eye(6), [[1.0] * 6]], None)
    rs = explore_regions(network, np.full(6, 0.5))
    flips = (rs.pattern_bits() != rs.pattern_bits()[0]).sum(axis=1)
    assert (np.diff(flips) >= 0).all()
    assert len(rs) == 64


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ([0.0, 0.5], "layer 1 unit 1"),
        ([2.0, 0.5], "touches domain facet 2;"),
        ([0.5], "shape"),
        ([np.nan, 0.5], "finite"),
    ],
)
def test_a_start_that_is_in_no_region_is_refused(start, message):
    network = ReluNetwork.from_arrays([np.eye(2), [[1.0, 1.0]]], None)
    with pytest.raises(ValueError, match=message):
        explore_regions(network, np.array(start), Box.cube(2))


def test_a_stop_is_heard_while_the_facets_of_one_region_are_sought():
    network = random_network(np.random.default_rng(3), 6, [12, 12])
    calls = []

    def run(last):
        calls.clear()

        def stop():
            calls.append(None)
            return len(calls) > last

        return explore_regions(network, np.full(6, 0.01), Box.cube(6), stop=stop)

    first = run(1)
    assert (len(first), first.complete) == (1, False)
    asked = 2
    while len(run(asked)) == 1:
        assert len(calls) == asked + 1
        asked += 1
    assert asked > 8
