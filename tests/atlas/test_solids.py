"""Complexes of networks of three inputs: facets against polytopes and brute force."""

import itertools

import numpy as np
import pytest
from scipy.spatial import ConvexHull

import regions
from experiments.atlas.solids import facets_of, find_solid
from regions.polytopes.polytope import polytope_at
from tests.atlas.helpers import network

CUBE = regions.Box.cube(3)


def solid():
    return find_solid(network(5, dim=3), CUBE, "solid")


def by_facet(vertices, facets):
    """Sides, regions and rounded middle of every facet."""
    pieces = np.split(facets.corners, np.cumsum(facets.counts)[:-1])
    rows = zip(pieces, facets.regions.tolist(), facets.sides.tolist(), strict=True)
    return {
        (side, tuple(np.round(vertices[piece].mean(axis=0), 7) + 0.0)): len(piece)
        for piece, _, side in rows
    }


def divergence_volumes(found):
    """Volume of every region by Gauss's theorem, summed over triangles of facets."""
    volumes = np.zeros(len(found))
    facets = found.facets
    # A point inside each region, to know which way is out.
    sums, counts = np.zeros((len(found), 3)), np.zeros(len(found))
    pieces = np.split(facets.corners, np.cumsum(facets.counts)[:-1])
    for piece, pair in zip(pieces, facets.regions, strict=True):
        for region in pair[pair >= 0]:
            sums[region] += found.vertices[piece].sum(axis=0)
            counts[region] += len(piece)
    middles = sums / counts[:, None]
    for piece, pair in zip(pieces, facets.regions, strict=True):
        for region in pair[pair >= 0]:
            corners = found.vertices[piece] - middles[region]
            fans = np.stack(
                [np.broadcast_to(corners[0], corners[2:].shape), corners[1:-1]]
            )
            dets = np.einsum("ki,ki->k", np.cross(fans[0], fans[1]), corners[2:])
            # In order around it, all triangles of a facet turn one way.
            assert (dets > -1e-15).all() or (dets < 1e-15).all()
            volumes[region] += np.abs(dets).sum() / 6.0
    return volumes


def test_facets_enclose_every_region_with_its_volume():
    found = solid()
    volumes = divergence_volumes(found)
    assert volumes.sum() == pytest.approx(8.0, rel=1e-12)
    cells = regions.enumerate_regions(network(5, dim=3), CUBE).cells
    for region in range(0, len(found), 9):
        hull = ConvexHull(cells.corners(region))
        assert volumes[region] == pytest.approx(hull.volume, rel=1e-9)


def test_facets_are_those_of_polytope_at():
    found = solid()
    net = found.network
    witnesses = regions.enumerate_regions(net, CUBE).coordinates
    for region in range(0, len(found), 11):
        of = (found.facets.regions == region).any(axis=1)
        sides = found.facets.sides[of]
        poly = polytope_at(net, witnesses[region], CUBE)
        assert {net.units[side] for side in sides if side >= 0} == {
            facet.unit for facet in poly.facets if facet.unit is not None
        }
        assert {-1 - side for side in sides if side < 0} == {
            facet.domain_facet for facet in poly.facets if facet.unit is None
        }
        assert len(sides) == len(poly.facets)


def test_clipping_of_the_tree_agrees_with_cells():
    net = network(5, dim=3)
    cells, tree = (
        by_facet(*facets_of(regions.enumerate_regions(net, CUBE, method=method)))
        for method in ("cells", "tree")
    )
    assert cells == tree


def test_coordinate_planes_cut_the_cube_into_octants():
    net = regions.ReluNetwork.from_arrays([np.eye(3), np.ones((1, 3))], None)
    found = find_solid(net, CUBE, "octants")
    facets = found.facets
    assert len(found) == 8
    # 12 squares between octants, and four on each facet of the cube.
    assert sorted(facets.sides.tolist()) == sorted(
        [bit for bit in range(3) for _ in range(4)]
        + [-1 - side for side in range(6) for _ in range(4)]
    )
    assert (facets.counts == 4).all()
    assert len(found.vertices) == 27
    grid = set(itertools.product([-1.0, 0.0, 1.0], repeat=3))
    assert set(map(tuple, found.vertices.tolist())) == grid


def test_domain_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match="dimension 2: planes are cut"):
        find_solid(network(), regions.Box.cube(2), "flat")
