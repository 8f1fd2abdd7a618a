"""Sets that come without vertices have them made again, in their own order."""

import networkx
import numpy as np
import pytest

from regions.domains.shapes import Box, Simplex, WholeSpace
from regions.enumeration import enumerate_regions
from regions.enumeration.walk.facet_flips import explore_regions
from regions.network import ReluNetwork
from regions.results.region_set import RegionSet
from tests.helpers import random_network

DOMAINS = {
    "line": Box.cube(1),
    "plane": Box([-1.0, -2.0], [1.5, 1.0]),
    "triangle": Simplex([[-1.0, -1.0], [2.0, 0.0], [0.0, 2.0]]),
    "space": Box.cube(3),
}


def regions_on(domain, method="auto"):
    network = random_network(np.random.default_rng(1), domain.ambient_dim, [4, 3])
    return enumerate_regions(network, domain, method=method)


def loaded(rs, path):
    rs.save(path)
    found = RegionSet.load(path)
    assert not found.has_cells
    return found


@pytest.mark.parametrize("kind", DOMAINS)
def test_a_loaded_set_has_the_vertices_of_the_one_that_was_saved(kind, tmp_path):
    rs = regions_on(DOMAINS[kind])
    again = loaded(rs, tmp_path / "regions.parquet")
    np.testing.assert_allclose(again.volumes(), rs.volumes(), rtol=1e-9)
    whole = float(DOMAINS[kind].rational_volume())
    assert again.volumes().sum() == pytest.approx(whole)
    for mine, theirs in zip(again.cells.bounds(), rs.cells.bounds(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-9)
    one, other = (networkx.to_dict_of_dicts(s.adjacency()) for s in (again, rs))
    assert one == other
    if rs.domain.dim == 2:
        for mine, theirs in zip(again.polygons(), rs.polygons(), strict=True):
            assert len(mine) == len(theirs)
            assert {tuple(p) for p in mine.round(9)} == {
                tuple(p) for p in theirs.round(9)
            }


@pytest.mark.parametrize("kind", ["plane", "space"])
def test_regions_of_other_engines_keep_their_order(kind):
    domain = DOMAINS[kind]
    tree = regions_on(domain, "tree")
    assert not tree.has_cells
    low, high = tree.cells.bounds()
    assert ((low < tree.coordinates) & (tree.coordinates < high)).all()
    for a, b in tree.cells.neighbors.tolist():
        assert (tree.pattern_bits()[a] != tree.pattern_bits()[b]).any()
    cells = regions_on(domain)
    volumes = dict(zip(map(bytes, cells.patterns), cells.volumes(), strict=True))
    for pattern, volume in zip(tree.patterns, tree.volumes(), strict=True):
        assert volume == pytest.approx(volumes[bytes(pattern)], rel=1e-9)


def test_explored_regions_have_polygons():
    domain = DOMAINS["plane"]
    network = random_network(np.random.default_rng(1), 2, [4, 3])
    found = explore_regions(network, np.array([0.1, 0.2]), domain)
    assert found.complete
    assert found.volumes().sum() == pytest.approx(float(domain.rational_volume()))


def test_linear_regions_of_a_loaded_set_are_those_of_the_set(tmp_path):
    rng = np.random.default_rng(3)
    # Units that nothing reads: regions on their two sides are one linear region.
    weights = [rng.standard_normal((5, 2)), [[1.0, -1.0, 0.5, 0.0, 0.0]]]
    network = ReluNetwork.from_arrays(weights, [0.3 * rng.standard_normal(5), [0.0]])
    rs = enumerate_regions(network, Box.cube(2))
    again = loaded(rs, tmp_path / "regions.parquet")
    mine, theirs = again.linear_regions(), rs.linear_regions()
    assert int(theirs) < len(rs)
    assert int(mine) == int(theirs)
    np.testing.assert_array_equal(mine.labels, theirs.labels)


def test_a_set_that_is_not_the_networks_is_refused(tmp_path):
    rs = regions_on(DOMAINS["plane"])
    parts = {"one less": rs.patterns[1:], "another": rs.patterns.copy()}
    parts["another"][0] ^= 255
    for patterns in parts.values():
        wrong = RegionSet(
            rs.network,
            rs.domain,
            patterns,
            rs.coordinates[: len(patterns)],
            complete=True,
            method="cells",
            seconds=0.0,
            stats={},
        )
        with pytest.raises(ValueError, match=r"this set is not these.*regions\.verify"):
            wrong.volumes()


def test_vertices_of_unbounded_or_incomplete_sets_are_not_made():
    network = random_network(np.random.default_rng(1), 2, [3])
    for rs in (
        enumerate_regions(network, WholeSpace(2), method="tree"),
        enumerate_regions(network, Box.cube(2), method="tree", max_regions=2),
    ):
        with pytest.raises(ValueError, match="only those of complete sets on bounded"):
            rs.volumes()
