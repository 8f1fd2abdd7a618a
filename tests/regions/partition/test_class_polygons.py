import numpy as np
import pytest

from regions.domains.shapes import Box, Slice, WholeSpace
from regions.enumeration import enumerate_regions
from regions.network import ReluNetwork
from regions.partition.class_polygons import area, class_polygons, region_polygons
from tests.helpers import random_network


def _contains(polygon: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points lie inside a counterclockwise polygon."""
    ends = np.roll(polygon, -1, axis=0) - polygon
    away = points[:, None] - polygon[None]
    cross = ends[:, 0] * away[..., 1] - ends[:, 1] * away[..., 0]
    return np.all(cross > -1e-13, axis=1)


def _classifier(seed: int, dim: int = 2, outputs: int = 4) -> ReluNetwork:
    network = random_network(np.random.default_rng(seed), dim, [8, 6], outputs=outputs)
    # Outputs nearly equal in the middle of the box make several classes.
    weights = [layer.weight for layer in network.layers]
    biases = [layer.bias for layer in network.layers]
    biases[-1] = biases[-1] - network(np.zeros((1, dim)))[0] + 0.1 * biases[-1]
    return ReluNetwork.from_arrays(weights, biases)


@pytest.mark.parametrize("seed", range(4))
def test_pieces_tile_the_domain_and_hold_their_argmax(seed):
    network, box = _classifier(seed), Box.cube(2)
    found = class_polygons(enumerate_regions(network, box))
    areas = found.areas()
    assert (areas > 0.0).all()
    assert areas.sum() == pytest.approx(4.0, rel=1e-9)
    points = np.random.default_rng(9).uniform(-1.0, 1.0, (2000, 2))
    winners, hits = network(points).argmax(1), np.zeros(len(points), int)
    for polygon, winner in zip(found.polygons, found.classes, strict=True):
        inside = _contains(polygon, points)
        hits += inside
        assert (winners[inside] == winner).all()
    assert hits.max() == 1
    assert hits.min() == 1


@pytest.mark.parametrize("seed", range(4))
def test_decision_segments_lie_where_the_two_largest_outputs_are_equal(seed):
    network, box = _classifier(seed), Box.cube(2)
    found = class_polygons(enumerate_regions(network, box))
    assert len(np.unique(found.classes)) > 1
    for share in (0.0, 0.3, 1.0):
        points = found.segments[:, 0] * (1 - share) + found.segments[:, 1] * share
        outputs = network(points)
        for side in (0, 1):
            values = np.take_along_axis(outputs, found.sides[:, [side]], axis=1)[:, 0]
            np.testing.assert_allclose(values, outputs.max(1), atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_total_length_is_that_of_changes_seen_along_lines(seed):
    # Every change of class along a horizontal line crosses exactly one segment.
    network, box = _classifier(seed), Box.cube(2)
    found = class_polygons(enumerate_regions(network, box))
    x = np.linspace(-1.0, 1.0, 200_001)
    for y in (-0.731, 0.113, 0.507):
        winners = network(np.stack([x, np.full_like(x, y)], 1)).argmax(1)
        changes = int((np.diff(winners) != 0).sum())
        low, high = np.sort(found.segments[:, :, 1], axis=1).T
        assert int(((low < y) & (y < high)).sum()) == changes


def test_a_class_that_wins_at_no_corner_keeps_its_piece():
    # Outputs |x|-like planes x, -x, y, -y and the constant 1/2: it wins in the middle.
    rows = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [0.0, 0.0]]
    network = ReluNetwork.from_arrays([rows], [[0.0, 0.0, 0.0, 0.0, 0.5]])
    found = class_polygons(enumerate_regions(network, Box.cube(2)))
    middle = np.flatnonzero(found.classes == 4)
    assert found.areas()[middle].tolist() == [1.0]
    assert len(found.segments) == 8
    assert found.areas().sum() == pytest.approx(4.0)


def test_equal_outputs_belong_to_the_lower_class_as_argmax_says():
    network = ReluNetwork.from_arrays(
        [[[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]], [[0.0, 0.0, 0.0]]
    )
    found = class_polygons(enumerate_regions(network, Box.cube(2)))
    assert sorted(found.classes.tolist()) == [0, 2]
    assert found.areas().tolist() == [2.0, 2.0]
    same = ReluNetwork.from_arrays([np.zeros((3, 2))], None)
    assert class_polygons(enumerate_regions(same, Box.cube(2))).classes.tolist() == [0]


def test_slice_in_many_dimensions_is_cut_in_its_chart():
    network = _classifier(0, dim=10)
    rng = np.random.default_rng(1)
    plane = Slice(rng.standard_normal(10), rng.standard_normal((2, 10)), Box.cube(2))
    found = class_polygons(enumerate_regions(network, plane))
    middles = np.array([polygon.mean(0) for polygon in found.polygons])
    assert (network(plane.embed(middles)).argmax(1) == found.classes).all()


def test_polygons_of_the_tree_are_those_of_cells():
    network, box = _classifier(2), Box.cube(2)
    cells = enumerate_regions(network, box, method="cells")
    tree = enumerate_regions(network, box, method="tree")
    order = {p.tobytes(): k for k, p in enumerate(cells.patterns)}
    wanted = cells.polygons()
    for pattern, polygon in zip(tree.patterns, region_polygons(tree), strict=True):
        same = wanted[order[pattern.tobytes()]]
        assert area(polygon) == pytest.approx(area(same), abs=1e-12)
        gaps = np.abs(polygon[:, None] - same[None]).max(2).min(0)
        assert gaps.max() < 1e-9


@pytest.mark.parametrize(
    ("network", "domain", "match"),
    [
        (_classifier(0, outputs=1), Box.cube(2), "one output"),
        (_classifier(0, dim=3), Box.cube(3), "dimension 3"),
        (_classifier(0), WholeSpace(2), "no outline"),
    ],
)
def test_what_is_no_plane_of_classes_is_refused(network, domain, match):
    found = enumerate_regions(network, domain)
    with pytest.raises(ValueError, match=match):
        class_polygons(found)


def test_polygons_of_other_regions_are_refused():
    found = enumerate_regions(_classifier(0), Box.cube(2))
    with pytest.raises(ValueError, match="a list of the corners of each of the"):
        class_polygons(found, found.polygons()[1:])
