"""Decision surfaces in three dimensions, planes, and PLY files."""

import collections

import numpy as np
import pytest

import regions
from experiments.atlas.sources import plane_atlas
from experiments.atlas.surface import decision_surface, read_ply, write_ply
from tests.atlas.helpers import middle_level, network

CUBE = regions.Box.cube(3)


def diamond():
    """|x| + |y| + |z| - 0.6, whose zero set is an octahedron, slightly turned."""
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    return regions.ReluNetwork.from_arrays(
        [np.vstack([turn, -turn]), np.ones((1, 6))],
        [np.full(6, 1e-3) * np.arange(6), np.array([-0.6])],
    )


def test_surface_lies_where_the_output_is_the_threshold():
    net = network(3, dim=3)
    level = middle_level(net)
    surface = decision_surface(net, CUBE, level)
    assert surface is not None
    assert len(surface.triangles) > 10
    np.testing.assert_allclose(net(surface.vertices), level, atol=1e-12)


def test_surface_of_an_octahedron_is_closed_with_its_area():
    surface = decision_surface(diamond(), CUBE)
    assert surface is not None
    a, b, c = (surface.vertices[surface.triangles[:, i]] for i in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2.0
    # Eight triangles of side 0.6 sqrt(2), which the small biases move a little.
    assert areas.sum() == pytest.approx(4 * np.sqrt(3) * 0.6**2, rel=0.05)
    edges = collections.Counter(
        tuple(sorted((t[i], t[(i + 1) % 3])))
        for t in surface.triangles
        for i in range(3)
    )
    assert set(edges.values()) == {2}


def test_network_of_several_outputs_has_no_surface():
    assert decision_surface(network(dim=3, outputs=2), CUBE) is None


def test_ply_round_trip_is_exact(tmp_path):
    surface = decision_surface(diamond(), CUBE)
    assert surface is not None
    write_ply(tmp_path / "surface.ply", surface)
    vertices, triangles = read_ply(tmp_path / "surface.ply")
    assert (vertices == surface.vertices).all()
    assert (triangles == surface.triangles).all()


def test_planes_are_exact_slices(tmp_path):
    net = network(5, dim=3)
    regions.save_network(tmp_path / "solid.npz", net)
    atlas = plane_atlas(tmp_path / "solid.npz", CUBE, 3, 0.0, lambda *_: None)
    (series,) = atlas.series
    assert series.groups == ["x"] * 3 + ["y"] * 3 + ["z"] * 3
    for frame, value, group in zip(
        series.frames, series.values, series.groups, strict=True
    ):
        points = np.insert(frame.centers, "xyz".index(group), value, axis=1)
        bits = np.unpackbits(
            frame.patterns, axis=1, count=net.num_bits, bitorder="little"
        )
        assert (net.patterns(points) == bits.astype(bool)).all()
