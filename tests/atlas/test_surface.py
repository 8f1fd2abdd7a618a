"""Decision surfaces in three dimensions, and PLY files."""

import collections

import numpy as np
import pytest

import regions
from experiments.atlas.solids import find_solid
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
    surface = decision_surface(find_solid(net, CUBE, ""), level)
    assert len(surface.triangles) > 10
    np.testing.assert_allclose(net(surface.vertices), level, atol=1e-12)


def test_surface_of_an_octahedron_is_closed_with_its_area():
    surface = decision_surface(find_solid(diamond(), CUBE, ""))
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


def test_surface_of_several_outputs_divides_the_classes():
    net = network(3, dim=3, outputs=3)
    surface = decision_surface(find_solid(net, CUBE, ""))
    corners = surface.vertices[surface.triangles]
    middles = corners.mean(axis=1)
    values = np.sort(net(middles), axis=1)
    np.testing.assert_allclose(values[:, -1], values[:, -2], atol=1e-12)
    # A step off the surface to either side, the class is another one.
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normals = np.cross(b - a, c - a)
    sizes = np.linalg.norm(normals, axis=1)
    wide = sizes > 1e-4
    step = 1e-6 * normals[wide] / sizes[wide, None]
    before, after = (net(middles[wide] + s * step).argmax(axis=1) for s in (-1, 1))
    assert wide.sum() > 20
    assert (before != after).all()


def test_surface_meets_every_segment_on_which_the_class_changes_once():
    net = network(3, dim=3, outputs=3)
    surface = decision_surface(find_solid(net, CUBE, ""))
    rng = np.random.default_rng(5)
    ends = rng.uniform(-1, 1, (2, 60, 3))
    shares = np.linspace(0, 1, 2001)[:, None, None]
    classes = net((ends[0] + shares * (ends[1] - ends[0])).reshape(-1, 3))
    changes = np.diff(classes.argmax(axis=1).reshape(2001, 60), axis=0) != 0
    hits = [crossings(surface, *segment) for segment in ends.transpose(1, 0, 2)]
    assert hits == changes.sum(axis=0).tolist()
    assert sum(hits) > 20


def crossings(surface, start, end):
    """How many triangles a segment goes through; Moeller and Trumbore 1997."""
    a, b, c = (surface.vertices[surface.triangles[:, i]] for i in range(3))
    along, u, v = end - start, b - a, c - a
    across = np.cross(along, v)
    det = (u * across).sum(axis=1)
    away = start - a
    p = (away * across).sum(axis=1) / det
    turned = np.cross(away, u)
    q, t = turned @ along / det, (turned * v).sum(axis=1) / det
    inside = (p >= 0) & (q >= 0) & (p + q <= 1) & (t >= 0) & (t <= 1)
    return int(inside.sum())


def test_surface_of_a_network_without_biases_lies_on_its_level():
    # All biases zero: the cells are cones, and the tree lists them.
    rng = np.random.default_rng(2)
    first, last = rng.normal(size=(5, 3)), rng.normal(size=(1, 5))
    net = regions.ReluNetwork.from_arrays([first, last], None)
    surface = decision_surface(find_solid(net, CUBE, ""), 0.4)
    assert len(surface.triangles) > 4
    np.testing.assert_allclose(net(surface.vertices), 0.4, atol=1e-12)


def test_ply_round_trip_is_exact(tmp_path):
    surface = decision_surface(find_solid(diamond(), CUBE, ""))
    write_ply(tmp_path / "surface.ply", surface)
    vertices, triangles = read_ply(tmp_path / "surface.ply")
    assert (vertices == surface.vertices).all()
    assert (triangles == surface.triangles).all()
