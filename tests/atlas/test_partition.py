"""What the page gets to know of a partition, against polytopes and brute force."""

import numpy as np
import pytest

import regions
from experiments.atlas.classes import class_pieces, scores
from experiments.atlas.partition import find_partition, from_regions, next_corners
from regions.polytopes.polytope import polytope_at
from regions.results.region_set import RegionSet
from tests.atlas.helpers import SQUARE, network, partition


def area(polygon):
    x, y = polygon.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2.0


def test_polygons_cover_the_domain_counterclockwise():
    areas = np.array([area(polygon) for polygon in partition().polygons()])
    assert (areas > 0).all()
    assert areas.sum() == pytest.approx(4.0, rel=1e-12)


def test_sides_carry_the_units_of_the_facets_of_polytope_at():
    found = partition()
    net = found.network
    for i in range(0, len(found), 5):
        sides = found.sides[found.offsets[i] : found.offsets[i + 1]]
        units = {net.units[side] for side in sides if side >= 0}
        rim = {-1 - side for side in sides if side < 0}
        poly = polytope_at(net, found.centers[i], SQUARE)
        assert units == {f.unit for f in poly.facets if f.unit is not None}
        assert rim == {f.domain_facet for f in poly.facets if f.unit is None}


def test_pre_activation_of_a_side_vanishes_along_it():
    found = partition()
    net, after = found.network, next_corners(found.counts)
    middles = found.vertices[found.members] + found.vertices[found.members[after]]
    pres = net.pre_activations(middles / 2.0)
    for corner, side in enumerate(found.sides):
        if side >= 0:
            layer, unit = net.units[side]
            assert abs(pres[layer][corner, unit]) < 1e-12


def test_discs_are_those_of_polytope_at():
    found = partition()
    for i in range(0, len(found), 7):
        ball = polytope_at(found.network, found.centers[i], SQUARE).chebyshev
        assert found.radii[i] == pytest.approx(ball.radius, rel=1e-6)


def test_chebyshev_centers_have_the_patterns_of_their_regions():
    found = partition()
    bits = np.unpackbits(
        found.patterns, axis=1, count=found.network.num_bits, bitorder="little"
    )
    assert (found.network.patterns(found.centers) == bits.astype(bool)).all()


def test_gradients_are_differences_of_outputs():
    found = partition(outputs=3)
    step = 1e-7 * found.radii[:, None]
    at = found.centers
    dx, dy = (
        (found.network(at + step * e) - found.network(at - step * e)) / (2 * step)
        for e in np.eye(2)
    )
    np.testing.assert_allclose(np.hypot(dx, dy), found.gradients, rtol=1e-4, atol=1e-5)


def shape_of(found):
    """Code, sorted sides, and area of every region."""
    rows = zip(found.patterns, found.polygons(), found.offsets, strict=False)
    return {
        row.tobytes(): (
            sorted(found.sides[start : start + len(polygon)].tolist()),
            round(area(polygon), 9),
        )
        for row, polygon, start in rows
    }


def test_clipping_of_the_tree_agrees_with_cells():
    net = network()
    cells = from_regions(regions.enumerate_regions(net, SQUARE, method="cells"), "a")
    tree = from_regions(regions.enumerate_regions(net, SQUARE, method="tree"), "b")
    assert shape_of(cells) == shape_of(tree)


def test_a_round_ball_is_drawn_as_a_polygon_around_it():
    net, disc = network(), regions.Ball([0.1, -0.2], 0.7)
    found = find_partition(net, disc, "disc")
    assert len(found) == int(regions.count_regions(net, disc))
    total = sum(map(area, found.polygons()))
    assert np.pi * 0.7**2 < total < 1.001 * np.pi * 0.7**2
    bits = np.unpackbits(
        found.patterns, axis=1, count=net.num_bits, bitorder="little"
    ).astype(bool)
    assert (net.patterns(disc.embed(found.centers)) == bits).all()
    # On the rim is the one edge of the domain, everywhere else a unit.
    far = np.linalg.norm(found.vertices, axis=1) > 0.7 - 1e-9
    after = next_corners(found.counts)
    rim = far[found.members] & far[found.members[after]] & (found.sides < 0)
    assert (found.sides[~rim] >= 0).all()
    assert (found.sides[rim] == -1).all()


def test_degenerate_network_is_cut_out_of_the_domain():
    weight = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    net = regions.ReluNetwork.from_arrays([weight, np.ones((1, 4))], None)
    found = find_partition(net, SQUARE, "concurrent")
    assert len(found) == 6
    assert sum(map(area, found.polygons())) == pytest.approx(4.0)
    # The corners, the ends of both axes, and the point where three lines meet.
    assert len(found.vertices) == 9


def test_domain_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match="dimension 3: the map shows 2"):
        find_partition(network(dim=3), regions.Box.cube(3), "solid")


def test_slice_shows_the_network_in_its_chart():
    net = network(dim=3)
    plane = regions.Slice([0.1, 0.2, 0.3], np.eye(3)[:2], SQUARE)
    found = find_partition(net, plane, "slice")
    points = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    np.testing.assert_allclose(found.network(points), net(plane.embed(points)))
    assert isinstance(regions.enumerate_regions(net, plane), RegionSet)


@pytest.mark.parametrize("outputs", [1, 3])
def test_class_pieces_cover_the_domain_and_are_won_by_their_class(outputs):
    found = partition(outputs=outputs)
    pieces, classes = class_pieces(found, 0.25)
    assert sum(map(area, pieces)) == pytest.approx(4.0, rel=1e-9)
    middles = np.array([piece.mean(axis=0) for piece in pieces])
    values = found.network(middles)
    if outputs == 1:
        values = np.column_stack([np.full(len(values), 0.25), values])
    assert (values.argmax(axis=1) == classes).all()
    assert scores(found, 0.25).shape[1] == max(2, outputs)


def test_progress_moves_beyond_the_enumeration():
    told = []
    found = find_partition(
        network(), SQUARE, "one", lambda done, total, _: told.append(done / total)
    )
    assert len(found) > 10
    # The regions, then what is gathered of them, in four steps.
    assert told[-5:] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert told[-6] == 1.0
